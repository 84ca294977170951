/* A supervisor is killed at a random moment, again and again, over one store: whatever it was told had happened has happened, nothing
 * is lost, and the next one continues. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#include "../base/scratch.h"
#include "kit.h"

enum { ROUNDS = 200, MOST_ITEMS = 4000, ITEMS_A_BATCH = 8 };

/* What a supervisor says once a call has returned. */
typedef struct word {
    char what; /* 'o' it is open, 'b' a batch was added, 'd' an item is done, 'f' failed, 'm' another move */
    int64_t id;
} word;

static void say(int out, char what, int64_t id)
{
    word said = {.what = what, .id = id};
    if (write(out, &said, sizeof said) != (ssize_t)sizeof said)
        _exit(9);
}

static void check(gpen_status status)
{
    if (status)
        _exit(8);
}

/* One random move, and word of it. */
static void move(batch_store *store, int out, unsigned *seed, int64_t now)
{
    store_item item;
    store_state state;
    store_result result = kit_result();
    store_failure failure = {.reason = GPEN_CRASHED, .worker_died = true};
    check(store_claim(store, getpid(), now, &item, NULL));
    if (!item.id) {
        int64_t batch = kit_add(store, "/out", ITEMS_A_BATCH, NULL);
        if (!batch)
            _exit(8);
        say(out, 'b', batch);
        return;
    }
    switch (rand_r(seed) % 6) {
    case 0: say(out, 'm', item.id); break; /* is left running */
    case 1:
        check(store_release(store, item.id, item.attempts, now, NULL));
        say(out, 'm', item.id);
        break;
    case 2:
        check(store_finish_failed(store, item.id, item.attempts, &failure, now, &state, NULL));
        say(out, state == STORE_FAILED ? 'f' : 'm', item.id);
        break;
    default: check(store_finish_done(store, item.id, item.attempts, &result, now, NULL)); say(out, 'd', item.id);
    }
    store_item_free(&item);
}

static void supervise(const char *folder, int out, unsigned seed)
{
    batch_store *store = NULL;
    check(store_open(&store, folder, KIT_NOW, NULL));
    say(out, 'o', 0);
    for (int64_t now = KIT_NOW;; now += 700)
        move(store, out, &seed, now);
}

/* What has been said of each item so far: 'q' is there, 'd' done, 'f' failed; 0: nothing. */
static char known[MOST_ITEMS + 1];

static void believe(word said)
{
    if (said.what == 'd' || said.what == 'f') {
        assert_true(said.id > 0 && said.id <= MOST_ITEMS);
        known[said.id] = said.what;
    }
    if (said.what != 'b')
        return;
    for (int64_t id = (said.id - 1) * ITEMS_A_BATCH + 1; id <= said.id * ITEMS_A_BATCH && id <= MOST_ITEMS; id++)
        if (!known[id])
            known[id] = 'q';
}

/* Takes in so many words, or all there are (-1). */
static void listen_to(int in, int words)
{
    word said;
    while (words-- && read(in, &said, sizeof said) == (ssize_t)sizeof said)
        believe(said);
}

/* Returns how many items are done. */
static int check_store(const char *folder, int round)
{
    batch_store *store = NULL;
    gpen_error error;
    int done = 0;
    if (store_open(&store, folder, KIT_NOW, &error)) /* proves the promises of store.h */
        fail_msg("round %d: %s", round, error.message);
    for (int64_t id = 1; id <= MOST_ITEMS && known[id]; id++) {
        store_item item;
        assert_int_equal(store_item_get(store, id, &item, &error), GPEN_OK);
        if (item.id != id || item.state == STORE_RUNNING || (known[id] == 'd' && item.state != STORE_DONE) ||
            (known[id] == 'f' && item.state != STORE_FAILED))
            fail_msg("round %d: item %d was '%c' and is %s", round, (int)id, known[id], store_state_name(item.state));
        done += item.state == STORE_DONE;
        store_item_free(&item);
    }
    store_close(store);
    return done;
}

static void a_killed_supervisor_loses_nothing(void **state)
{
    unsigned seed = 20260131;
    int done = 0, killed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            close(ends[0]);
            supervise(*state, ends[1], seed + (unsigned)round);
        }
        close(ends[1]);
        /* Some moves, and a little more. However busy the machine is, the moment lies within a move. */
        listen_to(ends[0], rand_r(&seed) % 25);
        struct timespec pause = {.tv_nsec = 1000L * (rand_r(&seed) % 2000)};
        (void)nanosleep(&pause, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        listen_to(ends[0], -1);
        close(ends[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status)); /* else a call of it failed */
        killed++;
        done = check_store(*state, round);
        if (known[MOST_ITEMS - ITEMS_A_BATCH])
            break;
    }
    print_message("%d kills, %d items done\n", killed, done);
    assert_true(done > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_killed_supervisor_loses_nothing, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

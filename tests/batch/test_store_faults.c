/* Allocations, every call to a file and every system call of the store fail once, the n-th for every n; and the power goes before
 * every change of a file. Each time: no crash, nothing kept, no item lost, none moved twice, and the work goes on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../base/scratch.h"
#include "batch/store_room.h"
#include "faulty.h"
#include "kit.h"

/* A day in the life of a store, step by step. */
typedef struct store_day {
    const char *folder;
    batch_store *store;
    gpen_error error;
} store_day;

static gpen_status claim_and(store_day *day, gpen_status (*then)(store_day *, const store_item *))
{
    store_item item;
    gpen_status status = store_claim(day->store, 7, KIT_NOW, &item, &day->error);
    if (!status)
        status = then(day, &item);
    store_item_free(&item);
    return status;
}

/* An item that was claimed by the step before. */
static gpen_status with_running(store_day *day, gpen_status (*then)(store_day *, const store_item *))
{
    store_item *items;
    size_t count;
    gpen_status status = store_items_list(day->store, 1, STORE_RUNNING, 0, 1, &items, &count, &day->error);
    if (!status)
        status = count ? then(day, &items[0]) : gpen_fail(&day->error, GPEN_STORE_DAMAGED, "nothing is running");
    store_items_free(items, count);
    return status;
}

static gpen_status leave(store_day *day, const store_item *item)
{
    (void)day;
    return item->id ? GPEN_OK : GPEN_STORE_DAMAGED;
}

static gpen_status finish(store_day *day, const store_item *item)
{
    store_result result = kit_result();
    return store_finish_done(day->store, item->id, item->attempts, &result, KIT_NOW, &day->error);
}

static gpen_status crash(store_day *day, const store_item *item)
{
    store_failure failure = {.reason = GPEN_CRASHED, .detail = "signal", .signal = 11, .worker_died = true};
    return store_finish_failed(day->store, item->id, item->attempts, &failure, KIT_NOW, NULL, &day->error);
}

static gpen_status refuse(store_day *day, const store_item *item)
{
    store_failure failure = {.reason = GPEN_UNREADABLE};
    return store_finish_failed(day->store, item->id, item->attempts, &failure, KIT_NOW, NULL, &day->error);
}

static gpen_status release(store_day *day, const store_item *item)
{
    return store_release(day->store, item->id, item->attempts, KIT_NOW, &day->error);
}

static gpen_status reserve(store_day *day, const store_item *item)
{
    char *output = NULL;
    gpen_status status =
        store_reserve_output(day->store, item->id, item->attempts, "1.jpg", false, &output, &day->error);
    free(output);
    return status;
}

static gpen_status step_add(store_day *day)
{
    return kit_add(day->store, "/out", 4, &day->error) ? GPEN_OK : day->error.status;
}

static gpen_status step_add_more(store_day *day)
{
    store_new_item more = {.input = "/in/9.jpg", .relative = "9.jpg"};
    return store_items_add(day->store, 1, &more, 1, &day->error);
}

static gpen_status step_claim(store_day *day)
{
    return claim_and(day, leave);
}

static gpen_status step_finish(store_day *day)
{
    return with_running(day, finish);
}

/* Finishes one and claims the next, in one flush. */
static gpen_status step_finish_and_claim(store_day *day)
{
    gpen_status status = store_together_begin(day->store, &day->error);
    if (status)
        return status;
    status = with_running(day, finish);
    if (!status)
        status = claim_and(day, leave);
    if (!status)
        return store_together_end(day->store, true, &day->error);
    (void)store_together_end(day->store, false, NULL);
    return status;
}

static gpen_status step_crash(store_day *day)
{
    return with_running(day, crash);
}

static gpen_status step_fail(store_day *day)
{
    return with_running(day, refuse);
}

static gpen_status step_release(store_day *day)
{
    return with_running(day, release);
}

static gpen_status step_reserve(store_day *day)
{
    return with_running(day, reserve);
}

static gpen_status step_retry(store_day *day)
{
    int64_t count;
    return store_retry_failed(day->store, 1, &count, &day->error);
}

static gpen_status step_look(store_day *day)
{
    int64_t wait;
    store_item item = {0};
    store_content content = {.bytes = 1000, .modified = 5};
    gpen_status status = store_next_ready(day->store, KIT_NOW, &wait, &day->error);
    if (!status)
        status = store_find(day->store, "/in/1.jpg", &content, "key", "/out", &item, &day->error);
    if (!status) {
        bool found = item.id == 1;
        store_item_free(&item);
        status = found ? GPEN_OK : gpen_fail(&day->error, GPEN_STORE_DAMAGED, "item 1 is not found");
    }
    return status;
}

static gpen_status step_pause(store_day *day)
{
    return store_batch_pause(day->store, 1, true, &day->error);
}

static gpen_status step_cancel(store_day *day)
{
    return store_batch_cancel(day->store, 1, KIT_NOW, &day->error);
}

static gpen_status step_clean(store_day *day)
{
    return store_clean_begin(day->store, KIT_NOW + 1, NULL, &day->error);
}

static gpen_status step_forget(store_day *day)
{
    store_item item;
    gpen_status status = store_clean_next(day->store, &item, &day->error);
    if (!status)
        status = store_clean_forget(day->store, item.id, &day->error);
    store_item_free(&item);
    return status;
}

static gpen_status step_clean_end(store_day *day)
{
    return store_clean_end(day->store, &day->error);
}

static gpen_status step_delete(store_day *day)
{
    return store_batch_delete(day->store, 2, &day->error);
}

static gpen_status (*const steps[])(store_day *) = {
    step_add,      step_claim,  step_finish_and_claim,
    step_crash,    step_claim,  step_fail,
    step_add_more, step_claim,  step_release,
    step_retry,    step_claim,  step_reserve,
    step_look,     step_finish, step_add,
    step_pause,    step_cancel, step_clean,
    step_forget,   step_forget, step_forget,
    step_forget,   step_forget, step_clean_end,
    step_delete,
};

enum { STEPS = sizeof steps / sizeof *steps };

static gpen_status open_day(store_day *day)
{
    return store_open(&day->store, day->folder, KIT_NOW, &day->error);
}

static void close_day(store_day *day)
{
    store_close(day->store);
    day->store = NULL;
}

/* digests[i]: what the store holds after i steps, when all goes well. */
static char *digests[STEPS + 1];

static char *digest_of(store_day *day)
{
    char *digest = kit_digest(day->store, &day->error);
    if (!digest)
        fail_msg("%s", day->error.message);
    return digest;
}

/* An empty store's file, so that only the days that are about making one make one. */
static unsigned char *empty_store;
static size_t empty_length;

/* Every day begins in a folder of its own, with an empty store in it or with nothing. */
static void begin_day(store_day *day, const char *parent, bool with_store, char *folder, size_t size)
{
    snprintf(folder, size, "%s/day", parent);
    scratch_remove(folder);
    *day = (store_day){.folder = folder};
    if (!with_store)
        return;
    assert_int_equal(mkdir(folder, 0777), 0);
    char *path = store_path(folder);
    assert_non_null(path);
    assert_true(kit_write(path, empty_store, empty_length));
    free(path);
}

static void record_a_good_day(void **state)
{
    char folder[4096];
    store_day day;
    begin_day(&day, *state, false, folder, sizeof folder);
    if (open_day(&day))
        fail_msg("%s", day.error.message);
    digests[0] = digest_of(&day);
    for (int i = 0; i < STEPS; i++) {
        if (steps[i](&day))
            fail_msg("step %d: %s", i, day.error.message);
        digests[i + 1] = digest_of(&day);
    }
    close_day(&day);
    begin_day(&day, *state, false, folder, sizeof folder);
    if (open_day(&day))
        fail_msg("%s", day.error.message);
    close_day(&day);
    strcat(folder, "/batches.db");
    empty_store = kit_read(folder, &empty_length);
    assert_non_null(empty_store);
    assert_string_equal(digests[0], "");
    assert_string_equal(digests[STEPS], "");
    assert_non_null(strstr(digests[15], "done"));
    assert_int_equal(sqlite3_memory_used(), 0);
}

/* Opens, failed or not, until it is open. */
static void must_open(store_day *day, const char *when)
{
    if (open_day(day))
        fail_msg("%s: %s", when, day->error.message);
}

/* The store must hold what it did after `done` steps, or after one more. Returns which. */
static int check_digest(store_day *day, int done, const char *when)
{
    char *digest = digest_of(day);
    int found = !strcmp(digest, digests[done])                       ? done
                : done < STEPS && !strcmp(digest, digests[done + 1]) ? done + 1
                                                                     : -1;
    if (found < 0)
        fail_msg("%s: after %d steps there is\n%sinstead of\n%s", when, done, digest, digests[done]);
    free(digest);
    return found;
}

/* ---------------------------------------------------------------- one call fails, and the program lives on */

/* A store is made while the n-th call fails. False: there were fewer. */
static bool making_with_a_fault(const char *parent, fault_kind kind, int64_t n, int error_number)
{
    char folder[4096], when[64];
    store_day day;
    snprintf(when, sizeof when, "making, kind %d, call %lld", (int)kind, (long long)n);
    begin_day(&day, parent, false, folder, sizeof folder);
    faulty_fail(kind, n, error_number);
    gpen_status status = open_day(&day);
    if (status) {
        assert_null(day.store);
        assert_true(*day.error.message);
        assert_int_equal(sqlite3_memory_used(), 0);
    } else {
        close_day(&day);
    }
    bool happened = faulty_end();
    assert_true(happened || !status);
    must_open(&day, when);
    (void)check_digest(&day, 0, when);
    close_day(&day);
    return happened;
}

/* One day on which the n-th call fails. False: there were fewer. */
static bool day_with_a_fault(const char *parent, fault_kind kind, int64_t n, int error_number)
{
    char folder[4096], when[64];
    store_day day;
    snprintf(when, sizeof when, "kind %d, call %lld", (int)kind, (long long)n);
    begin_day(&day, parent, true, folder, sizeof folder);
    faulty_fail(kind, n, error_number);
    bool happened = false;
    gpen_status status = open_day(&day);
    if (status) {
        assert_null(day.store);
        assert_true(*day.error.message);
        happened = faulty_end();
        assert_true(happened);
        assert_int_equal(sqlite3_memory_used(), 0);
        must_open(&day, when);
    }
    int done = 0;
    while (done < STEPS) {
        status = steps[done](&day);
        if (!status) {
            done++;
            continue;
        }
        if (!*day.error.message || day.error.status != status)
            fail_msg("%s: step %d gives no reason", when, done);
        assert_false(happened);
        happened = faulty_end();
        assert_true(happened);
        /* On the same handle: what failed has not happened, unless the store says so itself. */
        if (check_digest(&day, done, when) == done && steps[done](&day))
            fail_msg("%s: step %d a second time: %s", when, done, day.error.message);
        done++;
    }
    close_day(&day);
    happened |= faulty_end();
    assert_int_equal(sqlite3_memory_used(), 0);
    must_open(&day, when);
    (void)check_digest(&day, STEPS, when);
    close_day(&day);
    return happened;
}

/* Allocations are many: every eleventh, in the slow sanitized build every 83rd, with GPEN_EVERY_ALLOCATION=1 every one, which takes
 * minutes. */
static int stride_of(fault_kind kind)
{
    if (kind != FAULT_MEMORY || getenv("GPEN_EVERY_ALLOCATION"))
        return 1;
    return getenv("GPEN_SANITIZED") ? 83 : 11;
}

/* Returns how many calls there were to fail. */
static int64_t all_faults(const char *parent, fault_kind kind, int error_number)
{
    int stride = stride_of(kind);
    int64_t n = 1, made = 1;
    while (day_with_a_fault(parent, kind, n, error_number))
        n += stride;
    while (making_with_a_fault(parent, kind, made, error_number))
        made += stride;
    print_message("some %lld calls in a day, %lld in making a store\n", (long long)(n - 1), (long long)(made - 1));
    return n - 1;
}

static void every_allocation_fails_once(void **state)
{
    assert_true(all_faults(*state, FAULT_MEMORY, ENOMEM) > 500);
}

static void every_call_to_a_file_fails_once(void **state)
{
    assert_true(all_faults(*state, FAULT_DISK, EIO) > 100);
}

static void the_disk_is_full_at_every_write(void **state)
{
    assert_true(all_faults(*state, FAULT_DISK, ENOSPC) > 100);
}

static void every_system_call_fails_once(void **state)
{
    assert_true(all_faults(*state, FAULT_SYSTEM, EIO) > 3);
}

/* ---------------------------------------------------------------- the power goes */

/* False: the day was over before. */
static bool day_with_a_power_cut(const char *parent, int64_t n, unsigned seed)
{
    char folder[4096], when[64];
    store_day day;
    snprintf(when, sizeof when, "power cut %lld, seed %u", (long long)n, seed);
    begin_day(&day, parent, seed % 2, folder, sizeof folder);
    faulty_cut_power(n, seed);
    int done = 0;
    gpen_status status = open_day(&day);
    while (!status && done < STEPS && !(status = steps[done](&day)))
        done++;
    close_day(&day);
    bool happened = faulty_end();
    must_open(&day, when);
    (void)check_digest(&day, done, when);
    /* And the work goes on, from the state that a restart finds: what was running is queued again. */
    assert_true(kit_add(day.store, "/later", 2, &day.error) > 0);
    close_day(&day);
    must_open(&day, when);
    close_day(&day);
    return happened;
}

static void the_power_goes_at_every_change(void **state)
{
    int64_t n = 0, cuts = 0;
    for (unsigned seed = 1; seed <= 4; seed++)
        for (n = 1; day_with_a_power_cut(*state, n, seed + 1000 * (unsigned)n); n++)
            cuts++;
    print_message("%lld power cuts\n", (long long)cuts);
    assert_true(cuts > 300);
}

/* The second cut comes while the first is being recovered from. */
static void the_power_goes_again_during_recovery(void **state)
{
    int64_t cuts = 0;
    for (int64_t first = 20; first < 100; first += 15) {
        for (int64_t second = 1;; second++) {
            char folder[4096];
            store_day day;
            begin_day(&day, *state, true, folder, sizeof folder);
            faulty_cut_power(first, (unsigned)(first * 7));
            int done = 0;
            gpen_status status = open_day(&day);
            while (!status && done < STEPS && !(status = steps[done](&day)))
                done++;
            close_day(&day);
            (void)faulty_end();
            faulty_cut_power(second, (unsigned)second);
            (void)open_day(&day);
            close_day(&day);
            bool happened = faulty_end();
            cuts += happened;
            must_open(&day, "after two power cuts");
            (void)check_digest(&day, done, "after two power cuts");
            close_day(&day);
            if (!happened)
                break;
        }
    }
    print_message("%lld second power cuts\n", (long long)cuts);
    assert_true(cuts > 10);
}

static int forget_the_good_day(void **state)
{
    (void)state;
    for (int i = 0; i <= STEPS; i++)
        free(digests[i]);
    free(empty_store);
    return 0;
}

#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    faulty_start();
    const struct CMUnitTest tests[] = {
        FAULT_TEST(record_a_good_day),
        FAULT_TEST(every_allocation_fails_once),
        FAULT_TEST(every_call_to_a_file_fails_once),
        FAULT_TEST(the_disk_is_full_at_every_write),
        FAULT_TEST(every_system_call_fails_once),
        FAULT_TEST(the_power_goes_at_every_change),
        FAULT_TEST(the_power_goes_again_during_recovery),
    };
    return cmocka_run_group_tests(tests, NULL, forget_the_good_day);
}

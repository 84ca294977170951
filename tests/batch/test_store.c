/* The store's moves, one promise of store.h a test. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "../base/scratch.h"
#include "base/file.h"
#include "batch/retry.h"
#include "batch/store_room.h"
#include "kit.h"

static gpen_error error;

#define GOOD(call)                                                                                                     \
    do {                                                                                                               \
        if (call)                                                                                                      \
            fail_msg("%s: %s", #call, error.message);                                                                  \
    } while (0)

static batch_store *open_store(void **state)
{
    batch_store *store = NULL;
    GOOD(store_open(&store, *state, KIT_NOW, &error));
    return store;
}

static int64_t add(batch_store *store, const char *out, int count)
{
    int64_t id = kit_add(store, out, count, &error);
    if (!id)
        fail_msg("%s", error.message);
    return id;
}

/* Claims the next item, which must be there. */
static store_item claim(batch_store *store, int64_t now)
{
    store_item item;
    GOOD(store_claim(store, 77, now, &item, &error));
    assert_true(item.id > 0);
    return item;
}

static void assert_none(batch_store *store, int64_t now)
{
    store_item item;
    GOOD(store_claim(store, 77, now, &item, &error));
    assert_int_equal(item.id, 0);
}

static store_item get(batch_store *store, int64_t id)
{
    store_item item;
    GOOD(store_item_get(store, id, &item, &error));
    assert_int_equal(item.id, id);
    return item;
}

static store_state state_of(batch_store *store, int64_t id)
{
    store_item item = get(store, id);
    store_state state = item.state;
    store_item_free(&item);
    return state;
}

static store_state fail_item(batch_store *store, const store_item *item, gpen_status reason, bool died, int64_t now)
{
    store_state state;
    store_failure failure = {.reason = reason, .detail = "why", .signal = died ? 11 : 0, .worker_died = died};
    GOOD(store_finish_failed(store, item->id, item->attempts, &failure, now, &state, &error));
    return state;
}

static void finish(batch_store *store, const store_item *item, int64_t now)
{
    store_result result = kit_result();
    GOOD(store_finish_done(store, item->id, item->attempts, &result, now, &error));
}

/* Claims and finishes everything there is. */
static void finish_all(batch_store *store, int64_t now)
{
    for (;;) {
        store_item item;
        GOOD(store_claim(store, 1, now, &item, &error));
        if (!item.id)
            return;
        finish(store, &item, now);
        store_item_free(&item);
    }
}

/* ---------------------------------------------------------------- opening */

static void the_file_has_sums_a_version_and_a_log(void **state)
{
    batch_store *store = open_store(state);
    char *log = store_path_with(store->path, "-wal"), *unfinished = store_path_with(store->path, ".new");
    add(store, "/out", 1);
    assert_true(path_is_file(log));
    assert_false(path_is_file(unfinished));
    size_t length = 0;
    unsigned char *bytes = kit_read(store->path, &length);
    assert_non_null(bytes);
    assert_int_equal(length % STORE_PAGE_BYTES, 0);
    assert_int_equal(bytes[20], STORE_PAGE_SUM_BYTES); /* SQLite's header: bytes it leaves free in a page */
    assert_int_equal(bytes[18], 2);                    /* WAL */
    assert_int_equal(bytes[63], STORE_VERSION);
    assert_memory_equal(bytes + 68, "gpen", 4);
    free(bytes);
    store_close(store);
    assert_false(path_is_file(log));
    free(log);
    free(unfinished);
}

static void what_was_added_is_there_after_opening_again(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 5);
    char *before = kit_digest(store, &error);
    store_close(store);
    store = open_store(state);
    char *after = kit_digest(store, &error);
    assert_non_null(before);
    assert_non_null(strstr(before, "item 5 at 5 /in/5.jpg 5.jpg -> /out/5.jpg queued"));
    assert_string_equal(before, after);
    free(before);
    free(after);
    store_close(store);
}

static void a_second_supervisor_is_told_who_has_it(void **state)
{
    batch_store *store = open_store(state), *second = NULL;
    char number[32];
    snprintf(number, sizeof number, "process %ld", (long)getpid());
    assert_int_equal(store_open(&second, *state, KIT_NOW, &error), GPEN_IN_USE);
    assert_null(second);
    assert_non_null(strstr(error.message, number));
    assert_int_equal(store_set_aside(*state, KIT_NOW, NULL, &error), GPEN_IN_USE);
    store_close(store);
    store_close(open_store(state));
}

static void a_reader_looks_while_a_supervisor_works(void **state)
{
    batch_store *reader = NULL, *store = NULL;
    assert_int_equal(store_open_reader(&reader, *state, &error), GPEN_INPUT_MISSING);
    assert_null(reader);
    store = open_store(state);
    int64_t batch = add(store, "/out", 3);
    GOOD(store_open_reader(&reader, *state, &error));
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(state_of(reader, item.id), STORE_RUNNING);
    assert_int_equal(store_batch_pause(reader, batch, true, &error), GPEN_WRITE_FAILED);
    finish(store, &item, KIT_NOW);
    assert_int_equal(state_of(reader, item.id), STORE_DONE);
    store_item_free(&item);
    store_close(store);
    assert_int_equal(state_of(reader, 1), STORE_DONE);
    store_close(reader);
}

static void running_items_of_a_dead_supervisor_are_queued_again(void **state)
{
    batch_store *store = open_store(state);
    int64_t cancelled = add(store, "/out", 1), batch = add(store, "/out2", 2);
    store_item gone = claim(store, KIT_NOW), kept = claim(store, KIT_NOW);
    assert_int_equal(gone.batch, cancelled);
    assert_int_equal(kept.batch, batch);
    GOOD(store_batch_cancel(store, cancelled, KIT_NOW, &error));
    store_close(store); /* what a death leaves is the same: nothing is undone by closing */
    store = open_store(state);
    assert_int_equal(state_of(store, gone.id), STORE_CANCELLED);
    store_item again = get(store, kept.id);
    assert_int_equal(again.state, STORE_QUEUED);
    assert_int_equal(again.attempts, 1);
    assert_int_equal(again.kills, 0);
    assert_int_equal(again.retries, 0);
    store_attempt *attempts;
    size_t count;
    GOOD(store_attempts_list(store, kept.id, &attempts, &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(attempts[0].outcome, STORE_ATTEMPT_INTERRUPTED);
    assert_int_equal(attempts[0].worker, 77);
    store_attempts_free(attempts, count);
    store_result result = kit_result();
    assert_int_equal(store_finish_done(store, kept.id, 1, &result, KIT_NOW, &error), GPEN_EXISTS);
    store_item_free(&again);
    store_item_free(&gone);
    store_item_free(&kept);
    store_close(store);
}

/* ---------------------------------------------------------------- handing out */

static void items_go_by_priority_then_by_turns_then_by_position(void **state)
{
    batch_store *store = open_store(state);
    int64_t first = add(store, "/a", 3), second = add(store, "/b", 3), urgent = add(store, "/c", 1);
    GOOD(store_batch_priority(store, urgent, 5, &error));
    const struct {
        int64_t batch, position;
    } expected[] = {{urgent, 1}, {first, 1}, {second, 1}, {first, 2}, {second, 2}, {first, 3}, {second, 3}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        store_item item = claim(store, KIT_NOW);
        assert_int_equal(item.batch, expected[i].batch);
        assert_int_equal(item.position, expected[i].position);
        assert_int_equal(item.state, STORE_RUNNING);
        assert_int_equal(item.attempts, 1);
        store_item_free(&item);
    }
    assert_none(store, KIT_NOW);
    store_close(store);
}

static void a_batch_that_was_paused_does_not_make_up_for_it(void **state)
{
    batch_store *store = open_store(state);
    int64_t first = add(store, "/a", 10), second = add(store, "/b", 10);
    GOOD(store_batch_pause(store, second, true, &error));
    for (int i = 0; i < 6; i++) {
        store_item item = claim(store, KIT_NOW);
        assert_int_equal(item.batch, first);
        store_item_free(&item);
    }
    GOOD(store_batch_pause(store, second, false, &error));
    int of_second = 0;
    for (int i = 0; i < 6; i++) {
        store_item item = claim(store, KIT_NOW);
        of_second += item.batch == second;
        store_item_free(&item);
    }
    assert_int_equal(of_second, 3);
    store_close(store);
}

static void waiting_items_are_passed_over_until_they_are_due(void **state)
{
    batch_store *store = open_store(state);
    int64_t wait = 0;
    GOOD(store_next_ready(store, KIT_NOW, &wait, &error));
    assert_int_equal(wait, -1);
    add(store, "/out", 2);
    GOOD(store_next_ready(store, KIT_NOW, &wait, &error));
    assert_int_equal(wait, 0);
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(fail_item(store, &item, GPEN_TIMED_OUT, false, KIT_NOW), STORE_QUEUED);
    store_item other = claim(store, KIT_NOW);
    assert_int_equal(other.position, 2);
    assert_none(store, KIT_NOW);
    GOOD(store_next_ready(store, KIT_NOW, &wait, &error));
    assert_int_equal(wait, retry_wait(0));
    assert_none(store, KIT_NOW + wait - 1);
    store_item again = claim(store, KIT_NOW + wait);
    assert_int_equal(again.id, item.id);
    assert_int_equal(again.attempts, 2);
    assert_int_equal(again.reason, GPEN_TIMED_OUT);
    store_item_free(&item);
    store_item_free(&other);
    store_item_free(&again);
    store_close(store);
}

static void a_clock_that_is_set_back_holds_nothing_up(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    int64_t later = KIT_NOW + 10 * (int64_t)RETRY_LONGEST_WAIT;
    store_item item = claim(store, later);
    assert_int_equal(fail_item(store, &item, GPEN_TIMED_OUT, false, later), STORE_QUEUED);
    store_item_free(&item);
    item = claim(store, KIT_NOW);
    store_item_free(&item);
    store_close(store);
}

/* ---------------------------------------------------------------- ends */

static void a_done_item_keeps_what_was_found(void **state)
{
    batch_store *store = open_store(state);
    int64_t batch = add(store, "/out", 1);
    store_item item = claim(store, KIT_NOW);
    assert_string_equal(item.output, "/out/1.jpg");
    finish(store, &item, KIT_NOW + 5);
    store_item_free(&item);
    item = get(store, item.id ? item.id : 1);
    store_result result = kit_result();
    assert_int_equal(item.state, STORE_DONE);
    assert_int_equal(item.reason, GPEN_OK);
    assert_int_equal(item.ended, KIT_NOW + 5);
    assert_int_equal(item.faces[GPEN_FACE_RESTORED], 2);
    assert_int_equal(item.faces[GPEN_FACE_TOO_SMALL], 1);
    assert_int_equal(item.faces[GPEN_FACE_LOW_SCORE], 0);
    assert_string_equal(item.faces_json, result.faces_json);
    assert_string_equal(item.receipt, result.receipt);
    assert_string_equal(item.content.sha256, result.input_sha256);
    assert_int_equal(item.written.bytes, 77);
    for (int i = 0; i < STORE_STAGES; i++)
        assert_true(item.spent.seconds[i] == result.spent.seconds[i]);
    assert_int_equal(item.spent.peak_memory, 1 << 20);
    store_batch found;
    GOOD(store_batch_get(store, batch, &found, &error));
    assert_int_equal(found.counts[STORE_DONE], 1);
    assert_int_equal(found.ended, KIT_NOW + 5);
    assert_string_equal(found.settings, "{\"strength\": 80}");
    store_batch_free(&found);
    store_item_free(&item);
    store_close(store);
}

static void nothing_is_finished_twice_or_for_another(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    store_result result = kit_result();
    store_failure failure = {.reason = GPEN_CRASHED};
    assert_int_equal(store_finish_done(store, 1, 0, &result, KIT_NOW, &error), GPEN_EXISTS);
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(store_finish_done(store, 1, 2, &result, KIT_NOW, &error), GPEN_EXISTS);
    assert_int_equal(store_finish_done(store, 99, 1, &result, KIT_NOW, &error), GPEN_EXISTS);
    finish(store, &item, KIT_NOW);
    assert_int_equal(store_finish_done(store, 1, 1, &result, KIT_NOW, &error), GPEN_EXISTS);
    assert_int_equal(store_finish_failed(store, 1, 1, &failure, KIT_NOW, NULL, &error), GPEN_EXISTS);
    assert_int_equal(store_release(store, 1, 1, KIT_NOW, &error), GPEN_EXISTS);
    assert_int_equal(state_of(store, 1), STORE_DONE);
    store_item_free(&item);
    store_close(store);
}

static void what_cannot_pass_fails_at_once_and_a_person_retries_it(void **state)
{
    batch_store *store = open_store(state);
    int64_t batch = add(store, "/out", 2), count = 0;
    for (int i = 0; i < 2; i++) {
        store_item item = claim(store, KIT_NOW);
        assert_int_equal(fail_item(store, &item, GPEN_UNREADABLE, false, KIT_NOW), STORE_FAILED);
        store_item_free(&item);
    }
    store_item failed = get(store, 1);
    assert_int_equal(failed.reason, GPEN_UNREADABLE);
    assert_string_equal(failed.detail, "why");
    store_item_free(&failed);
    store_batch found;
    GOOD(store_batch_get(store, batch, &found, &error));
    assert_int_equal(found.ended, KIT_NOW);
    store_batch_free(&found);
    GOOD(store_retry(store, 1, &error));
    assert_int_equal(store_retry(store, 1, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(store_retry(store, 9, &error), GPEN_BAD_ARGUMENT);
    GOOD(store_batch_get(store, batch, &found, &error));
    assert_int_equal(found.ended, 0);
    store_batch_free(&found);
    GOOD(store_retry_failed(store, batch, &count, &error));
    assert_int_equal(count, 1);
    GOOD(store_retry_failed(store, batch, &count, &error));
    assert_int_equal(count, 0);
    assert_int_equal(store_retry_failed(store, 9, &count, &error), GPEN_BAD_ARGUMENT);
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(item.id, 1);
    assert_int_equal(item.attempts, 2);
    store_item_free(&item);
    store_close(store);
}

static void retries_shrink_after_out_of_memory_and_end(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    int64_t now = KIT_NOW;
    for (int i = 0; i <= RETRY_MOST; i++, now += RETRY_LONGEST_WAIT) {
        store_item item = claim(store, now);
        assert_int_equal(item.shrink, i);
        assert_int_equal(fail_item(store, &item, GPEN_OUT_OF_MEMORY, false, now),
                         i < RETRY_MOST ? STORE_QUEUED : STORE_FAILED);
        store_item_free(&item);
    }
    store_item item = get(store, 1);
    assert_int_equal(item.reason, GPEN_OUT_OF_MEMORY);
    assert_int_equal(item.shrink, RETRY_MOST);
    store_item_free(&item);
    GOOD(store_retry(store, 1, &error));
    item = claim(store, now);
    assert_int_equal(item.retries, 0);
    assert_int_equal(item.shrink, RETRY_MOST); /* a smaller plan stays needed */
    store_item_free(&item);
    store_close(store);
}

static void an_item_that_kills_two_workers_is_given_up(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(fail_item(store, &item, GPEN_CRASHED, true, KIT_NOW), STORE_QUEUED);
    store_item_free(&item);
    item = claim(store, KIT_NOW + RETRY_LONGEST_WAIT);
    assert_int_equal(fail_item(store, &item, GPEN_CRASHED, true, KIT_NOW), STORE_FAILED);
    store_item_free(&item);
    item = get(store, 1);
    assert_int_equal(item.reason, GPEN_GIVEN_UP);
    store_attempt *attempts;
    size_t count;
    GOOD(store_attempts_list(store, 1, &attempts, &count, &error));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(attempts[i].reason, GPEN_CRASHED);
        assert_int_equal(attempts[i].signal, 11);
        assert_true(attempts[i].worker_died);
        assert_string_equal(attempts[i].detail, "why");
    }
    store_attempts_free(attempts, count);
    store_item_free(&item);
    store_close(store);
}

static void a_released_item_is_next_again_and_owes_nothing(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    store_item item = claim(store, KIT_NOW);
    GOOD(store_release(store, item.id, item.attempts, KIT_NOW, &error));
    store_item_free(&item);
    item = claim(store, KIT_NOW);
    assert_int_equal(item.id, 1);
    assert_int_equal(item.attempts, 2);
    assert_int_equal(item.retries + item.kills, 0);
    store_item_free(&item);
    store_close(store);
}

static void a_reason_outside_the_list_is_refused(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    store_item item = claim(store, KIT_NOW);
    store_failure failure = {.reason = GPEN_STORE_DAMAGED};
    assert_int_equal(store_finish_failed(store, 1, 1, &failure, KIT_NOW, NULL, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(state_of(store, 1), STORE_RUNNING);
    store_item_free(&item);
    store_close(store);
}

static void moves_that_go_together_are_kept_or_undone_together(void **state)
{
    batch_store *store = open_store(state), *reader = NULL;
    add(store, "/out", 3);
    GOOD(store_open_reader(&reader, *state, &error));
    store_item item = claim(store, KIT_NOW), next;
    assert_int_equal(store_together_end(store, true, &error), GPEN_BAD_ARGUMENT);
    GOOD(store_together_begin(store, &error));
    assert_int_equal(store_together_begin(store, &error), GPEN_BAD_ARGUMENT);
    finish(store, &item, KIT_NOW);
    next = claim(store, KIT_NOW);
    assert_int_equal(next.id, 2);
    store_item_free(&next);
    assert_int_equal(state_of(reader, 1), STORE_RUNNING); /* the world knows nothing yet */
    GOOD(store_together_end(store, false, &error));
    assert_int_equal(state_of(store, 1), STORE_RUNNING);
    assert_int_equal(state_of(store, 2), STORE_QUEUED);
    GOOD(store_together_begin(store, &error));
    finish(store, &item, KIT_NOW);
    store_result result = kit_result();
    assert_int_equal(store_finish_done(store, item.id, 1, &result, KIT_NOW, &error),
                     GPEN_EXISTS); /* undone by itself */
    next = claim(store, KIT_NOW);
    GOOD(store_together_end(store, true, &error));
    assert_int_equal(state_of(reader, 1), STORE_DONE);
    assert_int_equal(state_of(reader, 2), STORE_RUNNING);
    store_item_free(&item);
    store_item_free(&next);
    store_close(reader);
    store_close(store);
}

/* ---------------------------------------------------------------- wishes */

static void a_cancelled_batch_ends_when_its_running_items_do(void **state)
{
    batch_store *store = open_store(state);
    int64_t batch = add(store, "/out", 5);
    store_item done = claim(store, KIT_NOW), back = claim(store, KIT_NOW), retried = claim(store, KIT_NOW);
    GOOD(store_batch_cancel(store, batch, KIT_NOW, &error));
    assert_none(store, KIT_NOW);
    store_batch found;
    GOOD(store_batch_get(store, batch, &found, &error));
    assert_true(found.cancelled);
    assert_int_equal(found.counts[STORE_CANCELLED], 2);
    assert_int_equal(found.ended, 0);
    store_batch_free(&found);
    finish(store, &done, KIT_NOW);
    GOOD(store_release(store, back.id, back.attempts, KIT_NOW, &error));
    assert_int_equal(fail_item(store, &retried, GPEN_TIMED_OUT, false, KIT_NOW), STORE_CANCELLED);
    GOOD(store_batch_get(store, batch, &found, &error));
    assert_int_equal(found.counts[STORE_CANCELLED], 4);
    assert_int_equal(found.counts[STORE_DONE], 1);
    assert_int_equal(found.ended, KIT_NOW);
    store_batch_free(&found);
    store_new_item more = {.input = "/in/9.jpg", .relative = "9.jpg"};
    assert_int_equal(store_items_add(store, batch, &more, 1, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(store_batch_cancel(store, 99, KIT_NOW, &error), GPEN_BAD_ARGUMENT);
    store_item_free(&done);
    store_item_free(&back);
    store_item_free(&retried);
    store_close(store);
}

static void deleting_forgets_a_batch_but_not_while_it_works(void **state)
{
    batch_store *store = open_store(state);
    int64_t batch = add(store, "/out", 3), other = add(store, "/out2", 1);
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(store_batch_delete(store, batch, &error), GPEN_IN_USE);
    finish(store, &item, KIT_NOW);
    store_item_free(&item);
    GOOD(store_batch_delete(store, batch, &error));
    assert_int_equal(store_batch_delete(store, batch, &error), GPEN_BAD_ARGUMENT);
    store_item gone;
    GOOD(store_item_get(store, 1, &gone, &error));
    assert_int_equal(gone.id, 0);
    int64_t next = add(store, "/out", 3); /* its names are free again, its number is not */
    assert_int_equal(next, 3);
    item = claim(store, KIT_NOW);
    assert_int_equal(item.batch, other);
    store_item_free(&item);
    store_close(store);
    store_close(open_store(state));
}

static void items_are_added_behind_the_last(void **state)
{
    batch_store *store = open_store(state);
    int64_t batch = add(store, "/out", 2);
    finish_all(store, KIT_NOW);
    store_new_item more[] = {{.input = "/in/x.jpg", .relative = "x.jpg", .output = "1.jpg"},
                             {.input = "/in/y.jpg", .relative = "y.jpg", .output = "../y.jpg"}};
    assert_int_equal(store_items_add(store, batch, more, 2, &error), GPEN_BAD_ARGUMENT); /* all or none */
    GOOD(store_items_add(store, batch, more, 1, &error));
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(item.position, 3);
    assert_string_equal(item.output, "/out/1-2.jpg");
    store_batch found;
    GOOD(store_batch_get(store, batch, &found, &error));
    assert_int_equal(found.ended, 0);
    store_batch_free(&found);
    store_item_free(&item);
    store_close(store);
    store_close(open_store(state));
}

/* ---------------------------------------------------------------- outputs */

static void no_two_items_have_one_output(void **state)
{
    batch_store *store = open_store(state);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/out"};
    enum { SAME = 300 };
    store_new_item items[SAME];
    for (int i = 0; i < SAME; i++)
        items[i] =
            (store_new_item){.input = "/in/a", .relative = "a", .output = i % 2 ? "d.x/Photo.PNG" : "d.x/photo.png"};
    int64_t id = 0;
    GOOD(store_batch_add(store, &batch, items, SAME, KIT_NOW, &id, &error));
    store_item *list;
    size_t count;
    GOOD(store_items_list(store, id, STORE_STATES, 0, SAME, &list, &count, &error));
    assert_int_equal(count, SAME);
    assert_string_equal(list[0].output, "/out/d.x/photo.png");
    assert_string_equal(list[1].output, "/out/d.x/Photo-2.PNG");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(strcasecmp(list[i].output, list[k].output) != 0);
    store_items_free(list, count);
    store_close(store);
}

static void an_output_may_be_taken_over_only_with_leave_and_after_its_end(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    store_item item = claim(store, KIT_NOW);
    finish(store, &item, KIT_NOW);
    store_item_free(&item);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/out"};
    store_new_item items[] = {{.input = "/in/1.jpg", .relative = "1.jpg", .output = "1.jpg", .overwrite = true},
                              {.input = "/in/2.jpg", .relative = "2.jpg", .output = "2.jpg", .overwrite = true}};
    int64_t id = 0;
    GOOD(store_batch_add(store, &batch, items, 2, KIT_NOW, &id, &error));
    store_item old = get(store, 1), taker = get(store, 3), numbered = get(store, 4);
    assert_null(old.output);
    assert_string_equal(taker.output, "/out/1.jpg");
    assert_string_equal(numbered.output, "/out/2-2.jpg"); /* item 2 is still to be done */
    store_item_free(&old);
    store_item_free(&taker);
    store_item_free(&numbered);
    store_close(store);
}

static void a_name_found_late_is_reserved_once(void **state)
{
    batch_store *store = open_store(state);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/out"};
    store_new_item item = {.input = "/in/1", .relative = "1"};
    int64_t id = 0;
    char *output = NULL;
    GOOD(store_batch_add(store, &batch, &item, 1, KIT_NOW, &id, &error));
    store_item claimed = claim(store, KIT_NOW);
    assert_null(claimed.output);
    store_result result = kit_result();
    assert_int_equal(store_finish_done(store, 1, 1, &result, KIT_NOW, &error), GPEN_BAD_ARGUMENT);
    static const char *const bad[] = {"", "/x.png", "../x.png", "a/../x.png", "a/..", ".", "a/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(store_reserve_output(store, 1, 1, bad[i], false, &output, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(store_reserve_output(store, 1, 2, "x.png", false, &output, &error), GPEN_EXISTS);
    assert_null(output);
    GOOD(store_reserve_output(store, 1, 1, "a/..x.png", false, &output, &error));
    assert_string_equal(output, "/out/a/..x.png");
    free(output);
    GOOD(store_reserve_output(store, 1, 1, "other.png", false, &output, &error));
    assert_string_equal(output, "/out/a/..x.png");
    free(output);
    store_item_free(&claimed);
    store_close(store);
}

static void names_of_any_bytes_come_back_as_they_were(void **state)
{
    batch_store *store = open_store(state);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/o\xff't\n"};
    char longest[256];
    memset(longest, 'x', 255);
    longest[255] = '\0';
    const char *names[] = {"/in/\xff\xfe.jpg", "/in/'; DROP TABLE item; --", "/in/\n<b>\"", longest};
    int64_t id = 0;
    for (size_t i = 0; i < 4; i++) {
        store_new_item item = {.input = names[i], .relative = names[i], .output = path_name(names[i])};
        GOOD(store_batch_add(store, &batch, &item, 1, KIT_NOW, &id, &error));
        store_item claimed = claim(store, KIT_NOW);
        assert_string_equal(claimed.input, names[i]);
        assert_string_equal(claimed.relative, names[i]);
        assert_memory_equal(claimed.output, "/o\xff't\n/", 7);
        assert_string_equal(claimed.output + 7, path_name(names[i]));
        store_item_free(&claimed);
    }
    store_close(store);
}

/* ---------------------------------------------------------------- looking */

static void pages_follow_each_other_without_gaps(void **state)
{
    batch_store *store = open_store(state);
    int64_t batch = add(store, "/out", 25), after = 0;
    int seen = 0;
    for (;;) {
        store_item *items;
        size_t count;
        GOOD(store_items_list(store, batch, STORE_STATES, after, 10, &items, &count, &error));
        for (size_t i = 0; i < count; i++)
            assert_int_equal(items[i].position, ++seen);
        after = count ? items[count - 1].position : 0;
        store_items_free(items, count);
        if (!count)
            break;
    }
    assert_int_equal(seen, 25);
    for (int i = 0; i < 4; i++) {
        store_item item = claim(store, KIT_NOW);
        if (i % 2)
            finish(store, &item, KIT_NOW);
        else
            fail_item(store, &item, GPEN_UNREADABLE, false, KIT_NOW);
        store_item_free(&item);
    }
    store_item *items;
    size_t count;
    GOOD(store_items_list(store, batch, STORE_FAILED, 0, 10, &items, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(items[0].position, 1);
    assert_int_equal(items[1].position, 3);
    store_items_free(items, count);
    assert_int_equal(store_items_list(store, batch, STORE_STATES, 0, 0, &items, &count, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(store_items_list(store, batch, STORE_STATES, 0, 1001, &items, &count, &error), GPEN_BAD_ARGUMENT);
    for (int i = 0; i < 4; i++)
        add(store, "/more", 1);
    store_batch *batches;
    GOOD(store_batches_list(store, 0, 3, &batches, &count, &error));
    assert_int_equal(count, 3);
    assert_int_equal(batches[0].id, 5);
    store_batches_free(batches, count);
    GOOD(store_batches_list(store, 3, 3, &batches, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(batches[1].counts[STORE_QUEUED], 21);
    store_batches_free(batches, count);
    store_close(store);
}

static void the_same_work_is_found_by_path_content_and_settings(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    store_item item = claim(store, KIT_NOW), found;
    finish(store, &item, KIT_NOW);
    store_item_free(&item);
    store_content same = {.bytes = 1000, .modified = 5}, touched = {.bytes = 1000, .modified = 6};
    GOOD(store_find(store, "/in/1.jpg", &same, "key", "/out", &found, &error));
    assert_int_equal(found.id, 1);
    assert_int_equal(found.state, STORE_DONE);
    assert_int_equal(found.faces[GPEN_FACE_RESTORED], 2);
    store_item_free(&found);
    GOOD(store_find(store, "/in/1.jpg", &touched, "key", "/out", &found, &error));
    assert_int_equal(found.id, 0);
    strcpy(touched.sha256, kit_result().input_sha256);
    GOOD(store_find(store, "/in/1.jpg", &touched, "key", "/out", &found, &error));
    assert_int_equal(found.id, 1);
    store_item_free(&found);
    GOOD(store_find(store, "/in/1.jpg", &same, "other", "/out", &found, &error));
    assert_int_equal(found.id, 0);
    GOOD(store_find(store, "/in/1.jpg", &same, "key", "/elsewhere", &found, &error));
    assert_int_equal(found.id, 0);
    store_content second = {.bytes = 1001, .modified = 5};
    GOOD(store_find(store, "/in/2.jpg", &second, "key", "/out", &found, &error));
    assert_int_equal(found.state, STORE_QUEUED);
    store_item_free(&found);
    GOOD(store_batch_cancel(store, 1, KIT_NOW, &error));
    GOOD(store_find(store, "/in/2.jpg", &second, "key", "/out", &found, &error));
    assert_int_equal(found.id, 0);
    store_close(store);
}

/* ---------------------------------------------------------------- cleaning, damage */

static void cleaning_goes_on_where_it_stopped(void **state)
{
    batch_store *store = open_store(state);
    int64_t old = add(store, "/old", 4), count = 0;
    store_item item = claim(store, KIT_NOW);
    fail_item(store, &item, GPEN_UNREADABLE, false, KIT_NOW);
    store_item_free(&item);
    finish_all(store, KIT_NOW);
    int64_t recent = add(store, "/recent", 1);
    finish_all(store, KIT_NOW + 1000);
    int64_t unfinished = add(store, "/unfinished", 1);
    GOOD(store_clean_begin(store, KIT_NOW + 1, &count, &error));
    assert_int_equal(count, 1);
    int steps = 0;
    for (;; steps++) {
        GOOD(store_clean_next(store, &item, &error));
        if (!item.id)
            break;
        assert_int_equal(item.batch, old);
        assert_memory_equal(item.output, "/old/", 5);
        assert_int_equal(item.written.bytes, 77);
        store_item_free(&item);
        store_close(store); /* before it is forgotten: it comes again */
        store = open_store(state);
        GOOD(store_clean_end(store, &error));
        GOOD(store_clean_next(store, &item, &error));
        GOOD(store_clean_forget(store, item.id, &error));
        assert_int_equal(store_clean_forget(store, item.id, &error), GPEN_BAD_ARGUMENT);
        store_item_free(&item);
    }
    assert_int_equal(steps, 3);
    GOOD(store_clean_end(store, &error));
    store_batch batch;
    GOOD(store_batch_get(store, old, &batch, &error));
    assert_int_equal(batch.id, 0);
    GOOD(store_batch_get(store, recent, &batch, &error));
    assert_int_equal(batch.id, recent);
    store_batch_free(&batch);
    GOOD(store_batch_get(store, unfinished, &batch, &error));
    assert_int_equal(batch.counts[STORE_QUEUED], 1);
    store_batch_free(&batch);
    assert_int_equal(store_clean_forget(store, 6, &error), GPEN_BAD_ARGUMENT); /* not being cleaned */
    store_close(store);
    store_close(open_store(state));
}

static void a_damaged_store_is_refused_with_advice_and_can_be_set_aside(void **state)
{
    store_close(open_store(state));
    char *path = store_path(*state), *kept = NULL;
    assert_true(kit_write(path, (const unsigned char *)"This is no store.", 17));
    batch_store *store = NULL;
    assert_int_equal(store_open(&store, *state, KIT_NOW, &error), GPEN_STORE_DAMAGED);
    assert_non_null(strstr(error.message, "set it aside"));
    assert_int_equal(store_open_reader(&store, *state, &error), GPEN_STORE_DAMAGED);
    GOOD(store_set_aside(*state, KIT_NOW, &kept, &error));
    assert_non_null(strstr(kept, ".damaged-19700101-001640"));
    assert_true(scratch_holds(kept, "This is no store."));
    assert_int_equal(store_set_aside(*state, KIT_NOW, NULL, &error), GPEN_INPUT_MISSING);
    store = open_store(state);
    add(store, "/out", 1);
    store_close(store);
    assert_int_equal(store_set_aside(*state, KIT_NOW, NULL, &error), GPEN_EXISTS); /* that name is taken */
    free(kept);
    free(path);
}

static void a_log_without_its_store_is_not_believed(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    char *path = store_path(*state), *log = store_path_with(path, "-wal");
    size_t length = 0;
    unsigned char *bytes = kit_read(log, &length);
    assert_non_null(bytes);
    store_close(store);
    assert_true(kit_write(log, bytes, length));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(&store, *state, KIT_NOW, &error), GPEN_STORE_DAMAGED);
    GOOD(store_set_aside(*state, KIT_NOW, NULL, &error));
    store = open_store(state);
    char *digest = kit_digest(store, &error);
    assert_string_equal(digest, "");
    free(digest);
    free(bytes);
    free(path);
    free(log);
    store_close(store);
}

static void a_store_of_a_newer_program_is_refused(void **state)
{
    batch_store *store = open_store(state);
    assert_int_equal(sqlite3_exec(store->database, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    store_close(store);
    assert_int_equal(store_open(&store, *state, KIT_NOW, &error), GPEN_UNSUPPORTED_FORMAT);
    assert_non_null(strstr(error.message, "newer"));
    assert_int_equal(store_open_reader(&store, *state, &error), GPEN_UNSUPPORTED_FORMAT);
}

/* What someone could do to a store by way of SQL, with sums that are right. */
static void a_store_that_breaks_a_promise_is_refused(void **state)
{
    static const char *const breaks[] = {
        "UPDATE batch SET queued_items = 7",
        "UPDATE batch SET ended = 5",
        "UPDATE item SET attempts = 3 WHERE id = 1",
        "UPDATE item SET state = 1 WHERE id = 2",
        "INSERT INTO attempt (item, number, started, worker, shrink) VALUES (2, 1, 0, 0, 0)",
        "INSERT INTO face_count VALUES (2, 'restored', 1)",
        "PRAGMA foreign_keys = OFF; INSERT INTO attempt (item, number, started, worker, shrink) VALUES (99, 1, 0, 0, 0)",
        "CREATE TABLE stranger (x)",
        "DROP INDEX item_by_state",
        "CREATE TRIGGER evil AFTER UPDATE ON item BEGIN DELETE FROM item; END",
        "PRAGMA application_id = 5",
        "PRAGMA user_version = 0",
    };
    char *path = store_path(*state);
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    store_item item = claim(store, KIT_NOW);
    finish(store, &item, KIT_NOW);
    store_item_free(&item);
    store_close(store);
    size_t length = 0;
    unsigned char *bytes = kit_read(path, &length);
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        assert_true(kit_write(path, bytes, length));
        store = open_store(state);
        if (sqlite3_exec(store->database, breaks[i], NULL, NULL, NULL))
            fail_msg("%s: %s", breaks[i], sqlite3_errmsg(store->database));
        store_close(store);
        if (store_open(&store, *state, KIT_NOW, &error) != GPEN_STORE_DAMAGED)
            fail_msg("believed: %s", breaks[i]);
    }
    free(bytes);
    free(path);
}

static void a_folder_that_may_not_be_written_is_said(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    store_close(store);
    assert_int_equal(chmod(*state, 0755), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) { /* root may write everywhere: be nobody */
        if (!getuid() && (setgid(65534) || setuid(65534)))
            _exit(3);
        if (getuid() == geteuid() && getuid() != 65534 && chmod(*state, 0555))
            _exit(3);
        gpen_status status = store_open(&store, *state, KIT_NOW, &error);
        _exit(status == GPEN_WRITE_FAILED && !store && *error.message ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(*state, 0755), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void no_descriptor_and_no_memory_is_kept(void **state)
{
    store_close(open_store(state));
    int before = open("/dev/null", O_RDONLY);
    close(before);
    for (int i = 0; i < 10; i++) {
        batch_store *store = open_store(state), *second = NULL;
        assert_int_equal(store_open(&second, *state, KIT_NOW, &error), GPEN_IN_USE);
        add(store, "/out", 1);
        store_close(store);
    }
    int after = open("/dev/null", O_RDONLY);
    close(after);
    assert_int_equal(after, before);
    assert_int_equal(sqlite3_memory_used(), 0);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_file_has_sums_a_version_and_a_log),
        STORE_TEST(what_was_added_is_there_after_opening_again),
        STORE_TEST(a_second_supervisor_is_told_who_has_it),
        STORE_TEST(a_reader_looks_while_a_supervisor_works),
        STORE_TEST(running_items_of_a_dead_supervisor_are_queued_again),
        STORE_TEST(items_go_by_priority_then_by_turns_then_by_position),
        STORE_TEST(a_batch_that_was_paused_does_not_make_up_for_it),
        STORE_TEST(waiting_items_are_passed_over_until_they_are_due),
        STORE_TEST(a_clock_that_is_set_back_holds_nothing_up),
        STORE_TEST(a_done_item_keeps_what_was_found),
        STORE_TEST(nothing_is_finished_twice_or_for_another),
        STORE_TEST(what_cannot_pass_fails_at_once_and_a_person_retries_it),
        STORE_TEST(retries_shrink_after_out_of_memory_and_end),
        STORE_TEST(an_item_that_kills_two_workers_is_given_up),
        STORE_TEST(a_released_item_is_next_again_and_owes_nothing),
        STORE_TEST(a_reason_outside_the_list_is_refused),
        STORE_TEST(moves_that_go_together_are_kept_or_undone_together),
        STORE_TEST(a_cancelled_batch_ends_when_its_running_items_do),
        STORE_TEST(deleting_forgets_a_batch_but_not_while_it_works),
        STORE_TEST(items_are_added_behind_the_last),
        STORE_TEST(no_two_items_have_one_output),
        STORE_TEST(an_output_may_be_taken_over_only_with_leave_and_after_its_end),
        STORE_TEST(a_name_found_late_is_reserved_once),
        STORE_TEST(names_of_any_bytes_come_back_as_they_were),
        STORE_TEST(pages_follow_each_other_without_gaps),
        STORE_TEST(the_same_work_is_found_by_path_content_and_settings),
        STORE_TEST(cleaning_goes_on_where_it_stopped),
        STORE_TEST(a_damaged_store_is_refused_with_advice_and_can_be_set_aside),
        STORE_TEST(a_log_without_its_store_is_not_believed),
        STORE_TEST(a_store_of_a_newer_program_is_refused),
        STORE_TEST(a_store_that_breaks_a_promise_is_refused),
        STORE_TEST(a_folder_that_may_not_be_written_is_said),
        STORE_TEST(no_descriptor_and_no_memory_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

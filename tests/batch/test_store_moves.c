/* The store's moves: handing out, ends, wishes; one promise of store.h a test. */
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
#include "steps.h"

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

static void what_was_refused_before_is_there_as_failed(void **state)
{
    batch_store *store = open_store(state);
    const store_new_batch made = {.settings = "{}", .settings_key = "{}", .output_folder = "/out"};
    store_new_item items[] = {{.input = "/in/x.jpg", .relative = "x.jpg"},
                              {.input = "/in/y.jpg",
                               .relative = "y.jpg",
                               .refused = GPEN_TOO_LARGE,
                               .detail = "over the limit",
                               .failed = KIT_NOW}};
    int64_t batch, all_refused;
    GOOD(store_batch_add(store, &made, items, 2, KIT_NOW, &batch, &error));
    GOOD(store_batch_add(store, &made, items + 1, 1, KIT_NOW, &all_refused, &error));
    store_item item;
    GOOD(store_item_get(store, 2, &item, &error));
    assert_int_equal(item.state, STORE_FAILED);
    assert_int_equal(item.reason, GPEN_TOO_LARGE);
    assert_string_equal(item.detail, "over the limit");
    assert_int_equal(item.ended, KIT_NOW);
    store_item_free(&item);
    store_batch found;
    GOOD(store_batch_get(store, batch, &found, &error));
    assert_int_equal(found.counts[STORE_FAILED], 1);
    assert_int_equal(found.ended, 0);
    store_batch_free(&found);
    GOOD(store_batch_get(store, all_refused, &found, &error));
    assert_int_equal(found.ended, KIT_NOW);
    store_batch_free(&found);
    items[1].refused = GPEN_OK + GPEN_STATUS_COUNT; /* no reason at all */
    assert_int_equal(store_batch_add(store, &made, items, 2, KIT_NOW, &batch, &error), GPEN_BAD_ARGUMENT);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        STORE_TEST(what_was_refused_before_is_there_as_failed),
        STORE_TEST(items_are_added_behind_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

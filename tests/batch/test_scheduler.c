/* The scheduler with workers that do as they are told: every item comes to its end once, whatever becomes of workers. */
#include "scheduler_kit.h"

#include <pthread.h>

static void every_photo_ends_once(void **state)
{
    (void)state;
    kit *k = kit_new(2);
    kit_open(k);
    const int64_t first =
        kit_add(k, (const char *const[]){"ok1", "fail2", "slow3", "ok4", "fail5", "ok6", "slow7", "ok8", NULL}, 0);
    kit_run(k, 60);
    for (int64_t id = first; id < first + 8; id++) {
        assert_int_equal(k->ended[id], 1);
        bool fails = id == first + 1 || id == first + 4;
        assert_int_equal(k->state[id], fails ? STORE_FAILED : STORE_DONE);
        assert_int_equal(k->reason[id], fails ? GPEN_UNREADABLE : GPEN_OK);
        store_item item = kit_item(k, id);
        assert_int_equal(item.state, k->state[id]);
        assert_int_equal(path_is_file(item.output), !fails);
        assert_int_equal(item.written.bytes, fails ? 0 : 5);
        assert_int_equal(item.receipt != NULL, !fails);
        store_item_free(&item);
    }
    assert_int_equal(k->batches_ended, 1);
    kit_free(k);
}

static void a_photo_that_kills_workers_is_given_up(void **state)
{
    (void)state;
    kit *k = kit_new(2);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", "crash2", "ok3", "ok4", "ok5", NULL}, 0);
    kit_run(k, 60);
    assert_int_equal(k->reason[first + 1], GPEN_GIVEN_UP);
    assert_int_equal(k->queued[first + 1], 1);
    assert_int_equal(k->deaths, 2);
    store_item item = kit_item(k, first + 1);
    assert_int_equal(item.attempts, 2);
    assert_int_equal(item.kills, 2);
    assert_non_null(strstr(item.detail, "SIGSEGV"));
    store_item_free(&item);
    for (int64_t id = first; id < first + 5; id++)
        assert_int_equal(k->state[id], id == first + 1 ? STORE_FAILED : STORE_DONE);
    kit_free(k);
}

static void a_photo_that_hangs_times_out(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    k->settings.seconds = 0.2;
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"hang1", "ok2", NULL}, 0);
    kit_run(k, 60);
    assert_int_equal(k->reason[first], GPEN_TIMED_OUT);
    assert_int_equal(k->queued[first], 2);
    assert_int_equal(k->state[first + 1], STORE_DONE);
    kit_free(k);
}

/* ---------------------------------------------------------------- a person's wishes */

static void turn(kit *k, int times)
{
    gpen_error error;
    for (int i = 0; i < times; i++)
        if (scheduler_turn(k->s, 0.02, &error))
            fail_msg("%s", error.message);
}

/* Until the item is in a worker's hands. */
static void turn_until_begun(kit *k, int count)
{
    double begun = clock_seconds();
    while (k->begun < count && clock_seconds() - begun < 30)
        turn(k, 1);
    assert_true(k->begun >= count);
}

static void the_more_important_batch_goes_first(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t low = kit_add(k, (const char *const[]){"ok1", "ok2", "ok3", "ok4", NULL}, 0);
    const int64_t high = kit_add(k, (const char *const[]){"ok5", "ok6", NULL}, 5);
    kit_run(k, 30);
    assert_int_equal(k->order[0], high);
    assert_int_equal(k->order[1], high + 1);
    assert_int_equal(k->order[2], low);
    assert_int_equal(k->batches_ended, 2);
    kit_free(k);
}

static void batches_take_turns(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", "ok2", "ok3", NULL}, 0);
    const int64_t second = kit_add(k, (const char *const[]){"ok4", "ok5", "ok6", NULL}, 0);
    kit_run(k, 30);
    const int64_t wanted[] = {first, second, first + 1, second + 1, first + 2, second + 2};
    assert_memory_equal(k->order, wanted, sizeof wanted);
    kit_free(k);
}

static void a_paused_batch_waits(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", NULL}, 0);
    assert_int_equal(scheduler_pause(k->s, k->batch, true, NULL), GPEN_OK);
    turn(k, 20);
    assert_int_equal(k->begun, 0);
    assert_true(scheduler_finished(k->s)); /* as things stand */
    assert_int_equal(scheduler_pause(k->s, k->batch, false, NULL), GPEN_OK);
    assert_false(scheduler_finished(k->s));
    kit_run(k, 30);
    assert_int_equal(k->state[first], STORE_DONE);
    kit_free(k);
}

static void a_cancelled_batch_is_stopped(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"hang1", "hang2", "ok3", NULL}, 0);
    const int64_t batch = k->batch, other = kit_add(k, (const char *const[]){"ok4", NULL}, 0);
    turn_until_begun(k, 1);
    assert_int_equal(scheduler_cancel(k->s, batch, NULL), GPEN_OK);
    kit_run(k, 30);
    for (int64_t id = first; id < first + 3; id++) {
        store_item item = kit_item(k, id);
        assert_int_equal(item.state, STORE_CANCELLED);
        store_item_free(&item);
    }
    assert_int_equal(k->state[other], STORE_DONE);
    assert_int_equal(k->deaths, 0);
    assert_int_equal(scratch_count(k->out), 1);
    assert_int_equal(scheduler_delete(k->s, batch, NULL), GPEN_OK);
    kit_free(k);
}

static void one_photo_is_cancelled_and_its_neighbour_goes_on(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"hang1", "ok2", "ok3", "ok4", NULL}, 0);
    turn_until_begun(k, 2);
    assert_int_equal(scheduler_cancel_item(k->s, first, NULL), GPEN_OK);
    assert_int_equal(scheduler_cancel_item(k->s, first + 3, NULL), GPEN_OK); /* it waits */
    kit_run(k, 30);
    assert_int_equal(k->state[first], STORE_CANCELLED);
    assert_int_equal(k->ended[first + 1], 1);
    assert_int_equal(k->state[first + 1], STORE_DONE);
    assert_int_equal(k->state[first + 2], STORE_DONE);
    assert_int_equal(k->ended[first + 3], 0);
    store_item item = kit_item(k, first + 1);
    assert_int_equal(item.retries, 0);
    assert_int_equal(item.kills, 0);
    store_item_free(&item);
    gpen_error error;
    assert_int_equal(scheduler_cancel_item(k->s, first + 2, &error), GPEN_BAD_ARGUMENT);
    kit_free(k);
}

static void a_person_asks_again(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    int64_t count;
    const int64_t first = kit_add(k, (const char *const[]){"fail1", "fail2", NULL}, 0);
    kit_run(k, 30);
    assert_int_equal(scheduler_retry(k->s, first, NULL), GPEN_OK);
    kit_run(k, 30);
    assert_int_equal(k->ended[first], 2);
    assert_int_equal(k->ended[first + 1], 1);
    assert_int_equal(scheduler_retry_failed(k->s, k->batch, &count, NULL), GPEN_OK);
    assert_int_equal(count, 2);
    kit_run(k, 30);
    assert_int_equal(k->ended[first], 3);
    assert_int_equal(k->batches_ended, 3);
    kit_free(k);
}

static void who_looks_sees_what_is_worked_on(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", "fail2", "hang3", NULL}, 0);
    turn_until_begun(k, 3);
    while (k->ended[first] + k->ended[first + 1] < 2)
        turn(k, 1);
    turn(k, 5);
    scheduler_state *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    scheduler_look(k->s, seen);
    assert_int_equal(seen->running_count, 1);
    assert_int_equal(seen->running[0].item, first + 2);
    assert_int_equal(seen->running[0].stage, JOB_DECODE);
    assert_true(seen->running[0].worker > 0);
    assert_int_equal(seen->done, 1);
    assert_int_equal(seen->failed, 1);
    assert_int_equal(seen->plan.workers, 1);
    assert_int_equal(seen->hold, HOLD_NONE);
    free(seen);
    kit_free(k); /* what still hangs is stopped, and queued for the next one */
}

/* Another thread's wishes, while this one turns. */
typedef struct wisher {
    kit *k;
    int64_t batches[8];
    gpen_status status;
} wisher;

static void *wish(void *context)
{
    wisher *w = context;
    store_new_item items[4] = {{.input = NULL}};
    char *path = kit_path(w->k->folder, "ok"), outputs[8][4][32];
    scheduler_state *seen = calloc(1, sizeof *seen);
    const scheduler_batch batch = {.settings = &w->k->settings, .output_folder = w->k->out};
    for (int b = 0; !w->status && seen && b < 8; b++) {
        for (int i = 0; i < 4; i++) {
            snprintf(outputs[b][i], sizeof outputs[b][i], "%d-%d.png", b, i);
            items[i] = (store_new_item){.input = path, .relative = "ok", .output = outputs[b][i]};
        }
        w->status = scheduler_add(w->k->s, &batch, items, 4, &w->batches[b], NULL);
        if (!w->status)
            w->status = scheduler_pause(w->k->s, w->batches[b], true, NULL);
        scheduler_look(w->k->s, seen);
        if (!w->status)
            w->status = scheduler_priority(w->k->s, w->batches[b], b, NULL);
        if (!w->status)
            w->status = b == 7 ? scheduler_cancel(w->k->s, w->batches[b], NULL)
                               : scheduler_pause(w->k->s, w->batches[b], false, NULL);
    }
    free(seen);
    free(path);
    return NULL;
}

static void other_threads_may_ask_at_any_time(void **state)
{
    (void)state;
    kit *k = kit_new(2);
    wisher w = {.k = k};
    pthread_t thread;
    char *path = kit_path(k->folder, "ok");
    kit_write(path, "a photo");
    kit_open(k);
    assert_int_equal(pthread_create(&thread, NULL, wish, &w), 0);
    for (int i = 0; i < 50; i++)
        turn(k, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.status, GPEN_OK);
    kit_run(k, 60);
    int done = 0;
    for (int i = 1; i <= 32; i++) {
        store_item item = kit_item(k, i);
        assert_true(item.state == STORE_DONE || item.state == STORE_CANCELLED);
        done += item.state == STORE_DONE;
        store_item_free(&item);
    }
    assert_true(done >= 28);
    free(path);
    kit_free(k);
}

/* ---------------------------------------------------------------- what a machine runs out of */

static void nothing_is_begun_while_memory_is_full(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    k->memory = 0.95;
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", "ok2", NULL}, 0);
    double begun = clock_seconds();
    while (!k->holds && clock_seconds() - begun < 30)
        turn(k, 1);
    assert_int_equal(k->hold, HOLD_MEMORY);
    assert_non_null(strstr(k->sentence, "Memory is nearly full (95 in 100"));
    turn(k, 30);
    assert_int_equal(k->begun, 0);
    k->memory = 0.87; /* not yet below 85 */
    turn(k, 60);
    assert_int_equal(k->begun, 0);
    k->memory = 0.5;
    kit_run(k, 30);
    assert_int_equal(k->hold, HOLD_NONE);
    assert_int_equal(k->state[first], STORE_DONE);
    kit_free(k);
}

/* A machine that is always this full must come to the end of its batch too. */
static void memory_that_stays_full_slows_down_only(void **state)
{
    (void)state;
    kit *k = kit_new(2);
    k->memory = 0.95;
    kit_open(k);
    kit_add(k, (const char *const[]){"slow1", "slow2", "slow3", NULL}, 0);
    gpen_error error;
    while (!scheduler_finished(k->s)) {
        assert_int_equal(scheduler_turn(k->s, 0.05, &error), GPEN_OK);
        scheduler_state *seen = calloc(1, sizeof *seen);
        assert_non_null(seen);
        scheduler_look(k->s, seen);
        assert_true(seen->running_count <= 1);
        free(seen);
    }
    assert_int_equal(k->hold, HOLD_MEMORY_SINGLE);
    assert_int_equal(k->batches_ended, 1);
    kit_free(k);
}

static void a_full_disk_fails_what_has_no_room(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    k->disk = 1000;
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", NULL}, 0);
    kit_run(k, 30);
    assert_int_equal(k->reason[first], GPEN_DISK_FULL);
    assert_int_equal(k->begun, 0);
    k->disk = -1;
    assert_int_equal(scheduler_retry(k->s, first, NULL), GPEN_OK);
    kit_run(k, 30);
    assert_int_equal(k->state[first], STORE_DONE);
    kit_free(k);
}

/* ---------------------------------------------------------------- files that change meanwhile */

static void a_photo_that_vanished_fails(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", "ok2", NULL}, 0);
    char *gone = kit_path(k->folder, "ok1"), *changed = kit_path(k->folder, "ok2");
    assert_int_equal(unlink(gone), 0);
    kit_write(changed, "another photo");
    kit_run(k, 30);
    assert_int_equal(k->reason[first], GPEN_INPUT_MISSING);
    assert_int_equal(k->state[first + 1], STORE_DONE);
    store_item item = kit_item(k, first + 1);
    assert_non_null(strstr(item.receipt, "changed after it was added"));
    store_item_free(&item);
    free(gone);
    free(changed);
    kit_free(k);
}

static void a_result_that_is_there_is_not_replaced(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"ok1", NULL}, 0);
    assert_int_equal(folder_make(k->out, NULL), GPEN_OK);
    char *there = kit_path(k->out, "ok1.png");
    kit_write(there, "a person's");
    kit_run(k, 30);
    assert_int_equal(k->reason[first], GPEN_EXISTS);
    assert_true(scratch_holds(there, "a person's"));
    free(there);
    kit_free(k);
}

static void what_failed_is_copied_and_can_still_be_done(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    k->settings.on_failure = FAILURE_COPY;
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"fail1.png", "crash2.jpg", NULL}, 0);
    kit_run(k, 30);
    char *copy = kit_path(k->out, "fail1.png"), *crashed = kit_path(k->out, "crash2.jpg.jpg");
    /* The results' names are fail1.png.png and crash2.jpg.png. */
    free(copy);
    copy = kit_path(k->out, "fail1.png.png");
    assert_true(scratch_holds(copy, "a photo"));
    assert_true(scratch_holds(crashed, "a photo"));
    store_item item = kit_item(k, first);
    assert_int_equal(item.state, STORE_FAILED);
    assert_non_null(strstr(item.detail, copy));
    store_item_free(&item);
    assert_int_equal(scheduler_retry(k->s, first, NULL), GPEN_OK); /* its own copy is not in the way */
    kit_run(k, 30);
    assert_int_equal(k->reason[first], GPEN_UNREADABLE);
    assert_true(scratch_holds(copy, "a photo"));
    assert_int_equal(scratch_count(k->out), 2);
    free(copy);
    free(crashed);
    kit_free(k);
}

static void a_bad_model_fails_only_its_batch(void **state)
{
    (void)state;
    kit *k = kit_new(2);
    kit_open(k);
    int64_t first = kit_add(k, (const char *[]){"ok1", "ok2", NULL}, 0);
    snprintf(k->settings.restorer.path, sizeof k->settings.restorer.path, "%s/bad-model", k->folder);
    int64_t bad = kit_add(k, (const char *[]){"ok3", "ok4", "ok5", NULL}, 0);
    *k->settings.restorer.path = 0;
    int64_t last = kit_add(k, (const char *[]){"ok6", "ok7", NULL}, 0);
    kit_run(k, 60);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(k->state[first + i], STORE_DONE);
        assert_int_equal(k->state[last + i], STORE_DONE);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(k->ended[bad + i], 1);
        assert_int_equal(k->state[bad + i], STORE_FAILED);
        assert_int_equal(k->reason[bad + i], GPEN_MODEL_INVALID);
    }
    assert_int_equal(k->batches_ended, 3);
    kit_free(k);
}

static void old_results_are_cleaned_unless_they_changed(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    scheduler_cleaned cleaned;
    k->settings.on_failure = FAILURE_COPY;
    kit_open(k);
    kit_add(k, (const char *const[]){"ok1", "ok2", "fail1.jpg", NULL}, 0);
    kit_run(k, 30);
    assert_true(kit_has(k, "fail1.jpg.jpg"));
    char *changed = kit_path(k->out, "ok2.png"), *photo = kit_path(k->folder, "ok1");
    kit_write(changed, "a person's");
    assert_int_equal(scheduler_clean(k->s, 1, NULL, &cleaned, NULL), GPEN_OK);
    assert_int_equal(cleaned.batches, 0);
    assert_int_equal(scheduler_clean(k->s, INT64_MAX, k->folder, &cleaned, NULL), GPEN_OK);
    assert_int_equal(cleaned.batches, 1);
    assert_int_equal(cleaned.deleted, 2);
    assert_int_equal(cleaned.kept, 1);
    assert_int_equal(cleaned.inputs, 3);
    assert_false(kit_has(k, "ok1.png"));
    assert_false(kit_has(k, "fail1.jpg.jpg"));
    assert_true(kit_has(k, "ok2.png"));
    assert_false(path_is_file(photo));
    free(changed);
    free(photo);
    kit_free(k);
}

/* ---------------------------------------------------------------- ends and beginnings */

static void what_was_not_finished_is_done_by_the_next_one(void **state)
{
    (void)state;
    kit *k = kit_new(2);
    kit_open(k);
    const int64_t first =
        kit_add(k, (const char *const[]){"slow1", "slow2", "slow3", "slow4", "slow5", "slow6", NULL}, 0);
    turn_until_begun(k, 1);
    scheduler_stop(k->s, false);
    for (int i = 0; i < 500 && !scheduler_stopped(k->s); i++)
        turn(k, 1);
    assert_true(scheduler_stopped(k->s));
    kit_close(k);
    char *half = kit_path(k->out, ".slow6.png.99999.3.part"), *foreign = kit_path(k->out, ".mine.png.99999.3.part");
    kit_write(half, "half");
    kit_write(foreign, "half");
    kit_open(k);
    kit_run(k, 30);
    for (int64_t id = first; id < first + 6; id++) {
        assert_int_equal(k->ended[id], 1);
        assert_int_equal(k->state[id], STORE_DONE);
    }
    assert_true(path_is_file(foreign));
    free(half);
    free(foreign);
    kit_free(k);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    kit_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_photo_ends_once),
        cmocka_unit_test(a_photo_that_kills_workers_is_given_up),
        cmocka_unit_test(a_photo_that_hangs_times_out),
        cmocka_unit_test(the_more_important_batch_goes_first),
        cmocka_unit_test(batches_take_turns),
        cmocka_unit_test(a_paused_batch_waits),
        cmocka_unit_test(a_cancelled_batch_is_stopped),
        cmocka_unit_test(one_photo_is_cancelled_and_its_neighbour_goes_on),
        cmocka_unit_test(a_person_asks_again),
        cmocka_unit_test(who_looks_sees_what_is_worked_on),
        cmocka_unit_test(other_threads_may_ask_at_any_time),
        cmocka_unit_test(nothing_is_begun_while_memory_is_full),
        cmocka_unit_test(memory_that_stays_full_slows_down_only),
        cmocka_unit_test(a_full_disk_fails_what_has_no_room),
        cmocka_unit_test(a_photo_that_vanished_fails),
        cmocka_unit_test(a_result_that_is_there_is_not_replaced),
        cmocka_unit_test(what_failed_is_copied_and_can_still_be_done),
        cmocka_unit_test(a_bad_model_fails_only_its_batch),
        cmocka_unit_test(old_results_are_cleaned_unless_they_changed),
        cmocka_unit_test(what_was_not_finished_is_done_by_the_next_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

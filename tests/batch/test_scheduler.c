/* The scheduler with workers that do as they are told: every item comes to its end once, whatever becomes of workers. */
#include "scheduler_kit.h"

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

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    kit_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_photo_ends_once),
        cmocka_unit_test(a_photo_that_kills_workers_is_given_up),
        cmocka_unit_test(a_photo_that_hangs_times_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

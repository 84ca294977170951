/* The closed list of reasons, and the rule of automatic retries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "batch/reasons.h"
#include "batch/retry.h"

/* DESIGN: the reasons that people see. */
static const char *const promised[] = {"unreadable",   "unsupported_format", "too_large",     "input_missing",
                                       "no_face",      "out_of_memory",      "crashed",       "timed_out",
                                       "given_up",     "model_missing",      "model_invalid", "device_lost",
                                       "write_failed", "disk_full",          "fetch_refused", "fetch_failed",
                                       "cancelled"};

static void every_promised_reason_is_known_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
        gpen_status reason = GPEN_OK;
        assert_true(reason_find(promised[i], &reason));
        assert_true(reason_known(reason));
        assert_string_equal(gpen_status_name(reason), promised[i]);
    }
}

static void every_reason_says_what_to_do_in_both_languages(void **state)
{
    (void)state;
    for (int i = 0; i < GPEN_STATUS_COUNT; i++) {
        gpen_status reason = (gpen_status)i;
        const char *english = reason_advice(reason, GPEN_ENGLISH), *chinese = reason_advice(reason, GPEN_CHINESE);
        if (!reason_known(reason) || reason == GPEN_CANCELLED) {
            assert_string_equal(english, "");
            assert_string_equal(chinese, "");
            continue;
        }
        assert_true(strlen(english) > 10 && english[strlen(english) - 1] == '.');
        assert_true(strlen(chinese) > 10 && !strcmp(chinese + strlen(chinese) - 3, "。"));
    }
}

static void what_is_no_reason_is_not_found(void **state)
{
    (void)state;
    gpen_status reason = GPEN_CRASHED;
    assert_false(reason_find("ok", &reason));
    assert_false(reason_find("store_damaged", &reason));
    assert_false(reason_find("", &reason));
    assert_int_equal(reason, GPEN_CRASHED);
    assert_false(reason_known(GPEN_OK));
    assert_false(reason_known((gpen_status)-1));
    assert_false(reason_known(GPEN_STATUS_COUNT));
}

static void only_what_may_pass_is_retried(void **state)
{
    (void)state;
    for (int i = 0; i < GPEN_STATUS_COUNT; i++) {
        gpen_status reason = (gpen_status)i;
        bool may_pass = reason == GPEN_CRASHED || reason == GPEN_TIMED_OUT || reason == GPEN_OUT_OF_MEMORY ||
                        reason == GPEN_FETCH_FAILED;
        assert_int_equal(reason_may_pass(reason), may_pass);
        assert_int_equal(retry_decide(reason, 0, 0, 0) != RETRY_NOT, may_pass);
    }
}

static void there_are_two_retries_at_most(void **state)
{
    (void)state;
    assert_int_equal(retry_decide(GPEN_TIMED_OUT, 0, 0, 0), RETRY_SAME);
    assert_int_equal(retry_decide(GPEN_TIMED_OUT, 1, 0, 0), RETRY_SAME);
    assert_int_equal(retry_decide(GPEN_TIMED_OUT, 2, 0, 0), RETRY_NOT);
}

static void out_of_memory_asks_for_a_smaller_plan(void **state)
{
    (void)state;
    assert_int_equal(retry_decide(GPEN_OUT_OF_MEMORY, 0, 0, 0), RETRY_SMALLER);
    assert_int_equal(retry_decide(GPEN_OUT_OF_MEMORY, 1, 1, 1), RETRY_SMALLER);
    assert_int_equal(retry_decide(GPEN_OUT_OF_MEMORY, 0, 0, RETRY_MOST_SHRINK), RETRY_NOT);
}

static void two_killed_workers_are_enough(void **state)
{
    (void)state;
    assert_int_equal(retry_decide(GPEN_CRASHED, 0, 1, 0), RETRY_SAME);
    assert_int_equal(retry_decide(GPEN_CRASHED, 1, 2, 0), RETRY_GIVEN_UP);
    assert_int_equal(retry_decide(GPEN_OUT_OF_MEMORY, 1, 2, 1), RETRY_GIVEN_UP);
}

static void waits_grow_and_have_an_end(void **state)
{
    (void)state;
    assert_true(retry_wait(0) >= 1000);
    for (int i = 0; i < 100; i++) {
        assert_true(retry_wait(i + 1) >= retry_wait(i));
        assert_true(retry_wait(i) <= RETRY_LONGEST_WAIT);
    }
    assert_true(retry_wait(1) > retry_wait(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_promised_reason_is_known_by_its_name),
        cmocka_unit_test(every_reason_says_what_to_do_in_both_languages),
        cmocka_unit_test(what_is_no_reason_is_not_found),
        cmocka_unit_test(only_what_may_pass_is_retried),
        cmocka_unit_test(there_are_two_retries_at_most),
        cmocka_unit_test(out_of_memory_asks_for_a_smaller_plan),
        cmocka_unit_test(two_killed_workers_are_enough),
        cmocka_unit_test(waits_grow_and_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Plans for machines, by table: never more threads than cores, never more memory than there is, no core idle without need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "batch/machine_plan.h"

static void plans_are_as_the_table_says(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        machine_facts facts;
        int workers, threads;
        machine_limit limit;
    } table[] = {
        /* cores, available, model, photo, photos, workers and threads as wanted */
        {{1, 8000, 500, 100, 0, 0, 0},     1, 1, LIMITED_BY_CORES},
        {{2, 8000, 500, 100, 0, 0, 0},     2, 1, LIMITED_BY_CORES},
        {{8, 16000, 700, 100, 0, 0, 0},    8, 1, LIMITED_BY_CORES},
        {{8, 4000, 700, 100, 0, 0, 0},     2, 4, LIMITED_BY_MEMORY}, /* three would fit, and leave two cores idle */
        {{8, 5100, 700, 100, 0, 0, 0},     4, 2, LIMITED_BY_MEMORY},
        {{6, 4000, 700, 100, 0, 0, 0},     3, 2, LIMITED_BY_MEMORY},
        {{7, 4000, 700, 100, 0, 0, 0},     1, 7, LIMITED_BY_MEMORY},
        {{64, 400000, 2500, 500, 0, 0, 0}, 64, 1, LIMITED_BY_CORES},
        {{4, 1000, 2500, 500, 0, 0, 0},    1, 4, SHORT_OF_MEMORY},
        {{4, 0, 2500, 500, 0, 0, 0},       4, 1, LIMITED_BY_CORES}, /* nothing is known about memory */
        {{0, 0, 0, 0, 0, 0, 0},            1, 1, LIMITED_BY_CORES},
        {{8, 16000, 700, 100, 1, 0, 0}, 1, 8, LIMITED_BY_PHOTOS},
        {{8, 16000, 700, 100, 3, 0, 0}, 2, 4, LIMITED_BY_PHOTOS},
        {{2, 16000, 700, 100, 1, 2, 0}, 2, 1, AS_WANTED},
        {{8, 16000, 700, 100, 0, 0, 4}, 2, 4, AS_WANTED},
        {{2, 16000, 700, 100, 0, 3, 2}, 3, 2, AS_WANTED},
        {{1000, 2000000, 10, 1, 0, 0, 0},  250, 4, LIMITED_BY_CORES},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const machine_plan plan = machine_plan_make(&table[i].facts);
        if (plan.workers != table[i].workers || plan.threads != table[i].threads || plan.limit != table[i].limit)
            fail_msg("row %zu: %d workers with %d threads, limit %d", i, plan.workers, plan.threads, (int)plan.limit);
    }
}

static void plans_keep_within_the_machine(void **state)
{
    (void)state;
    for (int cores = 1; cores <= 300; cores++)
        for (int available = 1; available < 200000; available = available * 3 / 2 + 1) {
            const machine_facts facts = {cores, available, 600, 150, 0, 0, 0};
            const machine_plan plan = machine_plan_make(&facts);
            assert_true(plan.workers >= 1 && plan.threads >= 1 && plan.workers <= 256);
            assert_true(plan.workers * plan.threads <= cores);
            assert_true((long long)plan.workers * plan.worker_mebibytes <= (long long)available * 4 / 5);
            if (plan.limit != SHORT_OF_MEMORY)
                assert_true((long long)plan.workers * plan.needed_mebibytes <= (long long)available * 4 / 5);
        }
}

static void each_plan_says_why(void **state)
{
    (void)state;
    static const machine_facts facts[] = {{2, 8000, 500, 100, 0, 0, 0},
                                          {6, 4000, 700, 100, 0, 0, 0},
                                          {4, 1000, 2500, 500, 0, 0, 0},
                                          {8, 16000, 700, 100, 1, 0, 0},
                                          {8, 16000, 700, 100, 0, 2, 0}};
    static const char *const words[] = {"one for each core", "may need 1000 MiB", "memory is short", "no more to do",
                                        "as asked for"};
    char text[512];
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const machine_plan plan = machine_plan_make(&facts[i]);
        machine_plan_sentence(&plan, GPEN_ENGLISH, text, sizeof text);
        assert_non_null(strstr(text, words[i]));
        machine_plan_sentence(&plan, GPEN_CHINESE, text, sizeof text);
        assert_non_null(strstr(text, "线程"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_as_the_table_says),
        cmocka_unit_test(plans_keep_within_the_machine),
        cmocka_unit_test(each_plan_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

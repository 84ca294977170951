/* Every kernel of every level this processor can run, against the naive reference.
 *
 *     test_kernels [--level NAME] [--seed N] [--bench]
 *
 * --bench also times each kernel (build with optimisation). The seed of a run is printed, so that a failure can be repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness.h"

static int test_level(subject *s)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_product, s),         cmocka_unit_test_prestate(test_product_order, s),
        cmocka_unit_test_prestate(test_product_write, s),   cmocka_unit_test_prestate(test_gather, s),
        cmocka_unit_test_prestate(test_scatter, s),         cmocka_unit_test_prestate(test_winograd_input, s),
        cmocka_unit_test_prestate(test_winograd_output, s), cmocka_unit_test_prestate(test_winograd_pair, s),
        cmocka_unit_test_prestate(test_fir_row, s),         cmocka_unit_test_prestate(test_dot, s),
        cmocka_unit_test_prestate(test_project, s),         cmocka_unit_test_prestate(test_project_order, s),
        cmocka_unit_test_prestate(test_depthwise_row, s),   cmocka_unit_test_prestate(test_picture_row, s),
        cmocka_unit_test_prestate(test_add_row, s),         cmocka_unit_test_prestate(test_max_row, s),
        cmocka_unit_test_prestate(test_widen, s),
    };
    return cmocka_run_group_tests_name(s->level->level, tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    subject s = {.seed = 1};
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--level") && i + 1 < argc) {
            only = argv[++i];
        } else if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
            s.seed = strtoull(argv[++i], NULL, 10);
        } else if (!strcmp(argv[i], "--bench")) {
            s.bench = true;
        } else {
            fprintf(stderr, "usage: test_kernels [--level NAME] [--seed N] [--bench]\n");
            return 2;
        }
    }
    const cpu_kernels *levels[8];
    int count = cpu_kernels_available(levels, 8), failed = 0, ran = 0;
    for (int i = 0; i < count; i++) {
        if (only && strcmp(only, levels[i]->level))
            continue;
        printf("level %s, seed %llu\n", levels[i]->level, (unsigned long long)s.seed);
        s.level = levels[i];
        failed += test_level(&s);
        ran++;
    }
    if (!ran) {
        fprintf(stderr, "this processor has no level %s\n", only ? only : "at all");
        return 2;
    }
    return failed ? 1 : 0;
}

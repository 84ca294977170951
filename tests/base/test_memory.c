/* Checked sizes and aligned blocks, around the boundary where blocks come straight from the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"

static void products_that_fit_are_exact(void **state)
{
    (void)state;
    size_t product = 1;
    assert_true(size_multiply(3, 5, &product));
    assert_int_equal(product, 15);
    assert_true(size_multiply(SIZE_MAX, 1, &product));
    assert_true(product == SIZE_MAX);
    assert_true(size_multiply(SIZE_MAX, 0, &product));
    assert_int_equal(product, 0);
}

static void products_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    size_t product;
    assert_false(size_multiply(SIZE_MAX, 2, &product));
    assert_false(size_multiply(SIZE_MAX / 2 + 1, 2, &product));
    assert_false(size_multiply((size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4), &product));
}

static void sums_are_checked(void **state)
{
    (void)state;
    size_t sum = 1;
    assert_true(size_add(SIZE_MAX - 1, 1, &sum));
    assert_true(sum == SIZE_MAX);
    assert_false(size_add(SIZE_MAX, 1, &sum));
}

static void rounding_up_reaches_the_next_multiple(void **state)
{
    (void)state;
    assert_int_equal(round_up(0, 64), 0);
    assert_int_equal(round_up(1, 64), 64);
    assert_int_equal(round_up(64, 64), 64);
    assert_int_equal(round_up(65, 64), 128);
    assert_int_equal(round_up(10, 3), 12);
}

/* Written and read whole: under sanitizers a block that is too short shows. */
static void blocks_of_every_kind_of_size_are_aligned_and_whole(void **state)
{
    (void)state;
    const size_t huge = 2u << 20;
    const size_t sizes[] = {0, 1, 63, 64, 65, 4096, huge - 1, huge, huge + 1, 3 * huge + 17};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *block = aligned_new(sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % MEMORY_ALIGNMENT, 0);
        memset(block, 0xA5, sizes[i]);
        for (size_t j = 0; j < sizes[i]; j += 1021)
            assert_int_equal(block[j], 0xA5);
        aligned_free(block, sizes[i]);
    }
}

static void blocks_that_cannot_be_are_refused(void **state)
{
    (void)state;
    assert_null(aligned_new(SIZE_MAX));
    assert_null(aligned_new(SIZE_MAX - (2u << 20)));
    assert_null(aligned_new(SIZE_MAX / 2));
    aligned_free(NULL, 0);
    aligned_free(NULL, SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_that_fit_are_exact),
        cmocka_unit_test(products_that_do_not_fit_are_refused),
        cmocka_unit_test(sums_are_checked),
        cmocka_unit_test(rounding_up_reaches_the_next_multiple),
        cmocka_unit_test(blocks_of_every_kind_of_size_are_aligned_and_whole),
        cmocka_unit_test(blocks_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Rows of maps added, compared, and turned into floats and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness.h"

void test_add_row(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 60; trial++) {
        int width = random_int(&g, 1, 60), columns = trial % 2 ? width : random_int(&g, 1, width);
        size_t count = (size_t)width * BLOCK, second = (size_t)columns * BLOCK;
        float *a = guarded_random(&g, count), *b = guarded_random(&g, second), *expected = guarded_new(count);
        void *a_numbers = numbers_from(s->level, a, count), *b_numbers = numbers_from(s->level, b, second);
        void *to = numbers_poisoned(s->level, count);
        cpu_kernels_reference.add_row(a, b, columns, expected, width);
        s->level->add_row(a_numbers, b_numbers, columns, to, width);
        float *actual = numbers_back(s->level, to, count);
        compare("add_row", expected, actual, count, number_bound(s->level, 0));
        numbers_free(s->level, a_numbers, count);
        numbers_free(s->level, b_numbers, second);
        numbers_free(s->level, to, count);
        guarded_free(a, count);
        guarded_free(b, second);
        guarded_free(expected, count);
        guarded_free(actual, count);
    }
}

void test_max_row(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 60; trial++) {
        int columns = random_int(&g, 1, 60), width = (columns - 1) / 2 + 1;
        size_t from_count = (size_t)columns * BLOCK, to_count = (size_t)width * BLOCK;
        float *storage[3], *expected = guarded_new(to_count);
        void *numbers[3], *to = numbers_poisoned(s->level, to_count);
        const void *oracle_rows[3], *rows[3];
        for (int i = 0; i < 3; i++) {
            storage[i] = guarded_random(&g, from_count);
            numbers[i] = numbers_from(s->level, storage[i], from_count);
            bool inside = i == 1 || random_int(&g, 0, 4) != 0;
            oracle_rows[i] = inside ? storage[i] : NULL;
            rows[i] = inside ? numbers[i] : NULL;
        }
        cpu_kernels_reference.max_row(oracle_rows, columns, expected, width);
        s->level->max_row(rows, columns, to, width);
        float *actual = numbers_back(s->level, to, to_count);
        compare("max_row", expected, actual, to_count, 0); /* a choice, nothing is rounded */
        for (int i = 0; i < 3; i++) {
            guarded_free(storage[i], from_count);
            numbers_free(s->level, numbers[i], from_count);
        }
        numbers_free(s->level, to, to_count);
        guarded_free(expected, to_count);
        guarded_free(actual, to_count);
    }
}

void test_widen(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 20; trial++) {
        size_t count = (size_t)random_int(&g, 1, 20) * BLOCK;
        float *floats = guarded_random(&g, count), *wide = guarded_new(count);
        void *narrow = numbers_poisoned(s->level, count);
        s->level->narrow(floats, count, narrow);
        void *expected = numbers_from(s->level, floats, count); /* rounds the floats too */
        s->level->widen(narrow, count, wide);
        compare_bits("narrow and widen", floats, wide, count);
        numbers_free(s->level, narrow, count);
        numbers_free(s->level, expected, count);
        guarded_free(floats, count);
        guarded_free(wide, count);
    }
}

/* Rows of depthwise 3x3 convolutions, and of 1x1 convolutions of pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness.h"

void test_depthwise_row(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 80; trial++) {
        int columns = random_int(&g, 1, 60), stride = 1 + trial % 2, width = (columns - 1) / stride + 1;
        size_t row_count = (size_t)columns * BLOCK, to_count = (size_t)width * BLOCK;
        float *storage[3], *weights = guarded_random(&g, 9 * BLOCK);
        const void *oracle_rows[3], *rows[3];
        void *numbers[3], *to = numbers_poisoned(s->level, to_count);
        for (int i = 0; i < 3; i++) {
            storage[i] = guarded_random(&g, row_count);
            numbers[i] = numbers_from(s->level, storage[i], row_count);
            bool inside = random_int(&g, 0, 4) != 0;
            oracle_rows[i] = inside ? storage[i] : NULL;
            rows[i] = inside ? numbers[i] : NULL;
        }
        float *expected = guarded_new(to_count);
        write_map map = random_write_map(&g);
        poison(expected, to_count);
        cpu_kernels_reference.depthwise_row(oracle_rows, columns, stride, weights, expected, width, &map);
        s->level->depthwise_row(rows, columns, stride, weights, to, width, &map);
        float *actual = numbers_back(s->level, to, to_count);
        compare("depthwise_row", expected, actual, to_count, number_bound(s->level, 2e-6));
        free_write_map(&map);
        for (int i = 0; i < 3; i++) {
            guarded_free(storage[i], row_count);
            numbers_free(s->level, numbers[i], row_count);
        }
        numbers_free(s->level, to, to_count);
        guarded_free(weights, 9 * BLOCK);
        guarded_free(expected, to_count);
        guarded_free(actual, to_count);
    }
}

void test_picture_row(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed + 3);
    for (int trial = 0; trial < 80; trial++) {
        int count = random_int(&g, 1, 70), channels = trial % 3 ? 3 : random_int(&g, 1, 5);
        size_t stride = (size_t)count + (size_t)random_int(&g, 0, 9), to_count = (size_t)count * BLOCK;
        size_t planes_count = (size_t)(channels - 1) * stride + (size_t)count, weights_count = (size_t)channels * BLOCK;
        float *planes = guarded_random(&g, planes_count), *weights = guarded_random(&g, weights_count);
        float *expected = guarded_new(to_count);
        void *to = numbers_poisoned(s->level, to_count);
        write_map write = random_write_map(&g);
        read_map active = random_read_map(&g, true), *read = trial % 2 ? &active : NULL;
        poison(expected, to_count);
        cpu_kernels_reference.picture_row(planes, stride, channels, weights, &write, read, count, expected);
        s->level->picture_row(planes, stride, channels, weights, &write, read, count, to);
        float *actual = numbers_back(s->level, to, to_count);
        compare("picture_row", expected, actual, to_count, number_bound(s->level, 2e-6));
        free_write_map(&write);
        free_read_map(&active);
        numbers_free(s->level, to, to_count);
        guarded_free(planes, planes_count);
        guarded_free(weights, weights_count);
        guarded_free(expected, to_count);
        guarded_free(actual, to_count);
    }
}

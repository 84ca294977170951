/* Reading pixels into rows and writing rows to pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness.h"

enum { MOST_PIXELS = 100 };

/* Pixel numbers within the plane, some of them in the padding. */
static void random_pixels(generator *g, int32_t *pixels, int count, int plane_pixels, bool padding)
{
    for (int i = 0; i < count; i++)
        pixels[i] = padding && random_int(g, 0, 4) == 0 ? -1 : random_int(g, 0, plane_pixels - 1);
}

void test_gather(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 60; trial++) {
        int count = random_int(&g, 1, MOST_PIXELS), plane_pixels = random_int(&g, 1, 300);
        int32_t pixels[MOST_PIXELS];
        random_pixels(&g, pixels, count, plane_pixels, true);
        size_t stride = (size_t)BLOCK * (size_t)random_int(&g, 1, 4), rows = (size_t)count * stride;
        size_t plane_count = (size_t)plane_pixels * BLOCK;
        float *plane = guarded_random(&g, plane_count), *expected = guarded_new(rows);
        void *from = numbers_from(s->level, plane, plane_count), *to = numbers_poisoned(s->level, rows);
        read_map map = random_read_map(&g, trial % 2);
        poison(expected, rows);
        cpu_kernels_reference.gather(expected, stride, plane, pixels, count, &map);
        s->level->gather(to, stride, from, pixels, count, &map);
        float *actual = numbers_back(s->level, to, rows);
        compare("gather", expected, actual, rows, number_bound(s->level, 2e-6));
        free_read_map(&map);
        numbers_free(s->level, from, plane_count);
        numbers_free(s->level, to, rows);
        guarded_free(plane, plane_count);
        guarded_free(expected, rows);
        guarded_free(actual, rows);
    }
}

void test_scatter(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 60; trial++) {
        int count = random_int(&g, 1, MOST_PIXELS);
        int32_t pixels[MOST_PIXELS];
        for (int i = 0; i < count; i++) /* each pixel once, with gaps */
            pixels[i] = i * 2 + random_int(&g, 0, 1);
        size_t stride = (size_t)BLOCK * (size_t)random_int(&g, 1, 4), rows = (size_t)count * stride;
        size_t plane_count = (size_t)count * 2 * BLOCK;
        float *c = guarded_random(&g, rows), *expected = guarded_new(plane_count);
        float *added = guarded_random(&g, plane_count), *add = trial % 3 ? added : NULL;
        void *add_numbers = numbers_from(s->level, added, plane_count), *to = numbers_poisoned(s->level, plane_count);
        write_map map = random_write_map(&g);
        poison(expected, plane_count);
        cpu_kernels_reference.scatter(c, stride, expected, pixels, count, &map, add);
        s->level->scatter(c, stride, to, pixels, count, &map, add ? add_numbers : NULL);
        float *actual = numbers_back(s->level, to, plane_count);
        compare("scatter", expected, actual, plane_count, number_bound(s->level, 2e-6));
        numbers_free(s->level, add_numbers, plane_count);
        numbers_free(s->level, to, plane_count);
        free_write_map(&map);
        guarded_free(c, rows);
        guarded_free(added, plane_count);
        guarded_free(expected, plane_count);
        guarded_free(actual, plane_count);
    }
}

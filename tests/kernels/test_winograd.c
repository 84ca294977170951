/* The Winograd transforms, each alone and both together against a direct convolution. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "harness.h"

typedef struct input_problem {
    const cpu_kernels *kernels;
    float *plane, *v;
    read_map map;
    size_t row_pixels, tile_stride, point_stride, plane_count, v_count;
    int tiles;
} input_problem;

static input_problem make_input(generator *g, const cpu_kernels *kernels, int tiles, bool active)
{
    input_problem p = {.kernels = kernels, .tiles = tiles, .map = random_read_map(g, active)};
    p.row_pixels = (size_t)(tiles * WINOGRAD_OUT + 2 + random_int(g, 0, 5));
    p.tile_stride = (size_t)BLOCK * (size_t)random_int(g, 1, 3);
    p.point_stride = (size_t)tiles * p.tile_stride + BLOCK * (size_t)random_int(g, 0, 2);
    p.plane_count = ((WINOGRAD_IN - 1) * p.row_pixels + (size_t)(tiles * WINOGRAD_OUT + 2)) * BLOCK;
    p.v_count = WINOGRAD_POINTS * p.point_stride;
    p.plane = guarded_random(g, p.plane_count);
    p.v = guarded_new(p.v_count);
    poison(p.v, p.v_count);
    return p;
}

static void free_input(input_problem *p)
{
    free_read_map(&p->map);
    guarded_free(p->plane, p->plane_count);
    guarded_free(p->v, p->v_count);
}

static void input_once(void *context)
{
    input_problem *p = context;
    p->kernels->winograd_input(p->plane, p->row_pixels, p->tiles, &p->map, p->v, p->point_stride, p->tile_stride);
}

void test_winograd_input(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 40; trial++) {
        input_problem p = make_input(&g, s->level, random_int(&g, 1, 9), trial % 2);
        float *expected = guarded_copy(p.v, p.v_count);
        cpu_kernels_reference.winograd_input(p.plane, p.row_pixels, p.tiles, &p.map, expected, p.point_stride, p.tile_stride);
        input_once(&p);
        compare("winograd_input", expected, p.v, p.v_count, 2e-6);
        guarded_free(expected, p.v_count);
        free_input(&p);
    }
    for (int active = 0; active < 2; active++) {
        input_problem p = make_input(&g, s->level, 16, active);
        bench(s, active ? "winograd_input, activated, 16 tiles" : "winograd_input, 16 tiles", 16.0 * 16 * 12 * 12, input_once, &p);
        free_input(&p);
    }
}

void test_winograd_output(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 64; trial++) {
        int height = 1 + trial % 4, width = 1 + trial / 4 % 4;
        size_t point_stride = (size_t)BLOCK * (size_t)random_int(&g, 1, 3), row_pixels = (size_t)random_int(&g, width, 9);
        size_t m_count = (WINOGRAD_POINTS - 1) * point_stride + BLOCK;
        size_t to_count = ((size_t)(height - 1) * row_pixels + (size_t)width) * BLOCK;
        float *m = guarded_random(&g, m_count), *expected = guarded_new(to_count), *actual = guarded_new(to_count);
        float *added = guarded_random(&g, to_count), *add = trial % 3 ? added : NULL;
        write_map map = random_write_map(&g);
        poison(expected, to_count);
        poison(actual, to_count);
        cpu_kernels_reference.winograd_output(m, point_stride, expected, row_pixels, height, width, &map, add);
        s->level->winograd_output(m, point_stride, actual, row_pixels, height, width, &map, add);
        compare("winograd_output", expected, actual, to_count, 2e-6);
        free_write_map(&map);
        guarded_free(m, m_count);
        guarded_free(added, to_count);
        guarded_free(expected, to_count);
        guarded_free(actual, to_count);
    }
}

static const double kernel_transform[WINOGRAD_IN][3] = {{1.0 / 4, 0, 0},          {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                                        {-1.0 / 6, 1.0 / 6, -1.0 / 6}, {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                                        {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0, 0, 1}};

/* One tile of sixteen channels, each convolved with its own 3x3 kernel: input transform, products, output transform. */
void test_winograd_pair(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 20; trial++) {
        input_problem p = make_input(&g, s->level, 1, false);
        float *kernel = guarded_random(&g, 9 * BLOCK), *to = guarded_new(16 * BLOCK), *expected = guarded_new(16 * BLOCK);
        float *ones = guarded_new(BLOCK), *zeros = guarded_new(BLOCK);
        for (int c = 0; c < BLOCK; c++) {
            ones[c] = 1.0f;
            zeros[c] = 0.0f;
        }
        input_once(&p);
        for (int point = 0; point < WINOGRAD_POINTS; point++)
            for (int c = 0; c < BLOCK; c++) {
                double u = 0;
                for (int tap = 0; tap < 9; tap++)
                    u += kernel_transform[point / WINOGRAD_IN][tap / 3] * kernel_transform[point % WINOGRAD_IN][tap % 3] *
                         (double)kernel[tap * BLOCK + c];
                p.v[(size_t)point * p.point_stride + (size_t)c] *= (float)u;
            }
        write_map as_is = {ones, zeros, 1.0f};
        s->level->winograd_output(p.v, p.point_stride, to, 4, 4, 4, &as_is, NULL);
        for (int i = 0; i < 16 * BLOCK; i++) {
            int c = i % BLOCK, x = i / BLOCK % 4, y = i / BLOCK / 4;
            double sum = 0;
            for (int tap = 0; tap < 9; tap++)
                sum += (double)kernel[tap * BLOCK + c] * (double)p.map.scale[c] *
                       (double)p.plane[((size_t)(y + tap / 3) * p.row_pixels + (size_t)(x + tap % 3)) * BLOCK + (size_t)c];
            expected[i] = (float)sum;
        }
        compare("winograd pair", expected, to, 16 * BLOCK, 2e-5);
        guarded_free(kernel, 9 * BLOCK);
        guarded_free(to, 16 * BLOCK);
        guarded_free(expected, 16 * BLOCK);
        guarded_free(ones, BLOCK);
        guarded_free(zeros, BLOCK);
        free_input(&p);
    }
}

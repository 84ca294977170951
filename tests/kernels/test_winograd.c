/* The Winograd transforms of every form, each alone and both together against a direct convolution. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "harness.h"
#include "nn/cpu/winograd.h"

static int inputs_of(winograd_form form, bool rows)
{
    return winograd_inputs(rows ? winograd_row_taps(form) : winograd_column_taps(form));
}

/* The oracle with the level's points. */
static const cpu_kernels *oracle_of(const cpu_kernels *level)
{
    return level->number_bytes == sizeof(float) ? &cpu_kernels_reference : &cpu_kernels_reference_bf16;
}

typedef struct input_problem {
    const cpu_kernels *kernels;
    winograd_form form;
    float *plane, *v; /* for the oracle */
    void *from, *to;  /* the level's numbers */
    read_map map;
    size_t row_pixels, tile_stride, point_stride, plane_count, v_count;
    int tiles, spacing;
} input_problem;

static input_problem make_input(generator *g, const cpu_kernels *kernels, winograd_form form, int tiles, bool active)
{
    input_problem p = {.kernels = kernels, .form = form, .tiles = tiles, .map = random_read_map(g, active)};
    p.spacing = random_int(g, 1, 2);
    int last = ((tiles - 1) * WINOGRAD_OUT + inputs_of(form, false) - 1) * p.spacing + 1;
    p.row_pixels = (size_t)last + (size_t)random_int(g, 0, 5);
    p.tile_stride = (size_t)BLOCK * (size_t)random_int(g, 1, 3);
    p.point_stride = (size_t)tiles * p.tile_stride + BLOCK * (size_t)random_int(g, 0, 2);
    p.plane_count = ((size_t)(inputs_of(form, true) - 1) * p.row_pixels + (size_t)last) * BLOCK;
    p.v_count = (size_t)winograd_points(form) * p.point_stride;
    p.plane = guarded_random(g, p.plane_count);
    p.v = guarded_new(p.v_count);
    poison(p.v, p.v_count);
    p.from = numbers_from(kernels, p.plane, p.plane_count);
    p.to = numbers_poisoned(kernels, p.v_count);
    return p;
}

static void free_input(input_problem *p)
{
    free_read_map(&p->map);
    guarded_free(p->plane, p->plane_count);
    guarded_free(p->v, p->v_count);
    numbers_free(p->kernels, p->from, p->plane_count);
    numbers_free(p->kernels, p->to, p->v_count);
}

static void input_once(void *context)
{
    input_problem *p = context;
    p->kernels->winograd_input[p->form](p->from, p->row_pixels, p->spacing, p->tiles, &p->map, p->to, p->point_stride,
                                        p->tile_stride);
}

void test_winograd_input(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 100; trial++) {
        winograd_form form = (winograd_form)(trial % WINOGRAD_FORMS);
        input_problem p = make_input(&g, s->level, form, random_int(&g, 1, 9), trial % 2);
        oracle_of(s->level)->winograd_input[form](p.plane, p.row_pixels, p.spacing, p.tiles, &p.map, p.v,
                                                  p.point_stride, p.tile_stride);
        input_once(&p);
        float *actual = numbers_back(s->level, p.to, p.v_count);
        compare("winograd_input", p.v, actual, p.v_count, number_bound(s->level, 2e-6));
        guarded_free(actual, p.v_count);
        free_input(&p);
    }
    for (int active = 0; active < 2; active++) {
        input_problem p = make_input(&g, s->level, WINOGRAD_3X3, 16, active);
        bench(s, active ? "winograd_input, activated, 16 tiles" : "winograd_input, 16 tiles", 16.0 * 16 * 12 * 12,
              input_once, &p);
        free_input(&p);
    }
}

void test_winograd_output(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 320; trial++) {
        winograd_form form = (winograd_form)(trial % WINOGRAD_FORMS);
        int height = 1 + trial / 5 % 4, width = 1 + trial / 20 % 4, spacing = random_int(&g, 1, 2);
        size_t point_stride = (size_t)BLOCK * (size_t)random_int(&g, 1, 3);
        size_t row_pixels = (size_t)random_int(&g, width * spacing, 12);
        size_t m_count = (size_t)(winograd_points(form) - 1) * point_stride + BLOCK;
        size_t to_count = ((size_t)((height - 1) * spacing) * row_pixels + (size_t)((width - 1) * spacing + 1)) * BLOCK;
        float *m = guarded_random(&g, m_count), *expected = guarded_new(to_count);
        float *added = guarded_random(&g, to_count), *add = trial % 3 ? added : NULL;
        void *add_numbers = numbers_from(s->level, added, to_count), *to = numbers_poisoned(s->level, to_count);
        write_map map = random_write_map(&g);
        poison(expected, to_count);
        oracle_of(s->level)->winograd_output[form](m, point_stride, expected, row_pixels, spacing, height, width, &map,
                                                   add);
        s->level->winograd_output[form](m, point_stride, to, row_pixels, spacing, height, width, &map,
                                        add ? add_numbers : NULL);
        float *actual = numbers_back(s->level, to, to_count);
        compare("winograd_output", expected, actual, to_count, number_bound(s->level, 2e-6));
        numbers_free(s->level, add_numbers, to_count);
        numbers_free(s->level, to, to_count);
        free_write_map(&map);
        guarded_free(m, m_count);
        guarded_free(added, to_count);
        guarded_free(expected, to_count);
        guarded_free(actual, to_count);
    }
}

/* v times the transformed kernel of each channel, kernel [row taps][column taps][16]. */
static void multiply_points(const input_problem *p, float *v, const float *kernel)
{
    int row_taps = winograd_row_taps(p->form), column_taps = winograd_column_taps(p->form),
        columns = inputs_of(p->form, false);
    winograd_axis down, across;
    winograd_axis_make(&down, p->kernels->nodes, row_taps);
    winograd_axis_make(&across, p->kernels->nodes, column_taps);
    for (int point = 0; point < winograd_points(p->form); point++)
        for (int c = 0; c < BLOCK; c++) {
            double u = 0;
            for (int tap = 0; tap < row_taps * column_taps; tap++)
                u += down.g[point / columns][tap / column_taps] * across.g[point % columns][tap % column_taps] *
                     (double)kernel[tap * BLOCK + c];
            v[(size_t)point * p->point_stride + (size_t)c] *= (float)u;
        }
}

/* One tile of sixteen channels, each filtered with its own kernel: input transform, products, output transform. */
void test_winograd_pair(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 50; trial++) {
        winograd_form form = (winograd_form)(trial % WINOGRAD_FORMS);
        int column_taps = winograd_column_taps(form), taps = winograd_row_taps(form) * column_taps;
        input_problem p = make_input(&g, s->level, form, 1, false);
        float *kernel = guarded_random(&g, (size_t)taps * BLOCK);
        void *to = numbers_poisoned(s->level, 16 * BLOCK);
        float *expected = guarded_new(16 * BLOCK), *ones = guarded_new(BLOCK), *zeros = guarded_new(BLOCK);
        for (int c = 0; c < BLOCK; c++) {
            ones[c] = 1.0f;
            zeros[c] = 0.0f;
        }
        input_once(&p);
        float *v = numbers_back(s->level, p.to, p.v_count);
        multiply_points(&p, v, kernel);
        write_map as_is = {ones, zeros, 1.0f};
        s->level->winograd_output[form](v, p.point_stride, to, 4, 1, 4, 4, &as_is, NULL);
        for (int i = 0; i < 16 * BLOCK; i++) {
            int c = i % BLOCK, x = i / BLOCK % 4, y = i / BLOCK / 4;
            double sum = 0;
            for (int tap = 0; tap < taps; tap++) {
                size_t pixel =
                    (size_t)(y + tap / column_taps) * p.row_pixels + (size_t)((x + tap % column_taps) * p.spacing);
                sum += (double)kernel[tap * BLOCK + c] * (double)p.map.scale[c] *
                       (double)p.plane[pixel * BLOCK + (size_t)c];
            }
            expected[i] = (float)sum;
        }
        float *actual = numbers_back(s->level, to, 16 * BLOCK);
        compare("winograd pair", expected, actual, 16 * BLOCK, s->level->number_bytes == sizeof(float) ? 2e-5 : 5e-2);
        guarded_free(actual, 16 * BLOCK);
        guarded_free(v, p.v_count);
        guarded_free(kernel, (size_t)taps * BLOCK);
        numbers_free(s->level, to, 16 * BLOCK);
        guarded_free(expected, 16 * BLOCK);
        guarded_free(ones, BLOCK);
        guarded_free(zeros, BLOCK);
        free_input(&p);
    }
}

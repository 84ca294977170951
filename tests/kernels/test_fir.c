/* The separable 4x4 FIR. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness.h"

typedef struct problem {
    const cpu_kernels *kernels;
    float *storage[4], *sums, *expected;
    const void *oracle_rows[4];
    void *numbers[4], *to; /* the level's */
    const void *rows[4];
    float down[4], across[4];
    int columns, before, width;
    write_map map;
} problem;

static problem make_problem(generator *g, const cpu_kernels *kernels, int columns, int before, int width)
{
    problem p = {.kernels = kernels, .columns = columns, .before = before, .width = width, .map = random_write_map(g)};
    for (int i = 0; i < 4; i++) {
        p.oracle_rows[i] = p.storage[i] = guarded_random(g, (size_t)columns * BLOCK);
        p.rows[i] = p.numbers[i] = numbers_from(kernels, p.storage[i], (size_t)columns * BLOCK);
        p.down[i] = random_float(g);
        p.across[i] = random_float(g);
    }
    p.sums = guarded_new((size_t)(width + 3) * BLOCK);
    poison(p.sums, (size_t)(width + 3) * BLOCK);
    p.expected = guarded_new((size_t)width * BLOCK);
    poison(p.expected, (size_t)width * BLOCK);
    p.to = numbers_poisoned(kernels, (size_t)width * BLOCK);
    return p;
}

static void free_problem(problem *p)
{
    for (int i = 0; i < 4; i++) {
        guarded_free(p->storage[i], (size_t)p->columns * BLOCK);
        numbers_free(p->kernels, p->numbers[i], (size_t)p->columns * BLOCK);
    }
    guarded_free(p->sums, (size_t)(p->width + 3) * BLOCK);
    guarded_free(p->expected, (size_t)p->width * BLOCK);
    numbers_free(p->kernels, p->to, (size_t)p->width * BLOCK);
    free_write_map(&p->map);
}

static void once(void *context)
{
    problem *p = context;
    p->kernels->fir_row(p->rows, p->columns, p->before, p->down, p->across, p->sums, p->to, p->width, &p->map);
}

void test_fir_row(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 60; trial++) {
        int before = random_int(&g, 0, 3), after = random_int(&g, 0, 3), columns = random_int(&g, 3, 70);
        int width = columns + before + after - 3;
        problem p = make_problem(&g, s->level, columns, before, width);
        cpu_kernels_reference.fir_row(p.oracle_rows, columns, before, p.down, p.across, p.sums, p.expected, width,
                                      &p.map);
        once(&p);
        float *actual = numbers_back(s->level, p.to, (size_t)width * BLOCK);
        compare("fir_row", p.expected, actual, (size_t)width * BLOCK, number_bound(s->level, 2e-6));
        guarded_free(actual, (size_t)width * BLOCK);
        free_problem(&p);
    }
    problem p = make_problem(&g, s->level, 257, 1, 256);
    bench(s, "fir_row 256", 2.0 * 8 * 256 * BLOCK, once, &p);
    free_problem(&p);
}

/* The register tile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "harness.h"

enum { ORACLE_COLUMNS = 8 };

typedef struct problem {
    const cpu_kernels *kernels;
    int count, depth; /* rows, numbers of each */
    bool accumulate;
    size_t a_stride, c_stride, a_count, b_count, c_count;
    float *a, *b, *c;   /* for the oracle: b row after row */
    void *rows, *panel; /* the level's numbers */
} problem;

/* The panel in the order that the level's product takes. */
static void *pack_panel(const cpu_kernels *kernels, float *b, int depth, size_t count)
{
    float *placed = guarded_new(count);
    for (int k = 0; k < depth; k++)
        for (int column = 0; column < kernels->columns; column++)
            placed[packed_place(kernels, (size_t)k, (size_t)column)] = b[k * kernels->columns + column];
    void *panel = numbers_from(kernels, placed, count), *rounded = numbers_from(kernels, b, count);
    numbers_free(kernels, rounded, count);
    guarded_free(placed, count);
    return panel;
}

static problem make_problem(generator *g, const cpu_kernels *kernels, int rows, int depth, bool accumulate)
{
    problem p = {.kernels = kernels, .count = rows, .depth = depth, .accumulate = accumulate};
    p.a_stride = (size_t)depth + (size_t)random_int(g, 0, 33);
    p.c_stride = (size_t)kernels->columns + (size_t)random_int(g, 0, 3) * BLOCK;
    p.a_count = (size_t)(rows - 1) * p.a_stride + (size_t)depth;
    p.b_count = (size_t)(depth * kernels->columns + BLOCK - 1) / BLOCK * BLOCK;
    p.c_count = (size_t)rows * p.c_stride;
    p.a = guarded_random(g, p.a_count);
    p.b = guarded_random(g, p.b_count);
    p.rows = numbers_from(kernels, p.a, p.a_count);
    p.panel = pack_panel(kernels, p.b, depth, p.b_count);
    p.c = guarded_new(p.c_count);
    poison(p.c, p.c_count);
    for (int r = 0; accumulate && r < rows; r++)
        for (int column = 0; column < kernels->columns; column++)
            p.c[(size_t)r * p.c_stride + (size_t)column] = random_float(g);
    return p;
}

static void free_problem(problem *p)
{
    guarded_free(p->a, p->a_count);
    guarded_free(p->b, p->b_count);
    guarded_free(p->c, p->c_count);
    numbers_free(p->kernels, p->rows, p->a_count);
    numbers_free(p->kernels, p->panel, p->b_count);
}

/* Depths that the level's product takes: bfloat16 numbers come in pairs. */
static int allowed_depth(const cpu_kernels *kernels, int depth)
{
    return kernels->number_bytes == sizeof(float) ? depth : depth + depth % 2;
}

/* The oracle has panels of eight columns: ours are taken apart. */
static void solve_by_oracle(const problem *p, float *c)
{
    for (int first = 0; first < p->kernels->columns; first += ORACLE_COLUMNS) {
        size_t count = (size_t)p->depth * ORACLE_COLUMNS;
        float *panel = guarded_new(count);
        for (int k = 0; k < p->depth; k++)
            memcpy(panel + (size_t)k * ORACLE_COLUMNS, p->b + (size_t)(k * p->kernels->columns + first),
                   ORACLE_COLUMNS * sizeof *panel);
        cpu_kernels_reference.product(p->count, p->depth, p->a, p->a_stride, panel, c + first, p->c_stride,
                                      p->accumulate);
        guarded_free(panel, count);
    }
}

static void once(void *context)
{
    problem *p = context;
    p->kernels->product(p->count, p->depth, p->rows, p->a_stride, p->panel, p->c, p->c_stride, p->accumulate);
}

void test_product(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 120; trial++) {
        int rows = trial < 40 ? trial + 1 : random_int(&g, 1, 97), depth = random_int(&g, 1, trial % 10 ? 70 : 1200);
        depth = allowed_depth(s->level, depth);
        problem p = make_problem(&g, s->level, rows, depth, trial % 2);
        float *expected = guarded_copy(p.c, p.c_count);
        solve_by_oracle(&p, expected);
        once(&p);
        compare("product", expected, p.c, p.c_count, 2e-6);
        guarded_free(expected, p.c_count);
        free_problem(&p);
    }
    problem p = make_problem(&g, s->level, 96, 1152, false);
    bench(s, "product 96x1152", 2.0 * 96 * 1152 * s->level->columns, once, &p);
    free_problem(&p);
}

/* Rows one by one give the same bits as rows together. */
void test_product_order(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed + 1);
    for (int trial = 0; trial < 20; trial++) {
        problem p = make_problem(&g, s->level, random_int(&g, 2, 40), allowed_depth(s->level, random_int(&g, 1, 300)),
                                 trial % 2);
        float *alone = guarded_copy(p.c, p.c_count);
        for (int r = 0; r < p.count; r++)
            p.kernels->product(1, p.depth, (const char *)p.rows + (size_t)r * p.a_stride * s->level->number_bytes,
                               p.a_stride, p.panel, alone + (size_t)r * p.c_stride, p.c_stride, p.accumulate);
        once(&p);
        compare_bits("product of single rows", alone, p.c, p.c_count);
        guarded_free(alone, p.c_count);
        free_problem(&p);
    }
}

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
    size_t a_stride, a_block, c_stride, a_count, b_count, c_count;
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
    size_t blocks = (size_t)(depth + BLOCK - 1) / BLOCK, last = (size_t)depth - (blocks - 1) * BLOCK;
    bool map = random_int(g, 0, 1); /* blocks of all rows behind each other, or rows behind each other */
    p.a_stride = map ? BLOCK : (size_t)depth + (size_t)random_int(g, 0, 33);
    p.a_block = map ? (size_t)(rows + random_int(g, 0, 3)) * BLOCK : BLOCK;
    p.c_stride = (size_t)kernels->columns + (size_t)random_int(g, 0, 3) * BLOCK;
    p.a_count = (size_t)(rows - 1) * p.a_stride + (blocks - 1) * p.a_block + last;
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

/* The oracle has panels of eight columns: ours are taken apart. guarded_free with depth times as many. */
static float *oracle_panel(const problem *p, int first)
{
    float *panel = guarded_new((size_t)p->depth * ORACLE_COLUMNS);
    for (int k = 0; k < p->depth; k++)
        memcpy(panel + (size_t)k * ORACLE_COLUMNS, p->b + (size_t)(k * p->kernels->columns + first),
               ORACLE_COLUMNS * sizeof *panel);
    return panel;
}

static void solve_by_oracle(const problem *p, float *c)
{
    for (int first = 0; first < p->kernels->columns; first += ORACLE_COLUMNS) {
        float *panel = oracle_panel(p, first);
        cpu_kernels_reference.product(p->count, p->depth, p->a, p->a_stride, p->a_block, panel, c + first, p->c_stride,
                                      p->accumulate);
        guarded_free(panel, (size_t)p->depth * ORACLE_COLUMNS);
    }
}

static void once(void *context)
{
    problem *p = context;
    p->kernels->product(p->count, p->depth, p->rows, p->a_stride, p->a_block, p->panel, p->c, p->c_stride,
                        p->accumulate);
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

/* The oracle has panels of eight columns and so half a block: the targets are taken apart likewise. */
static void write_by_oracle(const problem *p, const int32_t *pixels, const write_target *to)
{
    for (int first = 0; first < p->kernels->columns; first += ORACLE_COLUMNS) {
        write_target part = to[first / BLOCK];
        if (!part.plane)
            continue;
        part.plane = (float *)part.plane + first % BLOCK;
        part.add = part.add ? (const float *)part.add + first % BLOCK : NULL;
        part.map.scale += first % BLOCK;
        part.map.bias += first % BLOCK;
        float *panel = oracle_panel(p, first);
        cpu_kernels_reference.product_write(p->count, p->depth, p->a, p->a_stride, p->a_block, panel,
                                            p->accumulate ? p->c + first : NULL, p->c_stride, pixels, &part);
        guarded_free(panel, (size_t)p->depth * ORACLE_COLUMNS);
    }
}

/* Maps of whole blocks for the oracle (floats) and the level (its numbers). */
typedef struct destination {
    int blocks;
    size_t count; /* numbers of a plane */
    float *expected[2], *added[2];
    void *actual[2], *add[2];
    write_map map[2];
    write_target oracle[2], level[2];
} destination;

static destination make_destination(generator *g, const cpu_kernels *kernels, int pixels, bool add, bool half)
{
    destination d = {.blocks = kernels->columns > BLOCK && !half ? 2 : 1, .count = (size_t)pixels * BLOCK};
    for (int i = 0; i < d.blocks; i++) {
        d.expected[i] = guarded_new(d.count);
        poison(d.expected[i], d.count);
        d.actual[i] = numbers_poisoned(kernels, d.count);
        d.added[i] = guarded_random(g, d.count);
        d.add[i] = numbers_from(kernels, d.added[i], d.count);
        d.map[i] = random_write_map(g);
        d.oracle[i] = (write_target){d.expected[i], add ? d.added[i] : NULL, d.map[i]};
        d.level[i] = (write_target){d.actual[i], add ? d.add[i] : NULL, d.map[i]};
    }
    return d;
}

static void compare_destination(const cpu_kernels *kernels, destination *d)
{
    for (int i = 0; i < d->blocks; i++) {
        float *actual = numbers_back(kernels, d->actual[i], d->count);
        compare("product_write", d->expected[i], actual, d->count, number_bound(kernels, 2e-6));
        guarded_free(actual, d->count);
        guarded_free(d->expected[i], d->count);
        guarded_free(d->added[i], d->count);
        numbers_free(kernels, d->actual[i], d->count);
        numbers_free(kernels, d->add[i], d->count);
        free_write_map(&d->map[i]);
    }
}

void test_product_write(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed + 2);
    enum { MOST_ROWS = 50 };
    for (int trial = 0; trial < 80; trial++) {
        int rows = random_int(&g, 1, MOST_ROWS), depth = random_int(&g, 1, trial % 10 ? 70 : 1200);
        int32_t pixels[MOST_ROWS];
        for (int i = 0; i < rows; i++) /* each pixel once, with gaps */
            pixels[i] = i * 2 + random_int(&g, 0, 1);
        problem p = make_problem(&g, s->level, rows, allowed_depth(s->level, depth), trial % 2);
        destination d = make_destination(&g, s->level, 2 * rows, trial % 3, trial % 5 == 0);
        write_by_oracle(&p, pixels, d.oracle);
        s->level->product_write(p.count, p.depth, p.rows, p.a_stride, p.a_block, p.panel, p.accumulate ? p.c : NULL,
                                p.c_stride, pixels, d.level);
        compare_destination(s->level, &d);
        free_problem(&p);
    }
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
                               p.a_stride, p.a_block, p.panel, alone + (size_t)r * p.c_stride, p.c_stride,
                               p.accumulate);
        once(&p);
        compare_bits("product of single rows", alone, p.c, p.c_count);
        guarded_free(alone, p.c_count);
        free_problem(&p);
    }
}

/* Dot products and projections to few planes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness.h"

void test_dot(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 60; trial++) {
        size_t count = (size_t)BLOCK * (size_t)random_int(&g, 1, trial < 50 ? 20 : 600);
        float *x = guarded_random(&g, count), *y = guarded_random(&g, count);
        y[0] = x[0] = 3.0f; /* the sum is not near zero by accident */
        for (size_t i = 0; i < count; i++)
            y[i] = x[i] * 0.5f + y[i];
        float expected = cpu_kernels_reference.dot(x, y, count), actual = s->level->dot(x, y, count);
        compare("dot", &expected, &actual, 1, 2e-6);
        guarded_free(x, count);
        guarded_free(y, count);
    }
}

enum { MOST_BLOCKS = 12 };

typedef struct problem {
    const cpu_kernels *kernels;
    int blocks, outputs, count;
    size_t plane_stride, weight_stride, to_stride, planes_count, weights_count, to_count;
    float *planes, *weights, *to;
    void *numbers; /* the planes as the level has them */
    read_map maps[MOST_BLOCKS];
} problem;

static problem make_problem(generator *g, const cpu_kernels *kernels, int blocks, int outputs, int count)
{
    problem p = {.kernels = kernels, .blocks = blocks, .outputs = outputs, .count = count};
    p.plane_stride = (size_t)(count + random_int(g, 0, 3)) * BLOCK;
    p.weight_stride = (size_t)(blocks + random_int(g, 0, 2)) * BLOCK;
    p.to_stride = (size_t)count + (size_t)random_int(g, 0, 7);
    p.planes_count = (size_t)(blocks - 1) * p.plane_stride + (size_t)count * BLOCK;
    p.weights_count = (size_t)(outputs - 1) * p.weight_stride + (size_t)blocks * BLOCK;
    p.to_count = (size_t)(outputs - 1) * p.to_stride + (size_t)count;
    p.planes = guarded_random(g, p.planes_count);
    p.numbers = numbers_from(kernels, p.planes, p.planes_count);
    p.weights = guarded_random(g, p.weights_count);
    p.to = guarded_new(p.to_count);
    poison(p.to, p.to_count);
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < count; i++)
            p.to[(size_t)o * p.to_stride + (size_t)i] = random_float(g);
    for (int b = 0; b < blocks; b++)
        p.maps[b] = random_read_map(g, b % 2);
    return p;
}

static void free_problem(problem *p)
{
    guarded_free(p->planes, p->planes_count);
    numbers_free(p->kernels, p->numbers, p->planes_count);
    guarded_free(p->weights, p->weights_count);
    guarded_free(p->to, p->to_count);
    for (int b = 0; b < p->blocks; b++)
        free_read_map(&p->maps[b]);
}

static void run(const cpu_kernels *kernels, const void *planes, const problem *p, int from, int count, float *to)
{
    kernels->project((const char *)planes + (size_t)from * BLOCK * kernels->number_bytes, p->plane_stride, p->blocks,
                     p->maps, p->weights, p->weight_stride, p->outputs, count, to + from, p->to_stride);
}

static void once(void *context)
{
    problem *p = context;
    run(p->kernels, p->numbers, p, 0, p->count, p->to);
}

void test_project(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed);
    for (int trial = 0; trial < 60; trial++) {
        problem p = make_problem(&g, s->level, random_int(&g, 1, MOST_BLOCKS), 1 + trial % 4, random_int(&g, 1, 50));
        float *expected = guarded_copy(p.to, p.to_count);
        run(&cpu_kernels_reference, p.planes, &p, 0, p.count, expected);
        once(&p);
        compare("project", expected, p.to, p.to_count, 2e-6);
        guarded_free(expected, p.to_count);
        free_problem(&p);
    }
    problem p = make_problem(&g, s->level, 8, 3, 256);
    bench(s, "project 128->3, 256 pixels", 2.0 * 8 * BLOCK * 3 * 256, once, &p);
    free_problem(&p);
}

/* Pixels one by one give the same bits as pixels together. */
void test_project_order(void **state)
{
    const subject *s = *state;
    generator g = generator_new(s->seed + 1);
    problem p = make_problem(&g, s->level, MOST_BLOCKS, 3, 23);
    float *alone = guarded_copy(p.to, p.to_count);
    for (int i = 0; i < p.count; i++)
        run(s->level, p.numbers, &p, i, 1, alone);
    once(&p);
    compare_bits("project of single pixels", alone, p.to, p.to_count);
    guarded_free(alone, p.to_count);
    free_problem(&p);
}

/* What the kernel tests share: random numbers, buffers that end at a guard page, comparison with the oracle, timing.
 *
 * A buffer's last float stands directly before a page that may not be touched, so reading or writing one float too far stops the
 * program. Outputs are filled with a poison first: a number that a kernel should have written and did not, or wrote and should
 * not have, shows. */
#ifndef GPEN_TESTS_KERNELS_HARNESS_H
#define GPEN_TESTS_KERNELS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/cpu/kernels.h"

/* The level under test and what the options say. */
typedef struct subject {
    const cpu_kernels *level;
    uint64_t seed;
    bool bench;
} subject;

/* A repeatable generator (xorshift64*). */
typedef struct generator {
    uint64_t state;
} generator;

generator generator_new(uint64_t seed);
int random_int(generator *g, int least, int most);
float random_float(generator *g); /* -1..1 */

/* `count` floats that end at a guard page. They are 64-byte aligned when count is a multiple of 16. */
float *guarded_new(size_t count);
void guarded_free(float *floats, size_t count);
float *guarded_random(generator *g, size_t count);
float *guarded_copy(const float *from, size_t count);
void poison(float *floats, size_t count);
bool is_poison(float value);

/* Arrays of a level's numbers (kernels.h), likewise at a guard page. numbers_from also rounds the floats in place, so that the oracle
 * reads what the level reads; numbers_back gives floats in a guarded_new, poison where a number was never written. */
void *numbers_from(const cpu_kernels *level, float *floats, size_t count);
void *numbers_poisoned(const cpu_kernels *level, size_t count);
float *numbers_back(const cpu_kernels *level, const void *numbers, size_t count);
void numbers_free(const cpu_kernels *level, void *numbers, size_t count);

/* What compare() may allow where a level writes numbers: `bound`, or the rounding of bfloat16. */
double number_bound(const cpu_kernels *level, double bound);

/* The oracle's array and the level's: each number poison in both or in neither, and relative L2 at most `bound`. Fails the
 * running test otherwise. */
void compare(const char *what, const float *expected, const float *actual, size_t count, double bound);

/* The same bits; fails the running test otherwise. */
void compare_bits(const char *what, const float *a, const float *b, size_t count);

/* Random maps of one block; the arrays are guarded_new(16). */
read_map random_read_map(generator *g, bool active);
void free_read_map(read_map *map);
write_map random_write_map(generator *g);
void free_write_map(write_map *map);

/* With --bench: runs `once` for about a quarter of a second and prints nanoseconds a call and GFLOP/s. */
void bench(const subject *s, const char *what, double flop, void (*once)(void *context), void *context);

/* The tests, one file a template. */
void test_product(void **state);
void test_product_order(void **state);
void test_product_write(void **state);
void test_gather(void **state);
void test_scatter(void **state);
void test_winograd_input(void **state);
void test_winograd_output(void **state);
void test_winograd_pair(void **state);
void test_fir_row(void **state);
void test_depthwise_row(void **state);
void test_picture_row(void **state);
void test_dot(void **state);
void test_project(void **state);
void test_project_order(void **state);
void test_add_row(void **state);
void test_max_row(void **state);
void test_widen(void **state);

#endif

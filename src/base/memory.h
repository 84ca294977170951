/* Checked sizes and aligned blocks. */
#ifndef GPEN_BASE_MEMORY_H
#define GPEN_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* One cache line, and one vector of sixteen floats. */
#define MEMORY_ALIGNMENT 64

/* *product = a * b; false, and *product untouched, when that does not fit. */
static inline bool size_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* *sum = a + b; false when that does not fit. */
static inline bool size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

static inline size_t round_up(size_t value, size_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

/* A block of `bytes` (not zeroed; the length is rounded up to the alignment), or NULL. Large blocks ask the kernel for
 * huge pages. Release with aligned_free, with the same size. */
void *aligned_new(size_t bytes);
void aligned_free(void *block, size_t bytes);

#endif

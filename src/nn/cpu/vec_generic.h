/* The vector vocabulary in the compiler's own vectors of four floats: SSE2 on any x86-64, NEON on any 64-bit Arm, and
 * whatever else a compiler knows. Multiplication and addition are rounded separately. */
#include <string.h>

#define LANES        4
#define TILE_ROWS    6 /* 12 accumulators, 2 of the panel, 1 broadcast: fits 16 registers */
#define TILE_VECTORS 2

typedef float vec __attribute__((vector_size(16)));

/* One line an operation. */
/* clang-format off */
static inline vec vec_load(const float *p) { return *(const vec *)(const void *)p; }
static inline void vec_store(float *p, vec a) { *(vec *)(void *)p = a; }
static inline vec vec_zero(void) { return (vec){0}; }
static inline vec vec_all(float x) { return (vec){x, x, x, x}; }
static inline vec vec_add(vec a, vec b) { return a + b; }
static inline vec vec_sub(vec a, vec b) { return a - b; }
static inline vec vec_mul(vec a, vec b) { return a * b; }
static inline vec vec_fma(vec a, vec b, vec c) { return a * b + c; }
static inline vec vec_fnma(vec a, vec b, vec c) { return c - a * b; }
static inline float vec_sum(vec a) { return (a[0] + a[2]) + (a[1] + a[3]); }
/* clang-format on */

static inline vec vec_load_any(const float *p)
{
    vec a;
    memcpy(&a, p, sizeof a);
    return a;
}

static inline vec vec_max(vec a, vec b)
{
    typedef int mask __attribute__((vector_size(16)));
    mask greater = a > b;
    return (vec)((greater & (mask)a) | (~greater & (mask)b));
}

/* The vector vocabulary on 64-bit Arm: four registers are a block. Multiplication and addition are rounded once (FMLA), which
 * the compiler's own vectors of the generic level do not do. */
#ifndef __aarch64__
#error "this level is 64-bit Arm's"
#endif
#include <arm_neon.h>

#define LANES        4
#define TILE_ROWS    6 /* 24 accumulators, 6 of the rows, 2 of the panel: 32 registers */
#define TILE_VECTORS 4
#define ROW_NUMBERS  4 /* FMLA multiplies by any number of a register: one load a row serves four steps */

typedef float32x4_t vec;

/* One line an operation. */
/* clang-format off */
static inline vec vec_load(const float *p) { return vld1q_f32(p); }
static inline vec vec_load_any(const float *p) { return vld1q_f32(p); }
static inline void vec_store(float *p, vec a) { vst1q_f32(p, a); }
static inline vec vec_zero(void) { return vdupq_n_f32(0); }
static inline vec vec_all(float x) { return vdupq_n_f32(x); }
static inline vec vec_add(vec a, vec b) { return vaddq_f32(a, b); }
static inline vec vec_sub(vec a, vec b) { return vsubq_f32(a, b); }
static inline vec vec_mul(vec a, vec b) { return vmulq_f32(a, b); }
static inline vec vec_max(vec a, vec b) { return vmaxq_f32(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }  /* a * b + c */
static inline vec vec_fnma(vec a, vec b, vec c) { return vfmsq_f32(c, a, b); } /* c - a * b */
static inline float vec_sum(vec a) { return vaddvq_f32(a); }
/* clang-format on */

/* x[i] * b + c, i < ROW_NUMBERS. The instruction wants a literal. */
static inline __attribute__((always_inline)) vec vec_fma_number(vec x, const int i, vec b, vec c)
{
    switch (i) {
    case 0: return vfmaq_laneq_f32(c, b, x, 0);
    case 1: return vfmaq_laneq_f32(c, b, x, 1);
    case 2: return vfmaq_laneq_f32(c, b, x, 2);
    default: return vfmaq_laneq_f32(c, b, x, 3);
    }
}

/* The vector vocabulary on AVX-512F: one register is a whole block. */
#ifndef __AVX512F__
#error "compile this level with -mavx512f -mfma"
#endif
#include <immintrin.h>

#define LANES        16
#define TILE_ROWS    12 /* 24 accumulators, 2 of the panel, the rest for broadcasts */
#define TILE_VECTORS 2

typedef __m512 vec;

/* One line an operation. */
/* clang-format off */
static inline vec vec_load(const float *p) { return _mm512_load_ps(p); }
static inline vec vec_load_any(const float *p) { return _mm512_loadu_ps(p); }
static inline void vec_store(float *p, vec a) { _mm512_store_ps(p, a); }
static inline vec vec_zero(void) { return _mm512_setzero_ps(); }
static inline vec vec_all(float x) { return _mm512_set1_ps(x); }
static inline vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }   /* a * b + c */
static inline vec vec_fnma(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); } /* c - a * b */
static inline float vec_sum(vec a) { return _mm512_reduce_add_ps(a); }
/* clang-format on */

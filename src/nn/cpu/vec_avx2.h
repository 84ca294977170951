/* The vector vocabulary on AVX2 with FMA: two registers are a block. */
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this level with -mavx2 -mfma"
#endif
#include <immintrin.h>

#define LANES        8
#define TILE_ROWS    6 /* 12 accumulators, 2 of the panel, 1 broadcast: 15 of 16 registers */
#define TILE_VECTORS 2

typedef __m256 vec;

/* One line an operation. */
/* clang-format off */
static inline vec vec_load(const float *p) { return _mm256_load_ps(p); }
static inline vec vec_load_any(const float *p) { return _mm256_loadu_ps(p); }
static inline void vec_store(float *p, vec a) { _mm256_store_ps(p, a); }
static inline vec vec_zero(void) { return _mm256_setzero_ps(); }
static inline vec vec_all(float x) { return _mm256_set1_ps(x); }
static inline vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static inline vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline vec vec_fnma(vec a, vec b, vec c) { return _mm256_fnmadd_ps(a, b, c); }
/* clang-format on */

static inline float vec_sum(vec a)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    half = _mm_add_ss(half, _mm_movehdup_ps(half));
    return _mm_cvtss_f32(half);
}

/* What maps, rows and panels hold in a bfloat16 table: the upper halves of floats, rounded to nearest even. */
#if !defined(__AVX512BF16__) || !defined(__AVX512BW__)
#error "compile this table with -mavx512bf16 -mavx512bw"
#endif
#include <stdint.h>

typedef uint16_t number;

static inline vec number_load(const number *p)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_load_si256((const __m256i *)(const void *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

static inline void number_store(number *p, vec a)
{
    _mm256_store_si256((__m256i *)(void *)p, (__m256i)_mm512_cvtneps_pbh(a));
}

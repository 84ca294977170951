/* The register tile of bfloat16 products: as product_float_tmpl.h, two numbers of a row and of a column at a time. */

/* Two numbers of a row, in every lane. */
static inline __m512bh pair_all(const number *p)
{
    int pair;
    memcpy(&pair, p, sizeof pair);
    return (__m512bh)_mm512_set1_epi32(pair);
}

static inline __m512bh pairs_load(const number *p)
{
    return (__m512bh)_mm512_load_si512(p);
}

static inline __attribute__((always_inline)) void product_tile(const int rows, int depth, const number *a,
                                                               size_t a_stride, const number *b, float *c,
                                                               size_t c_stride, bool accumulate)
{
    vec sum[TILE_ROWS][2];
    UNROLL
    for (int r = 0; r < rows; r++) {
        sum[r][0] = accumulate ? vec_load(c + r * c_stride) : vec_zero();
        sum[r][1] = accumulate ? vec_load(c + r * c_stride + LANES) : vec_zero();
    }
    for (int k = 0; k < depth; k += 2) {
        __m512bh b0 = pairs_load(b + (size_t)k * TILE_COLUMNS), b1 = pairs_load(b + (size_t)(k + 1) * TILE_COLUMNS);
        UNROLL
        for (int r = 0; r < rows; r++) {
            __m512bh x = pair_all(a + r * a_stride + (size_t)k);
            sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, b0);
            sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, b1);
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        vec_store(c + r * c_stride, sum[r][0]);
        vec_store(c + r * c_stride + LANES, sum[r][1]);
    }
}

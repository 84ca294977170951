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

static inline __attribute__((always_inline)) void tile_multiply(const int rows, vec sum[TILE_ROWS][TILE_VECTORS],
                                                                int depth, const number *a, size_t a_stride,
                                                                size_t a_block, const number *b)
{
    for (; depth > 0; depth -= BLOCK, a += a_block) {
        UNROLL
        for (int r = 0; r < rows; r++)
            __builtin_prefetch(a + a_block + r * a_stride);
        for (int k = 0; k < depth && k < BLOCK; k += 2, b += 2 * TILE_COLUMNS) {
            __m512bh b0 = pairs_load(b), b1 = pairs_load(b + TILE_COLUMNS);
            UNROLL
            for (int r = 0; r < rows; r++) {
                __m512bh x = pair_all(a + r * a_stride + (size_t)k);
                sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, b0);
                sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, b1);
            }
        }
    }
}

/* As many products as the processor can start, all in registers: what a share of the peak is a share of. */

enum { PEAK_SUMS = 2 * TILE_ROWS };

static inline vec peak_step(vec sum, vec x)
{
#ifdef LEVEL_BF16
    return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_castps_si512(x), (__m512bh)_mm512_castps_si512(x));
#else
    return vec_fma(x, x, sum);
#endif
}

static float peak(long rounds, float x)
{
    vec sum[PEAK_SUMS], all = vec_all(x);
    UNROLL
    for (int i = 0; i < PEAK_SUMS; i++)
        sum[i] = vec_all((float)i);
    for (long round = 0; round < rounds; round++) {
        UNROLL
        for (int i = 0; i < PEAK_SUMS; i++)
            sum[i] = peak_step(sum[i], all);
    }
    vec total = vec_zero();
    UNROLL
    for (int i = 0; i < PEAK_SUMS; i++)
        total = vec_add(total, sum[i]);
    return vec_sum(total);
}

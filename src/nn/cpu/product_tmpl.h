/* The register tile of all convolutions: c[rows][2 registers] += a[rows][depth] * b[depth][2 registers]. */

#define TILE_COLUMNS (2 * LANES)

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

static inline __attribute__((always_inline)) void product_tile(const int rows, int depth, const float *a,
                                                               size_t a_stride, const float *b, float *c,
                                                               size_t c_stride, bool accumulate)
{
    vec sum[TILE_ROWS][2];
    UNROLL
    for (int r = 0; r < rows; r++) {
        sum[r][0] = accumulate ? vec_load(c + r * c_stride) : vec_zero();
        sum[r][1] = accumulate ? vec_load(c + r * c_stride + LANES) : vec_zero();
    }
    for (int k = 0; k < depth; k++) {
        vec b0 = vec_load(b + (size_t)k * TILE_COLUMNS), b1 = vec_load(b + (size_t)k * TILE_COLUMNS + LANES);
        UNROLL
        for (int r = 0; r < rows; r++) {
            vec x = vec_all(a[r * a_stride + (size_t)k]);
            sum[r][0] = vec_fma(x, b0, sum[r][0]);
            sum[r][1] = vec_fma(x, b1, sum[r][1]);
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        vec_store(c + r * c_stride, sum[r][0]);
        vec_store(c + r * c_stride + LANES, sum[r][1]);
    }
}

static void product(int rows, int depth, const float *a, size_t a_stride, const float *b, float *c, size_t c_stride,
                    bool accumulate)
{
    for (; rows >= TILE_ROWS; rows -= TILE_ROWS, a += TILE_ROWS * a_stride, c += TILE_ROWS * c_stride)
        product_tile(TILE_ROWS, depth, a, a_stride, b, c, c_stride, accumulate);
    for (; rows >= 4; rows -= 4, a += 4 * a_stride, c += 4 * c_stride)
        product_tile(4, depth, a, a_stride, b, c, c_stride, accumulate);
    for (; rows > 0; rows--, a += a_stride, c += c_stride)
        product_tile(1, depth, a, a_stride, b, c, c_stride, accumulate);
}

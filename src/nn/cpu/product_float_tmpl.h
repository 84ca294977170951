/* The register tile of all convolutions: sum[rows][TILE_VECTORS registers] += a[rows][depth] * b[depth][TILE_VECTORS registers].
 * Where a register can be multiplied by one number of another (ROW_NUMBERS), that many numbers of a row are read at once. While a
 * block of sixteen numbers is multiplied, the next comes into the first-level cache: no prefetcher follows a step of a whole plane. */

static inline __attribute__((always_inline)) void tile_multiply(const int rows, vec sum[TILE_ROWS][TILE_VECTORS],
                                                                int depth, const number *a, size_t a_stride,
                                                                size_t a_block, const number *b)
{
    for (; depth > 0; depth -= BLOCK, a += a_block) {
        int k = 0, numbers = depth < BLOCK ? depth : BLOCK;
        UNROLL
        for (int r = 0; r < rows; r++)
            __builtin_prefetch(a + a_block + r * a_stride);
#ifdef ROW_NUMBERS
        for (; k + ROW_NUMBERS <= numbers; k += ROW_NUMBERS, b += ROW_NUMBERS * TILE_COLUMNS) {
            vec x[TILE_ROWS];
            UNROLL
            for (int r = 0; r < rows; r++)
                x[r] = vec_load_any(a + r * a_stride + (size_t)k);
            UNROLL
            for (int i = 0; i < ROW_NUMBERS; i++) {
                UNROLL
                for (int v = 0; v < TILE_VECTORS; v++) {
                    vec panel = vec_load(b + i * TILE_COLUMNS + v * LANES);
                    UNROLL
                    for (int r = 0; r < rows; r++)
                        sum[r][v] = vec_fma_number(x[r], i, panel, sum[r][v]);
                }
            }
        }
#endif
        for (; k < numbers; k++, b += TILE_COLUMNS) {
            vec panel[TILE_VECTORS];
            UNROLL
            for (int v = 0; v < TILE_VECTORS; v++)
                panel[v] = vec_load(b + v * LANES);
            UNROLL
            for (int r = 0; r < rows; r++) {
                vec x = vec_all(a[r * a_stride + (size_t)k]);
                UNROLL
                for (int v = 0; v < TILE_VECTORS; v++)
                    sum[r][v] = vec_fma(x, panel[v], sum[r][v]);
            }
        }
    }
}

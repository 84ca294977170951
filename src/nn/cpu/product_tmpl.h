/* Products of rows with a panel: as many rows at a time as the register tile has. */

#define TILE_COLUMNS (TILE_VECTORS * LANES)

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

/* The sums of a tile before its products: zeros, or those of c. */
static inline __attribute__((always_inline)) void tile_begin(const int rows, vec sum[TILE_ROWS][TILE_VECTORS],
                                                             const float *c, size_t c_stride)
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_VECTORS; v++)
            sum[r][v] = c ? vec_load(c + r * c_stride + v * LANES) : vec_zero();
    }
}

#ifdef LEVEL_BF16
#include "nn/cpu/product_bf16_tmpl.h"
#else
#include "nn/cpu/product_float_tmpl.h"
#endif

static inline __attribute__((always_inline)) void tile_store(const int rows, vec sum[TILE_ROWS][TILE_VECTORS], float *c,
                                                             size_t c_stride)
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_VECTORS; v++)
            vec_store(c + r * c_stride + v * LANES, sum[r][v]);
    }
}

/* Blocks of a panel, counting a half as one. */
#define TILE_BLOCKS ((TILE_COLUMNS + BLOCK - 1) / BLOCK)

/* Begins to bring the pixels that tile_write will want, so that they come while the products are computed. */
static inline __attribute__((always_inline)) void tile_fetch(const int rows, const int32_t *pixels,
                                                             const write_target *to)
{
    for (int block = 0; block < TILE_BLOCKS && to[block].plane; block++) {
        number *plane = to[block].plane;
        const number *add = to[block].add;
        for (int r = 0; r < rows; r++) {
            __builtin_prefetch(plane + (size_t)pixels[r] * BLOCK, 1);
            if (add)
                __builtin_prefetch(add + (size_t)pixels[r] * BLOCK);
        }
    }
}

static inline __attribute__((always_inline)) void tile_write(const int rows, vec sum[TILE_ROWS][TILE_VECTORS],
                                                             const int32_t *pixels, const write_target *to)
{
    UNROLL
    for (int v = 0; v < TILE_VECTORS; v++) {
        const write_target *target = to + v * LANES / BLOCK;
        const int lane = v * LANES % BLOCK;
        if (!target->plane)
            continue;
        number *plane = (number *)target->plane + lane;
        const number *add = target->add;
        vec scale = vec_load(target->map.scale + lane), bias = vec_load(target->map.bias + lane);
        vec slope = vec_all(target->map.slope);
        UNROLL
        for (int r = 0; r < rows; r++) {
            size_t at = (size_t)pixels[r] * BLOCK;
            vec summand = add ? vec_add(bias, number_load(add + at + lane)) : bias;
            number_store(plane + at, written(sum[r][v], scale, summand, slope));
        }
    }
}

static inline __attribute__((always_inline)) void store_rows(const int rows, int depth, const number *a,
                                                             size_t a_stride, size_t a_block, const number *b, float *c,
                                                             size_t c_stride, bool accumulate)
{
    vec sum[TILE_ROWS][TILE_VECTORS];
    tile_begin(rows, sum, accumulate ? c : NULL, c_stride);
    tile_multiply(rows, sum, depth, a, a_stride, a_block, b);
    tile_store(rows, sum, c, c_stride);
}

static void product(int rows, int depth, const void *from, size_t a_stride, size_t a_block, const void *panel, float *c,
                    size_t c_stride, bool accumulate)
{
    const number *a = from, *b = panel;
    for (; rows >= TILE_ROWS; rows -= TILE_ROWS, a += TILE_ROWS * a_stride, c += TILE_ROWS * c_stride)
        store_rows(TILE_ROWS, depth, a, a_stride, a_block, b, c, c_stride, accumulate);
    for (; rows >= 4; rows -= 4, a += 4 * a_stride, c += 4 * c_stride)
        store_rows(4, depth, a, a_stride, a_block, b, c, c_stride, accumulate);
    for (; rows > 0; rows--, a += a_stride, c += c_stride)
        store_rows(1, depth, a, a_stride, a_block, b, c, c_stride, accumulate);
}

static inline __attribute__((always_inline)) void write_rows(const int rows, int depth, const number *a,
                                                             size_t a_stride, size_t a_block, const number *b,
                                                             const float *c, size_t c_stride, const int32_t *pixels,
                                                             const write_target *to)
{
    vec sum[TILE_ROWS][TILE_VECTORS];
    tile_fetch(rows, pixels, to);
    tile_begin(rows, sum, c, c_stride);
    tile_multiply(rows, sum, depth, a, a_stride, a_block, b);
    tile_write(rows, sum, pixels, to);
}

static void product_write(int rows, int depth, const void *from, size_t a_stride, size_t a_block, const void *panel,
                          const float *c, size_t c_stride, const int32_t *pixels, const write_target *to)
{
    const number *a = from, *b = panel;
    size_t c_rows = c ? c_stride : 0; /* nothing is added to nothing */
    for (; rows >= TILE_ROWS;
         rows -= TILE_ROWS, a += TILE_ROWS * a_stride, c += TILE_ROWS * c_rows, pixels += TILE_ROWS)
        write_rows(TILE_ROWS, depth, a, a_stride, a_block, b, c, c_stride, pixels, to);
    for (; rows >= 4; rows -= 4, a += 4 * a_stride, c += 4 * c_rows, pixels += 4)
        write_rows(4, depth, a, a_stride, a_block, b, c, c_stride, pixels, to);
    for (; rows > 0; rows--, a += a_stride, c += c_rows, pixels++)
        write_rows(1, depth, a, a_stride, a_block, b, c, c_stride, pixels, to);
}

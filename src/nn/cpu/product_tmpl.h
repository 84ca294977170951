/* Products of rows with a panel: as many rows at a time as the register tile has. */

#define TILE_COLUMNS (TILE_VECTORS * LANES)

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

#ifdef LEVEL_BF16
#include "nn/cpu/product_bf16_tmpl.h"
#else
#include "nn/cpu/product_float_tmpl.h"
#endif

static void product(int rows, int depth, const void *from, size_t a_stride, const void *panel, float *c,
                    size_t c_stride, bool accumulate)
{
    const number *a = from, *b = panel;
    for (; rows >= TILE_ROWS; rows -= TILE_ROWS, a += TILE_ROWS * a_stride, c += TILE_ROWS * c_stride)
        product_tile(TILE_ROWS, depth, a, a_stride, b, c, c_stride, accumulate);
    for (; rows >= 4; rows -= 4, a += 4 * a_stride, c += 4 * c_stride)
        product_tile(4, depth, a, a_stride, b, c, c_stride, accumulate);
    for (; rows > 0; rows--, a += a_stride, c += c_stride)
        product_tile(1, depth, a, a_stride, b, c, c_stride, accumulate);
}

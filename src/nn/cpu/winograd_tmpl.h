/* The transforms of Winograd's minimal filtering, tile by tile: an axis at a time. */

#ifdef LEVEL_BF16
#include "nn/cpu/winograd_axis_bf16.h"
#else
#include "nn/cpu/winograd_axis_float.h"
#endif

static inline __attribute__((always_inline)) void winograd_input_tile(const int row_taps, const int column_taps,
                                                                      const number *from, size_t row_pixels,
                                                                      const int spacing, const bool active,
                                                                      const reader *r, number *v, size_t point_stride)
{
    const int rows = WINOGRAD_OUT + row_taps - 1, columns = WINOGRAD_OUT + column_taps - 1;
    vec half[WINOGRAD_MOST][WINOGRAD_MOST];
    for (int y = 0; y < rows; y++) {
        vec d[WINOGRAD_MOST];
        for (int x = 0; x < columns; x++) {
            d[x] = number_load(from + ((size_t)y * row_pixels + (size_t)(x * spacing)) * BLOCK);
            d[x] = active ? read_active(d[x], r) : read_scaled(d[x], r);
        }
        winograd_bt(column_taps, half[y], d);
    }
    for (int x = 0; x < columns; x++) {
        vec column[WINOGRAD_MOST], to[WINOGRAD_MOST];
        for (int y = 0; y < rows; y++)
            column[y] = half[y][x];
        winograd_bt(row_taps, to, column);
        for (int y = 0; y < rows; y++)
            number_store(v + (size_t)(y * columns + x) * point_stride, to[y]);
    }
}

static inline __attribute__((always_inline)) void winograd_input_tiles(const int row_taps, const int column_taps,
                                                                       const number *from, size_t row_pixels,
                                                                       const int spacing, int tiles,
                                                                       const read_map *map, number *v,
                                                                       size_t point_stride, size_t tile_stride)
{
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        reader r = reader_at(map, lane);
        for (int tile = 0; tile < tiles; tile++) {
            const number *pixels = from + (size_t)(tile * WINOGRAD_OUT * spacing) * BLOCK + lane;
            number *to = v + (size_t)tile * tile_stride + lane;
            if (map->bias)
                winograd_input_tile(row_taps, column_taps, pixels, row_pixels, spacing, true, &r, to, point_stride);
            else
                winograd_input_tile(row_taps, column_taps, pixels, row_pixels, spacing, false, &r, to, point_stride);
        }
    }
}

/* The points of a tile's lanes through the columns' transform. */
static inline __attribute__((always_inline)) void winograd_output_rows(const int row_taps, const int column_taps,
                                                                       const float *m, size_t point_stride,
                                                                       vec half[WINOGRAD_MOST][WINOGRAD_OUT])
{
    const int rows = WINOGRAD_OUT + row_taps - 1, columns = WINOGRAD_OUT + column_taps - 1;
    for (int y = 0; y < rows; y++) {
        vec d[WINOGRAD_MOST];
        for (int x = 0; x < columns; x++)
            d[x] = vec_load(m + (size_t)(y * columns + x) * point_stride);
        winograd_at(column_taps, half[y], d);
    }
}

static inline __attribute__((always_inline)) void winograd_output_tile(const winograd_form form, const float *m,
                                                                       size_t point_stride, number *to,
                                                                       size_t row_pixels, int spacing, int height,
                                                                       int width, const write_map *map,
                                                                       const number *add)
{
    const int row_taps = winograd_row_taps(form), column_taps = winograd_column_taps(form);
    const int rows = winograd_inputs(row_taps);
    vec slope = vec_all(map->slope);
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        vec scale = vec_load(map->scale + lane), bias = vec_load(map->bias + lane);
        vec half[WINOGRAD_MOST][WINOGRAD_OUT];
        winograd_output_rows(row_taps, column_taps, m + lane, point_stride, half);
        for (int x = 0; x < width; x++) {
            vec column[WINOGRAD_MOST], out[WINOGRAD_OUT];
            for (int y = 0; y < rows; y++)
                column[y] = half[y][x];
            winograd_at(row_taps, out, column);
            for (int y = 0; y < height; y++) {
                size_t at = ((size_t)y * row_pixels + (size_t)x) * (size_t)spacing * BLOCK + (size_t)lane;
                number_store(to + at, written(out[y], scale, add ? vec_add(bias, number_load(add + at)) : bias, slope));
            }
        }
    }
}

/* The two functions of a form. */
#define WINOGRAD_FUNCTIONS(form, rows, columns)                                                                        \
    static void winograd_input_##rows##x##columns(const void *from, size_t row_pixels, int spacing, int tiles,         \
                                                  const read_map *map, void *v, size_t point_stride,                   \
                                                  size_t tile_stride)                                                  \
    {                                                                                                                  \
        if (spacing == 1)                                                                                              \
            winograd_input_tiles(rows, columns, from, row_pixels, 1, tiles, map, v, point_stride, tile_stride);        \
        else                                                                                                           \
            winograd_input_tiles(rows, columns, from, row_pixels, spacing, tiles, map, v, point_stride, tile_stride);  \
    }                                                                                                                  \
    static void winograd_output_##rows##x##columns(const float *m, size_t point_stride, void *to, size_t row_pixels,   \
                                                   int spacing, int height, int width, const write_map *map,           \
                                                   const void *add)                                                    \
    {                                                                                                                  \
        winograd_output_tile(form, m, point_stride, to, row_pixels, spacing, height, width, map, add);                 \
    }

WINOGRAD_FUNCTIONS(WINOGRAD_3X3, 3, 3)
WINOGRAD_FUNCTIONS(WINOGRAD_2X2, 2, 2)
WINOGRAD_FUNCTIONS(WINOGRAD_2X1, 2, 1)
WINOGRAD_FUNCTIONS(WINOGRAD_1X2, 1, 2)
WINOGRAD_FUNCTIONS(WINOGRAD_1X1, 1, 1)

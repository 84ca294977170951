/* One row of a depthwise 3x3 convolution. */

/* Pixel x with the taps of columns [first, last); nine weights of the lanes at w. */
static inline __attribute__((always_inline)) vec depthwise_pixel(const number *const rows[3], const vec *w, int column,
                                                                 const int first, const int last, int lane)
{
    vec sum = vec_zero();
    for (int i = 0; i < 3; i++) {
        if (!rows[i])
            continue;
        for (int j = first; j < last; j++)
            sum = vec_fma(w[i * 3 + j], number_load(rows[i] + (ptrdiff_t)(column + j - 1) * BLOCK + lane), sum);
    }
    return sum;
}

static void depthwise_row(const void *const from[3], int columns, int stride, const float *weights, void *row,
                          int width, const write_map *map)
{
    const number *rows[3] = {from[0], from[1], from[2]};
    number *to = row;
    vec slope = vec_all(map->slope);
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        vec scale = vec_load(map->scale + lane), bias = vec_load(map->bias + lane), w[9];
        for (int tap = 0; tap < 9; tap++)
            w[tap] = vec_load(weights + tap * BLOCK + lane);
        for (int x = 0; x < width; x++) {
            int column = x * stride;
            vec sum;
            if (column > 0 && column + 1 < columns)
                sum = depthwise_pixel(rows, w, column, 0, 3, lane);
            else
                sum = depthwise_pixel(rows, w, column, column == 0, column + 1 < columns ? 3 : 2, lane);
            number_store(to + (size_t)x * BLOCK + lane, written(sum, scale, bias, slope));
        }
    }
}

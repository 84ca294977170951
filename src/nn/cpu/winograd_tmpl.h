/* The two transforms of Winograd's F(4x4, 3x3) (Lavin and Gray, CVPR 2016, section 4.2). */

/* B^T d: six numbers to six. */
static inline void winograd_bt(vec *to, const vec *d)
{
    const vec two = vec_all(2), four = vec_all(4), five = vec_all(5);
    to[0] = vec_fma(four, d[0], vec_fnma(five, d[2], d[4]));
    vec a = vec_fnma(four, d[1], d[3]), b = vec_fnma(four, d[2], d[4]);
    to[1] = vec_add(a, b);
    to[2] = vec_sub(b, a);
    vec c = vec_sub(d[4], d[2]), e = vec_mul(two, vec_sub(d[3], d[1]));
    to[3] = vec_add(c, e);
    to[4] = vec_sub(c, e);
    to[5] = vec_fma(four, d[1], vec_fnma(five, d[3], d[5]));
}

/* A^T m: six numbers to four. */
static inline void winograd_at(vec *to, const vec *m)
{
    vec p = vec_add(m[1], m[2]), q = vec_sub(m[1], m[2]);
    vec r = vec_add(m[3], m[4]), s = vec_sub(m[3], m[4]);
    to[0] = vec_add(m[0], vec_add(p, r));
    to[1] = vec_fma(vec_all(2), s, q);
    to[2] = vec_fma(vec_all(4), r, p);
    to[3] = vec_add(vec_fma(vec_all(8), s, q), m[5]);
}

static inline __attribute__((always_inline)) void winograd_input_tile(const float *from, size_t row_pixels, const bool active,
                                                                      const reader *r, float *v, size_t point_stride)
{
    vec rows[WINOGRAD_IN][WINOGRAD_IN];
    for (int y = 0; y < WINOGRAD_IN; y++) {
        vec d[WINOGRAD_IN];
        for (int x = 0; x < WINOGRAD_IN; x++) {
            d[x] = vec_load(from + ((size_t)y * row_pixels + (size_t)x) * BLOCK);
            d[x] = active ? read_active(d[x], r) : read_scaled(d[x], r);
        }
        winograd_bt(rows[y], d);
    }
    for (int x = 0; x < WINOGRAD_IN; x++) {
        vec column[WINOGRAD_IN], to[WINOGRAD_IN];
        for (int y = 0; y < WINOGRAD_IN; y++)
            column[y] = rows[y][x];
        winograd_bt(to, column);
        for (int y = 0; y < WINOGRAD_IN; y++)
            vec_store(v + (size_t)(y * WINOGRAD_IN + x) * point_stride, to[y]);
    }
}

static void winograd_input(const float *from, size_t row_pixels, int tiles, const read_map *map, float *v, size_t point_stride,
                           size_t tile_stride)
{
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        reader r = reader_at(map, lane);
        for (int tile = 0; tile < tiles; tile++) {
            const float *pixels = from + (size_t)tile * WINOGRAD_OUT * BLOCK + lane;
            float *to = v + (size_t)tile * tile_stride + lane;
            if (map->bias)
                winograd_input_tile(pixels, row_pixels, true, &r, to, point_stride);
            else
                winograd_input_tile(pixels, row_pixels, false, &r, to, point_stride);
        }
    }
}

static void winograd_output(const float *m, size_t point_stride, float *to, size_t row_pixels, int height, int width,
                            const write_map *map, const float *add)
{
    vec slope = vec_all(map->slope);
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        vec scale = vec_load(map->scale + lane), bias = vec_load(map->bias + lane);
        vec rows[WINOGRAD_IN][WINOGRAD_OUT];
        for (int y = 0; y < WINOGRAD_IN; y++) {
            vec d[WINOGRAD_IN];
            for (int x = 0; x < WINOGRAD_IN; x++)
                d[x] = vec_load(m + (size_t)(y * WINOGRAD_IN + x) * point_stride + lane);
            winograd_at(rows[y], d);
        }
        for (int x = 0; x < width; x++) {
            vec column[WINOGRAD_IN], out[WINOGRAD_OUT];
            for (int y = 0; y < WINOGRAD_IN; y++)
                column[y] = rows[y][x];
            winograd_at(out, column);
            for (int y = 0; y < height; y++) {
                size_t at = ((size_t)y * row_pixels + (size_t)x) * BLOCK + (size_t)lane;
                vec_store(to + at, written(out[y], scale, add ? vec_add(bias, vec_load(add + at)) : bias, slope));
            }
        }
    }
}

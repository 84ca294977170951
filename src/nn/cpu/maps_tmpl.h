/* Reading and writing pixels of maps: the prologue and epilogue that convolutions share. */

typedef struct reader {
    vec scale, bias, gain, slope;
} reader;

/* The lanes from `lane` on of a read_map. Without a bias only the scale counts. */
static inline reader reader_at(const read_map *map, int lane)
{
    reader r = {.scale = vec_load(map->scale + lane),
                .bias = vec_zero(),
                .gain = vec_all(map->gain),
                .slope = vec_all(map->slope)};
    if (map->bias)
        r.bias = vec_load(map->bias + lane);
    return r;
}

static inline vec read_scaled(vec x, const reader *r)
{
    return vec_mul(x, r->scale);
}

static inline vec read_active(vec x, const reader *r)
{
    vec t = vec_fma(x, r->gain, r->bias);
    return vec_mul(vec_max(t, vec_mul(r->slope, t)), r->scale);
}

static inline vec written(vec sum, vec scale, vec bias, vec slope)
{
    vec t = vec_fma(sum, scale, bias);
    return vec_max(t, vec_mul(slope, t));
}

static void gather(void *rows, size_t a_stride, const void *plane, const int32_t *pixels, int count,
                   const read_map *map)
{
    number *a = rows;
    const number *from = plane;
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        reader r = reader_at(map, lane);
        for (int i = 0; i < count; i++) {
            vec x = vec_zero();
            if (pixels[i] >= 0) {
                x = number_load(from + (size_t)pixels[i] * BLOCK + lane);
                x = map->bias ? read_active(x, &r) : read_scaled(x, &r);
            }
            number_store(a + (size_t)i * a_stride + lane, x);
        }
    }
}

static void scatter(const float *c, size_t c_stride, void *plane, const int32_t *pixels, int count,
                    const write_map *map, const void *added)
{
    number *to = plane;
    const number *add = added;
    vec slope = vec_all(map->slope);
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        vec scale = vec_load(map->scale + lane), bias = vec_load(map->bias + lane);
        for (int i = 0; i < count; i++) {
            size_t at = (size_t)pixels[i] * BLOCK + (size_t)lane;
            vec sum = vec_load(c + (size_t)i * c_stride + lane);
            number_store(to + at, written(sum, scale, add ? vec_add(bias, number_load(add + at)) : bias, slope));
        }
    }
}

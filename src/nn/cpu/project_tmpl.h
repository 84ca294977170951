/* Products that end in few numbers: dot products of vectors, and maps projected to one to four planes. */

static float dot(const float *x, const float *y, size_t count)
{
    vec sum[4] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};
    for (size_t i = 0; i < count; i += 4 * LANES)
        for (size_t j = 0; j < 4 && i + j * LANES < count; j++)
            sum[j] = vec_fma(vec_load(x + i + j * LANES), vec_load(y + i + j * LANES), sum[j]);
    return vec_sum(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])));
}

enum { PROJECT_PIXELS = 4 };

/* `pixels` pixels beside each other, all outputs. */
static inline __attribute__((always_inline)) void project_pixels(const int pixels, const int outputs,
                                                                 const number *planes, size_t plane_stride, int blocks,
                                                                 const read_map *maps, const float *weights,
                                                                 size_t weight_stride, float *to, size_t to_stride)
{
    vec sum[4][PROJECT_PIXELS];
    for (int o = 0; o < outputs; o++)
        for (int p = 0; p < pixels; p++)
            sum[o][p] = vec_zero();
    for (int block = 0; block < blocks; block++) {
        const read_map *map = &maps[block];
        for (int lane = 0; lane < BLOCK; lane += LANES) {
            reader r = reader_at(map, lane);
            vec w[4];
            for (int o = 0; o < outputs; o++)
                w[o] = vec_load(weights + (size_t)o * weight_stride + (size_t)block * BLOCK + lane);
            for (int p = 0; p < pixels; p++) {
                vec x = number_load(planes + (size_t)block * plane_stride + (size_t)p * BLOCK + lane);
                x = map->bias ? read_active(x, &r) : read_scaled(x, &r);
                for (int o = 0; o < outputs; o++)
                    sum[o][p] = vec_fma(x, w[o], sum[o][p]);
            }
        }
    }
    for (int o = 0; o < outputs; o++)
        for (int p = 0; p < pixels; p++)
            to[(size_t)o * to_stride + (size_t)p] += vec_sum(sum[o][p]);
}

static inline __attribute__((always_inline)) void project_outputs(const int outputs, const number *planes,
                                                                  size_t plane_stride, int blocks, const read_map *maps,
                                                                  const float *weights, size_t weight_stride, int count,
                                                                  float *to, size_t to_stride)
{
    int p = 0;
    for (; p + PROJECT_PIXELS <= count; p += PROJECT_PIXELS)
        project_pixels(PROJECT_PIXELS, outputs, planes + (size_t)p * BLOCK, plane_stride, blocks, maps, weights,
                       weight_stride, to + p, to_stride);
    for (; p < count; p++)
        project_pixels(1, outputs, planes + (size_t)p * BLOCK, plane_stride, blocks, maps, weights, weight_stride,
                       to + p, to_stride);
}

static void project(const void *planes, size_t plane_stride, int blocks, const read_map *maps, const float *weights,
                    size_t weight_stride, int outputs, int count, float *to, size_t to_stride)
{
    switch (outputs) {
    case 1: project_outputs(1, planes, plane_stride, blocks, maps, weights, weight_stride, count, to, to_stride); break;
    case 2: project_outputs(2, planes, plane_stride, blocks, maps, weights, weight_stride, count, to, to_stride); break;
    case 3: project_outputs(3, planes, plane_stride, blocks, maps, weights, weight_stride, count, to, to_stride); break;
    default: project_outputs(4, planes, plane_stride, blocks, maps, weights, weight_stride, count, to, to_stride);
    }
}

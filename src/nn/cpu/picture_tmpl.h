/* One row of a 1x1 convolution of a picture: a block of channels. */

static inline __attribute__((always_inline)) void picture_pixels(const float *planes, size_t plane_stride, int channels,
                                                                 const float *weights, const write_map *write,
                                                                 const read_map *read, int count, number *to)
{
    vec slope = vec_all(write->slope);
    for (int lane = 0; lane < BLOCK; lane += LANES) {
        vec scale = vec_load(write->scale + lane), bias = vec_load(write->bias + lane);
        reader r = {0};
        if (read)
            r = reader_at(read, lane);
        for (int x = 0; x < count; x++) {
            vec sum = vec_zero();
            for (int c = 0; c < channels; c++)
                sum = vec_fma(vec_all(planes[(size_t)c * plane_stride + (size_t)x]),
                              vec_load(weights + c * BLOCK + lane), sum);
            vec pixel = written(sum, scale, bias, slope);
            number_store(to + (size_t)x * BLOCK + lane, read ? read_active(pixel, &r) : pixel);
        }
    }
}

static void picture_row(const float *planes, size_t plane_stride, int channels, const float *weights,
                        const write_map *write, const read_map *read, int count, void *to)
{
    if (channels == 3 && read)
        picture_pixels(planes, plane_stride, 3, weights, write, read, count, to);
    else if (channels == 3)
        picture_pixels(planes, plane_stride, 3, weights, write, NULL, count, to);
    else
        picture_pixels(planes, plane_stride, channels, weights, write, read, count, to);
}

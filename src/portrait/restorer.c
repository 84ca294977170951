/* One crop through GPEN: samples to planar floats, the network, floats to samples. */
#include <math.h>

#include "base/memory.h"
#include "portrait/room.h"

gpen_status restorer_open(restorer *r, nn_device *device, gpen_precision precision, const weights *file,
                          const char *cache, gpen_error *error)
{
    gpen_status status = gpen_architecture_read(&r->architecture, file, error);
    if (status)
        return status;
    for (size_t i = 0; i < weights_count(file); i++)
        r->parameters += weights_at(file, i)->count;
    status = room_compile(&r->plan, device, gpen_graph(&r->architecture, file), file, room_plan_flags(precision), cache,
                          error);
    if (status)
        return status;
    r->planar_bytes = (size_t)3 * (size_t)r->architecture.size * (size_t)r->architecture.size * sizeof(float);
    r->planar = aligned_new(r->planar_bytes);
    return r->planar ? GPEN_OK : gpen_fail_memory(error, "a crop", r->planar_bytes);
}

void restorer_close(restorer *r)
{
    nn_plan_free(r->plan);
    aligned_free(r->planar, r->planar_bytes);
    *r = (restorer){0};
}

/* ---------------------------------------------------------------- pixels to floats and back */

/* A sample as 0..1. */
static float sample_at(const gpen_image *image, int x, int y, int channel)
{
    return (float)image_sample(image, x, y, channel) / (float)image_top(image);
}

/* Interleaved samples to planar -1..1; grey goes to all three planes. */
static void to_planar(const gpen_image *crop, float *planar)
{
    size_t pixels = (size_t)crop->width * (size_t)crop->height;
    for (int y = 0; y < crop->height; y++)
        for (int x = 0; x < crop->width; x++)
            for (int c = 0; c < 3; c++)
                planar[(size_t)c * pixels + (size_t)y * (size_t)crop->width + (size_t)x] =
                    (sample_at(crop, x, y, image_colours(crop) == 3 ? c : 0) - 0.5f) / 0.5f;
}

/* 0..1 from the network's -1..1. A number that is none becomes black. */
static float clamped(float value)
{
    value = value * 0.5f + 0.5f;
    if (!(value > 0.0f))
        return 0.0f;
    return value < 1.0f ? value : 1.0f;
}

/* The restored level: cut off at 8 bits, as the published demo does; rounded at 16. */
static long quantised(float value, int bits)
{
    return bits == 8 ? (long)(value * 255.0f) : lrintf(value * 65535.0f);
}

/* The restored value of a colour channel; for a grey crop the luma of the three (ITU-R BT.601). */
static float restored_value(const float *planar, size_t pixels, size_t pixel, int colours, int channel)
{
    if (colours == 3)
        return clamped(planar[(size_t)channel * pixels + pixel]);
    return 0.299f * clamped(planar[pixel]) + 0.587f * clamped(planar[pixels + pixel]) +
           0.114f * clamped(planar[2 * pixels + pixel]);
}

static void from_planar(const float *planar, const gpen_image *crop, gpen_image *restored)
{
    size_t pixels = (size_t)crop->width * (size_t)crop->height;
    int colours = image_colours(crop);
    for (int y = 0; y < crop->height; y++)
        for (int x = 0; x < crop->width; x++) {
            size_t pixel = (size_t)y * (size_t)crop->width + (size_t)x;
            for (int c = 0; c < colours; c++)
                image_set_sample(restored, x, y, c,
                                 quantised(restored_value(planar, pixels, pixel, colours, c), crop->bits));
            if (image_has_alpha(crop))
                image_set_sample(restored, x, y, colours, image_sample(crop, x, y, colours));
        }
}

static bool all_finite(const float *values, size_t count)
{
    float sum = 0; /* zero times anything finite */
    for (size_t i = 0; i < count; i++)
        sum += values[i] * 0.0f;
    return sum == 0.0f;
}

bool restorer_apply(restorer *r, const gpen_image *crop, gpen_image *restored)
{
    to_planar(crop, r->planar);
    nn_plan_run(r->plan, r->planar, &r->planar);
    if (!all_finite(r->planar, r->planar_bytes / sizeof(float)))
        return false;
    from_planar(r->planar, crop, restored);
    return true;
}

void blend_strength(const gpen_image *crop, int strength, gpen_image *restored)
{
    if (strength >= 100)
        return;
    float top = (float)image_top(crop), share = (float)strength / 100.0f;
    for (int y = 0; y < crop->height; y++)
        for (int x = 0; x < crop->width; x++)
            for (int c = 0; c < image_colours(crop); c++) {
                float new = sample_at(restored, x, y, c), old = sample_at(crop, x, y, c);
                image_set_sample(restored, x, y, c, lrintf((new *share + old *(1.0f - share)) * top));
            }
}

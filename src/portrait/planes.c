/* What comparing two faces needs: their luma, what of it is coarse, and values between pixels. Its own file because strength, detail and
 * the search for shifts all look at faces so. */
#include <math.h>
#include <string.h>

#include "portrait/room.h"

static int held(int place, int length)
{
    return place < 0 ? 0 : place < length ? place : length - 1;
}

/* Where a position lies between four neighbours. */
typedef struct place {
    int left, right, upper, lower;
    float across, down;
} place;

static place place_of(float x, float y, int width, int height)
{
    float left = floorf(x), top = floorf(y);
    return (place){held((int)left, width),
                   held((int)left + 1, width),
                   held((int)top, height),
                   held((int)top + 1, height),
                   x - left,
                   y - top};
}

static float mixed(const place *p, const float corners[4])
{
    float above = corners[0] + (corners[1] - corners[0]) * p->across;
    float below = corners[2] + (corners[3] - corners[2]) * p->across;
    return above + (below - above) * p->down;
}

float plane_between(const plane *from, float x, float y)
{
    place p = place_of(x, y, from->width, from->height);
    const float *a = from->values + (size_t)p.upper * (size_t)from->width;
    const float *b = from->values + (size_t)p.lower * (size_t)from->width;
    const float corners[4] = {a[p.left], a[p.right], b[p.left], b[p.right]};
    return mixed(&p, corners);
}

float sample_between(const gpen_image *from, float x, float y, int channel)
{
    place p = place_of(x, y, from->width, from->height);
    const float corners[4] = {(float)image_sample(from, p.left, p.upper, channel),
                              (float)image_sample(from, p.right, p.upper, channel),
                              (float)image_sample(from, p.left, p.lower, channel),
                              (float)image_sample(from, p.right, p.lower, channel)};
    return mixed(&p, corners);
}

float luma_of(const float colours[3])
{
    return 0.299f * colours[0] + 0.587f * colours[1] + 0.114f * colours[2];
}

gpen_status plane_luma(plane *p, const gpen_image *image, gpen_error *error)
{
    float scale = 1.0f / (float)image_top(image);
    gpen_status status = plane_new(p, image->width, image->height, error);
    for (int y = 0; y < image->height && !status; y++)
        for (int x = 0; x < image->width; x++) {
            float colours[3];
            for (int c = 0; c < 3; c++)
                colours[c] = (float)image_sample(image, x, y, image_colours(image) == 3 ? c : 0);
            p->values[(size_t)y * (size_t)image->width + (size_t)x] = luma_of(colours) * scale;
        }
    return status;
}

gpen_status plane_halve(plane *p, gpen_error *error)
{
    plane half;
    gpen_status status = plane_new(&half, p->width / 2, p->height / 2, error);
    if (status)
        return status;
    plane_resize(p, &half);
    plane_free(p);
    *p = half;
    return GPEN_OK;
}

gpen_status plane_mean_twice(plane *p, int radius, gpen_error *error)
{
    gpen_status status = plane_mean(p, radius, error);
    return status ? status : plane_mean(p, radius, error);
}

gpen_status plane_copy(plane *to, const plane *from, gpen_error *error)
{
    gpen_status status = plane_new(to, from->width, from->height, error);
    if (!status)
        memcpy(to->values, from->values, (size_t)from->width * (size_t)from->height * sizeof *to->values);
    return status;
}

gpen_status plane_coarse(plane *coarse, const plane *fine, int halvings, gpen_error *error)
{
    gpen_status status = plane_copy(coarse, fine, error);
    for (int i = 0; i < halvings && !status; i++)
        status = plane_halve(coarse, error);
    if (!status)
        status = plane_mean_twice(coarse, 1, error);
    if (status)
        plane_free(coarse);
    return status;
}

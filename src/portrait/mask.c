/* Soft masks: where a restored face replaces the photo, and how it fades out. */
#include <math.h>

#include "portrait/room.h"

enum { SIZE = PARSENET_SIZE, BORDER = 26 };

static void fill_square(plane *mask)
{
    for (int y = BORDER; y < SIZE - BORDER; y++)
        for (int x = BORDER; x < SIZE - BORDER; x++)
            mask->values[(size_t)y * SIZE + (size_t)x] = 1;
}

/* 1 at 0, 0 at 1, level at both ends. */
static float fade(float t)
{
    if (t <= 0)
        return 1;
    return t >= 1 ? 0 : 1 - t * t * (3 - 2 * t);
}

/* An ellipse around the landmarks' places in the crop: centre between nose and eyes' middle, wide enough for the cheeks, high
 * enough for forehead and chin, whole inside and fading over its outer third. */
static void fill_ellipse(plane *mask)
{
    const float eyes_to_width = 1.15f, eyes_to_height = 1.55f, whole = 0.68f;
    float points[5][2];
    align_template(SIZE, points);
    float eyes = points[1][0] - points[0][0];
    float x0 = (points[0][0] + points[1][0] + points[3][0] + points[4][0]) / 4, y0 = points[2][1] - 0.1f * eyes;
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            float dx = ((float)x - x0) / (eyes_to_width * eyes), dy = ((float)y - y0) / (eyes_to_height * eyes);
            float radius = sqrtf(dx * dx + dy * dy);
            mask->values[(size_t)y * SIZE + (size_t)x] = fade((radius - whole) / (1 - whole));
        }
}

/* The published feathering: a Gaussian of 4 px, twice. */
static gpen_status feather(plane *mask, gpen_error *error)
{
    const double sigma = 4;
    gpen_status status = plane_gaussian(mask, sigma, error);
    return status ? status : plane_gaussian(mask, sigma, error);
}

gpen_status mask_make(parser *p, const gpen_image *face, gpen_mode mode, uint8_t *classes, plane *mask,
                      gpen_error *error)
{
    plane full = {0};
    *mask = (plane){0};
    gpen_status status = plane_new(&full, SIZE, SIZE, error);
    bool ellipse = !p->plan && mode != GPEN_MODE_PLAIN;
    if (!status && p->plan)
        status = parser_mask(p, face, classes, &full, error);
    else if (!status && ellipse)
        fill_ellipse(&full);
    else if (!status)
        fill_square(&full);
    if (!status && !ellipse)
        status = feather(&full, error);
    if (!status)
        status = plane_new(mask, face->width, face->height, error);
    if (!status)
        plane_resize(&full, mask);
    plane_free(&full);
    return status;
}

/* Affine warps with bilinear interpolation, in OpenCV's fixed-point arithmetic (cv::warpAffine, INTER_LINEAR, constant border
 * of zeros): coordinates are rounded to 1/32 pixel, and at 8 bits the four weights to 15 bits, so that a crop is the same to the
 * bit as the one the published pipeline sees. */
#include <math.h>
#include <string.h>

#include "image/image.h"

enum {
    COORDINATE_BITS = 10, /* of a row's and a column's share of a coordinate */
    FRACTION_BITS = 5,    /* of the position between pixels */
    FRACTIONS = 1 << FRACTION_BITS,
    WEIGHT_BITS = 15,
    WEIGHT_ONE = 1 << WEIGHT_BITS,
};

image_affine image_affine_invert(const image_affine *a)
{
    double determinant = a->m[0][0] * a->m[1][1] - a->m[0][1] * a->m[1][0];
    double d = determinant != 0 ? 1 / determinant : 0;
    image_affine inverse = {{{a->m[1][1] * d, -a->m[0][1] * d, 0}, {-a->m[1][0] * d, a->m[0][0] * d, 0}}};
    for (int i = 0; i < 2; i++)
        inverse.m[i][2] = -inverse.m[i][0] * a->m[0][2] - inverse.m[i][1] * a->m[1][2];
    return inverse;
}

/* To the nearest integer, ties to even, held to what an int can say. */
static int nearest(double value)
{
    if (!(value > -2147483648.0))
        return -2147483647 - 1;
    return value < 2147483647.0 ? (int)lrint(value) : 2147483647;
}

/* Where target pixel (x, y) lies in the source: a whole pixel and a position behind it in 32nds. */
typedef struct position {
    int x, y, x_fraction, y_fraction;
} position;

static position locate(const image_affine *inverse, int x, int y)
{
    const double one = 1 << COORDINATE_BITS;
    const int half = (1 << COORDINATE_BITS) / FRACTIONS / 2, shift = COORDINATE_BITS - FRACTION_BITS;
    int64_t across =
        (int64_t)nearest((inverse->m[0][1] * y + inverse->m[0][2]) * one) + half + nearest(inverse->m[0][0] * x * one);
    int64_t down =
        (int64_t)nearest((inverse->m[1][1] * y + inverse->m[1][2]) * one) + half + nearest(inverse->m[1][0] * x * one);
    across >>= shift;
    down >>= shift;
    return (position){(int)(across >> FRACTION_BITS), (int)(down >> FRACTION_BITS), (int)(across & (FRACTIONS - 1)),
                      (int)(down & (FRACTIONS - 1))};
}

/* Weights of the four pixels at 8 bits; rounding may miss one by a step, which OpenCV puts on the largest or smallest. */
static void fixed_weights(const position *p, int weights[4])
{
    float fx = (float)p->x_fraction / FRACTIONS, fy = (float)p->y_fraction / FRACTIONS;
    const float exact[4] = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
    for (int i = 0; i < 4; i++)
        weights[i] =
            nearest((double)exact[i] * WEIGHT_ONE); /* products of 32nds: exact in 15 bits, no step is missed */
}

static bool inside(int x, int y, int width, int height)
{
    return x >= 0 && y >= 0 && x < width && y < height;
}

static void warp_pixel_8(const gpen_image *from, const position *p, unsigned char *to)
{
    int weights[4], channels = from->channels;
    fixed_weights(p, weights);
    for (int c = 0; c < channels; c++) {
        int sum = 0;
        for (int i = 0; i < 4; i++) {
            int x = p->x + i % 2, y = p->y + i / 2;
            if (inside(x, y, from->width, from->height))
                sum += weights[i] *
                       ((const unsigned char *)from->pixels)[(size_t)y * from->row_bytes + (size_t)(x * channels + c)];
        }
        to[c] = (unsigned char)((sum + WEIGHT_ONE / 2) >> WEIGHT_BITS);
    }
}

static void float_weights(const position *p, float weights[4])
{
    float fx = (float)p->x_fraction / FRACTIONS, fy = (float)p->y_fraction / FRACTIONS;
    weights[0] = (1 - fy) * (1 - fx);
    weights[1] = (1 - fy) * fx;
    weights[2] = fy * (1 - fx);
    weights[3] = fy * fx;
}

static void warp_pixel_16(const gpen_image *from, const position *p, uint16_t *to)
{
    float weights[4];
    int channels = from->channels;
    float_weights(p, weights);
    for (int c = 0; c < channels; c++) {
        float sum = 0;
        for (int i = 0; i < 4; i++) {
            int x = p->x + i % 2, y = p->y + i / 2;
            if (inside(x, y, from->width, from->height)) {
                const unsigned char *row = (const unsigned char *)from->pixels + (size_t)y * from->row_bytes;
                sum += weights[i] * (float)((const uint16_t *)(const void *)row)[x * channels + c];
            }
        }
        to[c] = (uint16_t)lrintf(sum);
    }
}

void image_warp(const gpen_image *from, const image_affine *forward, int left, int top, gpen_image *to)
{
    image_affine inverse = image_affine_invert(forward);
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            position p = locate(&inverse, left + x, top + y);
            unsigned char *pixel = (unsigned char *)to->pixels + (size_t)y * to->row_bytes +
                                   (size_t)x * (size_t)to->channels * (size_t)(to->bits / 8);
            if (from->bits == 8)
                warp_pixel_8(from, &p, pixel);
            else
                warp_pixel_16(from, &p, (uint16_t *)(void *)pixel);
        }
}

void plane_warp(const plane *from, const image_affine *forward, int left, int top, plane *to)
{
    image_affine inverse = image_affine_invert(forward);
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            position p = locate(&inverse, left + x, top + y);
            float weights[4], sum = 0;
            float_weights(&p, weights);
            for (int i = 0; i < 4; i++) {
                int px = p.x + i % 2, py = p.y + i / 2;
                if (inside(px, py, from->width, from->height))
                    sum += weights[i] * from->values[(size_t)py * (size_t)from->width + (size_t)px];
            }
            to->values[(size_t)y * (size_t)to->width + (size_t)x] = sum;
        }
}

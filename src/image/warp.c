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
    RUN = 256, /* pixels of a row that are done at once */
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

/* Where a target pixel lies in the source: a whole pixel and a position behind it in 32nds. */
typedef struct position {
    int x, y, x_fraction, y_fraction;
} position;

/* Pixels (x to x + count, y) of the target. */
typedef struct run {
    int x, y, count;
    position at[RUN];
} run;

typedef void take_run(void *context, const run *r);

/* Gives every pixel of a target of width x height, whose first is (left, top) of the warped picture, to `take`, in runs. What depends
 * on the column alone is rounded by itself, and so only once for all rows. */
static void each_run(const image_affine *forward, int left, int top, int width, int height, take_run *take,
                     void *context)
{
    const double one = 1 << COORDINATE_BITS;
    const int half = (1 << COORDINATE_BITS) / FRACTIONS / 2, shift = COORDINATE_BITS - FRACTION_BITS;
    const image_affine inverse = image_affine_invert(forward);
    const double(*m)[3] = inverse.m;
    int across[RUN], down[RUN];
    run r;
    for (r.x = 0; r.x < width; r.x += RUN) {
        const int count = r.count = width - r.x < RUN ? width - r.x : RUN;
        for (int i = 0; i < count; i++) {
            across[i] = nearest(m[0][0] * (left + r.x + i) * one);
            down[i] = nearest(m[1][0] * (left + r.x + i) * one);
        }
        for (r.y = 0; r.y < height; r.y++) {
            const int64_t row_across = (int64_t)nearest((m[0][1] * (top + r.y) + m[0][2]) * one) + half,
                          row_down = (int64_t)nearest((m[1][1] * (top + r.y) + m[1][2]) * one) + half;
            for (int i = 0; i < count; i++) {
                int64_t x = (row_across + across[i]) >> shift, y = (row_down + down[i]) >> shift;
                r.at[i] = (position){(int)(x >> FRACTION_BITS), (int)(y >> FRACTION_BITS), (int)(x & (FRACTIONS - 1)),
                                     (int)(y & (FRACTIONS - 1))};
            }
            take(context, &r);
        }
    }
}

static bool inside(int x, int y, int width, int height)
{
    return x >= 0 && y >= 0 && x < width && y < height;
}

/* All four pixels are. */
static bool well_inside(const position *p, int width, int height)
{
    return inside(p->x, p->y, width - 1, height - 1);
}

/* ---------------------------------------------------------------- pictures */

typedef struct image_pair {
    const gpen_image *from;
    gpen_image *to;
} image_pair;

/* Products of 32nds are exact in 15 bits. */
static void fixed_weights(const position *p, int weights[4])
{
    const int scale = WEIGHT_ONE / (FRACTIONS * FRACTIONS), fx = p->x_fraction, fy = p->y_fraction;
    weights[0] = (FRACTIONS - fy) * (FRACTIONS - fx) * scale;
    weights[1] = (FRACTIONS - fy) * fx * scale;
    weights[2] = fy * (FRACTIONS - fx) * scale;
    weights[3] = fy * fx * scale;
}

static void warp_edge_8(const gpen_image *from, const position *p, const int weights[4], unsigned char *to)
{
    for (int c = 0; c < from->channels; c++) {
        int sum = 0;
        for (int i = 0; i < 4; i++) {
            int x = p->x + i % 2, y = p->y + i / 2;
            if (inside(x, y, from->width, from->height))
                sum += weights[i] * ((const unsigned char *)
                                         from->pixels)[(size_t)y * from->row_bytes + (size_t)(x * from->channels + c)];
        }
        to[c] = (unsigned char)((sum + WEIGHT_ONE / 2) >> WEIGHT_BITS);
    }
}

static void warp_run_8(void *context, const run *r)
{
    const image_pair *pair = context;
    const gpen_image *from = pair->from;
    const int channels = from->channels;
    unsigned char *to =
        (unsigned char *)pair->to->pixels + (size_t)r->y * pair->to->row_bytes + (size_t)r->x * (size_t)channels;
    for (int i = 0; i < r->count; i++, to += channels) {
        const position *p = &r->at[i];
        int weights[4];
        fixed_weights(p, weights);
        if (!well_inside(p, from->width, from->height)) {
            warp_edge_8(from, p, weights, to);
            continue;
        }
        const unsigned char *above = (const unsigned char *)from->pixels + (size_t)p->y * from->row_bytes +
                                     (size_t)p->x * (size_t)channels,
                            *below = above + from->row_bytes;
        for (int c = 0; c < channels; c++)
            to[c] = (unsigned char)((weights[0] * above[c] + weights[1] * above[c + channels] + weights[2] * below[c] +
                                     weights[3] * below[c + channels] + WEIGHT_ONE / 2) >>
                                    WEIGHT_BITS);
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
    const int channels = from->channels;
    const bool whole = well_inside(p, from->width, from->height);
    float_weights(p, weights);
    for (int c = 0; c < channels; c++) {
        float sum = 0;
        for (int i = 0; i < 4; i++) {
            int x = p->x + i % 2, y = p->y + i / 2;
            if (whole || inside(x, y, from->width, from->height)) {
                const unsigned char *row = (const unsigned char *)from->pixels + (size_t)y * from->row_bytes;
                sum += weights[i] * (float)((const uint16_t *)(const void *)row)[x * channels + c];
            }
        }
        to[c] = (uint16_t)lrintf(sum);
    }
}

static void warp_run_16(void *context, const run *r)
{
    const image_pair *pair = context;
    unsigned char *row = (unsigned char *)pair->to->pixels + (size_t)r->y * pair->to->row_bytes;
    uint16_t *to = (uint16_t *)(void *)row + (size_t)r->x * (size_t)pair->to->channels;
    for (int i = 0; i < r->count; i++, to += pair->to->channels)
        warp_pixel_16(pair->from, &r->at[i], to);
}

void image_warp(const gpen_image *from, const image_affine *forward, int left, int top, gpen_image *to)
{
    image_pair pair = {from, to};
    each_run(forward, left, top, to->width, to->height, from->bits == 8 ? warp_run_8 : warp_run_16, &pair);
}

/* ---------------------------------------------------------------- planes */

typedef struct plane_pair {
    const plane *from;
    plane *to;
} plane_pair;

static void warp_plane_run(void *context, const run *r)
{
    const plane_pair *pair = context;
    const plane *from = pair->from;
    float *to = pair->to->values + (size_t)r->y * (size_t)pair->to->width + (size_t)r->x;
    for (int i = 0; i < r->count; i++) {
        const position *p = &r->at[i];
        const bool whole = well_inside(p, from->width, from->height);
        float weights[4], sum = 0;
        float_weights(p, weights);
        for (int k = 0; k < 4; k++) {
            int x = p->x + k % 2, y = p->y + k / 2;
            if (whole || inside(x, y, from->width, from->height))
                sum += weights[k] * from->values[(size_t)y * (size_t)from->width + (size_t)x];
        }
        to[i] = sum;
    }
}

void plane_warp(const plane *from, const image_affine *forward, int left, int top, plane *to)
{
    plane_pair pair = {from, to};
    each_run(forward, left, top, to->width, to->height, warp_plane_run, &pair);
}

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pairs.h"

/* 1 inside, 0 outside, `softness` wide between. distance: to the edge, negative inside. */
static double inside(double distance, double softness)
{
    return 1 / (1 + exp(4 * distance / softness));
}

/* An ellipse's distance, roughly, in pixels. */
static double ellipse(double x, double y, double radius_x, double radius_y)
{
    return (sqrt(x * x / (radius_x * radius_x) + y * y / (radius_y * radius_y)) - 1) * fmin(radius_x, radius_y);
}

/* Coordinates in units of a face of 256 pixels. */
static double value_at(double x, double y, int channel, double softness)
{
    static const double skin[3] = {205, 160, 135}, hair[3] = {70, 50, 40}, lips[3] = {150, 70, 75};
    double value = 110 + 20 * sin(y / 40);
    double head = inside(ellipse(x - 128, y - 130, 80, 105), softness);
    value += (hair[channel] - value) * inside(ellipse(x - 128, y - 110, 92, 105), softness);
    value +=
        (skin[channel] + 6 * sin(x / 3) * cos(y / 4) * exp(-softness / 4) - value) * head * inside(70 - y, softness);
    for (int side = -1; side <= 1; side += 2) {
        double u = x - 128 - side * 34, v = y - 118;
        value += (235 - value) * inside(ellipse(u, v, 15, 8), softness);
        value += (45 - value) * inside(ellipse(u, v, 7, 7), softness);
        value += (60 - value) * inside(ellipse(u, v + 20, 18, 3), softness);
    }
    value += (150 - value) * 0.5 * inside(ellipse(x - 128, y - 158, 12, 5), softness);
    value += (lips[channel] - value) * inside(ellipse(x - 128, y - 188, 26, 7), softness);
    return value;
}

gpen_image draw_face(int size, int channels, int bits, const drawing *how)
{
    gpen_image image;
    uint32_t seed = 5;
    double scale = 256.0 / size;
    assert_int_equal(image_new(&image, size, size, channels, bits, NULL), GPEN_OK);
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            for (int c = 0; c < channels; c++) {
                double value =
                    value_at((x - how->across) * scale, (y - how->down) * scale, c % 3, how->softness * scale);
                value += how->tint[c % 3] +
                         how->noise * ((double)((seed = seed * 1664525u + 1013904223u) >> 8) / 8388608.0 - 1);
                value = fmin(fmax(value, 0), 255);
                bool alpha = image_has_alpha(&image) && c == channels - 1;
                image_set_sample(&image, x, y, c, alpha ? (x * 37 + y) % 256 : lrint(value * image_top(&image) / 255));
            }
    return image;
}

face_crop crop_of(gpen_image before, gpen_image after)
{
    const image_affine still = {{{1, 0, 0}, {0, 1, 0}}};
    face_crop crop = {.forward = still, .back = still, .before = before, .after = after};
    int size = before.width;
    assert_int_equal(plane_new(&crop.mask, size, size, NULL), GPEN_OK);
    for (int i = 0; i < size * size; i++) {
        int x = i % size, y = i / size;
        double distance = hypot(x - size / 2.0, y - size / 2.0) / (size / 2.0);
        crop.mask.values[i] = (float)fmin(fmax((0.95 - distance) / 0.2, 0), 1);
    }
    assert_int_equal(shift_find(crop.shift, &crop.before, &crop.after, NULL), GPEN_OK);
    return crop;
}

double edge_correlation(const gpen_image *a, const gpen_image *b)
{
    double sums[5] = {0};
    int count = 0;
    plane luma[2];
    assert_int_equal(plane_luma(&luma[0], a, NULL), GPEN_OK);
    assert_int_equal(plane_luma(&luma[1], b, NULL), GPEN_OK);
    for (int y = 1; y < a->height - 1; y++)
        for (int x = 1; x < a->width - 1; x++, count++) {
            double edge[2];
            for (int k = 0; k < 2; k++) {
                const float *v = luma[k].values + y * a->width + x;
                edge[k] = hypot((double)(v[1] - v[-1]), (double)(v[a->width] - v[-a->width]));
            }
            sums[0] += edge[0];
            sums[1] += edge[1];
            sums[2] += edge[0] * edge[0];
            sums[3] += edge[1] * edge[1];
            sums[4] += edge[0] * edge[1];
        }
    plane_free(&luma[0]);
    plane_free(&luma[1]);
    return (sums[4] - sums[0] * sums[1] / count) /
           sqrt((sums[2] - sums[0] * sums[0] / count) * (sums[3] - sums[1] * sums[1] / count));
}

double mean_difference(const gpen_image *a, const gpen_image *b)
{
    double sum = 0;
    int colours = image_colours(a);
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++)
            for (int c = 0; c < colours; c++)
                sum += abs(image_sample(a, x, y, c) - image_sample(b, x, y, c));
    return sum / ((double)a->width * a->height * colours * image_top(a));
}

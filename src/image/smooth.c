/* Smoothing: the Gaussian of masks and the 3x3 binomial filter that softens the restored detail of small faces. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/image.h"

/* The position that stands for one beyond the edge: the picture is mirrored at its first and last pixel. */
static int mirrored(int position, int length)
{
    if (length == 1)
        return 0;
    while (position < 0 || position >= length)
        position = position < 0 ? -position : 2 * length - 2 - position;
    return position;
}

enum { MOST_RADIUS = 64 };

static int gaussian_taps(float sigma, float taps[2 * MOST_RADIUS + 1])
{
    int radius = (int)ceilf(8 * sigma); /* the next tap is below the last bit of a float */
    radius = radius > MOST_RADIUS ? MOST_RADIUS : radius;
    double sum = 0, weights[2 * MOST_RADIUS + 1];
    for (int i = -radius; i <= radius; i++)
        sum += weights[i + radius] = exp(-0.5 * i * i / ((double)sigma * (double)sigma));
    for (int i = 0; i <= 2 * radius; i++)
        taps[i] = (float)(weights[i] / sum);
    return radius;
}

/* One row or column of `length` values, `step` apart, through the taps; line is scratch of length + 2 * radius. */
static void smooth_line(float *values, int length, size_t step, const float *taps, int radius, float *line)
{
    for (int i = -radius; i < length + radius; i++)
        line[i + radius] = values[(size_t)mirrored(i, length) * step];
    for (int i = 0; i < length; i++) {
        float sum = 0;
        for (int k = 0; k <= 2 * radius; k++)
            sum += taps[k] * line[i + k];
        values[(size_t)i * step] = sum;
    }
}

gpen_status plane_gaussian(plane *p, float sigma, gpen_error *error)
{
    float taps[2 * MOST_RADIUS + 1];
    int radius = gaussian_taps(sigma, taps), longest = p->width > p->height ? p->width : p->height;
    size_t bytes = ((size_t)longest + 2 * (size_t)radius) * sizeof(float);
    float *line = malloc(bytes);
    if (!line)
        return gpen_fail_memory(error, "smoothing a mask", bytes);
    for (int y = 0; y < p->height; y++)
        smooth_line(p->values + (size_t)y * (size_t)p->width, p->width, 1, taps, radius, line);
    for (int x = 0; x < p->width; x++)
        smooth_line(p->values + x, p->height, (size_t)p->width, taps, radius, line);
    free(line);
    return GPEN_OK;
}

static int sample(const gpen_image *image, int x, int y, int c)
{
    const unsigned char *row = (const unsigned char *)image->pixels + (size_t)y * image->row_bytes;
    int index = x * image->channels + c;
    return image->bits == 8 ? row[index] : ((const uint16_t *)(const void *)row)[index];
}

/* sum / 16 to the nearest, ties to even. */
static int sixteenth(int sum)
{
    int whole = sum >> 4, rest = sum & 15;
    return whole + (rest > 8 || (rest == 8 && (whole & 1)));
}

void image_soften(const gpen_image *from, gpen_image *to)
{
    static const int weights[3] = {1, 2, 1};
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++)
            for (int c = 0; c < from->channels; c++) {
                int sum = 0;
                for (int i = 0; i < 9; i++)
                    sum += weights[i / 3] * weights[i % 3] *
                           sample(from, mirrored(x + i % 3 - 1, from->width), mirrored(y + i / 3 - 1, from->height), c);
                unsigned char *row = (unsigned char *)to->pixels + (size_t)y * to->row_bytes;
                if (to->bits == 8)
                    row[x * to->channels + c] = (unsigned char)sixteenth(sum);
                else
                    ((uint16_t *)(void *)row)[x * to->channels + c] = (uint16_t)sixteenth(sum);
            }
}

gpen_status plane_new(plane *p, int width, int height, gpen_error *error)
{
    size_t count, bytes;
    *p = (plane){0};
    if (width < 1 || height < 1 || !size_multiply((size_t)width, (size_t)height, &count) ||
        !size_multiply(count, sizeof(float), &bytes))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a plane of %dx%d pixels", width, height);
    p->values = calloc(count, sizeof(float));
    if (!p->values)
        return gpen_fail_memory(error, "a plane", bytes);
    p->width = width;
    p->height = height;
    return GPEN_OK;
}

void plane_free(plane *p)
{
    free(p->values);
    *p = (plane){0};
}

/* Where target index i lies: the pixel before it and how far beyond. */
static int between(int i, double scale, int length, float *fraction)
{
    float position = (float)((i + 0.5) * scale - 0.5);
    int first = (int)floorf(position);
    *fraction = position - (float)first;
    if (first < 0 || first >= length - 1) {
        *fraction = 0;
        first = first < 0 ? 0 : length - 1;
    }
    return first;
}

void plane_resize(const plane *from, double scale, plane *to)
{
    for (int y = 0; y < to->height; y++) {
        float down, across;
        int upper = between(y, scale, from->height, &down), lower = upper + (down > 0);
        const float *a = from->values + (size_t)upper * (size_t)from->width;
        const float *b = from->values + (size_t)lower * (size_t)from->width;
        for (int x = 0; x < to->width; x++) {
            int left = between(x, scale, from->width, &across), right = left + (across > 0);
            float above = a[left] * (1 - across) + a[right] * across, below = b[left] * (1 - across) + b[right] * across;
            to->values[(size_t)y * (size_t)to->width + (size_t)x] = above * (1 - down) + below * down;
        }
    }
}

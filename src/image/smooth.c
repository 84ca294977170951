/* Smoothing: the Gaussian of masks and the 3x3 binomial filter that softens the restored detail of small faces. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/image.h"

enum { GAUSSIAN_TAPS = 101 };

/* The position that stands for one beyond the edge: the picture is mirrored at its first and last pixel. */
static int mirrored(int position, int length)
{
    if (length == 1)
        return 0;
    while (position < 0 || position >= length)
        position = position < 0 ? -position : 2 * length - 2 - position;
    return position;
}

/* The two passes below round exactly as OpenCV's do on a processor with fused multiply-add, tap after tap: where two faces
 * overlap, which of two nearly equal masks is stronger depends on the last bits. On other processors fmaf keeps the result. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define WITH_FMA __attribute__((target_clones("default", "avx2,fma")))
#else
#define WITH_FMA
#endif

static void gaussian_taps(double sigma, float taps[GAUSSIAN_TAPS])
{
    enum { RADIUS = GAUSSIAN_TAPS / 2 };
    double sum = 0, half[RADIUS];
    for (int i = 0; i < RADIUS; i++) {
        double x = 2 * (i - RADIUS);
        half[i] = exp(-x * x / (8 * sigma * sigma));
        sum += half[i];
    }
    double scale = 1 / (2 * sum + 1);
    for (int i = 0; i < RADIUS; i++)
        taps[i] = taps[GAUSSIAN_TAPS - 1 - i] = (float)(half[i] * scale);
    taps[RADIUS] = (float)scale;
}

/* to[x] = sum over taps of line[x + tap], x < width; line has width + GAUSSIAN_TAPS - 1 values. */
WITH_FMA static void smooth_row(const float *line, const float *taps, float *restrict to, int width)
{
    for (int x = 0; x < width; x++)
        to[x] = line[x] * taps[0];
    for (int k = 1; k < GAUSSIAN_TAPS; k++)
        for (int x = 0; x < width; x++)
            to[x] = fmaf(line[x + k], taps[k], to[x]);
}

/* to[x] = sum over taps of rows[tap][x], the middle first, then pairs of rows at the same distance. */
WITH_FMA static void smooth_column(const float *const rows[GAUSSIAN_TAPS], const float *taps, float *restrict to,
                                   int width)
{
    enum { RADIUS = GAUSSIAN_TAPS / 2 };
    for (int x = 0; x < width; x++)
        to[x] = rows[RADIUS][x] * taps[RADIUS];
    for (int k = 1; k <= RADIUS; k++)
        for (int x = 0; x < width; x++)
            to[x] = fmaf(rows[RADIUS + k][x] + rows[RADIUS - k][x], taps[RADIUS + k], to[x]);
}

gpen_status plane_gaussian(plane *p, double sigma, gpen_error *error)
{
    enum { RADIUS = GAUSSIAN_TAPS / 2 };
    float taps[GAUSSIAN_TAPS];
    size_t width = (size_t)p->width, count = width * (size_t)p->height;
    float *across = malloc((count + width + GAUSSIAN_TAPS) * sizeof *across);
    if (!across)
        return gpen_fail_memory(error, "smoothing a mask", (count + width + GAUSSIAN_TAPS) * sizeof *across);
    float *line = across + count;
    gaussian_taps(sigma, taps);
    for (int y = 0; y < p->height; y++) {
        for (int i = 0; i < p->width + GAUSSIAN_TAPS - 1; i++)
            line[i] = p->values[(size_t)y * width + (size_t)mirrored(i - RADIUS, p->width)];
        smooth_row(line, taps, across + (size_t)y * width, p->width);
    }
    for (int y = 0; y < p->height; y++) {
        const float *rows[GAUSSIAN_TAPS];
        for (int k = 0; k < GAUSSIAN_TAPS; k++)
            rows[k] = across + (size_t)mirrored(y + k - RADIUS, p->height) * width;
        smooth_column(rows, taps, p->values + (size_t)y * width, p->width);
    }
    free(across);
    return GPEN_OK;
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
                           image_sample(from, mirrored(x + i % 3 - 1, from->width),
                                        mirrored(y + i / 3 - 1, from->height), c);
                image_set_sample(to, x, y, c, sixteenth(sum));
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

int image_between(int i, double scale, int length, float *fraction)
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

/* Half the size is the mean of four, as cv::resize turns it into INTER_AREA: the same up to the last bit. */
static void halve(const plane *from, plane *to)
{
    for (int y = 0; y < to->height; y++) {
        const float *upper = from->values + (size_t)(2 * y) * (size_t)from->width, *lower = upper + from->width;
        for (int x = 0; x < to->width; x++)
            to->values[(size_t)y * (size_t)to->width + (size_t)x] =
                ((upper[2 * x] + upper[2 * x + 1]) + (lower[2 * x] + lower[2 * x + 1])) * 0.25f;
    }
}

void plane_resize_row(const plane *from, int y, int width, int height, float *to)
{
    double down_scale = (double)from->height / height, across_scale = (double)from->width / width;
    float down, across;
    int upper = image_between(y, down_scale, from->height, &down), lower = upper + (down > 0);
    const float *a = from->values + (size_t)upper * (size_t)from->width;
    const float *b = from->values + (size_t)lower * (size_t)from->width;
    for (int x = 0; x < width; x++) {
        int left = image_between(x, across_scale, from->width, &across), right = left + (across > 0);
        float above = a[left] * (1 - across) + a[right] * across, below = b[left] * (1 - across) + b[right] * across;
        to[x] = above * (1 - down) + below * down;
    }
}

void plane_resize(const plane *from, plane *to)
{
    if (from->width == 2 * to->width && from->height == 2 * to->height) {
        halve(from, to);
        return;
    }
    for (int y = 0; y < to->height; y++)
        plane_resize_row(from, y, to->width, to->height, to->values + (size_t)y * (size_t)to->width);
}

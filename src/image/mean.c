/* Local means of planes, at a cost that does not depend on how far they reach. Its own file because smooth.c copies foreign
 * arithmetic to the last bit, and here nothing foreign is copied. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/image.h"

static int held(int place, int length)
{
    return place < 0 ? 0 : place < length ? place : length - 1;
}

/* Means along a row; beyond either end the last value goes on. */
static void mean_along(const float *from, int count, int radius, float *to)
{
    float scale = 1.0f / (float)(2 * radius + 1);
    double sum = 0;
    for (int i = -radius - 1; i < radius; i++)
        sum += (double)from[held(i, count)];
    for (int i = 0; i < count; i++) {
        sum += (double)from[held(i + radius, count)] - (double)from[held(i - radius - 1, count)];
        to[i] = (float)sum * scale;
    }
}

/* Means down the columns, all at once: sums has a number for each. */
static void mean_down(const float *from, int width, int height, int radius, double *sums, float *to)
{
    float scale = 1.0f / (float)(2 * radius + 1);
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (int i = -radius - 1; i < radius; i++) {
        const float *row = from + (size_t)held(i, height) * (size_t)width;
        for (int x = 0; x < width; x++)
            sums[x] += (double)row[x];
    }
    for (int y = 0; y < height; y++) {
        const float *in = from + (size_t)held(y + radius, height) * (size_t)width;
        const float *out = from + (size_t)held(y - radius - 1, height) * (size_t)width;
        float *row = to + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++) {
            sums[x] += (double)in[x] - (double)out[x];
            row[x] = (float)sums[x] * scale;
        }
    }
}

gpen_status plane_mean(plane *p, int radius, gpen_error *error)
{
    size_t count = (size_t)p->width * (size_t)p->height, bytes = count * sizeof(float);
    float *across = calloc(count, sizeof *across);
    double *sums = malloc((size_t)p->width * sizeof *sums);
    gpen_status status = across && sums ? GPEN_OK : gpen_fail_memory(error, "local means", bytes);
    if (!status) {
        for (int y = 0; y < p->height; y++)
            mean_along(p->values + (size_t)y * (size_t)p->width, p->width, radius,
                       across + (size_t)y * (size_t)p->width);
        mean_down(across, p->width, p->height, radius, sums, p->values);
    }
    free(across);
    free(sums);
    return status;
}

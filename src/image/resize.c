/* Bilinear resize. Its own file because it copies the arithmetic of one foreign function to the last bit: cv::resize
 * with INTER_LINEAR, which the published GPEN code uses, in OpenCV's own order of rounding.
 *
 * A row of the result is a mix of two rows of the source that are stretched first. Both stretched rows are kept and
 * reused, because neighbouring rows of the result mostly need the same two. */
#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { WEIGHT_BITS = 11, WEIGHT_ONE = 1 << WEIGHT_BITS };

/* Where one sample of the result lies between two neighbours of the source along one axis. */
typedef struct position {
    int first, second; /* the two neighbours, clamped to the picture */
    float fraction;    /* of the second */
    short weights[2];  /* 1 - fraction and fraction in 11 bits */
} position;

typedef struct resizing {
    const gpen_image *from;
    gpen_image *to;
    position *columns, *rows;
    size_t samples;        /* a row of the result */
    void *stretched[2];    /* int32_t or float samples */
    int stretched_from[2]; /* the source rows they were made of, -1: none */
} resizing;

static short weight(float value)
{
    return (short)lrintf(value * WEIGHT_ONE);
}

static int within(int place, int size)
{
    return place < 0 ? 0 : place > size - 1 ? size - 1 : place;
}

/* clamp_fraction: cv::resize moves a position outside the picture to its edge column, but leaves rows where they are
 * and reads the edge row twice. The difference is in the rounding of the weights. */
static void find_positions(position *positions, int from, int to, bool clamp_fraction)
{
    double scale = 1.0 / ((double)to / from);
    for (int i = 0; i < to; i++) {
        float place = (float)((i + 0.5) * scale - 0.5);
        int first = (int)floorf(place);
        float fraction = place - (float)first;
        if (clamp_fraction && (first < 0 || first >= from - 1)) {
            first = within(first, from);
            fraction = 0;
        }
        positions[i] = (position){.first = within(first, from),
                                  .second = within(first + 1, from),
                                  .fraction = fraction,
                                  .weights = {weight(1.0f - fraction), weight(fraction)}};
    }
}

static const void *source_row(const gpen_image *image, int row)
{
    return (const char *)image->pixels + image->row_bytes * (size_t)row;
}

static void *target_row(const gpen_image *image, int row)
{
    return (char *)image->pixels + image->row_bytes * (size_t)row;
}

static void stretch_8(const resizing *job, int row, int32_t *out)
{
    const uint8_t *source = source_row(job->from, row);
    int channels = job->from->channels;
    for (int x = 0; x < job->to->width; x++) {
        const position *column = &job->columns[x];
        const uint8_t *a = source + (size_t)column->first * channels, *b = source + (size_t)column->second * channels;
        for (int c = 0; c < channels; c++)
            *out++ = a[c] * column->weights[0] + b[c] * column->weights[1];
    }
}

static void stretch_16(const resizing *job, int row, float *out)
{
    const uint16_t *source = source_row(job->from, row);
    int channels = job->from->channels;
    for (int x = 0; x < job->to->width; x++) {
        const position *column = &job->columns[x];
        const uint16_t *a = source + (size_t)column->first * channels, *b = source + (size_t)column->second * channels;
        for (int c = 0; c < channels; c++)
            *out++ = (float)a[c] * (1.0f - column->fraction) + (float)b[c] * column->fraction;
    }
}

/* The stretched form of a source row, made when neither of the two at hand is it; `kept` is the other row needed
 * now. */
static const void *stretched_row(resizing *job, int row, int kept)
{
    for (int i = 0; i < 2; i++)
        if (job->stretched_from[i] == row)
            return job->stretched[i];
    int slot = job->stretched_from[0] == kept ? 1 : 0;
    if (job->from->bits == 8)
        stretch_8(job, row, job->stretched[slot]);
    else
        stretch_16(job, row, job->stretched[slot]);
    job->stretched_from[slot] = row;
    return job->stretched[slot];
}

static void mix_8(const int32_t *first, const int32_t *second, const position *row, size_t count, uint8_t *out)
{
    int a = row->weights[0], b = row->weights[1];
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)((((a * (first[i] >> 4)) >> 16) + ((b * (second[i] >> 4)) >> 16) + 2) >> 2);
}

static void mix_16(const float *first, const float *second, const position *row, size_t count, uint16_t *out)
{
    float b = row->fraction, a = 1.0f - b;
    for (size_t i = 0; i < count; i++) {
        float value = first[i] * a + second[i] * b;
        out[i] = (uint16_t)lrintf(value > 65535.0f ? 65535.0f : value);
    }
}

static void resize_rows(resizing *job)
{
    for (int y = 0; y < job->to->height; y++) {
        const position *row = &job->rows[y];
        const void *first = stretched_row(job, row->first, row->second);
        const void *second = stretched_row(job, row->second, row->first);
        if (job->from->bits == 8)
            mix_8(first, second, row, job->samples, target_row(job->to, y));
        else
            mix_16(first, second, row, job->samples, target_row(job->to, y));
    }
}

/* Twice as wide and twice as high as the result: cv::resize turns to INTER_AREA, the mean of four. */
static void halve(const gpen_image *from, gpen_image *to)
{
    int channels = from->channels;
    for (int y = 0; y < to->height; y++) {
        const uint8_t *upper = source_row(from, 2 * y), *lower = source_row(from, 2 * y + 1);
        uint8_t *out = target_row(to, y);
        for (int x = 0; x < to->width; x++, upper += 2 * channels, lower += 2 * channels)
            for (int c = 0; c < channels; c++)
                *out++ = (uint8_t)((upper[c] + upper[c + channels] + lower[c] + lower[c + channels] + 2) >> 2);
    }
}

static void copy_rows(const gpen_image *from, gpen_image *to)
{
    size_t bytes = (size_t)from->width * (size_t)from->channels * (size_t)from->bits / 8;
    for (int y = 0; y < to->height; y++)
        memcpy(target_row(to, y), source_row(from, y), bytes);
}

static gpen_status resize_general(const gpen_image *from, gpen_image *to, gpen_error *error)
{
    resizing job = {.from = from,
                    .to = to,
                    .samples = (size_t)to->width * (size_t)to->channels,
                    .stretched_from = {-1, -1}};
    job.columns = calloc((size_t)to->width, sizeof *job.columns);
    job.rows = calloc((size_t)to->height, sizeof *job.rows);
    job.stretched[0] = calloc(job.samples, sizeof(int32_t));
    job.stretched[1] = calloc(job.samples, sizeof(int32_t));
    gpen_status status = GPEN_OK;
    if (job.columns && job.rows && job.stretched[0] && job.stretched[1]) {
        find_positions(job.columns, from->width, to->width, true);
        find_positions(job.rows, from->height, to->height, false);
        resize_rows(&job);
    } else {
        status = gpen_fail_memory(error, "resizing a picture",
                                  2 * job.samples * sizeof(int32_t) +
                                      ((size_t)to->width + (size_t)to->height) * sizeof(position));
    }
    free(job.columns);
    free(job.rows);
    free(job.stretched[0]);
    free(job.stretched[1]);
    return status;
}

_Static_assert(sizeof(float) == sizeof(int32_t), "one buffer serves both kinds of stretched samples");

gpen_status image_resize_bilinear(const gpen_image *from, gpen_image *to, gpen_error *error)
{
    if (from->width == to->width && from->height == to->height) {
        copy_rows(from, to);
        return GPEN_OK;
    }
    if (from->bits == 8 && from->width == 2 * (int64_t)to->width && from->height == 2 * (int64_t)to->height) {
        halve(from, to);
        return GPEN_OK;
    }
    return resize_general(from, to, error);
}

/* Reducing: each pixel of a smaller picture is the mean of those it covers, partly covered ones by their part. Its own file because
 * resize.c copies a foreign function that looks at no more than four. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

/* What of a line of pixels one pixel of the result covers: all from `first` to `last`, of these two the shares. */
typedef struct cover {
    int first, last;
    float first_share, last_share;
} cover;

static cover cover_of(int i, int from, int to)
{
    double begin = (double)i * from / to, end = (double)(i + 1) * from / to;
    int first = (int)begin, last = (int)ceil(end) - 1;
    last = last < first ? first : last < from ? last : from - 1;
    if (first == last)
        return (cover){first, last, (float)(end - begin), 0};
    return (cover){first, last, (float)(first + 1 - begin), (float)(end - last)};
}

/* sums[] += share * a row's samples. */
static void add_row(const gpen_image *from, int y, float share, float *sums)
{
    const unsigned char *bytes = (const unsigned char *)from->pixels + (size_t)y * from->row_bytes;
    const uint16_t *words = (const void *)bytes;
    int samples = from->width * from->channels;
    if (from->bits == 8)
        for (int i = 0; i < samples; i++)
            sums[i] += share * (float)bytes[i];
    else
        for (int i = 0; i < samples; i++)
            sums[i] += share * (float)words[i];
}

/* The same without alpha: colours on white. */
static void add_row_on_white(const gpen_image *from, int y, float share, float *sums)
{
    const int colours = image_colours(from);
    const float top = (float)image_top(from);
    for (int x = 0; x < from->width; x++) {
        float opacity = (float)image_sample(from, x, y, colours) / top, white = top * (1 - opacity);
        for (int c = 0; c < colours; c++)
            *sums++ += share * ((float)image_sample(from, x, y, c) * opacity + white);
    }
}

/* area: pixels that one of the result covers, times what a sample is larger than the result's. */
static void write_row(const float *sums, float area, const cover *columns, gpen_image *to, int y)
{
    const int channels = to->channels;
    for (int x = 0; x < to->width; x++)
        for (int c = 0; c < channels; c++) {
            cover column = columns[x];
            float sum = column.first_share * sums[column.first * channels + c];
            for (int i = column.first + 1; i < column.last; i++)
                sum += sums[i * channels + c];
            sum += column.last_share * sums[column.last * channels + c];
            image_set_sample(to, x, y, c, lrintf(sum / area));
        }
}

gpen_status image_reduce(const gpen_image *from, gpen_image *to, gpen_error *error)
{
    size_t samples = (size_t)from->width * (size_t)to->channels;
    float *sums = malloc(samples * sizeof *sums);
    cover *columns = malloc((size_t)to->width * sizeof *columns);
    gpen_status status = sums && columns ? GPEN_OK : gpen_fail_memory(error, "a smaller picture", samples);
    void (*add)(const gpen_image *, int, float, float *) = to->channels < from->channels ? add_row_on_white : add_row;
    float area = (float)((double)from->width / to->width * from->height / to->height);
    area *= (float)image_top(from) / (float)image_top(to);
    for (int x = 0; x < to->width && !status; x++)
        columns[x] = cover_of(x, from->width, to->width);
    for (int y = 0; y < to->height && !status; y++) {
        cover rows = cover_of(y, from->height, to->height);
        memset(sums, 0, samples * sizeof *sums);
        add(from, rows.first, rows.first_share, sums);
        for (int i = rows.first + 1; i < rows.last; i++)
            add(from, i, 1, sums);
        if (rows.last > rows.first)
            add(from, rows.last, rows.last_share, sums);
        write_row(sums, area, columns, to, y);
    }
    free(sums);
    free(columns);
    return status;
}

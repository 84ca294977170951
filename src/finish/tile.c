/* Tiles: from a photo's samples to planes of floats and back. */
#include "finish/room.h"

int finish_mirrored(int place, int length)
{
    if (length == 1)
        return 0;
    while (place < 0 || place >= length)
        place = place < 0 ? -place : 2 * length - 2 - place;
    return place;
}

/* The samples of one channel, from column `from` on: 8 or 16 bits to 0..1. `step` is a constant where this is put. */
static inline __attribute__((always_inline)) void load_samples(const void *row, int bits, int step, int first,
                                                               int count, float *restrict to)
{
    const uint8_t *bytes = row;
    const uint16_t *words = row;
    float scale = 1.0f / (float)(bits == 8 ? 255 : 65535);
    for (int i = 0; i < count; i++)
        to[i] = (float)(bits == 8 ? bytes[first + i * step] : words[first + i * step]) * scale;
}

FINISH_WIDE static void load_run(const unsigned char *row, const gpen_image *photo, int channel, int from, int count,
                                 float *to)
{
    int step = photo->channels, first = from * step + channel;
    if (photo->bits == 16)
        load_samples(row, 16, step, first, count, to);
    else if (step == 3)
        load_samples(row, 8, 3, first, count, to);
    else
        load_samples(row, 8, step, first, count, to);
}

static void load_row(const tile *t, const gpen_image *photo, const unsigned char *row, int channel, float *to)
{
    int first = t->left < 0 ? -t->left : 0;
    int end = t->left + t->width > photo->width ? photo->width - t->left : t->width;
    load_run(row, photo, channel, t->left + first, end - first, to + first);
    for (int x = 0; x < first; x++)
        load_run(row, photo, channel, finish_mirrored(t->left + x, photo->width), 1, to + x);
    for (int x = end; x < t->width; x++)
        load_run(row, photo, channel, finish_mirrored(t->left + x, photo->width), 1, to + x);
}

void tile_load(tile *t, const gpen_image *photo)
{
    for (int y = 0; y < t->height; y++) {
        int source = finish_mirrored(t->top + y, photo->height);
        const unsigned char *row = (const unsigned char *)photo->pixels + (size_t)source * photo->row_bytes;
        for (int c = 0; c < t->colours; c++)
            load_row(t, photo, row, c, t->planes[c] + y * TILE_STRIDE);
    }
}

/* finish_sample for a row, and the one place that says what it does. Rounded by adding a half, which vectors can. */
static inline __attribute__((always_inline)) int new_sample(float value, int was, int top)
{
    const float step = 1.0f / 255; /* of 8 bits, in 16 bits too */
    float before = (float)was * (1.0f / (float)top), least = before < step ? before : step;
    float most = before > 1 - step ? before : 1 - step;
    value = value > least ? value : least;
    value = value < most ? value : most;
    return (int)(value * (float)top + 0.5f);
}

long finish_sample(float value, int was, int top)
{
    return new_sample(value, was, top);
}

/* was: the row of the photo as it was; now: as it becomes. */
static inline __attribute__((always_inline)) void store_samples(const float *restrict values, const void *was, int bits,
                                                                int step, int count, void *restrict now)
{
    for (int i = 0; i < count; i++)
        if (bits == 8)
            ((uint8_t *)now)[i * step] = (uint8_t)new_sample(values[i], ((const uint8_t *)was)[i * step], 255);
        else
            ((uint16_t *)now)[i * step] = (uint16_t)new_sample(values[i], ((const uint16_t *)was)[i * step], 65535);
}

FINISH_WIDE static void store_row(const float *values, const gpen_image *from, const gpen_image *to, int x, int y,
                                  int channel, int count)
{
    int step = to->channels, bits = to->bits;
    size_t place = ((size_t)x * (size_t)step + (size_t)channel) * (size_t)bits / 8;
    const unsigned char *was = (const unsigned char *)from->pixels + (size_t)y * from->row_bytes + place;
    unsigned char *now = (unsigned char *)to->pixels + (size_t)y * to->row_bytes + place;
    if (bits == 16)
        store_samples(values, was, 16, step, count, now);
    else if (step == 3)
        store_samples(values, was, 8, 3, count, now);
    else
        store_samples(values, was, 8, step, count, now);
}

void tile_store(const tile *t, int margin, const gpen_image *from, gpen_image *photo)
{
    int right = t->left + t->width - margin, bottom = t->top + t->height - margin;
    right = right < photo->width ? right : photo->width;
    bottom = bottom < photo->height ? bottom : photo->height;
    for (int y = t->top + margin; y < bottom; y++)
        for (int c = 0; c < t->colours; c++)
            store_row(t->planes[c] + (y - t->top) * TILE_STRIDE + margin, from, photo, t->left + margin, y, c,
                      right - t->left - margin);
}

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

#define INLINE static inline __attribute__((always_inline))

/* The colours of pixels, 8 or 16 bits, to 0..1. bits and step are constants where this is put: a loop that reads whole pixels
 * fills vectors. */
INLINE void load_samples(const void *row, int bits, int step, int count, float *restrict a, float *restrict b,
                         float *restrict c)
{
    const uint8_t *bytes = row;
    const uint16_t *words = row;
    const float scale = 1.0f / (float)(bits == 8 ? 255 : 65535);
    for (int i = 0; i < count; i++) {
        a[i] = (float)(bits == 8 ? bytes[i * step] : words[i * step]) * scale;
        if (step < 3)
            continue;
        b[i] = (float)(bits == 8 ? bytes[i * step + 1] : words[i * step + 1]) * scale;
        c[i] = (float)(bits == 8 ? bytes[i * step + 2] : words[i * step + 2]) * scale;
    }
}

INLINE void load_bits(const void *row, int bits, int step, int count, float *a, float *b, float *c)
{
    if (step == 1)
        load_samples(row, bits, 1, count, a, b, c);
    else if (step == 2)
        load_samples(row, bits, 2, count, a, b, c);
    else if (step == 3)
        load_samples(row, bits, 3, count, a, b, c);
    else
        load_samples(row, bits, 4, count, a, b, c);
}

static size_t pixel_place(const gpen_image *photo, int x, int y)
{
    return (size_t)y * photo->row_bytes + (size_t)x * (size_t)(photo->channels * photo->bits / 8);
}

FINISH_WIDE void photo_read(const gpen_image *photo, int x, int y, int count, float *const to[3])
{
    const unsigned char *row = (const unsigned char *)photo->pixels + pixel_place(photo, x, y);
    if (photo->bits == 8)
        load_bits(row, 8, photo->channels, count, to[0], to[1], to[2]);
    else
        load_bits(row, 16, photo->channels, count, to[0], to[1], to[2]);
}

static void load_mirrored(const tile *t, const gpen_image *photo, int x, int y, float *const to[3])
{
    float *const pixel[3] = {to[0] + x, to[1] + x, to[2] + x};
    photo_read(photo, finish_mirrored(t->left + x, photo->width), y, 1, pixel);
}

static void load_row(const tile *t, const gpen_image *photo, int y, float *const to[3])
{
    int first = t->left < 0 ? -t->left : 0;
    int end = t->left + t->width > photo->width ? photo->width - t->left : t->width;
    float *const inner[3] = {to[0] + first, to[1] + first, to[2] + first};
    photo_read(photo, t->left + first, y, end - first, inner);
    for (int x = 0; x < first; x++)
        load_mirrored(t, photo, x, y, to);
    for (int x = end; x < t->width; x++)
        load_mirrored(t, photo, x, y, to);
}

void tile_load(tile *t, const gpen_image *photo)
{
    for (int y = 0; y < t->height; y++) {
        int first = y * TILE_STRIDE;
        float *const to[3] = {t->planes[0] + first, t->planes[1] + first, t->planes[2] + first};
        load_row(t, photo, finish_mirrored(t->top + y, photo->height), to);
    }
}

/* finish_sample for a row, and the one place that says what it does. Rounded by adding a half, which vectors can. */
INLINE int new_sample(float value, int was, int top)
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

/* was: the row of the photo as it was; now: as it becomes. bits and step are constants where this is put. */
INLINE void store_samples(const float *const from[3], const void *restrict was, int bits, int step, int count,
                          void *restrict now)
{
    const float *a = from[0], *b = from[1], *c = from[2];
    const uint8_t *bytes = was;
    const uint16_t *words = was;
    uint8_t *byte = now;
    uint16_t *word = now;
    int colours = step < 3 ? 1 : 3;
    for (int i = 0; i < count; i++) {
        float values[3] = {a[i], colours == 3 ? b[i] : 0, colours == 3 ? c[i] : 0};
        for (int k = 0; k < colours; k++)
            if (bits == 8)
                byte[i * step + k] = (uint8_t)new_sample(values[k], bytes[i * step + k], 255);
            else
                word[i * step + k] = (uint16_t)new_sample(values[k], words[i * step + k], 65535);
    }
}

INLINE void store_bits(const float *const from[3], const void *was, int bits, int step, int count, void *now)
{
    if (step == 1)
        store_samples(from, was, bits, 1, count, now);
    else if (step == 2)
        store_samples(from, was, bits, 2, count, now);
    else if (step == 3)
        store_samples(from, was, bits, 3, count, now);
    else
        store_samples(from, was, bits, 4, count, now);
}

FINISH_WIDE void photo_write(const gpen_image *photo, const gpen_image *was, int x, int y, int count,
                             const float *const from[3])
{
    unsigned char *now = (unsigned char *)photo->pixels + pixel_place(photo, x, y);
    const unsigned char *before = (const unsigned char *)was->pixels + pixel_place(was, x, y);
    if (photo->bits == 8)
        store_bits(from, before, 8, photo->channels, count, now);
    else
        store_bits(from, before, 16, photo->channels, count, now);
}

void tile_store(const tile *t, int margin, const gpen_image *was, gpen_image *photo)
{
    int right = t->left + t->width - margin, bottom = t->top + t->height - margin;
    right = right < photo->width ? right : photo->width;
    bottom = bottom < photo->height ? bottom : photo->height;
    for (int y = t->top + margin; y < bottom; y++) {
        int first = (y - t->top) * TILE_STRIDE + margin;
        const float *const from[3] = {t->planes[0] + first, t->planes[1] + first, t->planes[2] + first};
        photo_write(photo, was, t->left + margin, y, right - t->left - margin, from);
    }
}

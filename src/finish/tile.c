/* Tiles: from a photo's samples to planes of floats and back. */
#include <math.h>

#include "finish/room.h"

int finish_mirrored(int place, int length)
{
    if (length == 1)
        return 0;
    while (place < 0 || place >= length)
        place = place < 0 ? -place : 2 * length - 2 - place;
    return place;
}

/* The samples of one channel, from column `from` on: 8 or 16 bits to 0..1. */
static void load_run(const unsigned char *row, const gpen_image *photo, int channel, int from, int count, float *to)
{
    float scale = 1.0f / (float)image_top(photo);
    int step = photo->channels;
    size_t first = (size_t)from * (size_t)step + (size_t)channel;
    if (photo->bits == 8) {
        const unsigned char *samples = row + first;
        for (int i = 0; i < count; i++)
            to[i] = (float)samples[i * step] * scale;
    } else {
        const uint16_t *samples = (const uint16_t *)(const void *)row + first;
        for (int i = 0; i < count; i++)
            to[i] = (float)samples[i * step] * scale;
    }
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

/* 8 bits leave black and white in steps of one, 16 bits in as much. */
static float held(float value, int was, int top)
{
    float least = was > 0 ? 1.0f / 255 : 0, most = was < top ? 254.0f / 255 : 1;
    float before = (float)was / (float)top;
    least = before < least ? before : least;
    most = before > most ? before : most;
    return value < least ? least : value > most ? most : value;
}

void tile_store(const tile *t, int margin, const gpen_image *from, gpen_image *photo)
{
    int top = image_top(photo);
    for (int y = margin; y < t->height - margin && t->top + y < photo->height; y++)
        for (int c = 0; c < t->colours; c++) {
            const float *values = t->planes[c] + y * TILE_STRIDE;
            for (int x = margin; x < t->width - margin && t->left + x < photo->width; x++) {
                int was = image_sample(from, t->left + x, t->top + y, c);
                image_set_sample(photo, t->left + x, t->top + y, c, lrintf(held(values[x], was, top) * (float)top));
            }
        }
}

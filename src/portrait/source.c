/* A photo and what all looks of it share: its size in a preview, whether it has colours, its grain, and itself without noise. Its own
 * file because these are found once and serve every look. */
#include <math.h>
#include <stdlib.h>

#include "portrait/room.h"

enum { STRONG_DENOISE = 75 }; /* of mode strong: beyond what suits most photos, for those it is meant for */

/* Colours that are none: but for one pixel in a thousand, channels differ by less than 3 %. A million pixels tell. */
static bool is_grey(const gpen_image *photo)
{
    const int64_t enough = 1000000;
    int step = 1, top = image_top(photo);
    int64_t seen = 0, coloured = 0;
    if (image_colours(photo) == 1)
        return true;
    while ((int64_t)(photo->width / step) * (photo->height / step) > enough)
        step++;
    for (int y = 0; y < photo->height; y += step)
        for (int x = 0; x < photo->width; x += step, seen++) {
            int red = image_sample(photo, x, y, 0), green = image_sample(photo, x, y, 1);
            int blue = image_sample(photo, x, y, 2);
            coloured += abs(red - green) > 0.03 * top || abs(green - blue) > 0.03 * top;
        }
    return coloured * 1000 < seen;
}

static gpen_status reduce(photo_source *source, const gpen_image *photo, int edge, gpen_error *error)
{
    double scale = (double)edge / (photo->width > photo->height ? photo->width : photo->height);
    int width = (int)lrint(photo->width * scale), height = (int)lrint(photo->height * scale);
    gpen_image small;
    gpen_status status =
        image_new(&small, width > 1 ? width : 1, height > 1 ? height : 1, photo->channels, photo->bits, error);
    if (status)
        return status;
    status = image_reduce(photo, &small, error);
    source->photo = small;
    source->owned = true;
    source->across = (double)small.width / photo->width;
    source->down = (double)small.height / photo->height;
    return status;
}

gpen_status source_open(photo_source *source, const gpen_image *photo, int edge, gpen_error *error)
{
    *source = (photo_source){.photo = *photo, .across = 1, .down = 1};
    gpen_status status = GPEN_OK;
    if (edge > 0 && (edge < photo->width || edge < photo->height))
        status = reduce(source, photo, edge, error);
    if (status)
        source_close(source);
    else
        source->grey = is_grey(&source->photo);
    return status;
}

void source_close(photo_source *source)
{
    if (source->owned)
        gpen_image_free(&source->photo);
    gpen_image_free(&source->clean);
    free(source->grain);
    *source = (photo_source){0};
}

static gpen_status find_grain(photo_source *source, thread_pool *pool, gpen_error *error)
{
    finish_noise noise;
    gpen_status status = finish_measure_noise(&source->photo, pool, &noise, error);
    if (status)
        return status;
    finish_grain *grain = malloc(sizeof *grain);
    if (!grain)
        return gpen_fail_memory(error, "a photo's grain", sizeof *grain);
    for (int c = 1; c < 3 && source->grey; c++)
        noise.fine[c] = noise.coarse[c] = 0;
    finish_grain_fill(grain, &noise, image_colours(&source->photo));
    source->grain = grain;
    return GPEN_OK;
}

gpen_status source_prepare(photo_source *source, gpen_mode mode, thread_pool *pool, gpen_error *error)
{
    const finish_settings denoise = {.denoise = STRONG_DENOISE};
    if (mode == GPEN_MODE_NATURAL && !source->grain)
        return find_grain(source, pool, error);
    if (mode == GPEN_MODE_STRONG && !source->clean.pixels)
        return finish_apply(&source->photo, NULL, &denoise, NULL, 0, pool, &source->clean, error);
    return GPEN_OK;
}

crop_wish crop_wish_of(const photo_source *source, gpen_mode mode)
{
    return (
        crop_wish){.photo = &source->photo, .clean = mode == GPEN_MODE_STRONG ? &source->clean : NULL, .mode = mode};
}

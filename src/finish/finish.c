/* The order of the controls, and their tiles among the threads. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "finish/room.h"

/* What all tiles share. */
typedef struct finishing {
    const gpen_image *from;
    const finish_settings *settings;
    finish_noise noise;
    gpen_image *to;
    int margin, across; /* of a tile; tiles in a row */
    int workers;
    float **planes;              /* of each worker: three of TILE_VALUES */
    denoise_scratch **scratches; /* of each worker */
} finishing;

static void finish_tile(void *context, int index, int worker)
{
    const finishing *f = context;
    int left = index % f->across * TILE_SIDE, top = index / f->across * TILE_SIDE, inset = 0;
    int width = f->to->width - left < TILE_SIDE ? f->to->width - left : TILE_SIDE;
    int height = f->to->height - top < TILE_SIDE ? f->to->height - top : TILE_SIDE;
    tile t = {.left = left - f->margin,
              .top = top - f->margin,
              .width = (width + 7) / 8 * 8 + 2 * f->margin,
              .height = (height + 7) / 8 * 8 + 2 * f->margin,
              .colours = image_colours(f->from)};
    for (int c = 0; c < 3; c++)
        t.planes[c] = f->planes[worker] + c * TILE_VALUES;
    tile_load(&t, f->from);
    if (f->settings->denoise) {
        tile_to_opponent(&t, inset);
        inset += DENOISE_MARGIN;
        tile_denoise(&t, inset, f->settings->denoise, &f->noise, f->scratches[worker]);
        tile_from_opponent(&t, inset);
    }
    tile_store(&t, f->margin, f->from, f->to);
}

static void end(finishing *f)
{
    for (int i = 0; i < f->workers; i++) {
        if (f->planes)
            aligned_free(f->planes[i], 3 * TILE_VALUES * sizeof(float));
        if (f->scratches)
            denoise_scratch_free(f->scratches[i]);
    }
    free(f->planes);
    free(f->scratches);
}

static gpen_status begin(finishing *f, int workers, gpen_error *error)
{
    f->workers = workers;
    f->planes = calloc((size_t)workers, sizeof *f->planes);
    f->scratches = calloc((size_t)workers, sizeof *f->scratches);
    bool there = f->planes && f->scratches;
    for (int i = 0; there && i < workers; i++) {
        f->planes[i] = aligned_new(3 * TILE_VALUES * sizeof(float));
        f->scratches[i] = denoise_scratch_new();
        there = f->planes[i] && f->scratches[i];
    }
    return there ? GPEN_OK
                 : gpen_fail_memory(error, "finishing a photo", (size_t)workers * 3 * TILE_VALUES * sizeof(float));
}

gpen_status finish_apply(const gpen_image *from, const gpen_image *original, const finish_settings *settings,
                         const finish_face *faces, int count, thread_pool *pool, gpen_image *to, gpen_error *error)
{
    (void)original;
    (void)faces;
    (void)count;
    *to = (gpen_image){0};
    gpen_status status = image_check(from, error);
    if (status)
        return status;
    finishing f = {.from = from, .settings = settings, .to = to, .margin = 8};
    status = finish_measure_noise(from, pool, &f.noise, error);
    if (!status)
        status = image_new(to, from->width, from->height, from->channels, from->bits, error);
    if (!status)
        status = begin(&f, thread_pool_size(pool), error);
    if (!status) {
        for (int y = 0; y < to->height; y++)
            memcpy((char *)to->pixels + (size_t)y * to->row_bytes,
                   (const char *)from->pixels + (size_t)y * from->row_bytes, to->row_bytes);
        f.across = (to->width + TILE_SIDE - 1) / TILE_SIDE;
        thread_pool_run(pool, f.across * ((to->height + TILE_SIDE - 1) / TILE_SIDE), finish_tile, &f);
    }
    end(&f);
    if (status)
        gpen_image_free(to);
    return status;
}

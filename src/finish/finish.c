/* The order of the controls, and their tiles among the threads.
 *
 * First what looks at a photo's neighbourhoods, tile by tile from one picture into another: dust, noise, fading, sharpness and
 * tone, in floats from the first to the last, so that samples are rounded once. Then, in place, what belongs to one face. */
#include <stdlib.h>

#include "base/memory.h"
#include "finish/room.h"

enum { PLANES = 6 }; /* of a worker: three of samples, two of luminance, one to think in */

_Static_assert((int)DUST_MARGIN + (int)DENOISE_MARGIN + (int)SHARPEN_MARGIN <= (int)TILE_MARGIN,
               "every control at once fits into a tile");

/* What all tiles share. */
typedef struct finishing {
    const gpen_image *from, *original;
    const finish_settings *settings;
    const finish_face *faces;
    int count;
    gpen_image *to;
    face_frame *frames; /* of each face; zeroed where its landmarks make no sense */
    finish_noise noise;
    fading_cure cure;
    sharpening sharpness;
    light_tables tables;
    float curve[LIGHT_STEPS + 2];
    int margin, across; /* of a tile; tiles in a row */
    int workers;
    float **planes;              /* of each worker: PLANES of TILE_VALUES */
    denoise_scratch **denoisers; /* of each worker, where there is noise to take away */
    dust_scratch **dusters;      /* of each worker, where there is dust to remove */
} finishing;

static bool changes_tone(const finish_settings *s)
{
    return s->contrast || s->brightness;
}

static int margin_needed(const finish_settings *s)
{
    return (s->dust ? DUST_MARGIN : 0) + (s->denoise ? DENOISE_MARGIN : 0) + (s->sharpen ? SHARPEN_MARGIN : 0);
}

static void finish_light(const finishing *f, tile *t, int inset, float *const planes[3])
{
    const finish_settings *s = f->settings;
    float *luminance = planes[0], *wanted = s->sharpen ? planes[1] : planes[0];
    tile_to_light(t, inset, &f->tables, luminance);
    if (s->sharpen) {
        tile_sharpen(t, luminance, wanted, planes[2], inset, &f->sharpness);
        inset += SHARPEN_MARGIN;
    }
    tile_from_light(t, inset, &f->tables, luminance, wanted, changes_tone(s) ? f->curve : NULL);
}

static void finish_tile(void *context, int index, int worker)
{
    const finishing *f = context;
    const finish_settings *s = f->settings;
    int left = index % f->across * TILE_SIDE, top = index / f->across * TILE_SIDE, inset = 0;
    int width = f->to->width - left < TILE_SIDE ? f->to->width - left : TILE_SIDE;
    int height = f->to->height - top < TILE_SIDE ? f->to->height - top : TILE_SIDE;
    tile t = {.left = left - f->margin,
              .top = top - f->margin,
              .width = (width + 7) / 8 * 8 + 2 * f->margin,
              .height = (height + 7) / 8 * 8 + 2 * f->margin,
              .colours = image_colours(f->from)};
    float *planes[PLANES];
    for (int i = 0; i < PLANES; i++)
        planes[i] = f->planes[worker] + (size_t)i * TILE_VALUES;
    for (int c = 0; c < 3; c++)
        t.planes[c] = planes[c];
    tile_load(&t, f->from);
    if (s->dust) {
        inset += DUST_MARGIN;
        tile_remove_dust(&t, inset, s->dust, &f->noise, f->frames, f->count, f->dusters[worker]);
    }
    if (s->denoise) {
        tile_to_opponent(&t, inset);
        inset += DENOISE_MARGIN;
        tile_denoise(&t, inset, s->denoise, &f->noise, f->denoisers[worker]);
        tile_from_opponent(&t, inset);
    }
    if (s->fading)
        tile_unfade(&t, inset, &f->cure);
    if (s->sharpen || changes_tone(s))
        finish_light(f, &t, inset, planes + 3);
    tile_store(&t, f->margin, f->from, f->to);
}

static void end(finishing *f)
{
    for (int i = 0; i < f->workers; i++) {
        if (f->planes)
            aligned_free(f->planes[i], PLANES * TILE_VALUES * sizeof(float));
        if (f->denoisers)
            denoise_scratch_free(f->denoisers[i]);
        if (f->dusters)
            dust_scratch_free(f->dusters[i]);
    }
    free(f->planes);
    free(f->denoisers);
    free(f->dusters);
    free(f->frames);
}

/* Working memory; end() takes it back, also when only part of it could be had. */
static gpen_status begin(finishing *f, int workers, gpen_error *error)
{
    const finish_settings *s = f->settings;
    f->workers = workers;
    f->planes = calloc((size_t)workers, sizeof *f->planes);
    f->denoisers = calloc((size_t)workers, sizeof *f->denoisers);
    f->dusters = calloc((size_t)workers, sizeof *f->dusters);
    f->frames = calloc((size_t)f->count + 1, sizeof *f->frames);
    bool there = f->planes && f->denoisers && f->dusters && f->frames;
    for (int i = 0; there && i < workers; i++) {
        f->planes[i] = aligned_new(PLANES * TILE_VALUES * sizeof(float));
        f->denoisers[i] = s->denoise ? denoise_scratch_new() : NULL;
        f->dusters[i] = s->dust ? dust_scratch_new() : NULL;
        there = f->planes[i] && (f->denoisers[i] || !s->denoise) && (f->dusters[i] || !s->dust);
    }
    return there ? GPEN_OK
                 : gpen_fail_memory(error, "finishing a photo", (size_t)workers * PLANES * TILE_VALUES * sizeof(float));
}

static gpen_status finish_photo(finishing *f, thread_pool *pool, gpen_error *error)
{
    const finish_settings *s = f->settings;
    if (s->denoise || s->sharpen || s->dust) {
        gpen_status status = finish_measure_noise(f->from, pool, &f->noise, error);
        if (status)
            return status;
    }
    light_tables_fill(&f->tables);
    tone_curve(s, f->curve);
    if (s->fading)
        f->cure = fading_diagnose(f->from, s->fading);
    f->sharpness = sharpen_plan(s, f->from, &f->noise);
    f->margin = margin_needed(s);
    f->across = (f->to->width + TILE_SIDE - 1) / TILE_SIDE;
    thread_pool_run(pool, f->across * ((f->to->height + TILE_SIDE - 1) / TILE_SIDE), finish_tile, f);
    return GPEN_OK;
}

static gpen_status finish_faces(finishing *f, thread_pool *pool, gpen_error *error)
{
    const finish_settings *s = f->settings;
    gpen_status status = GPEN_OK;
    for (int i = 0; i < f->count && !status; i++) {
        if (!(f->frames[i].eyes > 0))
            continue;
        if (s->detail_boost)
            status = face_boost_detail(f->to, &f->faces[i], &f->frames[i], s->detail_boost, pool, error);
        if (s->skin_protect && !status)
            status = face_protect_skin(f->to, f->original, &f->faces[i], &f->frames[i], s->skin_protect, &f->tables,
                                       pool, error);
    }
    return status;
}

static gpen_status check_settings(const finish_settings *s, gpen_error *error)
{
    const struct {
        const char *name;
        int value, least;
    } controls[] = {{"denoise", s->denoise, 0},
                    {"sharpen", s->sharpen, 0},
                    {"contrast", s->contrast, -100},
                    {"brightness", s->brightness, -100},
                    {"skin protection", s->skin_protect, 0},
                    {"detail boost", s->detail_boost, 0},
                    {"fading", s->fading, 0},
                    {"dust", s->dust, 0}};
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (controls[i].value < controls[i].least || controls[i].value > 100)
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s goes from %d to 100, and is %d", controls[i].name,
                             controls[i].least, controls[i].value);
    return GPEN_OK;
}

static gpen_status check(const gpen_image *from, const gpen_image *original, const finish_settings *settings,
                         const finish_face *faces, int count, gpen_error *error)
{
    gpen_status status = image_check(from, error);
    if (!status && original)
        status = image_check(original, error);
    if (!status)
        status = check_settings(settings, error);
    if (status)
        return status;
    if (original && (original->width != from->width || original->height != from->height ||
                     original->channels != from->channels || original->bits != from->bits))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the original is another kind of picture than the restored photo");
    for (int i = 0; i < count; i++)
        if (faces[i].classes && (faces[i].side < 1 || faces[i].side > 4096))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "a face's class map cannot be %d pixels wide", faces[i].side);
    return count < 0 ? gpen_fail(error, GPEN_BAD_ARGUMENT, "there cannot be %d faces", count) : GPEN_OK;
}

gpen_status finish_apply(const gpen_image *from, const gpen_image *original, const finish_settings *settings,
                         const finish_face *faces, int count, thread_pool *pool, gpen_image *to, gpen_error *error)
{
    const finish_settings *s = settings;
    *to = (gpen_image){0};
    gpen_status status = check(from, original, settings, faces, count, error);
    if (!status)
        status = image_copy(from, to, error);
    if (status)
        return status;
    finishing f = {.from = from,
                   .original = original ? original : from,
                   .settings = settings,
                   .faces = faces,
                   .count = count,
                   .to = to};
    status = begin(&f, thread_pool_size(pool), error);
    for (int i = 0; i < count && !status; i++)
        if (!face_frame_find(&f.frames[i], &faces[i], from))
            f.frames[i] = (face_frame){0};
    if (!status && (s->dust || s->denoise || s->fading || s->sharpen || changes_tone(s)))
        status = finish_photo(&f, pool, error);
    else if (!status)
        light_tables_fill(&f.tables);
    if (!status)
        status = finish_faces(&f, pool, error);
    end(&f);
    if (status)
        gpen_image_free(to);
    return status;
}

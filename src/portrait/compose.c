/* From faces that the networks have restored to a finished photo. Its own file because a photo that goes through once and a session
 * in which a person tries looks must come to the same bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "portrait/room.h"

/* From pixels of the whole photo to the source's. */
static image_affine to_source(const photo_source *s)
{
    return (image_affine){{{s->across, 0, (s->across - 1) / 2}, {0, s->down, (s->down - 1) / 2}}};
}

/* First `first`, then `then`. */
static image_affine chained(const image_affine *then, const image_affine *first)
{
    image_affine result;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++)
            result.m[i][k] = then->m[i][0] * first->m[0][k] + then->m[i][1] * first->m[1][k];
        result.m[i][2] += then->m[i][2];
    }
    return result;
}

static bool is_preview(const photo_source *s)
{
    return s->owned;
}

/* Every face counts for the filters, restored or not. */
static void place_faces(composition *c)
{
    const image_affine place = to_source(c->source);
    for (size_t i = 0; i < c->faces->count; i++)
        for (int k = 0; k < 5; k++) {
            const float *from = c->faces->faces[i].landmarks[k];
            float *to = c->finish_faces[i].landmarks[k];
            to[0] = is_preview(c->source) ? (float)(place.m[0][0] * (double)from[0] + place.m[0][2]) : from[0];
            to[1] = is_preview(c->source) ? (float)(place.m[1][1] * (double)from[1] + place.m[1][2]) : from[1];
        }
}

gpen_status compose_begin(composition *c, const photo_source *source, const gpen_settings *settings, gpen_faces *faces,
                          uint8_t *touched, thread_pool *pool, gpen_error *error)
{
    bool strong = settings->mode == GPEN_MODE_STRONG && settings->strength > 0;
    *c = (composition){.source = source, .settings = settings, .faces = faces};
    c->canvas = (canvas){.photo = &source->photo,
                         .clean = strong ? &source->clean : NULL,
                         .cleaned = (float)settings->strength / 100,
                         .grain = source->grain,
                         .touched = touched,
                         .pool = pool};
    c->finish_faces = calloc(faces->count + 1, sizeof *c->finish_faces);
    if (!c->finish_faces)
        return gpen_fail_memory(error, "the faces' places", faces->count * sizeof *c->finish_faces);
    place_faces(c);
    gpen_status status = canvas_begin(&c->canvas, settings->mode, &c->result, error);
    if (status)
        compose_end(c);
    return status;
}

void compose_end(composition *c)
{
    canvas_end(&c->canvas);
    gpen_image_free(&c->result);
    free(c->finish_faces);
    *c = (composition){0};
}

/* ---------------------------------------------------------------- faces */

/* From pixels of the source to those of the class map, which shows the crop. */
static image_affine to_classes(const photo_source *source, const face_crop *crop)
{
    double scale = (double)PARSENET_SIZE / crop->before.width, shift = (scale - 1) / 2;
    const image_affine enlarge = {{{scale, 0, shift}, {0, scale, shift}}};
    const image_affine place = to_source(source), back = image_affine_invert(&place);
    const image_affine whole = chained(&crop->forward, &back);
    return chained(&enlarge, &whole);
}

/* A preview's faces are brought to about its size before anything is computed with them. */
static int halvings_for(const photo_source *source, int size)
{
    const int least = 64;
    int halvings = 0;
    for (double scale = source->across; scale <= 0.5 && size >> (halvings + 1) >= least; scale *= 2)
        halvings++;
    return halvings;
}

static gpen_status paste(composition *c, const face_crop *crop, int strength, gpen_image *pasted, gpen_error *error)
{
    bool published =
        c->settings->mode == GPEN_MODE_PLAIN && !c->settings->likeness; /* to the last bit, colours or not */
    const look_wish wish = {.mode = c->settings->mode,
                            .strength = strength,
                            .grey = c->source->grey && !published,
                            .halvings = halvings_for(c->source, crop->before.width)};
    const image_affine place = to_source(c->source);
    image_affine back = is_preview(c->source) ? chained(&place, &crop->back) : crop->back;
    face_look look;
    gpen_status status = face_look_make(&look, crop, &wish, c->canvas.pool, error);
    if (status)
        return status;
    status = canvas_paste(&c->canvas, &look, &crop->mask, &back, error);
    if (!status && pasted) {
        *pasted = look.face;
        look.face = (gpen_image){0};
    }
    face_look_free(&look);
    return status;
}

gpen_status compose_face(composition *c, size_t index, const face_crop *crop, gpen_image *pasted, gpen_error *error)
{
    gpen_face *face = &c->faces->faces[index];
    if (pasted)
        *pasted = (gpen_image){0};
    if (face->state != GPEN_FACE_FOUND || !crop->after.pixels)
        return GPEN_OK;
    if (crop->classes) {
        c->finish_faces[index].classes = crop->classes;
        c->finish_faces[index].side = PARSENET_SIZE;
        c->finish_faces[index].to_classes = to_classes(c->source, crop);
    }
    int strength = gpen_settings_face_strength(c->settings, index + 1);
    gpen_status status = paste(c, crop, strength, pasted, error);
    if (!status) {
        face->state = GPEN_FACE_RESTORED;
        face->strength = strength;
    }
    return status;
}

/* ---------------------------------------------------------------- finishing */

/* What changes the whole photo; faces' own controls change less. */
static bool finishes_all(const finish_settings *s)
{
    return s->denoise || s->sharpen || s->contrast || s->brightness || s->fading || s->dust;
}

static bool finishes_faces(const finish_settings *s)
{
    return s->skin_protect || s->detail_boost;
}

/* Notes every pixel in which the pictures differ. */
static void note_differences(const gpen_image *a, const gpen_image *b, uint8_t *touched)
{
    size_t pixel = (size_t)a->channels * (size_t)a->bits / 8;
    for (int y = 0; y < a->height; y++) {
        const unsigned char *left = (const unsigned char *)a->pixels + (size_t)y * a->row_bytes;
        const unsigned char *right = (const unsigned char *)b->pixels + (size_t)y * b->row_bytes;
        if (memcmp(left, right, (size_t)a->width * pixel) == 0)
            continue;
        for (int x = 0; x < a->width; x++)
            if (memcmp(left + (size_t)x * pixel, right + (size_t)x * pixel, pixel) != 0)
                touched[(size_t)y * (size_t)a->width + (size_t)x] = 1;
    }
}

static void note_touched(const composition *c, const finish_settings *s, const gpen_image *finished)
{
    uint8_t *touched = c->canvas.touched;
    if (touched && (finishes_all(s) || c->canvas.clean))
        memset(touched, 1, (size_t)finished->width * (size_t)finished->height);
    else if (touched && finished != &c->result)
        note_differences(&c->result, finished, touched);
}

static finish_settings controls_of(const gpen_settings *settings)
{
    finish_settings controls = {0};
#define TAKE_CONTROL(field, least, most) controls.field = settings->field;
    GPEN_CONTROL_LIST(TAKE_CONTROL)
#undef TAKE_CONTROL
    return controls;
}

int photo_copies(const gpen_settings *settings)
{
    const finish_settings controls = controls_of(settings);
    return 1 + (finishes_all(&controls) || finishes_faces(&controls)) + (settings->mode == GPEN_MODE_STRONG);
}

gpen_status compose_finish(composition *c, gpen_image *result, gpen_error *error)
{
    const finish_settings settings = controls_of(c->settings);
    if (!finishes_all(&settings) && !finishes_faces(&settings)) {
        note_touched(c, &settings, &c->result);
        *result = c->result;
        c->result = (gpen_image){0};
        return GPEN_OK;
    }
    gpen_status status = finish_apply(&c->result, &c->source->photo, &settings, c->finish_faces, (int)c->faces->count,
                                      c->canvas.pool, result, error);
    if (!status)
        note_touched(c, &settings, result);
    return status;
}

/* A whole photo: find faces, choose among them, restore each, paste it back. */
#include <stdlib.h>

#include "base/clock.h"
#include "portrait/room.h"

static const struct {
    const char *name, *english, *chinese;
} states[GPEN_FACE_STATE_COUNT] = {
#define STATE_ROW(identifier, name, english, chinese) {name, english, chinese},
    GPEN_FACE_STATE_LIST(STATE_ROW)
#undef STATE_ROW
};

const char *gpen_face_state_name(gpen_face_state state)
{
    return (unsigned)state < GPEN_FACE_STATE_COUNT ? states[state].name : "unknown";
}

const char *gpen_face_state_sentence(gpen_face_state state, gpen_language language)
{
    if ((unsigned)state >= GPEN_FACE_STATE_COUNT)
        return "";
    return language == GPEN_CHINESE ? states[state].chinese : states[state].english;
}

void gpen_faces_free(gpen_faces *faces)
{
    if (!faces)
        return;
    free(faces->faces);
    *faces = (gpen_faces){0};
}

/* ---------------------------------------------------------------- finding and choosing */

static gpen_status find(gpen_model *model, const gpen_image *photo, float least_score, gpen_faces *faces,
                        gpen_error *error)
{
    if (!model || !photo)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a model and a photo are needed");
    if (!model->detector.file)
        return gpen_fail(error, GPEN_MODEL_MISSING, "this handle was opened without a detector");
    if (!(least_score >= 0.02f && least_score <= 1.0f))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the least score must be 0.02 to 1, not %g", (double)least_score);
    gpen_status status = image_check(photo, error);
    return status ? status : detector_find(&model->detector, photo, least_score, faces, error);
}

gpen_status gpen_detect(gpen_model *model, const gpen_image *photo, float least_score, gpen_faces *faces,
                        gpen_error *error)
{
    *faces = (gpen_faces){0};
    gpen_error_clear(error);
    return find(model, photo, least_score, faces, error);
}

static float shorter_side(const gpen_face *face)
{
    float width = face->box[2] - face->box[0], height = face->box[3] - face->box[1];
    return width < height ? width : height;
}

static float area(const gpen_face *face)
{
    return (face->box[2] - face->box[0]) * (face->box[3] - face->box[1]);
}

/* The smallest face still in state FOUND, of equals the later one; count is how many there are. */
static gpen_face *smallest(const gpen_faces *faces, int *count)
{
    gpen_face *least = NULL;
    *count = 0;
    for (size_t i = 0; i < faces->count; i++) {
        gpen_face *face = &faces->faces[i];
        if (face->state != GPEN_FACE_FOUND)
            continue;
        if (!least || area(face) <= area(least))
            least = face;
        ++*count;
    }
    return least;
}

/* Takes out of state FOUND what the settings leave as it is. */
static void choose(gpen_faces *faces, const gpen_settings *settings)
{
    for (size_t i = 0; i < faces->count; i++) {
        gpen_face *face = &faces->faces[i];
        if (!(face->score > settings->least_score))
            face->state = GPEN_FACE_LOW_SCORE;
        else if (shorter_side(face) < (float)settings->least_face)
            face->state = GPEN_FACE_TOO_SMALL;
    }
    int count;
    for (gpen_face *face; settings->most_faces > 0; face->state = GPEN_FACE_NOT_CHOSEN) {
        face = smallest(faces, &count);
        if (count <= settings->most_faces)
            break;
    }
}

/* ---------------------------------------------------------------- one face */

/* The crops that all faces of a photo take turns in. */
typedef struct crops {
    gpen_image before, after, soft;
} crops;

static gpen_status crops_new(crops *c, int size, const gpen_image *photo, gpen_error *error)
{
    *c = (crops){0};
    gpen_status status = image_new(&c->before, size, size, photo->channels, photo->bits, error);
    if (!status)
        status = image_new(&c->after, size, size, photo->channels, photo->bits, error);
    if (!status)
        status = image_new(&c->soft, size, size, photo->channels, photo->bits, error);
    return status;
}

static void crops_free(crops *c)
{
    gpen_image_free(&c->before);
    gpen_image_free(&c->after);
    gpen_image_free(&c->soft);
}

enum { SMALL_FACE = 100 }; /* pixels of the box's shorter side under which restored detail is softened */

static bool is_small(const gpen_face *face)
{
    return shorter_side(face) < SMALL_FACE;
}

static gpen_status restore_face(gpen_model *model, const gpen_settings *settings, crops *c, canvas *photo,
                                gpen_face *face, gpen_error *error)
{
    image_affine forward, back;
    if (!align_face(face->landmarks, c->before.width, &forward, &back)) {
        face->state = GPEN_FACE_NO_PLACE;
        return GPEN_OK;
    }
    image_warp(photo->photo, &forward, 0, 0, &c->before);
    if (!restorer_apply(&model->restorer, &c->before, &c->after)) {
        face->state = GPEN_FACE_NOT_FINITE;
        return GPEN_OK;
    }
    plane mask;
    gpen_status status = mask_make(&model->parser, &c->after, settings->mode, &mask, error);
    if (status)
        return status;
    gpen_image *pasted = &c->after;
    if (is_small(face)) {
        image_soften(&c->after, &c->soft);
        pasted = &c->soft;
    }
    blend_strength(&c->before, settings->strength, pasted);
    status = canvas_paste(photo, pasted, &mask, &back, error);
    plane_free(&mask);
    if (!status)
        face->state = GPEN_FACE_RESTORED;
    return status;
}

static gpen_status restore_faces(gpen_model *model, const gpen_settings *settings, canvas *photo, gpen_faces *faces,
                                 const photo_watch *watch, gpen_error *error)
{
    crops c;
    gpen_status status = crops_new(&c, model->restorer.architecture.size, photo->photo, error);
    for (size_t i = 0; !status && i < faces->count; i++) {
        gpen_face *face = &faces->faces[i];
        double start = clock_seconds();
        if (face->state == GPEN_FACE_FOUND) {
            status = restore_face(model, settings, &c, photo, face, error);
            face->seconds = clock_seconds() - start;
        }
        bool restored = face->state == GPEN_FACE_RESTORED;
        const gpen_image *pasted = is_small(face) ? &c.soft : &c.after;
        if (!status && watch && watch->done &&
            !watch->done(watch->context, faces, i, restored ? &c.before : NULL, restored ? pasted : NULL))
            status = gpen_fail(error, GPEN_CANCELLED, "stopped after face %zu of %zu", i + 1, faces->count);
    }
    crops_free(&c);
    return status;
}

/* ---------------------------------------------------------------- the photo */

static gpen_status check_settings(const gpen_model *model, const gpen_settings *s, gpen_error *error)
{
    if (!model || !model->restorer.plan)
        return gpen_fail(error, GPEN_MODEL_MISSING, "this handle was opened without a restorer");
    return gpen_settings_check(s, error);
}

gpen_status photo_enhance(gpen_model *model, const gpen_image *photo, const gpen_settings *settings,
                          gpen_image *restored, uint8_t *touched, gpen_faces *out, const photo_watch *watch,
                          gpen_error *error)
{
    const float mentioned = 0.5f; /* less likely faces are not even reported */
    gpen_settings defaults = gpen_settings_default();
    gpen_faces faces = {0};
    *restored = (gpen_image){0};
    if (out)
        *out = faces;
    gpen_error_clear(error);
    settings = settings ? settings : &defaults;
    gpen_status status = check_settings(model, settings, error);
    if (!status)
        status = find(model, photo, mentioned, &faces, error);
    if (status)
        return status;
    choose(&faces, settings);
    if (watch && watch->found)
        watch->found(watch->context, &faces);
    canvas c;
    status = canvas_begin(&c, photo, settings->mode, restored, touched, error);
    if (!status) {
        status = restore_faces(model, settings, &c, &faces, watch, error);
        canvas_end(&c);
    }
    if (status)
        gpen_image_free(restored);
    if (!status && out)
        *out = faces;
    else
        gpen_faces_free(&faces);
    return status;
}

gpen_status gpen_enhance(gpen_model *model, const gpen_image *photo, const gpen_settings *settings,
                         gpen_image *restored, gpen_faces *faces, gpen_error *error)
{
    return photo_enhance(model, photo, settings, restored, NULL, faces, NULL, error);
}

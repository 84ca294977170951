/* A photo that stays open while a person tries looks: what the networks made is kept, the rest is done anew. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "portrait/room.h"

enum { KINDS = 2, LEAST_EDGE = 64 };

/* A face restored from the photo as it came, and from the photo without its noise. */
typedef struct session_face {
    face_crop crops[KINDS];
    gpen_face_state states[KINDS]; /* FOUND until it turned out that it cannot be restored */
    double seconds[KINDS];
} session_face;

struct gpen_session {
    gpen_model *model;
    gpen_image photo;
    photo_source whole, preview;
    int preview_edge; /* 0: there is no preview yet */
    bool found;
    gpen_faces faces; /* as found; each in state FOUND */
    session_face *kept;
};

static int kind_of(gpen_mode mode)
{
    return mode == GPEN_MODE_STRONG;
}

gpen_status gpen_session_open(gpen_session **out, gpen_model *model, const gpen_image *photo, gpen_error *error)
{
    const gpen_settings defaults = gpen_settings_default();
    *out = NULL;
    gpen_error_clear(error);
    gpen_status status = check_restoring(model, &defaults, error);
    if (!status)
        status = image_check(photo, error);
    if (!status && !model->detector.file)
        status = gpen_fail(error, GPEN_MODEL_MISSING, "this handle was opened without a detector");
    if (status)
        return status;
    gpen_session *s = calloc(1, sizeof *s);
    if (!s)
        return gpen_fail_memory(error, "a session", sizeof *s);
    s->model = model;
    status = image_copy(photo, &s->photo, error);
    if (!status)
        status = source_open(&s->whole, &s->photo, 0, error);
    if (status) {
        gpen_session_close(s);
        return status;
    }
    *out = s;
    return GPEN_OK;
}

void gpen_session_close(gpen_session *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->faces.count && s->kept; i++)
        for (int kind = 0; kind < KINDS; kind++)
            face_crop_free(&s->kept[i].crops[kind]);
    free(s->kept);
    gpen_faces_free(&s->faces);
    source_close(&s->whole);
    source_close(&s->preview);
    gpen_image_free(&s->photo);
    free(s);
}

/* ---------------------------------------------------------------- the networks */

static gpen_status find_once(gpen_session *s, gpen_error *error)
{
    if (s->found)
        return GPEN_OK;
    gpen_status status = photo_find(s->model, &s->photo, LEAST_MENTIONED, &s->faces, error);
    if (status)
        return status;
    s->kept = calloc(s->faces.count + 1, sizeof *s->kept);
    if (!s->kept) {
        gpen_faces_free(&s->faces);
        return gpen_fail_memory(error, "the faces of a photo", s->faces.count * sizeof *s->kept);
    }
    for (size_t i = 0; i < s->faces.count; i++)
        for (int kind = 0; kind < KINDS; kind++)
            s->kept[i].states[kind] = GPEN_FACE_FOUND;
    s->found = true;
    return GPEN_OK;
}

/* The faces as the settings choose them; release. */
static gpen_status chosen(const gpen_session *s, const gpen_settings *settings, gpen_faces *faces, gpen_error *error)
{
    *faces = (gpen_faces){calloc(s->faces.count + 1, sizeof *faces->faces), s->faces.count};
    if (!faces->faces) {
        *faces = (gpen_faces){0};
        return gpen_fail_memory(error, "the faces of a photo", s->faces.count * sizeof *faces->faces);
    }
    memcpy(faces->faces, s->faces.faces, s->faces.count * sizeof *faces->faces);
    faces_choose(faces, settings);
    return GPEN_OK;
}

static gpen_status restore_once(gpen_session *s, size_t index, gpen_mode mode, gpen_error *error)
{
    int kind = kind_of(mode);
    session_face *kept = &s->kept[index];
    if (kept->crops[kind].after.pixels || kept->states[kind] != GPEN_FACE_FOUND)
        return GPEN_OK;
    gpen_face face = s->faces.faces[index];
    const crop_wish wish = crop_wish_of(&s->whole, mode);
    double start = clock_seconds();
    gpen_status status = face_crop_make(&kept->crops[kind], s->model, &wish, &face, error);
    kept->states[kind] = status ? GPEN_FACE_FOUND : face.state;
    kept->seconds[kind] = clock_seconds() - start;
    return status;
}

gpen_status gpen_session_run(gpen_session *s, const gpen_settings *settings, gpen_error *error)
{
    gpen_faces faces = {0};
    gpen_error_clear(error);
    gpen_status status = check_restoring(s->model, settings, error);
    if (!status)
        status = find_once(s, error);
    if (!status)
        status = source_prepare(&s->whole, settings->mode, nn_device_pool(s->model->device), error);
    if (!status)
        status = chosen(s, settings, &faces, error);
    for (size_t i = 0; i < faces.count && !status; i++)
        if (faces.faces[i].state == GPEN_FACE_FOUND || faces.faces[i].state == GPEN_FACE_CHOSEN_OFF)
            status = restore_once(s, i, settings->mode, error);
    gpen_faces_free(&faces);
    return status;
}

/* ---------------------------------------------------------------- looks */

/* The photo at the size asked for; the last preview's is kept. */
static gpen_status source_at(gpen_session *s, int edge, photo_source **source, gpen_error *error)
{
    *source = &s->whole;
    if (!edge || (edge >= s->photo.width && edge >= s->photo.height))
        return GPEN_OK;
    *source = &s->preview;
    if (edge == s->preview_edge)
        return GPEN_OK;
    source_close(&s->preview);
    s->preview_edge = 0;
    gpen_status status = source_open(&s->preview, &s->photo, edge, error);
    if (!status)
        s->preview_edge = edge;
    return status;
}

static gpen_status compose_kept(gpen_session *s, composition *c, gpen_mode mode, gpen_error *error)
{
    int kind = kind_of(mode);
    gpen_status status = GPEN_OK;
    for (size_t i = 0; i < s->faces.count && !status; i++) {
        session_face *kept = &s->kept[i];
        gpen_face *face = &c->faces->faces[i];
        if (face->state != GPEN_FACE_FOUND)
            continue;
        face->state = kept->states[kind];
        face->seconds = kept->seconds[kind];
        if (kept->crops[kind].after.pixels)
            status = face_crop_fit(&kept->crops[kind], &s->model->parser, mode, error);
        if (!status)
            status = compose_face(c, i, &kept->crops[kind], NULL, error);
    }
    return status;
}

static gpen_status render(gpen_session *s, const gpen_settings *settings, int edge, gpen_faces *faces,
                          gpen_image *result, gpen_error *error)
{
    photo_source *source;
    composition c;
    thread_pool *pool = nn_device_pool(s->model->device);
    gpen_status status = source_at(s, edge, &source, error);
    if (!status)
        status = source_prepare(source, settings->mode, pool, error);
    if (!status)
        status = compose_begin(&c, source, settings, faces, NULL, pool, error);
    if (status)
        return status;
    status = compose_kept(s, &c, settings->mode, error);
    if (!status)
        status = compose_finish(&c, result, error);
    compose_end(&c);
    return status;
}

gpen_status gpen_session_render(gpen_session *s, const gpen_settings *settings, int edge, gpen_image *result,
                                gpen_faces *faces, gpen_error *error)
{
    gpen_faces own = {0};
    *result = (gpen_image){0};
    if (faces)
        *faces = own;
    gpen_error_clear(error);
    gpen_status status = check_restoring(s->model, settings, error);
    if (!status && !s->found)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "this session was not run yet");
    if (!status && edge && edge < LEAST_EDGE)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "a preview has %d pixels or more, not %d", LEAST_EDGE, edge);
    if (!status)
        status = chosen(s, settings, &own, error);
    if (!status)
        status = render(s, settings, edge, &own, result, error);
    if (!status && faces)
        *faces = own;
    else
        gpen_faces_free(&own);
    return status;
}

/* A photo that stays open while a person tries looks: what the networks made is kept, the rest is done anew. */
#include <stdlib.h>

#include "base/clock.h"
#include "portrait/room.h"

enum { KINDS = 2, LEAST_EDGE = 64 };

/* A face restored from the photo as it came, and from the photo without its noise. */
typedef struct session_face {
    gpen_face face; /* as found, in state FOUND */
    float drawn[4]; /* the box in which a person pointed at it; zeros where the detector found it by itself */
    face_crop crops[KINDS];
    gpen_face_state states[KINDS]; /* FOUND until it turned out that it cannot be restored */
    double seconds[KINDS];
} session_face;

struct gpen_session {
    gpen_model *model;
    gpen_image photo;
    photo_source whole, preview;
    int preview_edge; /* 0: there is no preview yet */
    session_face *
        kept; /* those found, then those of boxes; has room for all boxes that there can be; NULL before they are found */
    size_t found, count;
};

/* Faces as settings choose them, each beside what is kept of it. */
typedef struct choice {
    gpen_faces faces;
    session_face **kept;
} choice;

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

static void free_crops(session_face *kept)
{
    for (int kind = 0; kind < KINDS; kind++)
        face_crop_free(&kept->crops[kind]);
}

void gpen_session_close(gpen_session *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free_crops(&s->kept[i]);
    free(s->kept);
    source_close(&s->whole);
    source_close(&s->preview);
    gpen_image_free(&s->photo);
    free(s);
}

/* ---------------------------------------------------------------- the networks */

static gpen_status find_once(gpen_session *s, gpen_error *error)
{
    gpen_faces faces = {0};
    if (s->kept)
        return GPEN_OK;
    gpen_status status = photo_find(s->model, &s->photo, LEAST_MENTIONED, &faces, error);
    if (status)
        return status;
    s->kept = calloc(faces.count + GPEN_MOST_EXTRA_FACES, sizeof *s->kept);
    if (!s->kept)
        status = gpen_fail_memory(error, "the faces of a photo", faces.count * sizeof *s->kept);
    for (size_t i = 0; i < faces.count && s->kept; i++)
        s->kept[i].face = faces.faces[i];
    s->found = s->count = s->kept ? faces.count : 0;
    gpen_faces_free(&faces);
    return status;
}

static bool same_box(const float a[4], const float b[4])
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

/* The face of a box; NULL: nobody looked for it yet. */
static session_face *face_of(const gpen_session *s, const float box[4])
{
    for (size_t i = s->found; i < s->count; i++)
        if (same_box(s->kept[i].drawn, box))
            return &s->kept[i];
    return NULL;
}

static bool has_box(const gpen_settings *settings, const float box[4])
{
    for (int i = 0; i < settings->extra_face_count; i++)
        if (same_box(settings->extra_faces[i], box))
            return true;
    return false;
}

/* So that a session holds no more faces than settings can ask for, however many boxes are tried. */
static void forget_other_boxes(gpen_session *s, const gpen_settings *settings)
{
    for (size_t i = s->count; i-- > s->found;)
        if (!has_box(settings, s->kept[i].drawn)) {
            free_crops(&s->kept[i]);
            s->kept[i] = s->kept[--s->count];
        }
}

static gpen_status find_in_boxes(gpen_session *s, const gpen_settings *settings, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    forget_other_boxes(s, settings);
    for (int i = 0; i < settings->extra_face_count && !status; i++) {
        const float *box = settings->extra_faces[i];
        session_face face = {.drawn = {box[0], box[1], box[2], box[3]}};
        if (face_of(s, box))
            continue;
        status = pointed_find(s->model, &s->photo, box, &face.face, error);
        if (!status)
            s->kept[s->count++] = face;
    }
    return status;
}

static void choice_free(choice *c)
{
    gpen_faces_free(&c->faces);
    free(c->kept);
    *c = (choice){0};
}

/* The faces as the settings choose them. Release with choice_free. */
static gpen_status choose(const gpen_session *s, const gpen_settings *settings, choice *c, gpen_error *error)
{
    const size_t most = s->found + GPEN_MOST_EXTRA_FACES;
    *c = (choice){.faces.faces = calloc(most, sizeof *c->faces.faces), .kept = calloc(most, sizeof(session_face *))};
    if (!c->faces.faces || !c->kept) {
        choice_free(c);
        return gpen_fail_memory(error, "the faces of a photo", most * sizeof *c->faces.faces);
    }
    for (; c->faces.count < s->found; c->faces.count++) {
        c->kept[c->faces.count] = &s->kept[c->faces.count];
        c->faces.faces[c->faces.count] = s->kept[c->faces.count].face;
    }
    for (int i = 0; i < settings->extra_face_count; i++) {
        session_face *drawn = face_of(s, settings->extra_faces[i]);
        if (!drawn)
            continue;
        c->kept[c->faces.count] = drawn; /* counts if the next adds it */
        faces_point(&c->faces, &drawn->face);
    }
    faces_choose(&c->faces, settings);
    return GPEN_OK;
}

static gpen_status restore_once(gpen_session *s, session_face *kept, gpen_mode mode, gpen_error *error)
{
    int kind = kind_of(mode);
    if (kept->crops[kind].after.pixels || kept->states[kind] != GPEN_FACE_FOUND)
        return GPEN_OK;
    gpen_face face = kept->face;
    const crop_wish wish = crop_wish_of(&s->whole, mode);
    double start = clock_seconds();
    gpen_status status = face_crop_make(&kept->crops[kind], s->model, &wish, &face, error);
    kept->states[kind] = status ? GPEN_FACE_FOUND : face.state;
    kept->seconds[kind] = clock_seconds() - start;
    return status;
}

gpen_status gpen_session_run(gpen_session *s, const gpen_settings *settings, gpen_error *error)
{
    choice c = {0};
    gpen_error_clear(error);
    gpen_status status = check_restoring(s->model, settings, error);
    if (!status)
        status = find_once(s, error);
    if (!status)
        status = find_in_boxes(s, settings, error);
    if (!status)
        status = source_prepare(&s->whole, settings->mode, nn_device_pool(s->model->device), error);
    if (!status)
        status = choose(s, settings, &c, error);
    for (size_t i = 0; i < c.faces.count && !status; i++)
        if (c.faces.faces[i].state == GPEN_FACE_FOUND || c.faces.faces[i].state == GPEN_FACE_CHOSEN_OFF)
            status = restore_once(s, c.kept[i], settings->mode, error);
    choice_free(&c);
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

static gpen_status compose_kept(gpen_session *s, composition *c, session_face *const *all, gpen_error *error)
{
    gpen_mode mode = c->settings->mode;
    int kind = kind_of(mode);
    gpen_status status = GPEN_OK;
    for (size_t i = 0; i < c->faces->count && !status; i++) {
        session_face *kept = all[i];
        gpen_face *face = &c->faces->faces[i];
        if (face->state != GPEN_FACE_FOUND)
            continue;
        face->state = kept->states[kind];
        face->seconds = kept->seconds[kind];
        if (kept->crops[kind].after.pixels)
            status = face_crop_fit(&kept->crops[kind], &s->model->parser, mode, error);
        if (!status && guards_likeness(c->settings))
            status = face_crop_judge(&kept->crops[kind], &s->model->detector, face, error);
        if (!status)
            status = compose_face(c, i, &kept->crops[kind], NULL, error);
    }
    return status;
}

static gpen_status render(gpen_session *s, const gpen_settings *settings, int edge, choice *chosen, gpen_image *result,
                          gpen_error *error)
{
    photo_source *source;
    composition c;
    thread_pool *pool = nn_device_pool(s->model->device);
    gpen_status status = source_at(s, edge, &source, error);
    if (!status)
        status = source_prepare(source, settings->mode, pool, error);
    if (!status)
        status = compose_begin(&c, source, settings, &chosen->faces, NULL, pool, error);
    if (status)
        return status;
    status = compose_kept(s, &c, chosen->kept, error);
    if (!status)
        status = compose_finish(&c, result, error);
    compose_end(&c);
    return status;
}

gpen_status gpen_session_render(gpen_session *s, const gpen_settings *settings, int edge, gpen_image *result,
                                gpen_faces *faces, gpen_error *error)
{
    choice chosen = {0};
    *result = (gpen_image){0};
    if (faces)
        *faces = (gpen_faces){0};
    gpen_error_clear(error);
    gpen_status status = check_restoring(s->model, settings, error);
    if (!status && !s->kept)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "this session was not run yet");
    if (!status && edge && edge < LEAST_EDGE)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "a preview has %d pixels or more, not %d", LEAST_EDGE, edge);
    if (!status)
        status = choose(s, settings, &chosen, error);
    if (!status)
        status = render(s, settings, edge, &chosen, result, error);
    if (!status && faces) {
        *faces = chosen.faces;
        chosen.faces = (gpen_faces){0};
    }
    choice_free(&chosen);
    return status;
}

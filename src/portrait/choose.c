/* The faces of a photo: found, chosen among, and named. */
#include <stdlib.h>

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

gpen_status photo_find(gpen_model *model, const gpen_image *photo, float least_score, gpen_faces *faces,
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
    return photo_find(model, photo, least_score, faces, error);
}

static float area(const gpen_face *face)
{
    return (face->box[2] - face->box[0]) * (face->box[3] - face->box[1]);
}

/* The smallest face still in state FOUND that nobody pointed at, of equals the later one; count is how many there are. */
static gpen_face *smallest(const gpen_faces *faces, int *count)
{
    gpen_face *least = NULL;
    *count = 0;
    for (size_t i = 0; i < faces->count; i++) {
        gpen_face *face = &faces->faces[i];
        if (face->state != GPEN_FACE_FOUND || face->pointed_at)
            continue;
        if (!least || area(face) <= area(least))
            least = face;
        ++*count;
    }
    return least;
}

void faces_choose(gpen_faces *faces, const gpen_settings *settings)
{
    for (size_t i = 0; i < faces->count; i++) {
        gpen_face *face = &faces->faces[i];
        if (face->pointed_at)
            continue;
        if (!(face->score > settings->least_score))
            face->state = GPEN_FACE_LOW_SCORE;
        else if (face_shorter_side(face) < (float)settings->least_face)
            face->state = GPEN_FACE_TOO_SMALL;
    }
    int count;
    for (gpen_face *face; settings->most_faces > 0; face->state = GPEN_FACE_NOT_CHOSEN) {
        face = smallest(faces, &count);
        if (count <= settings->most_faces)
            break;
    }
    for (size_t i = 0; i < faces->count; i++)
        if (faces->faces[i].state == GPEN_FACE_FOUND && !gpen_settings_face_strength(settings, i + 1))
            faces->faces[i].state = GPEN_FACE_CHOSEN_OFF;
}

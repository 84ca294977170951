/* A whole photo, once through: find its faces, restore one after the other, paste each back, finish. */
#include <stdlib.h>

#include "base/clock.h"
#include "portrait/room.h"

gpen_status check_restoring(const gpen_model *model, const gpen_settings *settings, gpen_error *error)
{
    if (!model || !model->restorer.plan)
        return gpen_fail(error, GPEN_MODEL_MISSING, "this handle was opened without a restorer");
    return gpen_settings_check(settings, error);
}

/* A photo's faces on their way. Crops take turns; what the filters ask of them is kept. */
typedef struct passage {
    gpen_model *model;
    crop_wish wish;
    composition composition;
    uint8_t **classes; /* of each face, or NULL */
    const photo_watch *watch;
} passage;

static gpen_status show(const passage *p, size_t index, const face_crop *crop, const gpen_image *pasted,
                        gpen_error *error)
{
    const gpen_faces *faces = p->composition.faces;
    bool restored = faces->faces[index].state == GPEN_FACE_RESTORED;
    if (p->watch && p->watch->done &&
        !p->watch->done(p->watch->context, faces, index, restored ? &crop->before : NULL, restored ? pasted : NULL))
        return gpen_fail(error, GPEN_CANCELLED, "stopped after face %zu of %zu", index + 1, faces->count);
    return GPEN_OK;
}

static gpen_status restore_face(passage *p, size_t index, gpen_error *error)
{
    gpen_face *face = &p->composition.faces->faces[index];
    face_crop crop = {0};
    gpen_image pasted = {0};
    double start = clock_seconds();
    gpen_status status = GPEN_OK;
    if (face->state == GPEN_FACE_FOUND) {
        status = face_crop_make(&crop, p->model, &p->wish, face, error);
        if (!status && guards_likeness(p->composition.settings))
            status = face_crop_judge(&crop, &p->model->detector, face, error);
        if (!status)
            status = compose_face(&p->composition, index, &crop, &pasted, error);
        face->seconds = clock_seconds() - start;
    }
    if (!status)
        status = show(p, index, &crop, &pasted, error);
    p->classes[index] = crop.classes;
    crop.classes = NULL;
    gpen_image_free(&pasted);
    face_crop_free(&crop);
    return status;
}

static gpen_status restore_faces(passage *p, gpen_image *restored, gpen_error *error)
{
    size_t count = p->composition.faces->count;
    p->classes = calloc(count + 1, sizeof *p->classes);
    gpen_status status =
        p->classes ? GPEN_OK : gpen_fail_memory(error, "the faces' classes", count * sizeof *p->classes);
    for (size_t i = 0; i < count && !status; i++)
        status = restore_face(p, i, error);
    if (!status)
        status = compose_finish(&p->composition, restored, error);
    for (size_t i = 0; i < count && p->classes; i++)
        free(p->classes[i]);
    free(p->classes);
    return status;
}

/* From chosen faces to the finished photo. */
static gpen_status restore_photo(passage *p, const gpen_image *photo, const gpen_settings *settings, gpen_faces *faces,
                                 uint8_t *touched, gpen_image *restored, gpen_error *error)
{
    photo_source source;
    thread_pool *pool = nn_device_pool(p->model->device);
    gpen_status status = source_open(&source, photo, 0, error);
    if (status)
        return status;
    status = source_prepare(&source, settings->mode, pool, error);
    if (!status)
        status = compose_begin(&p->composition, &source, settings, faces, touched, pool, error);
    if (!status) {
        p->wish = crop_wish_of(&source, settings->mode);
        status = restore_faces(p, restored, error);
        compose_end(&p->composition);
    }
    source_close(&source);
    return status;
}

gpen_status photo_enhance(gpen_model *model, const gpen_image *photo, const gpen_settings *settings,
                          gpen_image *restored, uint8_t *touched, gpen_faces *out, const photo_watch *watch,
                          gpen_error *error)
{
    gpen_settings defaults = gpen_settings_default();
    gpen_faces faces = {0};
    *restored = (gpen_image){0};
    if (out)
        *out = faces;
    gpen_error_clear(error);
    settings = settings ? settings : &defaults;
    gpen_status status = check_restoring(model, settings, error);
    if (!status)
        status = photo_faces(model, photo, settings, &faces, error);
    if (status)
        return status;
    faces_choose(&faces, settings);
    if (watch && watch->found)
        watch->found(watch->context, &faces);
    passage p = {.model = model, .watch = watch};
    status = restore_photo(&p, photo, settings, &faces, touched, restored, error);
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

/* One aligned face in memory: resize to the network's square, restore, blend. */
#include "portrait/room.h"

enum { LEAST_SIDE = 16, MOST_SIDE = 65500 };

static gpen_status check(const gpen_model *model, const gpen_image *face, const gpen_settings *settings,
                         gpen_error *error)
{
    if (!model || !face)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a model and a face are needed");
    if (!model->restorer.plan)
        return gpen_fail(error, GPEN_MODEL_MISSING, "this handle was opened without a restorer");
    gpen_status status = gpen_settings_check(settings, error);
    if (!status)
        status = image_check(face, error);
    if (status)
        return status;
    if (face->width < LEAST_SIDE || face->height < LEAST_SIDE || face->width > MOST_SIDE || face->height > MOST_SIDE)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a face of %dx%d pixels: each side must have %d to %d", face->width,
                         face->height, LEAST_SIDE, MOST_SIDE);
    return GPEN_OK;
}

/* crop is the resized face, restored as large. */
static gpen_status restore(gpen_model *model, const gpen_image *crop, int strength, gpen_image *restored,
                           gpen_error *error)
{
    if (!restorer_apply(&model->restorer, crop, restored))
        return gpen_fail(error, GPEN_MODEL_INVALID, "the model gave no usable numbers for this face");
    blend_strength(crop, strength, restored);
    return GPEN_OK;
}

gpen_status gpen_restore_aligned(gpen_model *model, const gpen_image *face, const gpen_settings *settings,
                                 gpen_image *restored, gpen_error *error)
{
    *restored = (gpen_image){0};
    gpen_error_clear(error);
    gpen_settings defaults = gpen_settings_default();
    settings = settings ? settings : &defaults;
    gpen_status status = check(model, face, settings, error);
    if (status)
        return status;
    int size = model->restorer.architecture.size;
    gpen_image crop = {0};
    status = image_new(&crop, size, size, face->channels, face->bits, error);
    if (!status)
        status = image_new(restored, size, size, face->channels, face->bits, error);
    if (!status)
        status = image_resize_bilinear(face, &crop, error);
    if (!status)
        status = restore(model, &crop, settings->strength, restored, error);
    gpen_image_free(&crop);
    if (status)
        gpen_image_free(restored);
    return status;
}

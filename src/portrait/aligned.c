/* One aligned face in memory: a photo that is one face, already where a crop has it. Resized to the network's square, restored, and from
 * then on a photo like any other. */
#include <stdlib.h>

#include "portrait/room.h"

enum { LEAST_SIDE = 16, MOST_SIDE = 65500 };

static gpen_status check(const gpen_model *model, const gpen_image *face, const gpen_settings *settings,
                         gpen_error *error)
{
    if (!model || !face)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a model and a face are needed");
    gpen_status status = check_restoring(model, settings, error);
    if (!status)
        status = image_check(face, error);
    if (status)
        return status;
    if (face->width < LEAST_SIDE || face->height < LEAST_SIDE || face->width > MOST_SIDE || face->height > MOST_SIDE)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a face of %dx%d pixels: each side must have %d to %d", face->width,
                         face->height, LEAST_SIDE, MOST_SIDE);
    return GPEN_OK;
}

/* A face where the template has it, with all of the crop as its box. */
static gpen_face template_face(int size)
{
    gpen_face face = {.box = {0, 0, (float)size, (float)size}, .score = 1, .likeness = -1};
    align_template(size, face.landmarks);
    return face;
}

/* The crop through the network, as a face_crop of all its pixels. */
static gpen_status make_crop(gpen_model *model, const photo_source *source, gpen_mode mode, face_crop *crop,
                             gpen_error *error)
{
    const image_affine still = {{{1, 0, 0}, {0, 1, 0}}};
    const gpen_image *photo = &source->photo;
    *crop = (face_crop){.forward = still, .back = still};
    gpen_status status = image_copy(photo, &crop->before, error);
    if (!status)
        status = image_copy(photo, &crop->after, error);
    if (!status)
        status = plane_new(&crop->mask, photo->width, photo->height, error);
    if (status)
        return status;
    for (size_t i = 0; i < (size_t)photo->width * (size_t)photo->height; i++)
        crop->mask.values[i] = 1;
    crop->square = mode == GPEN_MODE_PLAIN;
    if (!restorer_apply(&model->restorer, mode == GPEN_MODE_STRONG ? &source->clean : photo, &crop->after))
        return gpen_fail(error, GPEN_MODEL_INVALID, "the model gave no usable numbers for this face");
    return face_crop_fit(crop, &model->parser, mode, error);
}

static gpen_status compose(gpen_model *model, const photo_source *source, const gpen_settings *settings,
                           gpen_image *restored, gpen_error *error)
{
    gpen_face face = template_face(source->photo.width);
    gpen_faces faces = {&face, 1};
    composition c;
    face_crop crop = {0};
    face.state = gpen_settings_face_strength(settings, 1) ? GPEN_FACE_FOUND : GPEN_FACE_CHOSEN_OFF;
    gpen_status status = compose_begin(&c, source, settings, &faces, NULL, nn_device_pool(model->device), error);
    if (status)
        return status;
    if (face.state == GPEN_FACE_FOUND)
        status = make_crop(model, source, settings->mode, &crop, error);
    if (!status)
        status = compose_face(&c, 0, &crop, NULL, error);
    if (!status)
        status = compose_finish(&c, restored, error);
    compose_end(&c);
    face_crop_free(&crop);
    return status;
}

static gpen_status restore(gpen_model *model, const gpen_image *crop, const gpen_settings *settings,
                           gpen_image *restored, gpen_error *error)
{
    photo_source source;
    gpen_status status = source_open(&source, crop, 0, error);
    if (status)
        return status;
    status = source_prepare(&source, settings->mode, nn_device_pool(model->device), error);
    if (!status)
        status = compose(model, &source, settings, restored, error);
    source_close(&source);
    return status;
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
        status = image_resize_bilinear(face, &crop, error);
    if (!status)
        status = restore(model, &crop, settings, restored, error);
    gpen_image_free(&crop);
    return status;
}

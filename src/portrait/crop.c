/* One face through the networks: aligned, restored, parsed, masked. All that costs time and does not change when a person tries another
 * look; what does is in look.c. */
#include <stdlib.h>

#include "portrait/likeness.h"

enum { SMALL_FACE = 100 }; /* pixels of the box's shorter side under which restored detail is softened */

float face_shorter_side(const gpen_face *face)
{
    float width = face->box[2] - face->box[0], height = face->box[3] - face->box[1];
    return width < height ? width : height;
}

void face_crop_free(face_crop *crop)
{
    gpen_image_free(&crop->before);
    gpen_image_free(&crop->after);
    plane_free(&crop->mask);
    free(crop->classes);
    free(crop->likeness);
    plane_free(&crop->shift[0]);
    plane_free(&crop->shift[1]);
    *crop = (face_crop){0};
}

/* Below a certain size the network's finest detail is invention that nobody could have seen. */
static gpen_status soften(face_crop *crop, gpen_error *error)
{
    gpen_image soft;
    gpen_status status =
        image_new(&soft, crop->after.width, crop->after.height, crop->after.channels, crop->after.bits, error);
    if (status)
        return status;
    image_soften(&crop->after, &soft);
    gpen_image_free(&crop->after);
    crop->after = soft;
    return GPEN_OK;
}

static gpen_status new_crop(face_crop *crop, int size, const gpen_image *photo, gpen_error *error)
{
    gpen_status status = image_new(&crop->before, size, size, photo->channels, photo->bits, error);
    return status ? status : image_new(&crop->after, size, size, photo->channels, photo->bits, error);
}

static gpen_status fit_mask(face_crop *crop, parser *p, gpen_mode mode, gpen_error *error)
{
    plane mask;
    bool square = mode == GPEN_MODE_PLAIN;
    if (crop->mask.values && (crop->classes || square == crop->square))
        return GPEN_OK;
    gpen_status status = mask_make(p, &crop->after, mode, crop->classes, &mask, error);
    if (status)
        return status;
    plane_free(&crop->mask);
    crop->mask = mask;
    crop->square = square;
    return GPEN_OK;
}

gpen_status face_crop_fit(face_crop *crop, parser *p, gpen_mode mode, gpen_error *error)
{
    gpen_status status = fit_mask(crop, p, mode, error);
    if (!status && mode != GPEN_MODE_PLAIN && !crop->shift[0].values)
        status = shift_find(crop->shift, &crop->before, &crop->after, error);
    return status;
}

gpen_status face_crop_judge(face_crop *crop, detector *finder, const gpen_face *face, gpen_error *error)
{
    float landmarks[5][2];
    if (crop->likeness || !crop->after.pixels)
        return GPEN_OK;
    likeness *found = malloc(sizeof *found);
    if (!found)
        return gpen_fail_memory(error, "a face's likeness", sizeof *found);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++) {
            const double *m = crop->forward.m[k];
            landmarks[i][k] =
                (float)(m[0] * (double)face->landmarks[i][0] + m[1] * (double)face->landmarks[i][1] + m[2]);
        }
    /* Where a person's box alone says where the landmarks are, they are no measure. */
    gpen_status status =
        likeness_measure(found, face->score > 0 ? finder : NULL, &crop->before, landmarks, &crop->after, error);
    if (status)
        free(found);
    else
        crop->likeness = found;
    return status;
}

static gpen_status restore(gpen_model *model, const crop_wish *wish, gpen_face *face, face_crop *crop,
                           gpen_error *error)
{
    const gpen_image *input = &crop->before;
    if (wish->clean) { /* restored from the photo without its noise, blended with the one as it came */
        image_warp(wish->clean, &crop->forward, 0, 0, &crop->after);
        input = &crop->after;
    }
    image_warp(wish->photo, &crop->forward, 0, 0, &crop->before);
    if (!restorer_apply(&model->restorer, input, &crop->after)) {
        face->state = GPEN_FACE_NOT_FINITE;
        return GPEN_OK;
    }
    gpen_status status =
        fit_mask(crop, &model->parser, wish->mode, error); /* the parser sees the face before it is softened */
    if (!status && face_shorter_side(face) < SMALL_FACE)
        status = soften(crop, error);
    return status ? status : face_crop_fit(crop, &model->parser, wish->mode, error);
}

gpen_status face_crop_make(face_crop *crop, gpen_model *model, const crop_wish *wish, gpen_face *face,
                           gpen_error *error)
{
    int size = model->restorer.architecture.size;
    *crop = (face_crop){0};
    if (!align_face(face->landmarks, size, &crop->forward, &crop->back)) {
        face->state = GPEN_FACE_NO_PLACE;
        return GPEN_OK;
    }
    gpen_status status = new_crop(crop, size, wish->photo, error);
    if (!status && model->parser.plan) {
        crop->classes = malloc((size_t)PARSENET_SIZE * PARSENET_SIZE);
        if (!crop->classes)
            status = gpen_fail_memory(error, "a face's classes", (size_t)PARSENET_SIZE * PARSENET_SIZE);
    }
    if (!status)
        status = restore(model, wish, face, crop, error);
    if (status || face->state != GPEN_FACE_FOUND)
        face_crop_free(crop);
    return status;
}

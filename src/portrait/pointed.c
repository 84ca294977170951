/* Faces that a person points at. Its own file because here a person is believed: the detector looks again from close and less strictly,
 * and where even so it sees nothing, the box itself says where eyes, nose and mouth are. */
#include <math.h>
#include <stdlib.h>

#include "portrait/room.h"

enum {
    BOX_SIDE = 200
}; /* pixels of the longer side of a box as the detector gets to see it: a size it was trained for */

/* Below this score its landmarks are no nearer to the face's than the box's (docs/LOOK.md). */
static const float least_score = 0.3f;

static const float least_overlap = 0.1f; /* of a face with a box drawn around it: boxes by hand are wide */

/* Where the detector's boxes lie around upright faces, in crops of side 1: the mean of 433 faces, each within 0.03 or so. */
static const float box_in_crop[4] = {0.264f, 0.218f, 0.738f, 0.869f};

/* ---------------------------------------------------------------- looking closer */

/* A box as far as it lies in the photo; false: too little of it for a face. */
static bool clip(const float box[4], const gpen_image *photo, float clipped[4])
{
    const float most[2] = {(float)photo->width, (float)photo->height};
    for (int k = 0; k < 4; k++)
        clipped[k] = fminf(fmaxf(box[k], 0), most[k % 2]);
    return clipped[2] - clipped[0] >= GPEN_LEAST_EXTRA_SIDE && clipped[3] - clipped[1] >= GPEN_LEAST_EXTRA_SIDE;
}

static float longer_side(const float box[4])
{
    return fmaxf(box[2] - box[0], box[3] - box[1]);
}

/* The photo around the box, twice as wide and high as its longer side where the photo is: a view, whose first pixel is corner[]. */
static gpen_image surroundings(const gpen_image *photo, const float box[4], int corner[2])
{
    const int most[2] = {photo->width, photo->height};
    int end[2];
    for (int k = 0; k < 2; k++) {
        float centre = (box[k] + box[k + 2]) / 2;
        corner[k] = (int)fmaxf(floorf(centre - longer_side(box)), 0);
        end[k] = (int)fminf(ceilf(centre + longer_side(box)), (float)most[k]);
    }
    gpen_image view = *photo;
    view.width = end[0] - corner[0];
    view.height = end[1] - corner[1];
    view.pixels = (unsigned char *)photo->pixels + (size_t)corner[1] * photo->row_bytes +
                  (size_t)corner[0] * (size_t)photo->channels * (size_t)photo->bits / 8;
    return view;
}

static int scaled(int length, float scale)
{
    int result = (int)lrintf((float)length * scale);
    return result > 1 ? result : 1;
}

/* The view as the detector gets to see it; release. */
static gpen_status bring_close(const gpen_image *view, float scale, gpen_image *seen, gpen_error *error)
{
    gpen_status status =
        image_new(seen, scaled(view->width, scale), scaled(view->height, scale), view->channels, view->bits, error);
    if (status)
        return status;
    return scale < 1 ? image_reduce(view, seen, error) : image_resize_bilinear(view, seen, error);
}

/* From pixels of what the detector saw to those of the photo. */
static void place_in_photo(gpen_face *face, const gpen_image *seen, const gpen_image *view, const int corner[2])
{
    const float factors[2] = {(float)view->width / (float)seen->width, (float)view->height / (float)seen->height};
    for (int k = 0; k < 4; k++)
        face->box[k] = face->box[k] * factors[k % 2] + (float)corner[k % 2];
    for (int k = 0; k < 10; k++)
        face->landmarks[k / 2][k % 2] = face->landmarks[k / 2][k % 2] * factors[k % 2] + (float)corner[k % 2];
}

static bool centre_in(const float inner[4], const float outer[4])
{
    float x = (inner[0] + inner[2]) / 2, y = (inner[1] + inner[3]) / 2;
    return x >= outer[0] && x <= outer[2] && y >= outer[1] && y <= outer[3];
}

/* The face that overlaps the box best, of those whose middle is in it. */
static bool take_best(const gpen_faces *faces, const float box[4], gpen_face *face)
{
    float best = least_overlap;
    for (size_t i = 0; i < faces->count; i++) {
        const gpen_face *candidate = &faces->faces[i];
        float overlap = boxes_overlap(candidate->box, box);
        if (overlap > best && centre_in(candidate->box, box)) {
            best = overlap;
            *face = *candidate;
        }
    }
    return best > least_overlap;
}

static gpen_status look_closer(detector *d, const gpen_image *photo, const float box[4], gpen_face *face,
                               bool *seen_one, gpen_error *error)
{
    int corner[2];
    const gpen_image view = surroundings(photo, box, corner);
    gpen_image seen = {0};
    gpen_faces faces = {0};
    gpen_status status = bring_close(&view, BOX_SIDE / longer_side(box), &seen, error);
    if (!status)
        status = detector_find(d, &seen, least_score, &faces, error);
    for (size_t i = 0; i < faces.count; i++)
        place_in_photo(&faces.faces[i], &seen, &view, corner);
    *seen_one = take_best(&faces, box, face);
    gpen_faces_free(&faces);
    gpen_image_free(&seen);
    return status;
}

/* ---------------------------------------------------------------- believing the box */

/* The template, upright and undistorted, where the detector's box around it would have the box's middle and area. */
static void place_template(const float box[4], float landmarks[5][2])
{
    const float *within = box_in_crop;
    float side = sqrtf((box[2] - box[0]) * (box[3] - box[1]) / ((within[2] - within[0]) * (within[3] - within[1])));
    align_template(1, landmarks);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++)
            landmarks[i][k] = (box[k] + box[k + 2]) / 2 + side * (landmarks[i][k] - (within[k] + within[k + 2]) / 2);
}

gpen_status pointed_find(gpen_model *model, const gpen_image *photo, const float box[4], gpen_face *face,
                         gpen_error *error)
{
    float clipped[4];
    bool seen = false;
    gpen_status status = GPEN_OK;
    *face = (gpen_face){.box = {box[0], box[1], box[2], box[3]}, .likeness = -1};
    if (clip(box, photo, clipped)) {
        status = look_closer(&model->detector, photo, clipped, face, &seen, error);
        if (!seen)
            place_template(clipped, face->landmarks);
    }
    face->pointed_at = 1;
    return status;
}

/* ---------------------------------------------------------------- beside the others */

void faces_point(gpen_faces *faces, const gpen_face *face)
{
    gpen_face *same = NULL;
    float best = BOXES_SAME_FACE;
    for (size_t i = 0; i < faces->count; i++) {
        float overlap = boxes_overlap(faces->faces[i].box, face->box);
        if (overlap > best) {
            best = overlap;
            same = &faces->faces[i];
        }
    }
    if (same)
        same->pointed_at = 1;
    else
        faces->faces[faces->count++] = *face;
}

static gpen_status point_at_all(gpen_model *model, const gpen_image *photo, const gpen_settings *settings,
                                gpen_faces *faces, gpen_error *error)
{
    gpen_face face,
        *larger = realloc(faces->faces, (faces->count + (size_t)settings->extra_face_count) * sizeof *larger);
    if (!larger)
        return gpen_fail_memory(error, "the faces of a photo", faces->count * sizeof *larger);
    faces->faces = larger;
    gpen_status status = GPEN_OK;
    for (int i = 0; i < settings->extra_face_count && !status; i++) {
        status = pointed_find(model, photo, settings->extra_faces[i], &face, error);
        if (!status)
            faces_point(faces, &face);
    }
    return status;
}

gpen_status photo_faces(gpen_model *model, const gpen_image *photo, const gpen_settings *settings, gpen_faces *faces,
                        gpen_error *error)
{
    gpen_status status = photo_find(model, photo, LEAST_MENTIONED, faces, error);
    if (!status && settings->extra_face_count)
        status = point_at_all(model, photo, settings, faces, error);
    if (status)
        gpen_faces_free(faces);
    return status;
}

/* The faces of one photo: restored in its own pixels, counted while they are, and saved by themselves where that was asked
 * for. Its own file because a whole photo has many faces, while a crop (--aligned) is one. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"

/* A photo's faces while they are worked on. */
typedef struct face_watch {
    const enhance_batch *batch;
    const char *crops; /* NULL: they are not saved */
    item_outcome *outcome;
    size_t chosen, ended;
} face_watch;

/* ---------------------------------------------------------------- saved by themselves */

static gpen_status save_crop(const face_watch *watch, const gpen_image *crop, const char *path, gpen_error *error)
{
    const picture_save_options options = {.format = PICTURE_PNG, .overwrite = watch->batch->settings->overwrite};
    char *folder = path_folder(path);
    gpen_status status = folder ? folder_make(folder, error) : gpen_fail_memory(error, "a path", strlen(path));
    free(folder);
    if (!status && photo_list_has_file(&watch->batch->photos, path))
        status = gpen_fail(error, GPEN_EXISTS, "%s is one of the photos themselves", path);
    return status ? status : picture_save(crop, NULL, path, &options, NULL, error);
}

/* A crop that cannot be saved costs the photo nothing; a note says so. */
static void keep_crop(face_watch *watch, size_t index, const char *suffix, const gpen_image *crop)
{
    gpen_error error;
    char *path = NULL, *note = NULL;
    if (asprintf(&path, "%s-face%zu%s.png", watch->crops, index + 1, suffix) < 0)
        return;
    interrupt_hold(true);
    gpen_status status = save_crop(watch, crop, path, &error);
    interrupt_hold(false);
    if (status && asprintf(&note, "A face was not saved by itself: %s", error.message) >= 0) {
        item_outcome_note(watch->outcome, note);
        free(note);
    }
    free(path);
}

/* ---------------------------------------------------------------- watching */

static void see_found(void *context, const gpen_faces *faces)
{
    face_watch *watch = context;
    for (size_t i = 0; i < faces->count; i++)
        watch->chosen += faces->faces[i].state == GPEN_FACE_FOUND;
    report_faces(watch->batch->report, 0, watch->chosen);
}

static bool was_tried(const gpen_face *face)
{
    return face->state == GPEN_FACE_RESTORED || face->state == GPEN_FACE_NO_PLACE ||
           face->state == GPEN_FACE_NOT_FINITE;
}

static bool see_done(void *context, const gpen_faces *faces, size_t index, const gpen_image *crop,
                     const gpen_image *restored)
{
    face_watch *watch = context;
    if (watch->crops && crop && restored) {
        keep_crop(watch, index, "-before", crop);
        keep_crop(watch, index, "", restored);
    }
    watch->ended += was_tried(&faces->faces[index]);
    report_faces(watch->batch->report, watch->ended, watch->chosen);
    return !interrupted();
}

/* ---------------------------------------------------------------- the photo */

static gpen_status check_required(const enhance_batch *batch, item_outcome *outcome)
{
    outcome->restored = faces_count(&outcome->faces, GPEN_FACE_RESTORED);
    if (batch->settings->require_face && !faces_seen(&outcome->faces))
        return gpen_fail(&outcome->error, GPEN_NO_FACE, "%s: no face with a score above %g was found", outcome->input,
                         (double)batch->made.settings.least_score);
    return GPEN_OK;
}

gpen_status enhance_faces(const enhance_batch *batch, picture *photo, const char *crops, item_outcome *outcome)
{
    face_watch watch = {.batch = batch, .crops = crops, .outcome = outcome};
    const photo_watch callbacks = {.context = &watch, .found = see_found, .done = see_done};
    size_t pixels;
    if (!size_multiply((size_t)photo->image.width, (size_t)photo->image.height, &pixels))
        return gpen_fail(&outcome->error, GPEN_TOO_LARGE, "%s: too many pixels", outcome->input);
    uint8_t *touched = calloc(pixels, 1);
    if (!touched)
        return gpen_fail_memory(&outcome->error, "the map of what is changed", pixels);
    gpen_image restored = {0};
    gpen_status status = photo_enhance(batch->model, &photo->image, &batch->made.settings, &restored, touched,
                                       &outcome->faces, &callbacks, &outcome->error);
    if (!status)
        status = check_required(batch, outcome);
    if (!status && outcome->restored)
        status = picture_put(photo, &restored, touched, &outcome->error);
    gpen_image_free(&restored);
    free(touched);
    return status;
}

/* The work on one photo. Its own file because the command line and the worker processes must do the same. */
#include "batch/photo_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

void photo_job_begin(photo_job *job, const job_order *order, const photo_job_watch *watch)
{
    *job = (photo_job){.order = order, .watch = watch, .stage = JOB_WAITING, .since = clock_seconds()};
    job->result.look = order->look;
    job->result.choice.preset = GPEN_PRESET_AUTO;
}

void photo_job_enter(photo_job *job, job_stage stage)
{
    double now = clock_seconds();
    job->result.seconds[job->stage] += now - job->since;
    job->stage = stage;
    job->since = now;
    if (job->watch->stage)
        job->watch->stage(job->watch->context, stage);
}

void photo_job_end(photo_job *job)
{
    picture_free(&job->photo);
    gpen_image_free(&job->after);
    job_result_free(&job->result);
}

/* ---------------------------------------------------------------- small pictures */

static bool wants_thumbnails(const photo_job *job)
{
    return job->order->thumbnail_edge > 0 && job->watch->thumbnail;
}

/* A small picture is never worth a photo, nor a word about it. */
static void give_thumbnail(const photo_job *job, bool after, const gpen_image *pixels)
{
    const job_thumbnail which = {.id = job->order->id, .after = after};
    (void)job->watch->thumbnail(job->watch->context, &which, pixels, NULL);
}

static void give_before(const photo_job *job)
{
    gpen_image before;
    if (!wants_thumbnails(job) || image_thumbnail(&job->photo.image, job->order->thumbnail_edge, &before, NULL))
        return;
    give_thumbnail(job, false, &before);
    gpen_image_free(&before);
}

/* The result's pixels are here only while it is computed; whether they become a file shows later. */
static void keep_after(photo_job *job, const gpen_image *restored)
{
    if (wants_thumbnails(job))
        (void)image_thumbnail(restored, job->order->thumbnail_edge, &job->after, NULL);
}

static void give_after(photo_job *job)
{
    if (job->after.pixels)
        give_thumbnail(job, true, &job->after);
    gpen_image_free(&job->after);
}

/* ---------------------------------------------------------------- decode */

/* Its result is a preview. */
static bool is_kept(const photo_job *job)
{
    return job->kept && job->order->keep;
}

gpen_status photo_job_decode(photo_job *job, int input)
{
    const picture_limits limits = {.max_pixels = job->order->max_pixels};
    job_result *result = &job->result;
    if (result->error.status)
        return result->error.status;
    if (is_kept(job) && kept_photo_is(job->kept, job->order->keep)) {
        result->width = job->kept->width;
        result->height = job->kept->height;
        return GPEN_OK;
    }
    photo_job_enter(job, JOB_DECODE);
    gpen_status status = picture_load_open(&job->photo, input, job->order->input_name, &limits, &result->error);
    result->width = job->photo.image.width;
    result->height = job->photo.image.height;
    job_result_note(result, job->photo.notes);
    if (!status)
        give_before(job);
    photo_job_enter(job, JOB_WAITING);
    return status;
}

/* ---------------------------------------------------------------- compute */

static void see_found(void *context, const gpen_faces *faces)
{
    photo_job *job = context;
    job->chosen = faces_count(faces, GPEN_FACE_FOUND);
    photo_job_enter(job, JOB_RESTORE);
    if (job->watch->faces)
        (void)job->watch->faces(job->watch->context, 0, job->chosen);
}

static bool was_tried(const gpen_face *face)
{
    return face->state == GPEN_FACE_RESTORED || face->state == GPEN_FACE_LIKENESS ||
           face->state == GPEN_FACE_NO_PLACE || face->state == GPEN_FACE_NOT_FINITE;
}

/* A crop that cannot be saved costs the photo nothing; a note says so. */
static void give_crop(photo_job *job, size_t face, bool restored, const gpen_image *pixels)
{
    gpen_error error = {0};
    char note[sizeof error.message + 64];
    const job_crop which = {.id = job->order->id, .face = (uint32_t)face, .restored = restored};
    if (!job->watch->crop(job->watch->context, &which, pixels, &error))
        return;
    snprintf(note, sizeof note, "A face was not saved by itself: %s", error.message);
    job_result_note(&job->result, note);
}

static bool see_done(void *context, const gpen_faces *faces, size_t index, const gpen_image *crop,
                     const gpen_image *restored)
{
    photo_job *job = context;
    if (job->order->save_faces && job->watch->crop && crop && restored) {
        give_crop(job, index, false, crop);
        give_crop(job, index, true, restored);
    }
    job->ended += was_tried(&faces->faces[index]);
    return !job->watch->faces || job->watch->faces(job->watch->context, job->ended, job->chosen);
}

static gpen_status check_required(photo_job *job)
{
    job_result *result = &job->result;
    result->restored = faces_count(&result->faces, GPEN_FACE_RESTORED);
    if (job->order->require_face && !faces_seen(&result->faces))
        return gpen_fail(&result->error, GPEN_NO_FACE, "%s: no face with a score above %g was found",
                         job->order->input_name, (double)job->result.look.least_score);
    return GPEN_OK;
}

static gpen_status compute_photo(photo_job *job, gpen_model *model)
{
    const photo_watch callbacks = {.context = job, .found = see_found, .done = see_done};
    const gpen_image *image = &job->photo.image;
    job_result *result = &job->result;
    size_t pixels;
    if (!size_multiply((size_t)image->width, (size_t)image->height, &pixels))
        return gpen_fail(&result->error, GPEN_TOO_LARGE, "%s: too many pixels", job->order->input_name);
    uint8_t *touched = calloc(pixels, 1);
    if (!touched)
        return gpen_fail_memory(&result->error, "the map of what is changed", pixels);
    gpen_image restored = {0};
    photo_job_enter(job, JOB_DETECT);
    gpen_status status =
        photo_enhance(model, image, &result->look, &restored, touched, &result->faces, &callbacks, &result->error);
    if (!status)
        status = check_required(job);
    if (!status && memchr(touched, 1, pixels)) {
        photo_job_enter(job, JOB_PASTE);
        status = picture_put(&job->photo, &restored, touched, &result->error);
    }
    if (!status)
        keep_after(job, &restored);
    gpen_image_free(&restored);
    free(touched);
    return status;
}

/* A crop has no list of faces to say it in. */
static void note_guard(photo_job *job, const gpen_face *face)
{
    char note[128];
    int asked = gpen_settings_face_strength(&job->result.look, 1);
    if (face->state == GPEN_FACE_LIKENESS)
        job_result_note(&job->result, gpen_face_state_sentence(face->state, GPEN_ENGLISH));
    if (face->state != GPEN_FACE_RESTORED || face->strength >= asked)
        return;
    snprintf(note, sizeof note, "Restored at strength %d instead of %d, so that the face stays itself.", face->strength,
             asked);
    job_result_note(&job->result, note);
}

/* The photo is one face. */
static gpen_status compute_crop(photo_job *job, gpen_model *model)
{
    gpen_image restored;
    gpen_face face;
    photo_job_enter(job, JOB_RESTORE);
    gpen_status status =
        aligned_restore(model, &job->photo.image, &job->result.look, &restored, &face, &job->result.error);
    if (status)
        return status;
    gpen_image_free(&job->photo.image);
    job->photo.image = restored;
    job->result.restored = face.state == GPEN_FACE_RESTORED;
    note_guard(job, &face);
    keep_after(job, &job->photo.image);
    return GPEN_OK;
}

/* Preset auto: what this photo gets. */
static gpen_status choose_look(photo_job *job, gpen_model *model)
{
    job_result *result = &job->result;
    if (result->look.preset != GPEN_PRESET_AUTO)
        return GPEN_OK;
    photo_job_enter(job, JOB_DETECT);
    return gpen_choose(model, &job->photo.image, job->photo.jpeg_quality, &result->look, &result->choice,
                       &result->error);
}

/* Another look at a photo whose faces are restored already, or now are. */
static gpen_status compute_preview(photo_job *job, gpen_model *model)
{
    const job_order *order = job->order;
    job_result *result = &job->result;
    gpen_image look;
    gpen_status status = GPEN_OK;
    photo_job_enter(job, JOB_RESTORE);
    if (!kept_photo_is(job->kept, order->keep))
        status =
            kept_photo_take(job->kept, order->keep, model, &job->photo.image, job->photo.jpeg_quality, &result->error);
    picture_free(&job->photo);
    if (!status && result->look.preset == GPEN_PRESET_AUTO) {
        result->choice = job->kept->choice;
        gpen_settings_take_choice(&result->look, &result->choice);
    }
    if (!status)
        status = gpen_session_run(job->kept->session, &result->look, &result->error);
    photo_job_enter(job, JOB_PASTE);
    if (!status)
        status = gpen_session_render(job->kept->session, &result->look, order->preview_edge, &look, &result->faces,
                                     &result->error);
    if (status)
        return status;
    job->photo.image = look;
    result->restored = faces_count(&result->faces, GPEN_FACE_RESTORED);
    return GPEN_OK;
}

static gpen_status detect_faces(photo_job *job, gpen_model *model)
{
    photo_job_enter(job, JOB_DETECT);
    return gpen_detect(model, &job->photo.image, job->order->look.least_score, &job->result.faces, &job->result.error);
}

gpen_status photo_job_compute(photo_job *job, gpen_model *model)
{
    const job_order *order = job->order;
    if (job->result.error.status)
        return job->result.error.status;
    gpen_status status = is_kept(job) ? compute_preview(job, model) : choose_look(job, model);
    if (!status && !is_kept(job))
        status = order->detect_only ? detect_faces(job, model)
                 : order->aligned   ? compute_crop(job, model)
                                    : compute_photo(job, model);
    photo_job_enter(job, JOB_WAITING);
    return status;
}

/* ---------------------------------------------------------------- encode */

/* A crop's result is as large as the network's square, so that nothing of the photo's own samples is left in it; no more is there of
 * a preview, which nobody keeps and which so has no receipt. */
static gpen_status write_result(photo_job *job, const receipt *made, int output, char **notes)
{
    const job_order *order = job->order;
    job_result *result = &job->result;
    receipt_text text;
    receipt_write(&text, made, result, order->aligned);
    const picture_receipt lines = {text.lines, text.count};
    const picture_save_options options = {.format = order->format,
                                          .quality = order->quality,
                                          .max_edge = order->max_edge,
                                          .receipt = result->restored && !is_kept(job) ? &lines : NULL};
    if (order->aligned || is_kept(job))
        return picture_write(&job->photo.image, job->photo.extras, output, order->output_name, &options, notes,
                             &result->error);
    return picture_write_own(&job->photo, output, order->output_name, &options, notes, &result->error);
}

gpen_status photo_job_encode(photo_job *job, const receipt *made, int output)
{
    char *notes = NULL;
    if (job->result.error.status || job->order->detect_only)
        return job->result.error.status;
    photo_job_enter(job, JOB_ENCODE);
    gpen_status status = write_result(job, made, output, &notes);
    picture_free(&job->photo);
    off_t length = status ? 0 : lseek(output, 0, SEEK_END);
    job->result.output_bytes = length > 0 ? (int64_t)length : 0;
    job_result_note(&job->result, notes);
    free(notes);
    if (!status)
        give_after(job);
    photo_job_enter(job, JOB_WAITING);
    return status;
}

/* One photo of a batch: its result's name, whether there is anything to do, load, enhance, save. Its own file because it
 * is the unit that succeeds or fails by itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/output.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"

/* A photo under way. */
typedef struct photo_task {
    enhance_batch *batch;
    const photo_item *photo;
    picture_format format; /* of the result */
    char *crops;           /* what the names of its saved faces begin with, or NULL */
    item_outcome *outcome;
} photo_task;

/* ---------------------------------------------------------------- the names of what is written */

/* What the format will be, without decoding anything. */
static picture_format format_of(const enhance_settings *settings, const photo_item *photo)
{
    static const picture_format chosen[] = {[WRITE_PNG] = PICTURE_PNG,
                                            [WRITE_JPEG] = PICTURE_JPEG,
                                            [WRITE_WEBP] = PICTURE_WEBP,
                                            [WRITE_TIFF] = PICTURE_TIFF};
    if (settings->format != WRITE_KEEP)
        return chosen[settings->format];
    picture_format format;
    if (!picture_format_of_file(photo->path, &format) && !picture_format_of_name(photo->path, &format))
        format = PICTURE_OTHER;
    return picture_format_kept(format);
}

/* Where the photo stands beneath OUT. OUT/faces is the saved faces' own: what would stand there gets another folder. */
static char *place_of(const enhance_batch *batch, const photo_item *photo)
{
    static const char taken[] = "faces/";
    size_t length = sizeof taken - 1;
    if (!batch->crop_names || strncasecmp(photo->relative, taken, length) != 0)
        return strdup(photo->relative);
    char *place = NULL;
    return asprintf(&place, "faces-2/%s", photo->relative + length) < 0 ? NULL : place;
}

static gpen_status name_result(photo_task *task, gpen_error *error)
{
    enhance_batch *batch = task->batch;
    char **path = &task->outcome->output;
    if (batch->names) {
        task->format = format_of(batch->settings, task->photo);
        char *place = place_of(batch, task->photo);
        gpen_status status = place ? output_names_next(batch->names, place, task->format, path, error)
                                   : gpen_fail_memory(error, "a path", strlen(task->photo->relative));
        free(place);
        return status;
    }
    if (!picture_format_of_name(batch->settings->out, &task->format))
        task->format = PICTURE_PNG; /* the command line was checked: not reached with other endings */
    *path = strdup(batch->settings->out);
    return *path ? GPEN_OK : gpen_fail_memory(error, "a path", strlen(batch->settings->out));
}

/* What the names of the photo's saved faces begin with: beneath OUT/faces where the result stands beneath OUT, its name
 * without the ending; two results that differ in their endings only get two names. */
static gpen_status name_crops_beneath(photo_task *task, gpen_error *error)
{
    const char *place = task->outcome->output + strlen(task->batch->settings->out);
    char *png;
    gpen_status status =
        output_names_next(task->batch->crop_names, place + strspn(place, "/"), PICTURE_PNG, &png, error);
    if (status)
        return status;
    task->crops = strndup(png, strlen(png) - strlen(picture_ending(path_name(png))));
    free(png);
    return GPEN_OK;
}

/* Beside a result that has a name of its own: faces/NAME. */
static void name_crops_beside(photo_task *task)
{
    char *folder = path_folder(task->outcome->output), *stem = path_stem(task->outcome->output);
    if (!folder || !stem || asprintf(&task->crops, "%s/faces/%s", folder, stem) < 0)
        task->crops = NULL;
    free(folder);
    free(stem);
}

/* Asked for each photo in turn, also one that is done already, so that the names are the same each time. */
static gpen_status name_crops(photo_task *task, gpen_error *error)
{
    if (!task->batch->settings->save_faces)
        return GPEN_OK;
    gpen_status status = GPEN_OK;
    if (task->batch->crop_names)
        status = name_crops_beneath(task, error);
    else
        name_crops_beside(task);
    if (!status && !task->crops)
        status = gpen_fail_memory(error, "a path", strlen(task->outcome->output));
    return status;
}

/* ---------------------------------------------------------------- is there anything to do? */

static gpen_status check_input(const photo_item *photo, gpen_error *error)
{
    struct stat facts;
    int problem = photo->problem;
    if (!problem && stat(photo->path, &facts))
        problem = errno;
    return problem ? gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", photo->path, strerror(problem)) : GPEN_OK;
}

/* Sets a state other than DONE, or leaves it. */
static void check_result(const enhance_batch *batch, item_outcome *outcome)
{
    struct stat facts;
    bool exists = !lstat(outcome->output, &facts);
    if (exists && photo_list_has_file(&batch->photos, outcome->output)) {
        gpen_fail(&outcome->error, GPEN_EXISTS,
                  "%s is one of the photos themselves, which are never replaced; choose another OUT", outcome->output);
        outcome->state = ITEM_FAILED;
    } else if (exists && !batch->settings->overwrite) {
        gpen_fail(&outcome->error, GPEN_EXISTS, "%s is there already", outcome->output);
        outcome->state = ITEM_SKIPPED;
    } else if (batch->settings->dry_run) {
        outcome->state = ITEM_PLANNED;
    }
}

/* ---------------------------------------------------------------- the work */

static job_order order_of(const photo_task *task)
{
    const enhance_settings *settings = task->batch->settings;
    job_order order = {.look = settings->look,
                       .format = task->format,
                       .quality = settings->quality,
                       .max_edge = settings->max_edge,
                       .max_pixels = (int64_t)settings->max_megapixels * 1000000,
                       .aligned = settings->aligned,
                       .require_face = settings->require_face,
                       .save_faces = task->crops != NULL};
    job_name_copy(order.input_name, task->photo->path);
    job_name_copy(order.output_name, task->outcome->output);
    return order;
}

static gpen_status load(const photo_task *task, photo_job *job)
{
    int input;
    gpen_status status = picture_open(task->photo->path, &input, &job->result.error);
    if (status)
        return status;
    status = photo_job_decode(job, input);
    close(input);
    return status;
}

static gpen_status save(const photo_task *task, photo_job *job)
{
    atomic_file file;
    gpen_error *error = &job->result.error;
    interrupt_hold(true);
    gpen_status status = output_begin(&file, task->outcome->output, task->batch->settings->overwrite, error);
    if (!status) {
        status = photo_job_encode(job, &task->batch->made, file.descriptor);
        photo_job_enter(job, JOB_SAVE);
        if (!status)
            status = atomic_file_commit(&file, task->batch->settings->overwrite, error);
        else
            atomic_file_abandon(&file);
        photo_job_enter(job, JOB_WAITING);
    }
    interrupt_hold(false);
    return status;
}

/* The result as the report takes it. */
static void take_result(item_outcome *outcome, job_result *result)
{
    const double *seconds = result->seconds;
    outcome->error = result->error;
    outcome->notes = result->notes;
    outcome->faces = result->faces;
    outcome->restored = result->restored;
    outcome->look = result->look;
    outcome->choice = result->choice;
    outcome->width = result->width;
    outcome->height = result->height;
    outcome->load_seconds = seconds[JOB_DECODE];
    outcome->enhance_seconds = seconds[JOB_DETECT] + seconds[JOB_RESTORE] + seconds[JOB_PASTE];
    outcome->save_seconds = seconds[JOB_ENCODE] + seconds[JOB_SAVE];
    *result = (job_result){0};
}

/* Load, enhance, save; between the steps a request to stop is heard. */
static gpen_status work(photo_task *task)
{
    const job_order order = order_of(task);
    face_watch faces = {.batch = task->batch, .crops = task->crops};
    const photo_job_watch watch = enhance_watch(&faces);
    photo_job job;
    photo_job_begin(&job, &order, &watch);
    gpen_status status = load(task, &job);
    if (!status && !interrupted())
        status = photo_job_compute(&job, task->batch->model);
    if (status == GPEN_CANCELLED || (!status && interrupted())) {
        task->outcome->state = ITEM_STOPPED;
        status = GPEN_OK;
    } else if (!status) {
        status = save(task, &job);
    }
    take_result(task->outcome, &job.result);
    photo_job_end(&job);
    return status;
}

void enhance_photo(enhance_batch *batch, const photo_item *photo, item_outcome *outcome)
{
    *outcome = (item_outcome){.state = ITEM_DONE,
                              .input = photo->path,
                              .aligned = batch->settings->aligned,
                              .made = &batch->made,
                              .look = batch->settings->look,
                              .choice = {.preset = GPEN_PRESET_AUTO}};
    photo_task task = {.batch = batch, .photo = photo, .outcome = outcome};
    gpen_status status = name_result(&task, &outcome->error);
    if (!status)
        status = name_crops(&task, &outcome->error);
    if (!status)
        status = check_input(photo, &outcome->error);
    if (!status)
        check_result(batch, outcome);
    if (!status && outcome->state == ITEM_DONE)
        status = work(&task);
    if (status == GPEN_EXISTS)
        outcome->state = ITEM_SKIPPED; /* another process has written it meanwhile */
    else if (status)
        outcome->state = ITEM_FAILED;
    free(task.crops);
}

void item_outcome_free(item_outcome *outcome)
{
    free(outcome->output);
    free(outcome->notes);
    gpen_faces_free(&outcome->faces);
    *outcome = (item_outcome){0};
}

/* One photo of a batch: its result's name, whether there is anything to do, load, enhance, save. Its own file because it
 * is the unit that succeeds or fails by itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"
#include "image/image.h"

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

static gpen_status make_folder_of(const char *path, gpen_error *error)
{
    char *folder = path_folder(path);
    gpen_status status = folder ? folder_make(folder, error) : gpen_fail_memory(error, "a path", strlen(path));
    free(folder);
    return status;
}

static gpen_status load(photo_task *task, picture *loaded)
{
    item_outcome *outcome = task->outcome;
    picture_limits limits = {.max_pixels = (int64_t)task->batch->settings->max_megapixels * 1000000};
    double begun = clock_seconds();
    gpen_status status = picture_load(loaded, task->photo->path, &limits, &outcome->error);
    outcome->load_seconds = clock_seconds() - begun;
    outcome->width = loaded->image.width;
    outcome->height = loaded->image.height;
    item_outcome_note(outcome, loaded->notes);
    return status;
}

/* The photo is one face. */
static gpen_status enhance_crop(const enhance_batch *batch, picture *loaded, item_outcome *outcome)
{
    gpen_image restored;
    gpen_status status =
        gpen_restore_aligned(batch->model, &loaded->image, &batch->made.settings, &restored, &outcome->error);
    if (status)
        return status;
    gpen_image_free(&loaded->image);
    loaded->image = restored;
    outcome->restored = 1;
    return GPEN_OK;
}

static gpen_status enhance(photo_task *task, picture *loaded)
{
    double begun = clock_seconds();
    gpen_status status = task->batch->settings->aligned
                             ? enhance_crop(task->batch, loaded, task->outcome)
                             : enhance_faces(task->batch, loaded, task->crops, task->outcome);
    task->outcome->enhance_seconds = clock_seconds() - begun;
    return status;
}

/* A crop's result is as large as the network's square, so that nothing of the photo's own samples is left in it. */
static gpen_status write_result(const photo_task *task, const picture *loaded, char **notes)
{
    const enhance_settings *settings = task->batch->settings;
    item_outcome *outcome = task->outcome;
    receipt_text text;
    receipt_write(&text, &task->batch->made, item_faces(outcome), outcome->restored);
    const picture_receipt lines = {text.lines, text.count};
    const picture_save_options options = {.format = task->format,
                                          .quality = settings->quality,
                                          .overwrite = settings->overwrite,
                                          .max_edge = settings->max_edge,
                                          .receipt = outcome->restored ? &lines : NULL};
    if (settings->aligned)
        return picture_save(&loaded->image, loaded->extras, outcome->output, &options, notes, &outcome->error);
    return picture_save_own(loaded, outcome->output, &options, notes, &outcome->error);
}

static gpen_status save(const photo_task *task, const picture *loaded)
{
    char *notes = NULL;
    double begun = clock_seconds();
    interrupt_hold(true);
    gpen_status status = make_folder_of(task->outcome->output, &task->outcome->error);
    if (!status)
        status = write_result(task, loaded, &notes);
    interrupt_hold(false);
    task->outcome->save_seconds = clock_seconds() - begun;
    item_outcome_note(task->outcome, notes);
    free(notes);
    return status;
}

/* Load, enhance, save; between the steps a request to stop is heard. */
static gpen_status work(photo_task *task)
{
    picture loaded = {0};
    gpen_status status = load(task, &loaded);
    if (!status && !interrupted())
        status = enhance(task, &loaded);
    if (status == GPEN_CANCELLED || (!status && interrupted())) {
        task->outcome->state = ITEM_STOPPED;
        status = GPEN_OK;
    } else if (!status) {
        status = save(task, &loaded);
    }
    picture_free(&loaded);
    return status;
}

void enhance_photo(enhance_batch *batch, const photo_item *photo, item_outcome *outcome)
{
    *outcome = (item_outcome){.state = ITEM_DONE,
                              .input = photo->path,
                              .aligned = batch->settings->aligned,
                              .made = &batch->made};
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

void item_outcome_note(item_outcome *outcome, const char *sentence)
{
    char *longer = NULL;
    if (!sentence || !*sentence)
        return;
    bool first = !outcome->notes;
    if (asprintf(&longer, "%s%s%s", first ? "" : outcome->notes, first ? "" : "\n", sentence) < 0)
        return;
    free(outcome->notes);
    outcome->notes = longer;
}

void item_outcome_free(item_outcome *outcome)
{
    free(outcome->output);
    free(outcome->notes);
    gpen_faces_free(&outcome->faces);
    *outcome = (item_outcome){0};
}

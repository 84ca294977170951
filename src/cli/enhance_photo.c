/* One photo of a batch: its result's name, whether there is anything to do, load, restore, save. Its own file because it is
 * the unit that succeeds or fails by itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"
#include "cli/machine.h"
#include "image/describe.h"

/* ---------------------------------------------------------------- the result's name */

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

static gpen_status name_result(enhance_batch *batch, const photo_item *photo, picture_format *format, char **path,
                               gpen_error *error)
{
    if (batch->names) {
        *format = format_of(batch->settings, photo);
        return output_names_next(batch->names, photo->relative, *format, path, error);
    }
    if (!picture_format_of_name(batch->settings->out, format))
        *format = PICTURE_PNG; /* the command line was checked: not reached with other endings */
    *path = strdup(batch->settings->out);
    return *path ? GPEN_OK : gpen_fail_memory(error, "a path", strlen(batch->settings->out));
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

static gpen_status load(const enhance_batch *batch, const photo_item *photo, picture *loaded, item_outcome *outcome)
{
    picture_limits limits = {.max_pixels = (int64_t)batch->settings->max_megapixels * 1000000};
    double begun = clock_seconds();
    gpen_status status = picture_load(loaded, photo->path, &limits, &outcome->error);
    outcome->load_seconds = clock_seconds() - begun;
    outcome->width = loaded->image.width;
    outcome->height = loaded->image.height;
    return status;
}

static gpen_status restore(const enhance_batch *batch, picture *loaded, item_outcome *outcome)
{
    gpen_settings settings = gpen_settings_default();
    settings.strength = batch->settings->strength;
    gpen_image restored;
    double begun = clock_seconds();
    gpen_status status = gpen_restore_aligned(batch->model, &loaded->image, &settings, &restored, &outcome->error);
    outcome->restore_seconds = clock_seconds() - begun;
    if (status)
        return status;
    gpen_image_free(&loaded->image);
    loaded->image = restored;
    return GPEN_OK;
}

/* The notes of loading and saving in one text. */
static void join_notes(item_outcome *outcome, const char *loading, const char *saving)
{
    bool both = loading && *loading && saving && *saving;
    if (asprintf(&outcome->notes, "%s%s%s", loading ? loading : "", both ? "\n" : "", saving ? saving : "") < 0)
        outcome->notes = NULL; /* no memory: a note is never worth a photo */
}

static gpen_status save(const enhance_batch *batch, const picture *loaded, picture_format format, item_outcome *outcome)
{
    picture_save_options options = {.format = format,
                                    .quality = batch->settings->quality,
                                    .overwrite = batch->settings->overwrite};
    char *notes = NULL;
    double begun = clock_seconds();
    interrupt_hold(true);
    gpen_status status = make_folder_of(outcome->output, &outcome->error);
    if (!status)
        status = picture_save(&loaded->image, loaded->extras, outcome->output, &options, &notes, &outcome->error);
    interrupt_hold(false);
    outcome->save_seconds = clock_seconds() - begun;
    join_notes(outcome, loaded->notes, notes);
    free(notes);
    return status;
}

/* Load, restore, save; between the steps a request to stop is heard. */
static gpen_status work(const enhance_batch *batch, const photo_item *photo, picture_format format,
                        item_outcome *outcome)
{
    picture loaded = {0};
    gpen_status status = load(batch, photo, &loaded, outcome);
    if (!status && !interrupted())
        status = restore(batch, &loaded, outcome);
    if (!status && interrupted())
        outcome->state = ITEM_STOPPED;
    else if (!status)
        status = save(batch, &loaded, format, outcome);
    picture_free(&loaded);
    return status;
}

void enhance_photo(enhance_batch *batch, const photo_item *photo, item_outcome *outcome)
{
    *outcome = (item_outcome){.state = ITEM_DONE, .input = photo->path};
    picture_format format;
    gpen_status status = name_result(batch, photo, &format, &outcome->output, &outcome->error);
    if (!status)
        status = check_input(photo, &outcome->error);
    if (!status)
        check_result(batch, outcome);
    if (!status && outcome->state == ITEM_DONE)
        status = work(batch, photo, format, outcome);
    if (status == GPEN_EXISTS)
        outcome->state = ITEM_SKIPPED; /* another process has written it meanwhile */
    else if (status)
        outcome->state = ITEM_FAILED;
}

void item_outcome_free(item_outcome *outcome)
{
    free(outcome->output);
    free(outcome->notes);
    *outcome = (item_outcome){0};
}

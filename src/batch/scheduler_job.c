/* From an item to a job, and from a job's end to what the store is told. Its own file because here is what can have happened to files
 * between adding an item and working on it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/content.h"
#include "batch/output.h"
#include "batch/retry.h"
#include "batch/scheduler_room.h"

/* ---------------------------------------------------------------- a job */

static picture_format format_of(const errand *e)
{
    picture_format format = e->settings.format;
    if (format != PICTURE_OTHER && format != PICTURE_HEIF)
        return format;
    /* A result that has its name already has its format, too. */
    if (e->item.output && picture_format_of_name(e->item.output, &format))
        return picture_format_kept(format);
    if (!picture_format_of_file(e->item.input, &format) && !picture_format_of_name(e->item.input, &format))
        format = PICTURE_OTHER;
    return picture_format_kept(format);
}

static gpen_status reserve_output(scheduler *s, errand *e, gpen_error *error)
{
    char *wanted = NULL, *stem = path_stem(e->item.relative), *folder = path_folder(e->item.relative);
    bool bare = folder && !strcmp(folder, ".");
    int length = !stem || !folder ? -1
                                  : asprintf(&wanted, "%s%s%s%s", bare ? "" : folder, bare ? "" : "/", stem,
                                             picture_format_ending(e->job.order.format));
    free(stem);
    free(folder);
    if (length < 0)
        return gpen_fail_memory(error, "a path", strlen(e->item.relative));
    gpen_status status = store_reserve_output(s->store, e->item.id, e->item.attempts, wanted, e->settings.overwrite,
                                              &e->item.output, error);
    free(wanted);
    return status;
}

/* Did an earlier attempt end with its supervisor? Then what stands where the result goes may well be the result. */
static gpen_status look_back(scheduler *s, errand *e, gpen_error *error)
{
    store_attempt *attempts;
    size_t count;
    if (e->item.attempts < 2)
        return GPEN_OK;
    gpen_status status = store_attempts_list(s->store, e->item.id, &attempts, &count, error);
    for (size_t i = 0; !status && i < count; i++) {
        bool interrupted = attempts[i].outcome == STORE_ATTEMPT_INTERRUPTED;
        e->job.interrupted |= interrupted;
        e->job.endings += !interrupted && attempts[i].outcome != STORE_ATTEMPT_OPEN;
    }
    if (!status)
        store_attempts_free(attempts, count);
    return status;
}

static void fill_order(const scheduler *s, errand *e)
{
    job_order *order = &e->job.order;
    const batch_settings *settings = &e->settings;
    *order = (job_order){.id = (uint64_t)e->item.id,
                         .look = settings->look,
                         .quality = settings->quality,
                         .max_edge = settings->max_edge,
                         .max_pixels = settings->max_pixels,
                         .aligned = settings->aligned,
                         .require_face = settings->require_face,
                         .save_faces = settings->save_faces,
                         .thumbnail_edge = s->options.thumbnails ? s->options.thumbnail_edge : 0};
    order->format = format_of(e);
    job_name_copy(order->input_name, e->item.relative); /* what the person calls it */
}

/* OUT/faces/NAME for OUT/NAME.jpg, and likewise in the folders of OUT. */
static char *crops_of(const char *output, const char *out)
{
    char *crops = NULL, *folder = path_folder(output), *stem = path_stem(output);
    size_t length = strlen(out);
    bool below = folder && !strncmp(folder, out, length) && (folder[length] == '/' || !folder[length]);
    if (folder && stem && below && asprintf(&crops, "%s/faces%s/%s", out, folder + length, stem) < 0)
        crops = NULL;
    free(folder);
    free(stem);
    return crops;
}

gpen_status errand_prepare(scheduler *s, errand *e, gpen_error *error)
{
    store_batch batch;
    gpen_error wrong;
    gpen_status status = store_batch_get(s->store, e->item.batch, &batch, error);
    if (status)
        return status;
    if (batch_settings_read(&e->settings, batch.settings ? batch.settings : "", &wrong))
        errand_fail(e, wrong.status, wrong.message);
    fill_order(s, e);
    if (!e->item.output)
        status = reserve_output(s, e, error);
    if (!status)
        status = look_back(s, e, error);
    if (!status) {
        job_name_copy(e->job.order.output_name, e->item.output);
        e->job.input = strdup(e->item.input);
        e->job.output = strdup(e->item.output);
        if (e->settings.save_faces && s->events.crops)
            e->job.crops = s->events.crops(s->events.context, &e->item);
        if (e->settings.save_faces && !e->job.crops)
            e->job.crops = crops_of(e->item.output, batch.output_folder);
        e->job.thumbnails = s->options.thumbnails ? job_thumbnails(s->options.thumbnails, e->job.order.id) : NULL;
        e->job.overwrite = e->settings.overwrite || e->job.interrupted;
        e->job.seconds = e->settings.seconds > 0 ? e->settings.seconds : s->options.seconds;
        e->job.shrink = e->item.shrink;
        if (!e->job.input || !e->job.output || (e->settings.save_faces && !e->job.crops))
            status = gpen_fail_memory(error, "a path", 0);
    }
    store_batch_free(&batch);
    return status;
}

/* ---------------------------------------------------------------- just before it is given */

enum { LEAST_ROOM = 1 << 20 };

static int64_t free_for(const char *folder)
{
    struct statvfs facts;
    return statvfs(folder, &facts) ? -1 : (int64_t)facts.f_bavail * (int64_t)facts.f_frsize;
}

/* How large the result may become is not known before it is there: twice the photo, and some. */
static bool has_room(const scheduler *s, const errand *e)
{
    char *folder = path_folder(e->item.output);
    int64_t needed = 2 * e->item.content.bytes + LEAST_ROOM;
    /* Folders that are yet to be made stand on the same disk as the first one above them that is there. */
    while (folder && !path_is_folder(folder) && strcmp(folder, "/") != 0 && strcmp(folder, ".") != 0) {
        char *above = path_folder(folder);
        free(folder);
        folder = above;
    }
    int64_t available = !folder                ? -1
                        : s->options.disk_free ? s->options.disk_free(s->options.context, folder)
                                               : free_for(folder);
    free(folder);
    return available < 0 || available >= needed;
}

/* The photo itself, from when it failed before. */
static void remove_copy(const store_item *item)
{
    char *copy = item->written.modified ? output_of_copy(item->output, item->relative) : NULL;
    if (copy)
        (void)content_remove(copy, &item->written);
    free(copy);
}

bool errand_check(const scheduler *s, errand *e)
{
    char why[512];
    store_content content;
    if (e->ended)
        return false;
    remove_copy(&e->item);
    if (content_read(&content, e->item.input)) {
        snprintf(why, sizeof why, "%s: %s", e->job.order.input_name, strerror(errno));
        errand_fail(e, GPEN_INPUT_MISSING, why);
    } else if (!has_room(s, e)) {
        snprintf(why, sizeof why, "%s: there is no room for it on the disk", e->job.order.output_name);
        errand_fail(e, GPEN_DISK_FULL, why);
    } else if (e->item.content.modified && !content_same(&content, &e->item.content)) {
        job_result_note(&e->result, "the photo was changed after it was added; the newer one was used");
    }
    return !e->ended;
}

/* ---------------------------------------------------------------- just behind its end */

static gpen_status copy_bytes(int from, atomic_file *to, gpen_error *error)
{
    char block[65536];
    ssize_t count = 0;
    gpen_status status = GPEN_OK;
    while (!status && (count = read(from, block, sizeof block)) > 0)
        status = atomic_file_write(to, block, (size_t)count, error);
    return status || count >= 0 ? status : gpen_fail(error, GPEN_UNREADABLE, "%s", strerror(errno));
}

static gpen_status copy_photo(const errand *e, const char *path, gpen_error *error)
{
    int from;
    atomic_file to;
    gpen_status status = picture_open(e->item.input, &from, error);
    if (status)
        return status;
    status = output_begin(&to, path, e->settings.overwrite, error);
    if (!status) {
        status = copy_bytes(from, &to, error);
        if (status)
            atomic_file_abandon(&to);
        else
            status = atomic_file_commit(&to, e->settings.overwrite, error);
    }
    close(from);
    return status;
}

/* Will the store call it failed for good? Where a result is there already, that is what stays. */
static bool is_final(const errand *e)
{
    const store_item *item = &e->item;
    gpen_status reason = e->result.error.status;
    retry_verdict verdict = retry_decide(reason, item->retries, item->kills + e->worker_died, item->shrink);
    return reason && reason != GPEN_CANCELLED && reason != GPEN_EXISTS &&
           (verdict == RETRY_NOT || verdict == RETRY_GIVEN_UP);
}

static void keep_photo(const scheduler *s, errand *e)
{
    gpen_error error;
    char note[sizeof error.message + 64];
    char *path = output_of_copy(e->item.output, e->item.relative);
    bool may = path && (!s->events.may_write || s->events.may_write(s->events.context, path));
    gpen_status status = !path ? gpen_fail_memory(&error, "a path", 0)
                         : may ? copy_photo(e, path, &error)
                               : gpen_fail(&error, GPEN_EXISTS, "%s may not be replaced", path);
    /* What an earlier try put there is there. */
    if (!status || (status == GPEN_EXISTS && content_equal(path, e->item.input))) {
        e->copy = path;
        (void)content_read(&e->written, path);
        return;
    }
    snprintf(note, sizeof note, "The photo itself was not put in its place: %s", error.message);
    job_result_note(&e->result, note);
    free(path);
}

void errand_finish(const scheduler *s, errand *e)
{
    if (!e->result.error.status)
        (void)content_read(&e->written, e->item.output);
    else if (e->settings.on_failure == FAILURE_COPY && is_final(e))
        keep_photo(s, e);
}

/* Carrying pictures in and out. Its own file because this is what may wait for disks and networks, and so has threads of its own:
 * neither Redis nor the workers wait with it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "celery/base64.h"
#include "celery/result.h"
#include "celery/room.h"
#include "celery/scratch.h"

static transfer_rules rules_of(const work_carriers *carriers, const work *w)
{
    return (transfer_rules){.private_addresses = carriers->options->private_addresses,
                            .most_bytes = carriers->options->fetch_bytes,
                            .cancelled = &w->cancelled};
}

/* ---------------------------------------------------------------- in */

static gpen_status unpack(const work_carriers *carriers, const request_place *place, int file, gpen_error *error)
{
    size_t count = 0, most = carriers->options->inline_bytes;
    if (place->length > base64_length(most))
        return gpen_fail(error, GPEN_TOO_LARGE,
                         "a picture inside a task may have %zu MiB at most: give a path or an address", most >> 20);
    unsigned char *bytes = malloc(base64_most_bytes(place->length));
    if (!bytes)
        return gpen_fail_memory(error, "a picture", place->length);
    gpen_status status = GPEN_OK;
    if (!base64_decode(place->text, place->length, bytes, &count))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "the picture inside the task is no base64");
    for (size_t at = 0; !status && at < count;) {
        ssize_t some = write(file, bytes + at, count - at);
        if (some < 0)
            status = gpen_fail_write(error, errno, "the picture", "writing");
        else
            at += (size_t)some;
    }
    free(bytes);
    return status;
}

static gpen_status open_input(const work_carriers *carriers, work *w, gpen_error *error)
{
    const request_place *place = &w->asked.input;
    if (place->kind == PLACE_PATH)
        return roots_open_file(&carriers->roots, place->text, &w->input, error);
    w->input = file_nameless(error);
    if (w->input < 0)
        return GPEN_OUT_OF_MEMORY;
    const transfer_rules rules = rules_of(carriers, w);
    return place->kind == PLACE_URL ? transfer_get(&rules, place->text, w->input, error)
                                    : unpack(carriers, place, w->input, error);
}

/* The name that messages call the photo by. */
static void name_input(work *w)
{
    const request_place *place = &w->asked.input;
    char *name = w->job.order.input_name;
    if (w->asked.extras.name) {
        job_name_copy(name, w->asked.extras.name);
        return;
    }
    int shown = place->kind == PLACE_URL ? transfer_shown(place->text) : (int)strnlen(place->text, 4096);
    if (place->kind == PLACE_INLINE) {
        memcpy(name, "the photo", sizeof "the photo");
        return;
    }
    while (shown && place->text[shown - 1] == '/')
        shown--;
    int begin = shown;
    while (begin && place->text[begin - 1] != '/')
        begin--;
    snprintf(name, JOB_MOST_NAME, "%.*s", shown - begin, place->text + begin);
}

/* ---------------------------------------------------------------- the result's place */

static gpen_status choose_folder(const work_carriers *carriers, work *w, gpen_error *error)
{
    struct stat facts;
    const char *name, *path = w->asked.output.text;
    picture_format wanted;
    job_order *order = &w->job.order;
    if (!picture_format_of_name(path, &wanted))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: results are written as JPEG, PNG, WebP or TIFF", path);
    if (w->asked.settings.format != PICTURE_OTHER && order->format != wanted)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: the name's ending is not that of the format asked for", path);
    gpen_status status = roots_open_folder(&carriers->roots, path, &w->folder, &name, error);
    if (status)
        return status;
    order->format = wanted;
    w->place_free = fstatat(w->folder, name, &facts, AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
    w->job.overwrite = w->asked.overwrite || w->clear_before;
    if (w->clear_before)
        parts_remove(w->folder, name);
    if (!w->place_free && !w->job.overwrite)
        return gpen_fail(error, GPEN_EXISTS, "%s is there already", path);
    job_name_copy(order->output_name, name);
    w->job.output = path_of_open(w->folder, name);
    return w->job.output ? GPEN_OK : gpen_fail_memory(error, "a path", 0);
}

static gpen_status choose_scratch(const work_carriers *carriers, work *w, gpen_error *error)
{
    w->scratch = w->place_free = w->job.overwrite = true;
    snprintf(w->job.order.output_name, JOB_MOST_NAME, "the result");
    if (asprintf(&w->job.output, "%s/%llu", carriers->scratch, (unsigned long long)w->number) < 0) {
        w->job.output = NULL;
        return gpen_fail_memory(error, "a path", 0);
    }
    return GPEN_OK;
}

/* Where pictures beside the result go: *beginning is what their paths begin with. asked NULL: nowhere. */
static gpen_status choose_beside(const work_carriers *carriers, const char *asked, int *folder, char **beginning,
                                 gpen_error *error)
{
    const char *name;
    if (!asked)
        return GPEN_OK;
    gpen_status status = roots_open_folder(&carriers->roots, asked, folder, &name, error);
    if (status)
        return status;
    *beginning = path_of_open(*folder, name);
    return *beginning ? GPEN_OK : gpen_fail_memory(error, "a path", 0);
}

static double seconds_of(const work_carriers *carriers, const task_message *task)
{
    double hard = task->hard_limit, soft = task->soft_limit;
    double limit = soft > 0 && (soft < hard || !(hard > 0)) ? soft : hard;
    return limit > 0 ? limit : carriers->options->task_seconds;
}

static gpen_status carry_in(const work_carriers *carriers, work *w, gpen_error *error)
{
    picture_format read = PICTURE_OTHER;
    batch_job *job = &w->job;
    name_input(w);
    gpen_status status = open_input(carriers, w, error);
    if (status)
        return status;
    job->input = path_of_open(w->input, NULL);
    if (!job->input)
        return gpen_fail_memory(error, "a path", 0);
    (void)picture_format_of_file(job->input, &read);
    settings_into_order(&w->asked.settings, read, &job->order);
    job->order.id = w->number;
    job->order.max_pixels = carriers->options->max_pixels;
    job->order.detect_only = w->asked.kind == REQUEST_DETECT;
    job->seconds = seconds_of(carriers, &w->task);
    job->shrink = w->asked.extras.shrink > w->shrink ? w->asked.extras.shrink : w->shrink;
    job->order.thumbnail_edge = w->asked.extras.thumbnail_edge;
    status = choose_beside(carriers, w->asked.extras.thumbnails, &w->small_folder, &job->thumbnails, error);
    if (!status)
        status = choose_beside(carriers, w->asked.extras.faces, &w->faces_folder, &job->crops, error);
    if (status)
        return status;
    return w->asked.output.kind == PLACE_PATH ? choose_folder(carriers, w, error) : choose_scratch(carriers, w, error);
}

/* ---------------------------------------------------------------- out */

static const char *kind_of(picture_format format)
{
    switch (format) {
    case PICTURE_JPEG: return "image/jpeg";
    case PICTURE_WEBP: return "image/webp";
    case PICTURE_TIFF: return "image/tiff";
    default: return "image/png";
    }
}

/* The file as base64; free. */
static gpen_status pack(const work_carriers *carriers, int file, char **text, gpen_error *error)
{
    struct stat facts;
    *text = NULL;
    if (fstat(file, &facts))
        return gpen_fail(error, GPEN_WRITE_FAILED, "the result is gone");
    size_t count = (size_t)facts.st_size, most = carriers->options->inline_bytes;
    if (count > most)
        return gpen_fail(error, GPEN_TOO_LARGE,
                         "the result has %zu MiB, and %zu may be in an answer: give an output, or max_edge",
                         count >> 20, most >> 20);
    unsigned char *bytes = malloc(count + 1);
    *text = malloc(base64_length(count) + 1);
    bool good = bytes && *text && pread(file, bytes, count, 0) == (ssize_t)count;
    if (good)
        base64_encode(bytes, count, *text);
    free(bytes);
    if (good)
        return GPEN_OK;
    free(*text);
    *text = NULL;
    return gpen_fail_memory(error, "the result", count);
}

static gpen_status carry_out(const work_carriers *carriers, work *w, gpen_error *error)
{
    const request_place *place = &w->asked.output;
    const char *kind = kind_of(w->job.order.format);
    gpen_status status = GPEN_OK;
    char *text = NULL;
    if (w->scratch && w->asked.kind == REQUEST_ENHANCE) {
        int file = open(w->job.output, O_RDONLY | O_CLOEXEC);
        const transfer_rules rules = rules_of(carriers, w);
        if (file < 0)
            status = gpen_fail(error, GPEN_WRITE_FAILED, "the result is gone: %s", strerror(errno));
        else if (place->kind == PLACE_URL)
            status = transfer_put(&rules, place->text, file, kind, error);
        else
            status = pack(carriers, file, &text, error);
        if (file >= 0)
            close(file);
    }
    if (!status) {
        w->value = result_json(w, text, kind, carriers->options);
        status = w->value ? GPEN_OK : gpen_fail_memory(error, "the result", 0);
    }
    free(text);
    return status;
}

/* ---------------------------------------------------------------- threads */

static void *carry(void *context)
{
    const work_carriers *carriers = context;
    work *w;
    while ((w = work_line_pop((work_line *)&carriers->in, true))) {
        if (w->phase == WORK_FETCHING)
            (void)carry_in(carriers, w, &w->error);
        else if (!w->error.status)
            (void)carry_out(carriers, w, &w->error);
        if (w->scratch && w->phase == WORK_STORING && w->job.output)
            (void)unlink(w->job.output);
        work_line_push(carriers->out, w);
    }
    return NULL;
}

gpen_status thread_start_deaf(pthread_t *thread, void *(*main)(void *), void *context, gpen_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int outcome = pthread_create(thread, NULL, main, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return outcome ? gpen_fail(error, GPEN_OUT_OF_MEMORY, "a thread: %s", strerror(outcome)) : GPEN_OK;
}

gpen_status carriers_start(work_carriers *carriers, const celery_options *options, work_line *out, gpen_error *error)
{
    int wanted = options->pool.workers + 1;
    *carriers = (struct work_carriers){.options = options, .out = out};
    for (int i = 0; options->roots && options->roots[i] && i < MOST_ROOTS; i++)
        carriers->roots.paths[carriers->roots.count++] = options->roots[i];
    gpen_status status = scratch_make(&carriers->scratch, error);
    if (!status)
        status = work_line_make(&carriers->in, false, error);
    while (!status && carriers->count < (wanted < MOST_CARRIERS ? wanted : MOST_CARRIERS)) {
        status = thread_start_deaf(&carriers->threads[carriers->count], carry, carriers, error);
        carriers->count += !status;
    }
    if (status)
        carriers_stop(carriers);
    return status;
}

void carriers_stop(work_carriers *carriers)
{
    work_line_close(&carriers->in);
    for (int i = 0; i < carriers->count; i++)
        pthread_join(carriers->threads[i], NULL);
    work *w;
    while (carriers->in.made && (w = work_line_pop(&carriers->in, false)))
        work_line_push(carriers->out, w);
    work_line_free(&carriers->in);
    scratch_remove(carriers->scratch);
    free(carriers->scratch);
    *carriers = (struct work_carriers){.count = 0};
}

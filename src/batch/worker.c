/* A worker process from its first moment to its last. Its own file because the order of what it does is what makes it safe:
 * libraries are started, then it shuts itself in, then it reads weights, then it gives up opening files, then it reads
 * pictures. */
#include "batch/worker.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/file.h"
#include "batch/crash.h"
#include "batch/sandbox.h"
#include "batch/worker_line.h"

/* AddressSanitizer maps terabytes for itself, which would count as the worker's: its builds limit no memory. */
#if defined __has_feature
#if __has_feature(address_sanitizer)
#define UNLIMITED_MEMORY 1
#endif
#elif defined __SANITIZE_ADDRESS__
#define UNLIMITED_MEMORY 1
#endif

enum { EXIT_NOT_STARTED = 3, LARGE_ALLOCATION = 128 * 1024 };

typedef struct worker {
    worker_line line;
    worker_setup setup;
    worker_ready ready;
    receipt made;
    gpen_model *model;
    pipeline *work;
    bool pictures; /* the library was started */
} worker;

/* ---------------------------------------------------------------- what the supervisor hears */

static void tell_stage(void *context, const job_order *order, job_stage stage)
{
    const message m = {.kind = MESSAGE_STAGE, .stage = {order->id, stage}};
    worker_line_send(context, &m, NULL);
}

static void tell_faces(void *context, const job_order *order, size_t ended, size_t chosen)
{
    const message m = {.kind = MESSAGE_FACES, .faces = {order->id, (uint32_t)ended, (uint32_t)chosen}};
    worker_line_send(context, &m, NULL);
}

/* A picture beside the result goes as an open file without a name, because a worker can make none with one. */
static gpen_status give_picture(worker_line *line, const message *m, const gpen_image *pixels,
                                const picture_save_options *options, gpen_error *error)
{
    int file = file_nameless(error);
    if (file < 0)
        return GPEN_WRITE_FAILED;
    gpen_status status = picture_write(pixels, NULL, file, "a picture beside the result", options, NULL, error);
    if (!status)
        worker_line_send(line, m, &file);
    close(file);
    return status;
}

static gpen_status give_crop(void *context, const job_crop *which, const gpen_image *pixels, gpen_error *error)
{
    const message m = {.kind = MESSAGE_CROP, .crop = *which};
    return give_picture(context, &m, pixels, &(picture_save_options){.format = PICTURE_PNG}, error);
}

static gpen_status give_thumbnail(void *context, const job_thumbnail *which, const gpen_image *pixels,
                                  gpen_error *error)
{
    const message m = {.kind = MESSAGE_THUMBNAIL, .thumbnail = *which};
    const picture_save_options options = {.format = PICTURE_JPEG, .quality = 80};
    return give_picture(context, &m, pixels, &options, error);
}

static void give_result(void *context, const job_order *order, job_result *result)
{
    message *m = calloc(1, sizeof *m);
    if (!m)
        _exit(EXIT_FAILURE); /* the supervisor will see which photos were lost */
    m->kind = MESSAGE_RESULT;
    m->result = (worker_result){order->id, *result};
    worker_line_send(context, m, NULL);
    free(m);
}

/* ---------------------------------------------------------------- beginning */

/* A worker must not outlive its supervisor, whatever ends that. The parent may be gone before it can be asked for. */
static gpen_status tie_to_supervisor(const worker_setup *setup, gpen_error *error)
{
#ifdef __linux__
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a worker could not be tied to its supervisor");
#endif
    if (setup->supervisor && getppid() != (pid_t)setup->supervisor)
        return gpen_fail(error, GPEN_CANCELLED, "the supervisor is gone");
    return GPEN_OK;
}

/* Pictures come and go in several threads: what is large gets pages of its own, which go back when it is let go of. Otherwise the
 * C library would keep them in heaps that grow with chance, photo after photo. */
static void keep_memory_flat(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_ALLOCATION);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_ALLOCATION);
#endif
}

/* What is written to and not backed by a file counts, mapped weights do not: a picture that needs gigabytes is refused them. A
 * core file would be the memory of private photos. */
static void limit_resources(const worker_setup *setup)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#if defined __linux__ && !defined UNLIMITED_MEMORY
    const rlim_t bytes = (rlim_t)setup->memory_mebibytes << 20;
    const struct rlimit memory = {bytes, bytes};
    if (bytes)
        (void)setrlimit(RLIMIT_DATA, &memory);
#else
    (void)setup;
#endif
}

static const char *path_or_none(const worker_model *model)
{
    return *model->path ? model->path : NULL;
}

static void name_model(receipt_model *named, const worker_model *model)
{
    if (!*model->name)
        return;
    named->name = model->name;
    memcpy(named->sha256, model->sha256, sizeof named->sha256);
}

static gpen_status open_model(worker *w, gpen_error *error)
{
    const worker_setup *setup = &w->setup;
    const gpen_options options = {.detector = path_or_none(&setup->detector),
                                  .parser = path_or_none(&setup->parser),
                                  .threads = setup->threads,
                                  .precision = setup->precision,
                                  .cache = *setup->cache ? setup->cache : NULL};
    gpen_status status = gpen_model_open(&w->model, path_or_none(&setup->restorer), &options, error);
    if (status)
        return status;
    gpen_model_info info;
    gpen_model_describe(w->model, &info);
    w->ready.size = info.size;
    w->ready.precision = info.precision;
    w->ready.weight_bytes = (int64_t)info.weight_bytes;
    w->ready.arena_bytes = (int64_t)info.arena_bytes;
    snprintf(w->ready.level, sizeof w->ready.level, "%s", info.level);
    w->made.level = w->ready.level;
    w->made.precision = gpen_precision_name(info.precision);
    name_model(&w->made.restorer, &setup->restorer);
    name_model(&w->made.detector, &setup->detector);
    name_model(&w->made.parser, &setup->parser);
    return GPEN_OK;
}

static gpen_status shut_in(worker *w, gpen_error *error)
{
    const char *files[4];
    int count = 0;
    const worker_model *models[] = {&w->setup.restorer, &w->setup.detector, &w->setup.parser};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (*models[i]->path)
            files[count++] = models[i]->path;
    files[count] = NULL;
    if (!w->setup.sandbox)
        return GPEN_OK;
    return sandbox_enter(files, *w->setup.cache ? w->setup.cache : NULL, &w->ready.system_calls, &w->ready.files,
                         error);
}

static gpen_status start_work(worker *w, gpen_error *error)
{
    /* What the models take counts against the limit too, but is there before any photo. */
    int64_t limit = (int64_t)w->setup.memory_mebibytes << 20;
    gpen_model_info info;
    gpen_model_describe(w->model, &info);
    int64_t models = (int64_t)(info.weight_bytes + info.arena_bytes);
    const pipeline_options options = {
        .model = w->model,
        .made = &w->made,
        .memory_bytes = limit > models ? limit - models
                        : limit        ? 1
                                       : 0,
        .watch = {.context = &w->line,
                  .stage = tell_stage,
                  .faces = tell_faces,
                  .crop = give_crop,
                  .thumbnail = give_thumbnail,
                  .ended = give_result},
    };
    gpen_status status = pipeline_new(&w->work, &options, error);
    if (status)
        return status;
    status = worker_line_listen(&w->line, w->work, w->setup.heartbeat_milliseconds, error);
    if (status) {
        pipeline_quit(w->work);
        pipeline_run(w->work);
    }
    return status;
}

static gpen_status start(worker *w, gpen_error *error)
{
    gpen_status status = tie_to_supervisor(&w->setup, error);
    if (!status)
        status = pictures_begin("gpen", error);
    w->pictures = !status;
    if (!status)
        status = crash_watch(WORKER_CRASH_PIPE, error);
    if (status)
        return status;
    static pictures_exhausted *const out_of_memory = crash_mark_memory;
    pictures_warm_up(&out_of_memory);
    limit_resources(&w->setup);
    status = shut_in(w, error);
    if (!status)
        status = open_model(w, error);
    if (!status && w->setup.sandbox)
        status = sandbox_close(error);
    return status;
}

/* ---------------------------------------------------------------- the whole */

static int serve(worker *w)
{
    gpen_error error = {0};
    gpen_status status = start(w, &error);
    message answer = {.kind = status ? MESSAGE_REFUSED : MESSAGE_READY};
    if (status)
        answer.refused = error;
    else
        answer.ready = w->ready;
    worker_line_send(&w->line, &answer, NULL);
    if (status || start_work(w, &error))
        return EXIT_NOT_STARTED;
    pipeline_run(w->work);
    return EXIT_SUCCESS;
}

int worker_main(void)
{
    worker *w = calloc(1, sizeof *w);
    message *m = calloc(1, sizeof *m);
    int exit_status = EXIT_NOT_STARTED;
    (void)signal(SIGPIPE, SIG_IGN);
    keep_memory_flat();
    if (w && m && !worker_line_open(&w->line, WORKER_CHANNEL, NULL)) {
        if (worker_line_wait(&w->line, m) && m->kind == MESSAGE_START) {
            w->setup = m->start;
            exit_status = serve(w);
        }
        worker_line_close(&w->line);
        pipeline_free(w->work);
        gpen_model_close(w->model);
        if (w->pictures)
            pictures_end();
    }
    free(m);
    free(w);
    return exit_status;
}

/* Four threads, three gaps between them, one lock. Its own file because this is all of a worker's concurrency. */
#include "batch/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/crash.h"

/* A photo on its way. */
typedef struct traveller {
    struct traveller *next;
    pipeline *line;
    job_order order;
    int input, output;
    photo_job_watch watch;
    photo_job job;
    int64_t bytes; /* that it may take while it is in memory */
    bool unwanted; /* taken back while the decoder had it */
} traveller;

/* The places where photos wait, and the threads other than the one that computes. */
typedef enum gap { ARRIVED, DECODED, COMPUTED, WRITTEN, GAPS } gap;
enum { HELPERS = 3 };

struct pipeline {
    pipeline_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    traveller *first[GAPS];
    bool quitting;    /* no more arrive */
    bool ended[GAPS]; /* nobody will put anything into the gap any more */
    int64_t bytes;    /* of all photos in memory */
    traveller *next;  /* that the decoder has */
    kept_photo kept;  /* of the thread that computes; others look at it only between two photos that are kept */
    pthread_t helpers[HELPERS];
};

/* ---------------------------------------------------------------- what the world hears */

static void see_stage(void *context, job_stage stage)
{
    traveller *photo = context;
    const pipeline_watch *watch = &photo->line->options.watch;
    watch->stage(watch->context, &photo->order, stage); /* before the mark: no crash unheard of */
    crash_mark(photo->order.id, stage);
}

static bool see_faces(void *context, size_t ended, size_t chosen)
{
    traveller *photo = context;
    const pipeline_watch *watch = &photo->line->options.watch;
    watch->faces(watch->context, &photo->order, ended, chosen);
    return true;
}

static gpen_status see_crop(void *context, const job_crop *which, const gpen_image *pixels, gpen_error *error)
{
    traveller *photo = context;
    const pipeline_watch *watch = &photo->line->options.watch;
    return watch->crop(watch->context, which, pixels, error);
}

static gpen_status see_thumbnail(void *context, const job_thumbnail *which, const gpen_image *pixels, gpen_error *error)
{
    traveller *photo = context;
    const pipeline_watch *watch = &photo->line->options.watch;
    return watch->thumbnail(watch->context, which, pixels, error);
}

/* ---------------------------------------------------------------- photos */

static void close_file(int *file)
{
    if (*file >= 0)
        close(*file);
    *file = -1;
}

/* Its pixels go, and others may come. */
static void leave_memory(traveller *photo)
{
    pipeline *line = photo->line;
    picture_free(&photo->job.photo);
    pthread_mutex_lock(&line->lock);
    line->bytes -= photo->bytes;
    photo->bytes = 0;
    pthread_cond_broadcast(&line->changed);
    pthread_mutex_unlock(&line->lock);
}

static void end_photo(traveller *photo)
{
    const pipeline_watch *watch = &photo->line->options.watch;
    close_file(&photo->input);
    close_file(&photo->output);
    leave_memory(photo);
    watch->ended(watch->context, &photo->order, &photo->job.result);
    photo_job_end(&photo->job);
    free(photo);
}

static void cancel(traveller *photo)
{
    if (!photo->job.result.error.status)
        gpen_fail(&photo->job.result.error, GPEN_CANCELLED, "%s was not begun", photo->order.input_name);
}

/* An order that nobody can carry. */
static void refuse(pipeline *line, const job_order *order, int input, int output)
{
    const pipeline_watch *watch = &line->options.watch;
    job_result result = {.width = 0};
    gpen_fail_memory(&result.error, "an order", sizeof(traveller));
    close(input);
    close(output);
    watch->ended(watch->context, order, &result);
}

/* ---------------------------------------------------------------- gaps */

static void append(pipeline *line, gap to, traveller *photo)
{
    traveller **end = &line->first[to];
    while (*end)
        end = &(*end)->next;
    photo->next = NULL;
    *end = photo;
    pthread_cond_broadcast(&line->changed);
}

/* Waits until the gap behind is free, and puts the photo there. False: it was taken back. */
static bool hand_on(pipeline *line, gap to, traveller *photo)
{
    pthread_mutex_lock(&line->lock);
    while (line->first[to])
        pthread_cond_wait(&line->changed, &line->lock);
    if (line->next == photo)
        line->next = NULL;
    bool wanted = !photo->unwanted;
    if (wanted)
        append(line, to, photo);
    pthread_mutex_unlock(&line->lock);
    return wanted;
}

/* The next photo, or NULL: none will come any more. */
static traveller *take(pipeline *line, gap from)
{
    pthread_mutex_lock(&line->lock);
    while (!line->first[from] && !line->ended[from])
        pthread_cond_wait(&line->changed, &line->lock);
    traveller *photo = line->first[from];
    if (photo) {
        line->first[from] = photo->next;
        if (from == ARRIVED)
            line->next = photo;
        pthread_cond_broadcast(&line->changed);
    }
    pthread_mutex_unlock(&line->lock);
    return photo;
}

static void end_gap(pipeline *line, gap which)
{
    pthread_mutex_lock(&line->lock);
    line->ended[which] = true;
    pthread_cond_broadcast(&line->changed);
    pthread_mutex_unlock(&line->lock);
}

static bool is_quitting(pipeline *line)
{
    pthread_mutex_lock(&line->lock);
    bool quitting = line->quitting;
    pthread_mutex_unlock(&line->lock);
    return quitting;
}

/* ---------------------------------------------------------------- the four threads */

/* Samples as decoded and as sRGB; the strongest mask and the map of what changed: four bytes and one a pixel. And what a look needs. */
enum { COPIES = 4 };

/* Waits until the photo may be decoded beside the others; alone it always may. The gap behind must be free too, so that a
 * photo does not wait decoded while another does already. False: the worker quits, or the photo is taken back. */
static bool admit(traveller *photo)
{
    pipeline *line = photo->line;
    int64_t measured = picture_measure(photo->input), limit = line->options.memory_bytes;
    if (__builtin_mul_overflow(measured, COPIES + photo_copies(&photo->order.look), &measured))
        measured = INT64_MAX / 2;
    pthread_mutex_lock(&line->lock);
    while (!line->quitting && !photo->unwanted &&
           (line->first[DECODED] || (limit && line->bytes && measured > limit - line->bytes)))
        pthread_cond_wait(&line->changed, &line->lock);
    bool going = !line->quitting && !photo->unwanted;
    if (!going) {
        line->next = NULL;
    } else {
        photo->bytes = measured;
        line->bytes += measured;
    }
    pthread_mutex_unlock(&line->lock);
    return going;
}

static void *decode_main(void *argument)
{
    pipeline *line = argument;
    (void)crash_thread_begin(NULL); /* without, running out of stack leaves no record */
    for (traveller *photo; (photo = take(line, ARRIVED));) {
        bool going = admit(photo);
        if (going)
            (void)photo_job_decode(&photo->job, photo->input);
        close_file(&photo->input);
        if (going && hand_on(line, DECODED, photo))
            continue;
        cancel(photo);
        end_photo(photo);
    }
    end_gap(line, DECODED);
    crash_thread_end();
    return NULL;
}

static void compute_all(pipeline *line)
{
    for (traveller *photo; (photo = take(line, DECODED));) {
        if (is_quitting(line))
            cancel(photo);
        (void)photo_job_compute(&photo->job, line->options.model);
        (void)hand_on(line, COMPUTED, photo);
    }
    end_gap(line, COMPUTED);
}

static void *encode_main(void *argument)
{
    pipeline *line = argument;
    (void)crash_thread_begin(NULL);
    for (traveller *photo; (photo = take(line, COMPUTED));) {
        (void)photo_job_encode(&photo->job, line->options.made, photo->output);
        leave_memory(photo);
        (void)hand_on(line, WRITTEN, photo);
    }
    end_gap(line, WRITTEN);
    crash_thread_end();
    return NULL;
}

/* By itself, because a disk takes its time and needs no core for it. */
static void *flush_main(void *argument)
{
    pipeline *line = argument;
    (void)crash_thread_begin(NULL);
    for (traveller *photo; (photo = take(line, WRITTEN));) {
        photo_job *job = &photo->job;
        if (!job->result.error.status) {
            photo_job_enter(job, JOB_SAVE);
            if (fsync(photo->output))
                gpen_fail_write(&job->result.error, errno, photo->order.output_name, "flushing");
            photo_job_enter(job, JOB_WAITING);
        }
        end_photo(photo);
    }
    crash_thread_end();
    return NULL;
}

/* ---------------------------------------------------------------- from outside */

void pipeline_add(pipeline *line, const job_order *order, int input, int output)
{
    traveller *photo = calloc(1, sizeof *photo);
    if (!photo) {
        refuse(line, order, input, output);
        return;
    }
    photo->line = line;
    photo->order = *order;
    photo->input = input;
    photo->output = output;
    photo->watch = (photo_job_watch){
        .context = photo, .stage = see_stage, .faces = see_faces, .crop = see_crop, .thumbnail = see_thumbnail};
    photo_job_begin(&photo->job, &photo->order, &photo->watch);
    photo->job.kept = &line->kept;
    pthread_mutex_lock(&line->lock);
    append(line, ARRIVED, photo);
    pthread_mutex_unlock(&line->lock);
}

/* Out of the gap, or NULL. Under the lock. */
static traveller *remove_from(pipeline *line, gap from, uint64_t id)
{
    traveller **at = &line->first[from];
    while (*at && (*at)->order.id != id)
        at = &(*at)->next;
    traveller *found = *at;
    if (found)
        *at = found->next;
    return found;
}

void pipeline_take_back(pipeline *line, uint64_t id)
{
    pthread_mutex_lock(&line->lock);
    traveller *photo = remove_from(line, ARRIVED, id);
    if (!photo)
        photo = remove_from(line, DECODED, id);
    if (line->next && line->next->order.id == id)
        line->next->unwanted = true;
    pthread_cond_broadcast(&line->changed);
    pthread_mutex_unlock(&line->lock);
    if (!photo)
        return;
    cancel(photo);
    end_photo(photo);
}

void pipeline_quit(pipeline *line)
{
    pthread_mutex_lock(&line->lock);
    line->quitting = true;
    pthread_mutex_unlock(&line->lock);
    end_gap(line, ARRIVED);
}

/* Until nothing can come any more. */
static void see_through(pipeline *line, int helpers)
{
    compute_all(line);
    kept_photo_free(&line->kept);
    for (int i = 0; i < helpers; i++)
        pthread_join(line->helpers[i], NULL);
}

void pipeline_run(pipeline *line)
{
    (void)crash_thread_begin(NULL);
    see_through(line, HELPERS);
    crash_thread_end();
}

gpen_status pipeline_new(pipeline **out, const pipeline_options *options, gpen_error *error)
{
    static void *(*const mains[HELPERS])(void *) = {decode_main, encode_main, flush_main};
    *out = NULL;
    pipeline *line = calloc(1, sizeof *line);
    if (!line)
        return gpen_fail_memory(error, "a pipeline", sizeof *line);
    line->options = *options;
    pthread_mutex_init(&line->lock, NULL);
    pthread_cond_init(&line->changed, NULL);
    int started = 0;
    while (started < HELPERS && !pthread_create(&line->helpers[started], NULL, mains[started], line))
        started++;
    if (started == HELPERS) {
        *out = line;
        return GPEN_OK;
    }
    pipeline_quit(line);
    end_gap(line, DECODED); /* which the decoder may not be there to say */
    see_through(line, started);
    pipeline_free(line);
    return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a thread could not be started");
}

void pipeline_free(pipeline *line)
{
    if (!line)
        return;
    pthread_cond_destroy(&line->changed);
    pthread_mutex_destroy(&line->lock);
    free(line);
}

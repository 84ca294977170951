/* Three threads, two gaps between them, one lock. Its own file because this is all of a worker's concurrency. */
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
} traveller;

/* The three places where photos wait. */
typedef enum gap { ARRIVED, DECODED, COMPUTED, GAPS } gap;

struct pipeline {
    pipeline_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    traveller *first[GAPS];
    bool quitting;    /* no more arrive */
    bool ended[GAPS]; /* nobody will put anything into the gap any more */
    int64_t bytes;    /* of all photos in memory */
    kept_photo kept;  /* of the thread that computes; others look at it only between two photos that are kept */
    pthread_t decoder, encoder;
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

static void end_photo(traveller *photo)
{
    pipeline *line = photo->line;
    const pipeline_watch *watch = &line->options.watch;
    close_file(&photo->input);
    close_file(&photo->output);
    picture_free(&photo->job.photo);
    watch->ended(watch->context, &photo->order, &photo->job.result);
    photo_job_end(&photo->job);
    pthread_mutex_lock(&line->lock);
    line->bytes -= photo->bytes;
    pthread_cond_broadcast(&line->changed);
    pthread_mutex_unlock(&line->lock);
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

/* Waits until the gap behind is free, and puts the photo there. */
static void hand_on(pipeline *line, gap to, traveller *photo)
{
    pthread_mutex_lock(&line->lock);
    while (line->first[to])
        pthread_cond_wait(&line->changed, &line->lock);
    append(line, to, photo);
    pthread_mutex_unlock(&line->lock);
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

/* ---------------------------------------------------------------- the three threads */

/* Samples as decoded and as sRGB; the strongest mask and the map of what changed: four bytes and one a pixel. And what a look needs. */
enum { COPIES = 4 };

/* Waits until the photo may be decoded beside the others; alone it always may. The gap behind must be free too, so that a
 * photo does not wait decoded while another does already. False: the worker quits. */
static bool admit(traveller *photo)
{
    pipeline *line = photo->line;
    int64_t measured = picture_measure(photo->input), limit = line->options.memory_bytes;
    if (__builtin_mul_overflow(measured, COPIES + photo_copies(&photo->order.look), &measured))
        measured = INT64_MAX / 2;
    pthread_mutex_lock(&line->lock);
    while (!line->quitting && (line->first[DECODED] || (limit && line->bytes && measured > limit - line->bytes)))
        pthread_cond_wait(&line->changed, &line->lock);
    bool going = !line->quitting;
    if (going) {
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
        if (admit(photo))
            (void)photo_job_decode(&photo->job, photo->input);
        else
            cancel(photo);
        close_file(&photo->input);
        hand_on(line, DECODED, photo);
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
        hand_on(line, COMPUTED, photo);
    }
    end_gap(line, COMPUTED);
}

static void write_photo(traveller *photo)
{
    photo_job *job = &photo->job;
    if (photo_job_encode(job, photo->line->options.made, photo->output))
        return;
    photo_job_enter(job, JOB_SAVE);
    if (fsync(photo->output))
        gpen_fail_write(&job->result.error, errno, photo->order.output_name, "flushing");
    photo_job_enter(job, JOB_WAITING);
}

static void *encode_main(void *argument)
{
    pipeline *line = argument;
    (void)crash_thread_begin(NULL);
    for (traveller *photo; (photo = take(line, COMPUTED));) {
        write_photo(photo);
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

void pipeline_quit(pipeline *line)
{
    pthread_mutex_lock(&line->lock);
    line->quitting = true;
    pthread_mutex_unlock(&line->lock);
    end_gap(line, ARRIVED);
}

void pipeline_run(pipeline *line)
{
    (void)crash_thread_begin(NULL);
    compute_all(line);
    kept_photo_free(&line->kept);
    pthread_join(line->decoder, NULL);
    pthread_join(line->encoder, NULL);
    crash_thread_end();
}

gpen_status pipeline_new(pipeline **out, const pipeline_options *options, gpen_error *error)
{
    *out = NULL;
    pipeline *line = calloc(1, sizeof *line);
    if (!line)
        return gpen_fail_memory(error, "a pipeline", sizeof *line);
    line->options = *options;
    pthread_mutex_init(&line->lock, NULL);
    pthread_cond_init(&line->changed, NULL);
    bool decoding = !pthread_create(&line->decoder, NULL, decode_main, line);
    if (decoding && !pthread_create(&line->encoder, NULL, encode_main, line)) {
        *out = line;
        return GPEN_OK;
    }
    if (decoding) {
        pipeline_quit(line);
        pthread_join(line->decoder, NULL);
    }
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

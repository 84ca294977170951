/* Jobs in workers' hands. Its own file because it is where a job's files are opened, named and given back: a worker only ever
 * sees open ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process_memory.h"
#include "batch/output.h"
#include "batch/pool_room.h"

/* ---------------------------------------------------------------- ends */

static void tell_end(worker_pool *pool, batch_job *job, job_result *result)
{
    pool->events.ended(pool->events.context, job, result);
    job_result_free(result);
    batch_job_free(job);
}

static void fail_job(worker_pool *pool, batch_job *job, const gpen_error *reason)
{
    job_result result = {.error = *reason};
    tell_end(pool, job, &result);
}

void job_cancel(worker_pool *pool, batch_job *job)
{
    gpen_error reason;
    gpen_fail(&reason, GPEN_CANCELLED, "%s was not finished", job->order.input_name);
    fail_job(pool, job, &reason);
}

/* Takes the flight out of the worker's hands; free. */
static flight *remove_flight(pool_slot *slot, int index)
{
    flight *f = slot->held[index];
    slot->held_count--;
    memmove(&slot->held[index], &slot->held[index + 1], (size_t)(slot->held_count - index) * sizeof *slot->held);
    return f;
}

void flight_end(worker_pool *pool, pool_slot *slot, int index, job_result *result)
{
    flight *f = remove_flight(slot, index);
    double begun = clock_seconds();
    if (!result->error.status)
        (void)atomic_file_commit(&f->output, f->job.overwrite, &result->error);
    else
        atomic_file_abandon(&f->output);
    result->seconds[JOB_SAVE] += clock_seconds() - begun;
    int64_t peak = slot->process.number > 0 ? process_peak_memory(slot->process.number) : 0;
    result->peak_bytes = peak > 0 ? peak : 0;
    job_result_note(result, f->notes.notes);
    job_result_free(&f->notes);
    tell_end(pool, &f->job, result);
    free(f);
}

void flight_fail(worker_pool *pool, pool_slot *slot, int index, const gpen_error *reason)
{
    flight *f = slot->held[index];
    job_result result = {.error = *reason};
    result.seconds[f->stage] = f->busy;
    flight_end(pool, slot, index, &result);
}

void flight_return(worker_pool *pool, pool_slot *slot, int index, bool alone, const gpen_error *reason)
{
    if (slot->held[index]->returns + 1 >= MOST_RETURNS && !pool->stopping) {
        flight_fail(pool, slot, index, reason);
        return;
    }
    slot->held[index]->returns++;
    slot->held[index]->alone |= alone;
    flight_keep(pool, slot, index);
}

void flight_keep(worker_pool *pool, pool_slot *slot, int index)
{
    flight *f = remove_flight(slot, index);
    atomic_file_abandon(&f->output);
    job_result_free(&f->notes);
    if (pool->stopping)
        job_cancel(pool, &f->job);
    else
        pool->waiting[pool->waiting_count++] = (waiting_job){f->job, f->alone, f->returns};
    free(f);
}

/* ---------------------------------------------------------------- beginnings */

int flight_find(const pool_slot *slot, uint64_t id)
{
    for (int i = 0; i < slot->held_count; i++)
        if (slot->held[i]->job.order.id == id)
            return i;
    return -1;
}

double flight_seconds(const flight *f, double now)
{
    return f->busy + (f->stage == JOB_WAITING ? 0 : now - f->since);
}

static gpen_status send_order(pool_slot *slot, const flight *f, int input, gpen_error *error)
{
    const message m = {.kind = MESSAGE_ORDER, .order = f->job.order};
    const int files[2] = {input, f->output.descriptor};
    return channel_send(&slot->process.channel, &m, files, error);
}

static gpen_status open_and_send(pool_slot *slot, flight *f, gpen_error *error, bool *unsent)
{
    int input;
    gpen_status status = picture_open(f->job.input, &input, error);
    if (status)
        return status;
    status = output_begin(&f->output, f->job.output, f->job.overwrite, error);
    if (!status) {
        status = send_order(slot, f, input, error);
        *unsent = status != GPEN_OK;
    }
    close(input);
    return status;
}

void flight_begin(worker_pool *pool, pool_slot *slot, waiting_job *waiting)
{
    gpen_error error = {0};
    bool unsent = false;
    flight *f = calloc(1, sizeof *f);
    if (!f) {
        gpen_fail_memory(&error, "a job", sizeof *f);
        fail_job(pool, &waiting->job, &error);
        return;
    }
    *f = (flight){.job = waiting->job,
                  .alone = waiting->alone,
                  .returns = waiting->returns,
                  .output = {.descriptor = -1},
                  .since = clock_seconds()};
    gpen_status status = open_and_send(slot, f, &error, &unsent);
    if (status && !unsent) {
        fail_job(pool, &f->job, &error);
        free(f);
        return;
    }
    slot->held[slot->held_count++] = f;
    if (unsent) /* the worker's fault, not the photo's, which comes back when the worker is buried */
        slot->deaf = clock_seconds();
    else if (pool->events.began)
        pool->events.began(pool->events.context, &f->job, slot->process.number);
}

/* ---------------------------------------------------------------- pictures beside the result */

enum { MOST_CROP_BYTES = 256 << 20, MOST_THUMBNAIL_BYTES = 1 << 20 };

/* A worker may send any open file, and change it while it is read. */
static gpen_status copy_file(int file, off_t most, atomic_file *to, gpen_error *error)
{
    struct stat facts;
    char block[65536];
    if (fstat(file, &facts) || !S_ISREG(facts.st_mode) || facts.st_size <= 0 || facts.st_size > most)
        return gpen_fail(error, GPEN_WRITE_FAILED, "what the worker sent is no picture");
    for (off_t at = 0; at < facts.st_size;) {
        ssize_t count = pread(file, block, sizeof block, at);
        if (count <= 0)
            return gpen_fail(error, GPEN_WRITE_FAILED, "what the worker sent cannot be read");
        gpen_status status = atomic_file_write(to, block, (size_t)count, error);
        if (status)
            return status;
        at += count;
    }
    return GPEN_OK;
}

static gpen_status save_crop(worker_pool *pool, const flight *f, const char *path, int file, gpen_error *error)
{
    atomic_file to;
    if (pool->events.may_write && !pool->events.may_write(pool->events.context, path))
        return gpen_fail(error, GPEN_EXISTS, "%s may not be replaced", path);
    gpen_status status = output_begin(&to, path, f->job.overwrite, error);
    if (status)
        return status;
    status = copy_file(file, MOST_CROP_BYTES, &to, error);
    if (!status)
        return atomic_file_commit(&to, f->job.overwrite, error);
    atomic_file_abandon(&to);
    return status;
}

void flight_save_crop(worker_pool *pool, flight *f, const job_crop *which, int file)
{
    gpen_error error;
    char note[sizeof error.message + 64];
    char *path = f->job.crops ? job_crop_path(f->job.crops, which) : NULL;
    if (path && save_crop(pool, f, path, file, &error)) {
        snprintf(note, sizeof note, "A face was not saved by itself: %s", error.message);
        job_result_note(&f->notes, note);
    }
    free(path);
    close(file);
}

void flight_save_thumbnail(const flight *f, bool after, int file)
{
    atomic_file to;
    gpen_error error;
    char *path = f->job.thumbnails ? job_thumbnail_path(f->job.thumbnails, after) : NULL;
    gpen_status status = path ? output_begin(&to, path, true, &error) : GPEN_OK;
    if (path && !status) {
        status = copy_file(file, MOST_THUMBNAIL_BYTES, &to, &error);
        if (!status)
            status = atomic_file_commit_unflushed(&to, &error);
        else
            atomic_file_abandon(&to);
    }
    if (status)
        log_event(LOG_INFO, "thumbnail_lost", &(log_about){.item = (int64_t)f->job.order.id}, "%s", error.message);
    free(path);
    close(file);
}

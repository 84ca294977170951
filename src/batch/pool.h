/* pool.h: worker processes and their supervisor's side.
 *
 *     worker_pool *pool;
 *     pool_options options = pool_options_default();
 *     options.setup = ...models...;
 *     gpen_status status = pool_new(&pool, &options, &events, &error);
 *     while (!status && !done)
 *         status = pool_turn(pool, 1.0, &error);      // calls the events
 *     pool_free(pool);
 *
 * Every job that `next` gave is ended once by `ended`, whatever happens to workers. A worker that crashes, hangs, is killed or
 * takes more than its limits costs only the photo that it worked on; the others it held are given to another worker, and
 * nobody hears of it. Nor does a photo wait behind one that takes long while another worker has nothing to do. Where it cannot be known which of several photos it was, each of them is worked on once more, alone.
 *
 * What a status of a result means
 *   OK, and those of picture_load_open, photo_enhance, picture_write     the worker's own word
 *   CRASHED         the worker died on it; the message names the signal
 *   TIMED_OUT       it took longer than job.seconds, or the worker no longer showed a sign of life
 *   OUT_OF_MEMORY   it, or the worker with it, wanted more than there is
 *   WRITE_FAILED, DISK_FULL, EXISTS, INPUT_MISSING                       the supervisor's own, around the work
 *   CANCELLED       it was not finished, through no fault of its own: the pool was stopped, or no worker can be started
 * Whether to try again is the caller's. All times are of the monotonic clock.
 *
 * One thread uses a pool, and it must be the one that made it; but pool_wake may come from any, and from signal handlers. */
#ifndef GPEN_BATCH_POOL_H
#define GPEN_BATCH_POOL_H

#include <sys/types.h>

#include "batch/crash_send.h"
#include "batch/message.h"

typedef struct worker_pool worker_pool;

typedef struct pool_options {
    worker_setup setup; /* what each worker is told */
    int workers;        /* the most there may be, 1..256; pool_allow may allow fewer */
    int ahead; /* photos that a worker holds and has not yet computed, 1..3: with 2 the next is decoded while one
                                     is computed, with 3 one more is there when the supervisor waits for a disk */
    double silence_seconds;       /* without a sign of life for so long, a worker is taken for dead */
    double start_seconds;         /* the most time that starting one may take, models and all */
    const char *crash_folder;     /* where records of crashes go, a file each; NULL: nowhere */
    crash_sender *crash_sender;   /* what tells others of them; NULL: nothing. Not owned */
    const char *program;          /* NULL: this program */
    const char *const *arguments; /* for that program, ended by NULL; NULL: those of a worker */
} pool_options;

/* One worker with a thread, three photos ahead, a minute of silence, two minutes to start, sandboxed; no models. */
pool_options pool_options_default(void);

/* How a worker ended that should not have. */
typedef struct pool_death {
    pid_t process;
    const batch_job *job;       /* that it died of; NULL: not known, or of none */
    gpen_error reason;          /* CRASHED, TIMED_OUT or OUT_OF_MEMORY, in words */
    const crash_record *record; /* signal 0: it left none */
    const char *record_path;    /* of the file; NULL: none was written */
} pool_death;

/* What the pool asks and tells; all but next and ended may be NULL. None may call the pool but for pool_wake,
 * pool_room and pool_allow. */
typedef struct pool_events {
    void *context;
    /* Hands in a job, whose strings become the pool's. False: there is none for now; the pool asks again at its next turn. */
    bool (*next)(void *context, batch_job *job);
    void (*began)(void *context, const batch_job *job, pid_t worker);
    void (*stage)(void *context, const batch_job *job, job_stage stage);
    void (*faces)(void *context, const batch_job *job, size_t ended, size_t chosen);
    bool (*may_write)(void *context, const char *path); /* a saved face; NULL: always */
    /* *result may be taken over by copying it and zeroing it there. */
    void (*ended)(void *context, const batch_job *job, job_result *result);
    void (*started)(void *context, pid_t worker, const worker_ready *ready);
    void (*died)(void *context, const pool_death *death);
} pool_events;

/* options and events are copied, what they point to is not. Release with pool_free. Errors: BAD_ARGUMENT, OUT_OF_MEMORY. */
gpen_status pool_new(worker_pool **out, const pool_options *options, const pool_events *events, gpen_error *error);

/* Ends what is left as pool_stop(pool, true) does, waits for the workers' ends, and releases everything. */
void pool_free(worker_pool *pool);

/* Does what there is to do, and waits for more, up to `seconds`. Errors: no worker can be started, five times in a row, or one
 * says that none ever will (MODEL_MISSING, MODEL_INVALID, ...): the pool is at its end then, and its jobs are CANCELLED. */
gpen_status pool_turn(worker_pool *pool, double seconds, gpen_error *error);

/* Nothing is worked on, and nothing waits to be. */
bool pool_idle(const worker_pool *pool);

/* How many workers are ready, and how many photos they hold. */
int pool_ready(const worker_pool *pool);
size_t pool_held(const worker_pool *pool);

/* Bytes in memory that all workers together had when they were last looked at. */
int64_t pool_memory(const worker_pool *pool);

/* How many more jobs could be handed out now. */
size_t pool_room(const worker_pool *pool);

/* No more than so many workers are started from now on (1..options.workers); those that are there stay. */
void pool_allow(worker_pool *pool, int workers);

/* Ends the job as CANCELLED, soon: a worker that has it is stopped, and what else it held goes to another one, as if it had never
 * been handed out. A job that is not there is fine. */
void pool_cancel(worker_pool *pool, uint64_t id);

/* The idle pool gets other models or limits: its workers are ended, and those that follow are told `setup`. A pool at its end, or
 * stopped, begins anew. */
void pool_renew(worker_pool *pool, const worker_setup *setup);

/* Begins nothing new. What is computed and written is finished, the rest is CANCELLED; at once: all is, and the workers are
 * killed. pool_turn until pool_idle to see it through. */
void pool_stop(worker_pool *pool, bool at_once);

/* Lets a pool_turn that waits go on. */
void pool_wake(worker_pool *pool);

#endif

/* What the files of the scheduler share. Private to them.
 *
 * The lock guards the store, the list of errands, and what other threads may look at or set. The thread that turns is the only one that
 * changes the list, so it reads that without the lock; it never holds the lock while it waits, works on files or tells. */
#ifndef GPEN_BATCH_SCHEDULER_ROOM_H
#define GPEN_BATCH_SCHEDULER_ROOM_H

#include <pthread.h>
#include <stdatomic.h>

#include "batch/receipt.h"
#include "batch/scheduler.h"

/* An item that is running in the store. claimed -> given to the pool -> ended -> settled in the store -> told. */
typedef struct errand {
    struct errand *next;
    store_item item; /* as it was claimed */
    batch_settings settings;
    batch_job job; /* until it is given */
    bool given, ended;
    atomic_bool cancelled; /* asked for */
    bool stopping;         /* the pool was asked to stop it */
    pid_t worker;
    job_stage stage;
    size_t faces_ended, faces_chosen;
    double begun;
    bool worker_died;
    int signal;
    job_result result;
    store_content written; /* of the result */
    char *copy;            /* of the photo, under FAILURE_COPY */
    store_state state;     /* once settled */
    gpen_status reason;
} errand;

struct scheduler {
    scheduler_options options;
    scheduler_events events;
    pthread_mutex_t lock;
    batch_store *store;
    crew crew;
    worker_pool *pool;         /* of the crew; NULL: it is far */
    crew_look seen;            /* of the crew, when it was last looked at */
    errand *errands, *settled; /* by age; the second wait to be told */

    worker_setup setup;  /* what workers are told */
    bool has_own_models; /* it is that of a batch */
    bool begun;          /* there was something to do */
    machine_plan plan;
    receipt made;
    char level[32];

    double quiet_until; /* nothing is ready before; 0: ask the store */
    double memory_looked, memory_used,
        worked; /* when memory was last looked at; its share; when something was last in hand */
    scheduler_hold memory_hold, told_hold;
    double store_failed, store_again; /* since when the store cannot be written, 0: it can; when to try again */
    gpen_error store_error;
    gpen_error broken;      /* why this is at its end */
    atomic_int stop;        /* 0, 1: begin nothing new, 2: at once */
    int stop_passed;        /* what the pool was told of it */
    scheduler_state counts; /* only its counters */
};

void errand_free(errand *e);
errand *errand_find(const scheduler *s, uint64_t item);
size_t errands_given(const scheduler *s);

/* It ends without the pool. */
void errand_fail(errand *e, gpen_status status, const char *why);

/* ---------------------------------------------------------------- store (scheduler_store.c) */

/* What has ended is settled and what there is room for is claimed, in one transaction; then the world is told. */
void scheduler_settle(scheduler *s);

/* ---------------------------------------------------------------- jobs (scheduler_job.c) */

/* Under the lock, in the claim's transaction: settings, output and job of an item just claimed. What is wrong with the item ends it; an error
 * is the store's own. */
gpen_status errand_prepare(scheduler *s, errand *e, gpen_error *error);

/* Just before it is given, without the lock: is the photo still there, is there room for its result? False: it has ended. */
bool errand_check(const scheduler *s, errand *e);

/* The pool is through with it: what its result's file is, and the photo itself in its place where that was asked for. */
void errand_finish(const scheduler *s, errand *e);

/* ---------------------------------------------------------------- workers (scheduler_workers.c) */

/* Starts workers when there is something to do for the first time, and others when the next item needs other models. */
void scheduler_man(scheduler *s);

/* The first worker starts while the store is opened. */
void scheduler_start_early(scheduler *s);

/* One is ready: now it is known how much memory a worker needs. */
void scheduler_replan(scheduler *s, const worker_ready *ready);

/* Has the item's batch models or a precision that the workers do not have? */
bool errand_needs_others(const scheduler *s, const errand *e);

/* ---------------------------------------------------------------- holding (scheduler_hold.c) */

/* Looks at memory, once a second, and tells when handing out is held or goes on. */
void scheduler_look_around(scheduler *s);

/* How many of `room` more items may be taken in hand as far as memory goes: 0 while it is held. */
size_t scheduler_leave(const scheduler *s, size_t room);

scheduler_hold scheduler_held(const scheduler *s, char *sentence, size_t capacity);

/* ---------------------------------------------------------------- the log (scheduler_log.c) */

void scheduler_log_end(const errand *e);

/* ---------------------------------------------------------------- leftovers (scheduler_sweep.c) */

/* Removes what a killed supervisor left half-written, or those who worked for it and died with it. */
gpen_status scheduler_sweep(scheduler *s, gpen_error *error);

/* Removes small pictures of items that are in the store no more (scheduler_small.c); at_start: half-written ones too. */
void scheduler_sweep_small(scheduler *s, bool at_start);

#endif

/* What the files of the pool share. Private to them. */
#ifndef GPEN_BATCH_POOL_ROOM_H
#define GPEN_BATCH_POOL_ROOM_H

#include "base/file.h"
#include "batch/pool.h"
#include "batch/process.h"

enum { MOST_AHEAD = 3, MOST_HELD = 8, MOST_START_DEATHS = 5, MOST_RETURNS = 5 };

/* A job that waits for a worker once more. */
typedef struct waiting_job {
    batch_job job;
    bool alone;  /* it may be what killed a worker */
    int returns; /* how often a worker died that held it, and was not to blame */
} waiting_job;

/* A job in a worker's hands. */
typedef struct flight {
    batch_job job;
    bool alone;
    int returns;
    atomic_file output;
    job_stage stage;  /* as the worker last said */
    double since;     /* when it said so */
    double busy;      /* seconds in the stages before that, waiting not counted */
    bool computed;    /* it is only to be written: the worker can take another */
    bool cancelled;   /* nobody wants it any more */
    bool asked_back;  /* it was to be begun by now, and another worker has nothing to do */
    job_result notes; /* only its notes: what could not be done here */
} flight;

typedef enum slot_state { SLOT_EMPTY, SLOT_STARTING, SLOT_READY, SLOT_DYING } slot_state;

/* Why the supervisor gave up a worker. */
typedef struct verdict {
    gpen_error reason; /* status OK: it did not */
    bool knows_item;
    uint64_t item;
} verdict;

/* The place of a worker, which is filled again when it dies. */
typedef struct pool_slot {
    slot_state state;
    process process;
    double since;      /* of the state */
    double heard;      /* the last sign of life */
    double not_before; /* EMPTY: when it may be filled again */
    int deaths;        /* since it last finished a job */
    int64_t memory;    /* bytes, when last looked at */
    flight *held[MOST_HELD];
    int held_count;
    bool started;  /* it was ready once */
    bool quitting; /* it was told to quit */
    bool broken;   /* what it sends makes no sense, and is no longer read */
    double deaf;   /* since when nothing can be sent to it; 0: it can */
    verdict verdict;
} pool_slot;

struct worker_pool {
    pool_options options;
    pool_events events;
    char *program;
    pool_slot *slots;
    waiting_job *waiting; /* room for all that the slots can hold */
    size_t waiting_count;
    int wake[2];
    bool stopping;
    int allowed;       /* workers */
    int start_deaths;  /* since a worker was last ready */
    double looked;     /* when memory was last looked at */
    double turned;     /* when the last turn ended */
    gpen_error broken; /* why the pool is at its end */
    message incoming;
    crash_record record;
};

/* ---------------------------------------------------------------- jobs in hands (pool_flight.c) */

/* Opens the job's files and gives it to the worker. When that cannot be, the job is ended here and now. Takes the job over. */
void flight_begin(worker_pool *pool, pool_slot *slot, waiting_job *waiting);

/* The slot's flight with the id, or -1. */
int flight_find(const pool_slot *slot, uint64_t id);

/* Seconds of work until now. */
double flight_seconds(const flight *f, double now);

/* The flight is over: a result that is OK gets its final name first. */
void flight_end(worker_pool *pool, pool_slot *slot, int index, job_result *result);

/* It failed without a result. */
void flight_fail(worker_pool *pool, pool_slot *slot, int index, const gpen_error *reason);

/* It goes back among those that wait, for the reason that its worker died; or fails when that was too often. */
void flight_return(worker_pool *pool, pool_slot *slot, int index, bool alone, const gpen_error *reason);

/* Its worker is ended for a reason that has nothing to do with it: as above, and not counted. */
void flight_keep(worker_pool *pool, pool_slot *slot, int index);

/* Ends a job that no worker has as CANCELLED. */
void job_cancel(worker_pool *pool, batch_job *job);

/* A face by itself came: a PNG in an open file, which is closed. */
void flight_save_crop(worker_pool *pool, flight *f, const job_crop *which, int file);

/* A small picture came: a JPEG in an open file, which is closed. */
void flight_save_thumbnail(const flight *f, bool after, int file);

/* Asks for photos back that wait behind one that takes long, as many as there are workers with nothing to do (pool_back.c). */
void pool_take_back(worker_pool *pool);

/* ---------------------------------------------------------------- talk (pool_messages.c) */

/* Reads and acts upon what the worker sent. False: the channel's end was reached, or it is broken (and slot->verdict says so). */
bool slot_listen(worker_pool *pool, pool_slot *slot);

/* ---------------------------------------------------------------- ends (pool_death.c) */

/* Gives a worker up: kills it, and notes why. */
void slot_give_up(pool_slot *slot, const verdict *why);

/* The worker's process has ended: says who was to blame, and makes the slot empty. */
void slot_bury(worker_pool *pool, pool_slot *slot, int how, pid_t number);

/* No worker is in the slot, or could be put there; when it may be tried again. started: it was ready before it died. */
void slot_empty(worker_pool *pool, pool_slot *slot, bool started, const gpen_error *reason);

#endif

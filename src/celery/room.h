/* What the files of the worker share. Private to src/celery.
 *
 * A task's way:
 *
 *     WAITING    held, until its eta; or until nobody else is at work on its key
 *     READY      to be claimed
 *     FETCHING   a carrier opens, fetches or unpacks the photo, and looks at the place for the result
 *     FETCHED    what it needs is there
 *     WORKING    with the pool
 *     STORING    a carrier puts the result where it belongs
 *     ENDED      the outcome is known; to be told to Redis, and acknowledged
 *
 * Only the worker's own thread changes a phase, and touches Redis. */
#ifndef GPEN_CELERY_ROOM_H
#define GPEN_CELERY_ROOM_H

#include <stdatomic.h>

#include "celery/absence.h"
#include "celery/canvas.h"
#include "celery/celery.h"
#include "celery/claims.h"
#include "celery/events.h"
#include "celery/inquiry.h"
#include "celery/line.h"
#include "celery/numbers.h"
#include "celery/queue.h"
#include "celery/request.h"
#include "celery/roots.h"
#include "celery/transfer.h"

typedef enum work_phase {
    WORK_WAITING,
    WORK_READY,
    WORK_FETCHING,
    WORK_FETCHED,
    WORK_WORKING,
    WORK_STORING,
    WORK_ENDED,
} work_phase;

typedef struct work {
    struct work *next; /* in a work_line */
    task_message task;
    char tag[QUEUE_TAG];
    char holder[UUID_TEXT]; /* of the claim */
    uint64_t number;        /* the order's id */
    work_phase phase;
    double due;             /* WAITING: until when, seconds since 1970 */
    double received, begun; /* seconds since 1970; begun 0: not yet */
    double told;            /* when progress was last told */
    bool scheduled;         /* it waits for its eta, not for another's claim */
    bool claimed;           /* the key is ours */
    bool attempted;         /* the end was told to Redis once, and it is not known whether it heard */
    bool killed;            /* revoked with terminate */

    /* for those who carry and work; only the thread that has the task touches these */
    task_request asked;
    char *key;
    bool clear_before;              /* the result's place was free when this key was first begun */
    bool place_free;                /* it was when looked at */
    bool scratch;                   /* the result goes to a file that is taken away afterwards */
    int input, folder;              /* open files; -1: none */
    int small_folder, faces_folder; /* likewise, of small pictures and saved faces */
    batch_job job;
    job_result result;
    int shrink, kills;        /* of attempts before, as in retry_decide */
    gpen_precision precision; /* that the pool worked with */
    char level[32];           /* of instructions, likewise; "": it did not */

    /* for others to look at while somebody has it */
    atomic_bool cancelled;
    atomic_bool news; /* one of those that follow changed */
    atomic_int stage; /* a job_stage; -1: none yet */
    atomic_uint faces_done, faces_total;
    atomic_int process; /* the worker process that has it; 0: none */

    /* ENDED */
    gpen_error error; /* status OK: it went well */
    task_state state; /* SUCCESS, FAILURE, RETRY or REVOKED */
    json_t *value;    /* the result, or the exception */
    bool expired;     /* REVOKED because it came too late */
} work;

/* Takes the task over. NULL: no memory, and the task is released. */
work *work_new(task_message *task, const char *tag);
void work_free(work *w);

/* ---------------------------------------------------------------- carriers (carry.c) */

/* A thread that no signal interrupts. Errors: OUT_OF_MEMORY. */
gpen_status thread_start_deaf(pthread_t *thread, void *(*main)(void *), void *context, gpen_error *error);

enum { MOST_CARRIERS = 16 };

typedef struct work_carriers {
    const celery_options *options;
    root_folders roots;
    char *scratch; /* a folder of this worker's own */
    work_line in, *out;
    pthread_t threads[MOST_CARRIERS];
    int count;
} work_carriers;

/* Starts them; they take from `in` and push to `out`. Errors: OUT_OF_MEMORY, WRITE_FAILED (no scratch folder). */
gpen_status carriers_start(work_carriers *carriers, const celery_options *options, work_line *out, gpen_error *error);

/* Waits for their ends, and takes the scratch folder away. */
void carriers_stop(work_carriers *carriers);

/* ---------------------------------------------------------------- the pool's thread (hands.c) */

typedef struct work_hands {
    const celery_options *options;
    work_line in, *out;
    worker_pool *pool;
    pthread_mutex_t lock; /* of the pool's pointer */
    pthread_t thread;
    bool started;
    work **held; /* that the pool has; by this thread only */
    size_t held_count, held_room;
    worker_ready said;                    /* what a worker process said last when it was ready; by this thread only */
    atomic_bool stop, stop_at_once, look; /* look: a task was cancelled */
    atomic_int ready;                     /* worker processes */
    atomic_uint deaths;                   /* of those */
    atomic_llong memory;                  /* bytes that they have */
    gpen_error broken;                    /* why the pool is at its end; read after `ended` */
    atomic_bool ended;
} work_hands;

gpen_status hands_start(work_hands *hands, const celery_options *options, work_line *out, gpen_error *error);

/* To be called after a push, and after a task was cancelled. */
void hands_wake(work_hands *hands);

/* at_once: what is worked on is CANCELLED, else finished. hands_free waits. */
void hands_stop(work_hands *hands, bool at_once);
void hands_free(work_hands *hands);

/* ---------------------------------------------------------------- the worker */

enum { WORKER_NODE = 256 };

typedef struct celery_worker {
    const celery_options *options;
    redis_address broker_address, results_address;
    redis_connection broker, results, listener;
    bool results_apart; /* from the broker */
    char node[WORKER_NODE];
    double started; /* seconds since 1970 */

    work **works; /* all that are held */
    size_t count, room;
    uint64_t numbers;
    double next_due; /* of those that wait; 0: none */
    bool more;       /* the queue has some */
    bool watching;   /* the server tells when something comes */

    work_line ended; /* from carriers and hands */
    work_carriers carriers;
    work_hands hands;

    event_sender events;
    json_t *revoked;       /* id -> since when, by clock_seconds, as Celery has it; the oldest first */
    inquiry hello;         /* to the others */
    int64_t neighbours;    /* whose answers are missing */
    double mingling_until; /* by clock_seconds; 0: all is known that will be */
    json_t *totals;        /* task name -> how many were accepted */
    unsigned long done, failed;

    bool stop, stopping, paused; /* asked to; at it; told to take nothing from the queue */
    broker_absence absence;
    double next_heartbeat, next_renewal, next_restore, next_look;
} celery_worker;

/* worker_setup.c: are the options usable; both addresses of a worker; NAME@MACHINE.
 * Errors: BAD_ARGUMENT, UNSUPPORTED_FORMAT. */
gpen_status worker_check(const celery_options *options, gpen_error *error);
gpen_status worker_read_addresses(celery_worker *worker, gpen_error *error);
void worker_node(const celery_options *options, char node[WORKER_NODE]);

/* Which connection has results; NULL: none. */
redis_connection *worker_results(celery_worker *worker);
task_canvas worker_canvas(celery_worker *worker);

/* How long a claim holds without being renewed. */
double worker_claim_seconds(const celery_worker *worker);

/* Worker processes that it has. */
int worker_concurrency(const celery_worker *worker);

/* ---------------------------------------------------------------- tasks' ways (worker_tasks.c) */

/* Takes a message from the queue. False: no memory. */
bool worker_take(celery_worker *worker, const queue_message *message);

/* Moves what can be moved. Errors: FETCH_FAILED (the connection). */
gpen_status worker_move(celery_worker *worker, gpen_error *error);

/* What carriers and hands have sent back. */
void worker_collect(celery_worker *worker);

/* Gives back what nobody has begun. */
gpen_status worker_give_back(celery_worker *worker, gpen_error *error);

/* Revokes; terminate: also what is worked on. How many were known. */
int worker_revoke(celery_worker *worker, const char *id, bool terminate);

bool worker_is_revoked(const celery_worker *worker, const char *id);
void worker_note_revoked(celery_worker *worker, const char *id);

/* ---------------------------------------------------------------- ends (worker_ends.c) */

/* Decides the outcome of a task that came back; it is ENDED then. */
void worker_judge(celery_worker *worker, work *w);

/* Ends it without work having been done. */
void worker_refuse(work *w, task_state state, json_t *exception);

/* Tells Redis about all that have ended, and forgets them. */
gpen_status worker_tell_ends(celery_worker *worker, gpen_error *error);

/* STARTED and PROGRESS. */
void worker_tell_begun(celery_worker *worker, work *w);
void worker_tell_progress(celery_worker *worker, work *w);

/* ---------------------------------------------------------------- other workers (mingle.c) */

/* Asks which tasks are revoked; while it waits for answers, at most a second, nothing is begun. Errors: FETCH_FAILED. */
gpen_status mingle_begin(celery_worker *worker, gpen_error *error);
gpen_status mingle_turn(celery_worker *worker, gpen_error *error);
bool mingling(const celery_worker *worker);

/* Notes what another worker knows: id -> anything. */
void mingle_note(celery_worker *worker, const json_t *revoked);

/* ---------------------------------------------------------------- remote control (control.c) */

/* What Celery calls a task (control_views.c): worked on; waiting for its eta; held, and neither. */
bool work_is_active(const work *w);
bool work_is_scheduled(const work *w);
bool work_is_reserved(const work *w);

/* Acts upon a message of the control channel. Errors: FETCH_FAILED (the connection). */
gpen_status control_act(celery_worker *worker, const char *text, size_t length, gpen_error *error);

/* What `inspect` shows (control_views.c); NULL: there is no such view. Release with json_decref. */
json_t *control_view(celery_worker *worker, const char *method, const json_t *arguments);

#endif

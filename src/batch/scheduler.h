/* scheduler.h: batches that finish. Joins the store, which remembers, and the pool (or a fleet: crew.h), which works.
 *
 *     scheduler *s;
 *     scheduler_options options = scheduler_options_default();
 *     options.folder = ...;  options.setup.restorer = ...;
 *     gpen_status status = scheduler_new(&s, &options, &events, &error);
 *     status = scheduler_add(s, &batch, items, count, &id, &error);
 *     while (!status && !scheduler_finished(s))
 *         status = scheduler_turn(s, 1.0, &error);                    calls the events
 *     scheduler_stop(s, false);
 *     while (!scheduler_stopped(s))
 *         (void)scheduler_turn(s, 1.0, NULL);
 *     scheduler_free(s);
 *
 * What holds
 *   - An item is finished in the store before anyone hears of it. After a crash, a kill or a power cut at any moment the next
 *     scheduler_new continues: what was being worked on is done again, into the same file, and counted against nobody.
 *   - One photo never costs another one anything: see pool.h. Retries are those of retry.h; an item that needs a smaller plan
 *     gets a worker, then the whole machine, to itself.
 *   - Nothing is handed out while memory is over nine tenths full, until it is below 85 in a hundred; but when nothing has been worked
 *     on for a while and it still is, one photo at a time is, so that a batch ends on any machine.
 *   - A result is not begun on a disk that has no room for it (DISK_FULL).
 *   - When the store itself cannot be written, nothing is handed out and nothing is told until it can again.
 *
 * Threads. One thread turns, and it must be the one that turned first; scheduler_free is its, too. Everything marked [any] may be
 * called from any thread at any time, also from the events, and never waits for a photo. scheduler_wake may be called from signal handlers
 * as well. Whoever only looks opens a reader of his own: store_open_reader with the same folder. */
#ifndef GPEN_BATCH_SCHEDULER_H
#define GPEN_BATCH_SCHEDULER_H

#include "batch/batch_settings.h"
#include "batch/crew.h"
#include "batch/machine_plan.h"
#include "batch/store.h"

typedef struct scheduler scheduler;

/* ---------------------------------------------------------------- what it needs */

typedef struct scheduler_options {
    const char *folder;         /* of the store; made where it is missing */
    const char *crash_folder;   /* where records of crashes go; NULL: nowhere */
    crash_sender *crash_sender; /* as in pool_options */
    const char *
        thumbnails; /* the folder for small pictures of all photos (job_thumbnails); they go with their items. NULL: none are made */
    int thumbnail_edge; /* of them, 1..JOB_MOST_THUMBNAIL */
    worker_setup
        setup;   /* models, cache, sandbox; threads, memory_mebibytes and precision too, where a person chose them: 0 is
                                * as the machine allows */
    int workers; /* 0: as the machine allows */
    int photos; /* how many there will be, where that is known: no more workers are started than that, and the first one at once, by
                  * scheduler_new, whose thread is then the one that turns; 0: many */
    double seconds;        /* the most time that work on a photo may take, where its batch says nothing; 0: no limit */
    double store_patience; /* seconds after which a store that cannot be written ends the work; 0: never */
    const char *program;   /* as in pool_options */
    const char *const *arguments;
    /* The share of memory in use, 0..1, negative: unknown; NULL: the machine's, or the container's. */
    double (*memory_used)(void *context);
    /* Bytes free for a new file in the folder, -1: unknown; NULL: as the file system says. */
    int64_t (*disk_free)(void *context, const char *folder);
    void *context; /* of these two */
    /* Who works instead of processes of this machine; models, workers and memory are theirs to see to then. NULL: nobody. */
    const crew_maker *crew;
} scheduler_options;

/* A sandboxed worker for each core, ten minutes a photo, a store that is waited for. */
scheduler_options scheduler_options_default(void);

/* ---------------------------------------------------------------- what it tells */

/* How an attempt at an item ended. */
typedef struct scheduler_end {
    const store_item *item;   /* as it was handed out */
    store_state state;        /* DONE, FAILED or CANCELLED; QUEUED: it is tried again, or was given back */
    gpen_status reason;       /* FAILED, and QUEUED after a failure: why; as in the store (GIVEN_UP, for instance) */
    const job_result *result; /* what the worker said; its error's message is for people */
    const char *output;       /* the result's path */
    const char *copy;         /* of a FAILED one: where the photo itself was put (FAILURE_COPY); NULL: nowhere */
} scheduler_end;

typedef enum scheduler_hold {
    HOLD_NONE,
    HOLD_MEMORY,        /* memory is nearly full */
    HOLD_MEMORY_SINGLE, /* likewise, and it does not become less: one photo at a time */
    HOLD_STORE,         /* the store cannot be written */
    HOLD_BROKER,        /* the queue of a fleet cannot be reached; what was sent goes on */
} scheduler_hold;

/* All may be NULL. Called by the thread that turns; `crops` while it holds the store, so that it may call nothing of this. */
typedef struct scheduler_events {
    void *context;
    void (*began)(void *context, const store_item *item, pid_t worker);
    void (*stage)(void *context, const store_item *item, job_stage stage);
    void (*faces)(void *context, const store_item *item, size_t ended, size_t chosen);
    void (*ended)(void *context, const scheduler_end *end);
    void (*batch_ended)(void *context,
                        const store_batch *batch); /* its last item came to its end; not: one that a call below ended */
    char *(*crops)(
        void *context,
        const store_item
            *item); /* what the paths of its saved faces begin with; the scheduler's (free). NULL: OUT/faces/ITS NAME */
    bool (*may_write)(void *context, const char *path); /* a saved face, or a copy; NULL: always */
    void (*worker_started)(void *context, pid_t worker, const worker_ready *ready);
    void (*worker_died)(void *context, const pool_death *death);           /* death->job->order.id is the item's */
    void (*held)(void *context, scheduler_hold why, const char *sentence); /* English; NONE: it goes on */
} scheduler_events;

/* What the plan follows from, before any worker runs: this machine, and models whose memory is estimated from their files. */
machine_facts scheduler_facts(const scheduler_options *options);

/* Milliseconds since 1970, as the store takes them: above 0 whatever the clock says. */
int64_t scheduler_now(void);

/* ---------------------------------------------------------------- life */

/* Opens the store as its supervisor, removes what a killed one left half-written, and waits for turns. The structs are copied, what
 * they point to is not. Release with scheduler_free. Errors: those of store_open; BAD_ARGUMENT. */
gpen_status scheduler_new(scheduler **out, const scheduler_options *options, const scheduler_events *events,
                          gpen_error *error);

/* Stops at once what is still worked on, gives it back to the queue, and releases everything. NULL is fine. */
void scheduler_free(scheduler *s);

/* Does what there is to do and waits for more, up to `seconds`. Errors: no worker can be started (those of pool_turn), the store is
 * damaged, or could not be written for too long: the scheduler is at its end then, its items are queued for the next one. */
gpen_status scheduler_turn(scheduler *s, double seconds, gpen_error *error);

/* Nothing is worked on, and nothing is or will be ready as things stand (paused batches wait). Of the thread that turns. */
bool scheduler_finished(const scheduler *s);

/* Begins nothing new [any]. What is computed and written is finished, the rest goes back to the queue; at once: all of it does, and
 * workers are killed. scheduler_turn until scheduler_stopped to see it through. */
void scheduler_stop(scheduler *s, bool at_once);
bool scheduler_stopped(const scheduler *s); /* of the thread that turns */

/* Lets a scheduler_turn that waits go on [any]. */
void scheduler_wake(scheduler *s);

/* ---------------------------------------------------------------- a person's wishes [any]; errors: those of the store */

typedef struct scheduler_batch {
    const batch_settings *settings;
    const char *output_folder; /* absolute */
    int priority;
} scheduler_batch;

/* Adds a batch with its first items; the store's copies of their outputs are final. Also BAD_ARGUMENT: settings outside their ranges. */
gpen_status scheduler_add(scheduler *s, const scheduler_batch *batch, const store_new_item *items, size_t count,
                          int64_t *id, gpen_error *error);
gpen_status scheduler_add_items(scheduler *s, int64_t batch, const store_new_item *items, size_t count,
                                gpen_error *error);

gpen_status scheduler_priority(scheduler *s, int64_t batch, int priority, gpen_error *error);
gpen_status scheduler_pause(scheduler *s, int64_t batch, bool paused,
                            gpen_error *error); /* what is begun is finished */

/* What is queued is cancelled now, what is worked on as soon as its worker was stopped; `ended` tells of the latter. */
gpen_status scheduler_cancel(scheduler *s, int64_t batch, gpen_error *error);
gpen_status scheduler_cancel_item(scheduler *s, int64_t item, gpen_error *error);

gpen_status scheduler_retry(scheduler *s, int64_t item, gpen_error *error);
gpen_status scheduler_retry_failed(scheduler *s, int64_t batch, int64_t *count, gpen_error *error);

/* Forgets a batch; results stay. Also IN_USE: cancel it first, and wait until it ended. */
gpen_status scheduler_delete(scheduler *s, int64_t batch, gpen_error *error);

/* What became of cleaning. */
typedef struct scheduler_cleaned {
    int64_t batches, deleted, kept; /* results deleted; left alone, because someone changed them since */
    int64_t inputs;                 /* photos deleted */
} scheduler_cleaned;

/* Deletes results of batches that ended before `before` (milliseconds since 1970) as long as they are what was written, forgets the
 * batches, and deletes their photos that lie below `uploads` (NULL: no photo is). A crash on the way leaves nothing that a
 * second call does not finish. */
gpen_status scheduler_clean(scheduler *s, int64_t before, const char *uploads, scheduler_cleaned *cleaned,
                            gpen_error *error);

/* ---------------------------------------------------------------- a look at it [any] */

enum { SCHEDULER_MOST_SHOWN = 64 };

typedef struct scheduler_running {
    int64_t item, batch;
    pid_t worker; /* 0: on another machine, or none yet */
    job_stage stage;
    size_t faces_ended, faces_chosen;
    double seconds; /* since it was handed out */
} scheduler_running;

typedef struct scheduler_state {
    machine_plan plan;
    int64_t done, failed, retried, cancelled, worker_deaths; /* since scheduler_new */
    scheduler_hold hold;
    char sentence[256]; /* why it holds; "" when it does not */
    double memory_used; /* share; negative: unknown */
    scheduler_running running[SCHEDULER_MOST_SHOWN];
    int running_count;
    int working; /* all of them, and those that there is no room for here */
    crew_look crew;
} scheduler_state;

void scheduler_look(scheduler *s, scheduler_state *state);

/* The item, where it is being worked on. */
bool scheduler_look_at(scheduler *s, int64_t item, scheduler_running *running);

#endif

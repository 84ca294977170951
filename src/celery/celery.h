/* celery.h: a worker in a Celery fleet. The face of src/celery.
 *
 *     celery_options options = celery_options_default();
 *     options.broker = "redis://queue.example:6379/0";
 *     options.pool.setup = ...models...;
 *     status = celery_worker_run(&options, &error);        until it is told to stop
 *
 * It takes tasks from a queue in Redis as a Celery worker does, gives their photos to worker processes (batch/pool.h), and tells
 * the senders what came of them. Programs send with Celery's own clients:
 *
 *     app.send_task("gpen.enhance", ["in/a.jpg", "out/a.jpg", {"strength": 90}], queue="gpen").get()
 *
 * Threads: the caller's talks to Redis; one has the pool; some carry pictures in and out. */
#ifndef GPEN_CELERY_H
#define GPEN_CELERY_H

#include <stdio.h>

#include "batch/pool.h"

/* What a worker counts for operators. Made before a worker and released after it; any thread may look meanwhile. */
typedef struct celery_numbers celery_numbers;

gpen_status celery_numbers_new(celery_numbers **out, gpen_error *error);
void celery_numbers_free(celery_numbers *numbers);

/* Writes them as Prometheus reads them (base/metrics_text.h). */
void celery_numbers_write(celery_numbers *numbers, FILE *out);

/* alive: its loop turns. ready: it takes photos: the broker is there, and a process to work with. detail: a sentence, static. */
typedef struct celery_health {
    bool alive, ready;
    const char *detail;
} celery_health;
celery_health celery_numbers_health(celery_numbers *numbers);

typedef struct celery_options {
    const char *broker;       /* redis://... (celery/address.h) */
    const char *results;      /* where results go: redis://...; NULL: to the broker; "none": nowhere */
    const char *password;     /* of both, where the address has none; NULL: none */
    const char *queue;        /* "gpen" */
    const char *node;         /* this worker's name in the fleet; NULL: gpen@HOSTNAME */
    const char *const *roots; /* folders beneath which tasks may read and write; ended by NULL */
    const char *restorer;     /* the model's name, as results mention it; NULL: none */
    pool_options pool;
    int prefetch; /* tasks that are held beyond those that are worked on, for each worker process: 0..100 */
    double
        visibility_seconds; /* a task held for longer by a worker that has died is given out again; the fleet's, 1..604800 */
    int result_seconds;      /* how long results are kept; 0: for ever */
    double task_seconds;     /* the most time that work on a photo may take, where its sender sets no limit; 0: none */
    size_t inline_bytes;     /* the largest picture inside a message, and inside a result */
    size_t fetch_bytes;      /* the largest that is fetched */
    int64_t max_pixels;      /* as in picture_limits */
    bool private_addresses;  /* fetch from, and put to, addresses of private networks and of this machine too */
    bool task_events;        /* tell about tasks from the start (as `celery worker -E`) */
    celery_numbers *numbers; /* to count in; not owned. NULL: nobody looks */
    bool (*stopping)(
        void
            *context); /* asked all the time; true: finish what is worked on, give back the rest, return. May be NULL */
    void *context;
} celery_options;

/* Queue gpen, prefetch 1, visibility 3600 s, results for a day, 600 s a photo, 16 MiB inline, 256 MiB fetched. */
celery_options celery_options_default(void);

/* Works until it is told to stop: by `stopping`, by remote control, or because no worker process can be started. A broker that is
 * away is waited for, however long. Errors: BAD_ARGUMENT (the options), UNSUPPORTED_FORMAT (rediss:// in a build without),
 * OUT_OF_MEMORY, and those of the pool (MODEL_MISSING, ...). */
gpen_status celery_worker_run(const celery_options *options, gpen_error *error);

/* Asks the node of that name, over the broker, whether it is there, and waits up to `seconds`; for health checks. Errors:
 * FETCH_FAILED (no broker, or no answer), BAD_ARGUMENT. */
gpen_status celery_worker_ping(const celery_options *options, double seconds, gpen_error *error);

#endif

/* fleet.h: a crew (batch/crew.h) of workers on other machines: `gpen worker`, behind a queue in Redis.
 *
 *     fleet_options options = fleet_options_default();
 *     options.broker = "redis://queue.example:6379/0";
 *     options.data = "/srv/gpen";
 *     const crew_maker maker = {fleet_make, &options};
 *
 * Each job is a task `gpen.enhance`, with photo and result named by their paths. What holds
 *   - A task's name follows from its photo, place and number of endings before: whoever hands the same job in again, after a crash,
 *     finds the task that is there already, or its result, and sends nothing.
 *   - Without the broker jobs stay where they are. When it is back, what came meanwhile is taken, and only what it has forgotten (no result,
 *     in no list, with no worker) is sent again.
 *   - No more tasks are out than the workers that are heard of can begin soon, so that priorities, turns and pauses of batches count.
 *   - A result is believed when its file is there, as long as the worker said.
 * The workers keep their results in the broker. */
#ifndef GPEN_CELERY_FLEET_H
#define GPEN_CELERY_FLEET_H

#include "batch/crew.h"

typedef struct fleet_options {
    const char *broker;     /* redis://... (celery/address.h) */
    const char *password;   /* where the address has none; NULL: none */
    const char *queue;      /* "gpen" */
    const char *data;       /* a folder that this machine and all workers see; absolute, without links */
    const char *data_there; /* what it is called on the workers; NULL: the same */
    int ahead;              /* tasks that are out for each worker process, 1..100 */
} fleet_options;

/* Queue gpen, three ahead. */
fleet_options fleet_options_default(void);

/* For crew_maker; context: fleet_options, whose strings outlive the crew. Does not wait for the broker. Errors: BAD_ARGUMENT (the
 * options), UNSUPPORTED_FORMAT (rediss:// in a build without), OUT_OF_MEMORY. */
gpen_status fleet_make(void *context, const pool_events *events, crew *made, gpen_error *error);

#endif

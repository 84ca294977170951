/* tasks.h: work for a request that takes longer than a connection's thread may wait: deleting many files, installing a model.
 *
 *     request->task = task_start(server->tasks, request->connection, work, context, release);     the connection sleeps
 *     ...
 *     when it wakes, task_result says how it went */
#ifndef GPEN_HTTP_TASKS_H
#define GPEN_HTTP_TASKS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "base/error.h"

typedef struct task_list task_list;
typedef struct task task;

/* Does the work, in a thread of its own. It should look at tasks_stopping now and then, and end with CANCELLED. */
typedef gpen_status task_work(void *context, gpen_error *error);

/* At most `most` at a time. */
gpen_status tasks_new(task_list **out, int most, gpen_error *error);

/* From now on none is taken on, and those at work are asked to end; then waits for them. */
void tasks_stop(task_list *list);
void tasks_free(task_list *list); /* after tasks_stop. NULL is fine */
bool tasks_stopping(task_list *list);

/* Begins the work. connection (may be NULL: nobody waits, and *out is NULL too) is suspended and resumed when it is done.
 * context belongs to the task, which ends with release(context) (may be NULL). Errors: CANCELLED (too many, or stopping; context is
 * not released), OUT_OF_MEMORY. */
gpen_status task_start(task **out, task_list *list, struct MHD_Connection *connection, task_work *work, void *context,
                       void (*release)(void *context), gpen_error *error);

/* Is it done, and how did it end? */
bool task_done(task *one, gpen_status *status, gpen_error *error);
void *task_context(task *one);

/* The request does not care any more; the work goes on to its end. NULL is fine. */
void task_leave(task *one);

#endif

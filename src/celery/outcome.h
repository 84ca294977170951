/* outcome.h: what became of a task, for those who wait for it. Private to src/celery.
 *
 * Celery's result backend in Redis: `celery-task-meta-ID` holds the state and the result as JSON for some time, and the same is
 * published under that name. */
#ifndef GPEN_CELERY_OUTCOME_H
#define GPEN_CELERY_OUTCOME_H

#include "celery/redis.h"
#include "celery/task.h"

#define TASK_STATE_LIST(X) X(STARTED) X(PROGRESS) X(SUCCESS) X(FAILURE) X(RETRY) X(REVOKED)

typedef enum task_state {
#define TASK_STATE_ENUM(name) TASK_##name,
    TASK_STATE_LIST(TASK_STATE_ENUM)
#undef TASK_STATE_ENUM
        TASK_STATES
} task_state;

/* "STARTED". Static. */
const char *task_state_name(task_state state);

/* An exception as Celery writes it; module NULL: null. message is an argument of the exception; second may be NULL. Release with
 * json_decref; NULL: no memory. */
json_t *exception_json(const char *type, const char *module, const char *first, const char *second);

/* The exception that stands for a reason of ours: GpenError("unreadable", "photo.jpg: the file ends early"). */
json_t *reason_json(const gpen_error *reason);

/* "GpenError('unreadable', '...')", for events and error messages; free. */
char *exception_text(const json_t *exception);

/* Appends the commands that store and publish; a stored SUCCESS stays. `result` is borrowed, `seconds` how long it is kept (0: for
 * ever). worker: its node's name. False: no memory. */
bool outcome_store(redis_connection *redis, const task_message *task, task_state state, const json_t *result,
                   int seconds);

/* The same for a task that is not here: the body of a chord that failed. */
bool outcome_store_id(redis_connection *redis, const char *id, task_state state, const json_t *result, int seconds);

#endif

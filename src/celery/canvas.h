/* canvas.h: what follows when a task has ended: callbacks, the rest of a chain, a chord's body. Private to src/celery.
 *
 * A sender writes the follow-up into the message, as "signatures": a task's name with arguments and options, or a group, chain or
 * chord of such. Who ends a task sends them on.
 *
 * Source: Celery 5, app/trace.py, canvas.py and backends/redis.py. */
#ifndef GPEN_CELERY_CANVAS_H
#define GPEN_CELERY_CANVAS_H

#include "celery/outcome.h"

typedef struct task_canvas {
    redis_connection *broker, *results; /* may be the same; results NULL: none */
    const char *queue;                  /* of our own tasks, where a signature names none */
    int seconds;                        /* how long results are kept */
} task_canvas;

/* The follow-ups of a task with this outcome (SUCCESS with its result, or FAILURE and REVOKED with the exception), as a list of
 * commands. */
typedef struct follow_up {
    json_t *sends;       /* [[queue, priority, envelope], ...] */
    bool chord_complete; /* its counters may go, once the sends are through */
} follow_up;

/* Notes the task in its chord, and finds what is to be sent. Errors: FETCH_FAILED (nothing is lost: to be done again),
 * OUT_OF_MEMORY. Release with follow_up_free. */
gpen_status canvas_follow(const task_canvas *canvas, const task_message *task, task_state state, const json_t *result,
                          follow_up *follow, gpen_error *error);

/* Appends the commands to the broker. False: no memory. */
bool follow_up_send(const task_canvas *canvas, const follow_up *follow);

/* Appends what clears the chord's counters away. */
void follow_up_clear(const task_canvas *canvas, const task_message *task, const follow_up *follow);
void follow_up_free(follow_up *follow);

#endif

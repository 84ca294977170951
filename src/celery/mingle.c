/* What the others know: a worker that begins, or comes back, asks them which tasks were revoked before it takes any, as Celery's
 * workers do when they mingle. Its own file because it is a worker's one question to the others. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "celery/room.h"

static const double most_seconds = 1.0; /* as long as Celery's wait */

bool mingling(const celery_worker *worker)
{
    return worker->mingling_until > 0;
}

/* Others' clocks begin elsewhere (each has its machine's), so what they know counts from now. */
void mingle_note(celery_worker *worker, const json_t *revoked)
{
    const char *id;
    json_t *since;
    json_object_foreach((json_t *)revoked, id,
                        since) if (*id && strlen(id) < TASK_MOST_ID && !worker_is_revoked(worker, id))
        worker_note_revoked(worker, id);
}

gpen_status mingle_begin(celery_worker *worker, gpen_error *error)
{
    int64_t listeners;
    inquiry_end(&worker->broker, &worker->hello); /* the connection was lost before all had answered */
    json_t *arguments = json_pack("{s:s, s:O}", "from_node", worker->node, "revoked", worker->revoked);
    gpen_status status = inquiry_ask(&worker->broker, worker->broker_address.database, "hello", arguments, NULL,
                                     &worker->hello, &listeners, error);
    if (status)
        return status;
    /* All who listen answer, but for ourselves. */
    worker->neighbours = listeners > 1 ? listeners - 1 : 0;
    worker->mingling_until = clock_seconds() + most_seconds;
    return mingle_turn(worker, error);
}

/* Is it an answer of another one? */
static bool take_answer(celery_worker *worker, const json_t *answer)
{
    const char *node;
    json_t *value;
    bool good = false;
    json_object_foreach((json_t *)answer, node, value)
    {
        if (!strcmp(node, worker->node))
            continue;
        mingle_note(worker, json_object_get(value, "revoked"));
        event_clock_heard(&worker->events, json_object_get(value, "clock"));
        good = true;
    }
    return good;
}

gpen_status mingle_turn(celery_worker *worker, gpen_error *error)
{
    bool came = true;
    gpen_status status = GPEN_OK;
    if (!mingling(worker))
        return GPEN_OK;
    while (worker->neighbours > 0 && came && !status) {
        json_t *answer;
        status = inquiry_take(&worker->broker, &worker->hello, 0, &came, &answer, error);
        if (came && take_answer(worker, answer))
            log_event(LOG_INFO, "mingled", NULL, "another worker told which tasks are revoked: %zu are known",
                      json_object_size(worker->revoked));
        worker->neighbours -= came;
        json_decref(answer);
    }
    if (status || (worker->neighbours > 0 && clock_seconds() < worker->mingling_until))
        return status;
    worker->mingling_until = 0;
    inquiry_end(&worker->broker, &worker->hello);
    return redis_settle(&worker->broker, error);
}

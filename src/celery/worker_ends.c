/* How tasks end. Its own file because an end is told in four places (the result, those that follow, the queue, the events), and
 * must be told once whatever fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "batch/reasons.h"
#include "batch/retry.h"
#include "celery/moment.h"
#include "celery/result.h"
#include "celery/room.h"

static const double between_progress = 0.25; /* seconds */

/* ---------------------------------------------------------------- deciding */

void worker_refuse(work *w, task_state state, json_t *exception)
{
    w->phase = WORK_ENDED;
    w->state = state;
    json_decref(w->value);
    w->value = exception;
}

/* The sender's own limits are told as Celery tells them. */
static json_t *limit_exception(const work *w)
{
    char seconds[32];
    double soft = w->task.soft_limit, hard = w->task.hard_limit;
    bool is_soft = soft > 0 && (soft < hard || !(hard > 0));
    snprintf(seconds, sizeof seconds, "%g", is_soft ? soft : hard);
    return exception_json(is_soft ? "SoftTimeLimitExceeded" : "TimeLimitExceeded", "billiard.exceptions", seconds,
                          NULL);
}

static bool killed_worker(gpen_status reason)
{
    return reason == GPEN_CRASHED || reason == GPEN_TIMED_OUT;
}

static void judge_failure(work *w)
{
    gpen_status reason = w->error.status;
    bool own_limit = reason == GPEN_TIMED_OUT && (w->task.hard_limit > 0 || w->task.soft_limit > 0);
    if (own_limit) {
        worker_refuse(w, TASK_FAILURE, limit_exception(w));
        return;
    }
    w->kills += killed_worker(reason);
    retry_verdict verdict =
        w->asked.extras.once ? RETRY_NOT : retry_decide(reason, w->task.retries, w->kills, w->shrink);
    if (verdict == RETRY_GIVEN_UP)
        gpen_fail(&w->error, GPEN_GIVEN_UP, "it stopped %d worker processes; the last: %s", w->kills, w->error.message);
    if (verdict == RETRY_SMALLER)
        w->shrink++;
    bool again = verdict == RETRY_SAME || verdict == RETRY_SMALLER;
    worker_refuse(w, again ? TASK_RETRY : TASK_FAILURE, reason_json(&w->error));
}

void worker_judge(celery_worker *worker, work *w)
{
    gpen_status reason = w->error.status;
    if (w->killed && reason)
        worker_refuse(w, TASK_REVOKED, exception_json("TaskRevokedError", "celery.exceptions", "terminated", NULL));
    else if (reason == GPEN_CANCELLED && worker->hands.started) {
        w->phase = WORK_READY; /* the worker stops: another will do it */
        gpen_error_clear(&w->error);
    } else if (reason) {
        judge_failure(w);
    } else {
        w->phase = WORK_ENDED;
        w->state = TASK_SUCCESS;
    }
}

/* ---------------------------------------------------------------- on the way */

void worker_tell_begun(celery_worker *worker, work *w)
{
    atomic_store(&w->news, false); /* what comes from here on is progress */
    w->begun = moment_now();
    event_task(&worker->events, "task-started", w->task.id, NULL);
    if (!worker_results(worker) || w->task.ignore_result)
        return;
    json_t *value = json_pack("{s:i, s:s}", "pid", (int)atomic_load(&w->process), "hostname", worker->node);
    (void)(value &&
           outcome_store(worker_results(worker), &w->task, TASK_STARTED, value, worker->options->result_seconds));
    json_decref(value);
}

void worker_tell_progress(celery_worker *worker, work *w)
{
    double now = moment_now();
    if (now - w->told < between_progress || !atomic_exchange(&w->news, false))
        return;
    w->told = now;
    if (!worker_results(worker) || w->task.ignore_result)
        return;
    json_t *value = progress_json(w, worker->node, now);
    (void)(value &&
           outcome_store(worker_results(worker), &w->task, TASK_PROGRESS, value, worker->options->result_seconds));
    json_decref(value);
}

/* ---------------------------------------------------------------- telling the end */

/* The same task once more, later: its message with what has changed. free */
static char *message_again(const work *w)
{
    char eta[MOMENT_TEXT];
    json_t *headers = json_object_get(w->task.envelope, "headers");
    moment_write(moment_now() + (double)retry_wait(w->task.retries) / 1000, eta);
    (void)json_object_set_new(headers, "retries", json_pack("i", w->task.retries + 1));
    (void)json_object_set_new(headers, "eta", json_pack("s", eta));
    (void)json_object_set_new(headers, "gpen", json_pack("{s:i, s:i}", "kills", w->kills, "shrink", w->shrink));
    return json_text_of(w->task.envelope);
}

/* In one transaction: what follows is sent, and the task leaves the queue. */
static bool append_leaving(celery_worker *worker, const work *w, const follow_up *follow)
{
    const task_canvas canvas = worker_canvas(worker);
    redis_connection *broker = &worker->broker;
    bool good = true;
    redis_append(broker, "MULTI");
    if (w->state == TASK_RETRY) {
        char *text = message_again(w);
        good = text != NULL;
        if (text)
            queue_send(broker, worker->options->queue, w->task.priority, text);
        free(text);
    } else {
        good = follow_up_send(&canvas, follow);
    }
    queue_acknowledge(broker, w->tag);
    redis_append(broker, good ? "EXEC" : "DISCARD");
    return good;
}

static bool append_outcome(celery_worker *worker, const work *w)
{
    redis_connection *results = worker_results(worker);
    return !results || w->task.ignore_result ||
           outcome_store(results, &w->task, w->state, w->value, worker->options->result_seconds);
}

static bool append_claim(celery_worker *worker, const work *w)
{
    if (!w->claimed)
        return true;
    if (w->state != TASK_SUCCESS) {
        claim_forget(&worker->broker, w->key, w->holder);
        return true;
    }
    char *text = json_text_of(w->value);
    if (text)
        claim_done(&worker->broker, w->key, w->holder, text, worker->options->result_seconds);
    free(text);
    return text != NULL;
}

static void tell_event(celery_worker *worker, const work *w)
{
    event_sender *events = &worker->events;
    const char *id = w->task.id;
    char *text = w->state == TASK_SUCCESS ? json_text_of(w->value) : exception_text(w->value);
    const char *shown = text ? text : "";
    if (w->state == TASK_SUCCESS)
        event_task(events, "task-succeeded", id,
                   json_pack("{s:s#, s:f}", "result", shown, (int)strnlen(shown, 1024), "runtime",
                             w->begun > 0 ? moment_now() - w->begun : 0.0));
    else if (w->state == TASK_REVOKED)
        event_task(events, "task-revoked", id,
                   json_pack("{s:b, s:s?, s:b}", "terminated", w->killed, "signum", w->killed ? "SIGKILL" : NULL,
                             "expired", w->expired));
    else
        event_task(events, w->state == TASK_RETRY ? "task-retried" : "task-failed", id,
                   json_pack("{s:s, s:s}", "exception", shown, "traceback", ""));
    free(text);
}

static void log_end(const work *w)
{
    char *why = w->state == TASK_SUCCESS ? NULL : exception_text(w->value);
    log_event(LOG_INFO, "task_ended", NULL, "task %s (%s): %s%s%s", w->task.id, w->task.name, task_state_name(w->state),
              why ? ": " : "", why ? why : "");
    free(why);
}

/* Was it heard, when it was told before and the connection was lost? Then the queue no longer holds it, and the result is there. */
static gpen_status was_heard(celery_worker *worker, const work *w, bool *heard, gpen_error *error)
{
    redisReply *reply;
    redis_connection *results = worker_results(worker);
    *heard = false;
    if (!w->attempted)
        return GPEN_OK;
    redis_append(&worker->broker, "HEXISTS unacked %s", w->tag);
    gpen_status status = redis_answer(&worker->broker, &reply, error);
    bool held = !status && reply->integer == 1;
    freeReplyObject(reply);
    if (status || held || !results || w->task.ignore_result)
        return status;
    redis_append(results, "EXISTS celery-task-meta-%s", w->task.id);
    status = redis_answer(results, &reply, error);
    *heard = !status && reply->integer == 1;
    freeReplyObject(reply);
    return status;
}

static gpen_status settle_both(celery_worker *worker, gpen_error *error)
{
    gpen_status status = redis_settle(&worker->broker, error);
    if (worker->results_apart && worker_results(worker)) {
        gpen_status second = redis_settle(&worker->results, status ? NULL : error);
        status = status ? status : second;
    }
    return status;
}

/* The first half: the result, and what follows from it, which may need answers. */
static gpen_status tell_result(celery_worker *worker, work *w, follow_up *follow, bool *heard, gpen_error *error)
{
    const task_canvas canvas = worker_canvas(worker);
    bool asks = w->attempted || json_is_object(json_object_get(w->task.embed, "chord"));
    gpen_status status = asks ? settle_both(worker, error) : GPEN_OK; /* answers come in the order of questions */
    if (!status)
        status = was_heard(worker, w, heard, error);
    if (!status && !*heard && w->state != TASK_RETRY)
        status = canvas_follow(&canvas, &w->task, w->state, w->value, follow, error);
    if (status || *heard)
        return status;
    return append_outcome(worker, w) && append_claim(worker, w) ? GPEN_OK : gpen_fail_memory(error, "a task's end", 0);
}

/* Up to so many are told before answers are waited for. */
enum { MOST_TOLD = 32 };

static void forget(celery_worker *worker, work *const *told, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < worker->count; i++) {
        bool gone = false;
        for (size_t k = 0; k < count && !gone; k++)
            gone = worker->works[i] == told[k];
        if (!gone)
            worker->works[kept++] = worker->works[i];
    }
    worker->count = kept;
    for (size_t i = 0; i < count; i++) {
        worker->done += told[i]->state == TASK_SUCCESS;
        worker->failed += told[i]->state == TASK_FAILURE;
        numbers_end(worker->options->numbers, told[i]);
        tell_event(worker, told[i]);
        log_end(told[i]);
        work_free(told[i]);
    }
}

/* A result must be safe before its task leaves the queue: so there are two rounds, each for all of them at once. */
gpen_status worker_tell_ends(celery_worker *worker, gpen_error *error)
{
    work *told[MOST_TOLD];
    follow_up follows[MOST_TOLD] = {{0}};
    bool heard[MOST_TOLD] = {false};
    const task_canvas canvas = worker_canvas(worker);
    size_t count = 0;
    gpen_status status = GPEN_OK;
    for (size_t i = 0; i < worker->count && count < MOST_TOLD && !status; i++) {
        work *w = worker->works[i];
        if (w->phase != WORK_ENDED)
            continue;
        if (!w->value)
            w->value = json_pack("n");
        status = tell_result(worker, w, &follows[count], &heard[count], error);
        told[count++] = w;
    }
    gpen_status settled = settle_both(worker, status ? NULL : error);
    status = status ? status : settled;
    for (size_t i = 0; i < count && !status; i++) {
        told[i]->attempted = true;
        if (!heard[i] && !append_leaving(worker, told[i], &follows[i]))
            status = gpen_fail_memory(error, "a task's end", 0);
    }
    settled = settle_both(worker, status ? NULL : error);
    status = status ? status : settled;
    for (size_t i = 0; i < count; i++) {
        if (!status)
            follow_up_clear(&canvas, &told[i]->task, &follows[i]);
        follow_up_free(&follows[i]);
    }
    if (!status)
        status = settle_both(worker, error);
    if (!status)
        forget(worker, told, count);
    return status;
}

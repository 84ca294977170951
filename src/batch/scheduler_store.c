/* The scheduler's moves in the store: claiming, settling, telling. Its own file because it is the one place where the order matters that
 * nothing is told before it is on the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "batch/result_json.h"
#include "batch/scheduler_room.h"

/* Before a store that failed is tried again: longer and longer. */
static const double shortest_pause = 0.02, longest_pause = 2.0;

/* ---------------------------------------------------------------- settling */

static store_spent spent_by(const job_result *result)
{
    const double *seconds = result->seconds;
    return (store_spent){.seconds = {[STORE_STAGE_DECODE] = seconds[JOB_DECODE],
                                     [STORE_STAGE_DETECT] = seconds[JOB_DETECT],
                                     [STORE_STAGE_RESTORE] = seconds[JOB_RESTORE] + seconds[JOB_PASTE],
                                     [STORE_STAGE_ENCODE] = seconds[JOB_ENCODE] + seconds[JOB_SAVE]},
                         .peak_memory = result->peak_bytes};
}

static gpen_status settle_done(scheduler *s, errand *e, gpen_error *error)
{
    char *faces = result_faces_json(&e->result, e->settings.aligned);
    char *made =
        result_receipt_json(&e->result, &s->made, e->result.error.status ? &e->settings.look : &e->result.look);
    store_result result = {.spent = spent_by(&e->result), .written = e->written, .faces_json = faces, .receipt = made};
    for (int state = 0; state < GPEN_FACE_STATE_COUNT; state++)
        result.faces[state] = (int64_t)faces_count(&e->result.faces, (gpen_face_state)state);
    if (e->settings.aligned)
        result.faces[GPEN_FACE_RESTORED] = (int64_t)e->result.restored;
    gpen_status status =
        faces && made ? store_finish_done(s->store, e->item.id, e->item.attempts, &result, scheduler_now(), error)
                      : gpen_fail_memory(error, "a result's description", 0);
    free(faces);
    free(made);
    e->state = STORE_DONE;
    e->reason = GPEN_OK;
    return status;
}

static gpen_status settle_failed(scheduler *s, errand *e, gpen_status reason, gpen_error *error)
{
    char detail[sizeof e->result.error.message + 4096];
    snprintf(detail, sizeof detail, "%s%s%s", e->result.error.message,
             e->copy ? "; the photo itself was put in its place: " : "", e->copy ? e->copy : "");
    const store_failure failure = {.reason = reason,
                                   .detail = detail,
                                   .signal = e->signal,
                                   .worker_died = e->worker_died,
                                   .spent = spent_by(&e->result),
                                   .copy = e->written};
    gpen_status status =
        store_finish_failed(s->store, e->item.id, e->item.attempts, &failure, scheduler_now(), &e->state, error);
    store_item now = {.id = 0};
    e->reason = reason;
    if (!status && e->state == STORE_FAILED)
        status = store_item_get(s->store, e->item.id, &now, error);
    if (now.id)
        e->reason = now.reason;
    store_item_free(&now);
    return status;
}

static gpen_status settle_returned(scheduler *s, errand *e, gpen_error *error)
{
    gpen_status status = store_release(s->store, e->item.id, e->item.attempts, scheduler_now(), error);
    store_item now = {.id = 0};
    e->reason = GPEN_OK;
    e->state = STORE_QUEUED;
    if (!status)
        status = store_item_get(s->store, e->item.id, &now, error);
    if (now.id)
        e->state = now.state;
    store_item_free(&now);
    return status;
}

/* A report that fits nothing in the store is a worker's that was taken for dead; one that the store cannot take as it is fails the
 * item. */
static gpen_status settle_one(scheduler *s, errand *e, gpen_error *error)
{
    gpen_status reason = e->result.error.status, status;
    if (!reason)
        status = settle_done(s, e, error);
    else if (reason == GPEN_CANCELLED && !e->cancelled)
        status = settle_returned(s, e, error);
    else
        status = settle_failed(s, e, reason, error);
    if (status == GPEN_BAD_ARGUMENT) {
        e->result.error = *error;
        status = settle_failed(s, e, GPEN_BAD_ARGUMENT, error);
    }
    if (status != GPEN_EXISTS)
        return status;
    log_event(LOG_WARNING, "stale_report", &(log_about){.batch = e->item.batch, .item = e->item.id}, "%s",
              error->message);
    e->state = STORE_CANCELLED;
    e->reason = GPEN_CANCELLED;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- claiming */

static void append(errand **list, errand *e)
{
    while (*list)
        list = &(*list)->next;
    e->next = NULL;
    *list = e;
}

/* *found: there was one. */
static gpen_status claim_one(scheduler *s, errand **claimed, bool *found, gpen_error *error)
{
    errand *e = calloc(1, sizeof *e);
    *found = false;
    if (!e)
        return gpen_fail_memory(error, "an item", sizeof *e);
    gpen_status status = store_claim(s->store, 0, scheduler_now(), &e->item, error);
    if (!status && e->item.id)
        status = errand_prepare(s, e, error);
    *found = !status && e->item.id;
    if (*found)
        append(claimed, e);
    else
        errand_free(e);
    return status;
}

/* When to look again, once nothing more is ready. */
static gpen_status note_quiet(scheduler *s, gpen_error *error)
{
    int64_t wait = 0;
    gpen_status status = store_next_ready(s->store, scheduler_now(), &wait, error);
    s->quiet_until = wait < 0 ? clock_seconds() + 3600 : clock_seconds() + (double)wait / 1000;
    return status;
}

static gpen_status claim(scheduler *s, size_t wanted, errand **claimed, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    bool found = true;
    for (size_t i = 0; !status && found && i < wanted; i++)
        status = claim_one(s, claimed, &found, error);
    return !status && !found ? note_quiet(s, error) : status;
}

/* One more than is given, before there are workers: it says which models they need. */
static size_t claims_wanted(const scheduler *s)
{
    if (s->stop || s->broken.status || (s->quiet_until > 0 && clock_seconds() < s->quiet_until))
        return 0;
    size_t waiting = 0, room = s->begun ? s->crew.calls->room(s->crew.self) : 1;
    for (const errand *e = s->errands; e; e = e->next) {
        waiting += !e->given && !e->ended;
        if ((s->pool && e->item.shrink > 1) || (!e->given && !e->ended && errand_needs_others(s, e)))
            return 0;
    }
    room = scheduler_leave(s, room);
    return room > waiting ? room - waiting : 0;
}

/* ---------------------------------------------------------------- both at once */

static bool has_ended(const scheduler *s)
{
    for (const errand *e = s->errands; e; e = e->next)
        if (e->ended)
            return true;
    return false;
}

/* All of it or nothing, which is then tried again. */
static gpen_status move(scheduler *s, size_t wanted, errand **claimed, gpen_error *error)
{
    gpen_status status = store_together_begin(s->store, error);
    if (status)
        return status;
    for (errand *e = s->errands; !status && e; e = e->next)
        if (e->ended)
            status = settle_one(s, e, error);
    if (!status)
        status = claim(s, wanted, claimed, error);
    gpen_status ended = store_together_end(s->store, !status, status ? NULL : error);
    return status ? status : ended;
}

static void drop(errand *list)
{
    while (list) {
        errand *next = list->next;
        errand_free(list);
        list = next;
    }
}

static void note_failure(scheduler *s, const gpen_error *error)
{
    double now = clock_seconds();
    s->store_error = *error;
    s->quiet_until = 0; /* what was claimed, and so seemed to leave nothing, is not */
    if (!(s->store_failed > 0))
        s->store_failed = now;
    double pause = shortest_pause + (now - s->store_failed);
    s->store_again = now + (pause < longest_pause ? pause : longest_pause);
    bool patient = !(s->options.store_patience > 0) || now - s->store_failed < s->options.store_patience;
    if (!s->broken.status && (error->status == GPEN_STORE_DAMAGED || !patient))
        s->broken = *error;
    log_event(LOG_ERROR, "store_failed", NULL, "%s", error->message);
}

static void count(scheduler *s, const errand *e)
{
    s->counts.done += e->state == STORE_DONE;
    s->counts.failed += e->state == STORE_FAILED;
    s->counts.cancelled += e->state == STORE_CANCELLED;
    s->counts.retried += e->state == STORE_QUEUED && e->reason;
}

/* The moves happened: the lists follow. */
static void follow(scheduler *s, errand *claimed)
{
    errand **at = &s->errands;
    s->store_failed = 0;
    while (*at) {
        errand *e = *at;
        if (!e->ended) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        append(&s->settled, e);
        count(s, e);
        if (e->state == STORE_QUEUED)
            s->quiet_until = 0;
    }
    while (claimed) {
        errand *e = claimed;
        claimed = e->next;
        append(&s->errands, e);
    }
}

/* ---------------------------------------------------------------- telling */

static void tell_batch_end(scheduler *s, int64_t id)
{
    store_batch batch = {.id = 0};
    if (!s->events.batch_ended)
        return;
    pthread_mutex_lock(&s->lock);
    gpen_status status = store_batch_get(s->store, id, &batch, NULL);
    pthread_mutex_unlock(&s->lock);
    if (!status && batch.id && batch.ended)
        s->events.batch_ended(s->events.context, &batch);
    store_batch_free(&batch);
}

static void tell(scheduler *s)
{
    while (s->settled) {
        errand *e = s->settled;
        s->settled = e->next;
        const scheduler_end end = {.item = &e->item,
                                   .state = e->state,
                                   .reason = e->reason,
                                   .result = &e->result,
                                   .output = e->item.output,
                                   .copy = e->copy};
        scheduler_log_end(e);
        if (s->events.ended)
            s->events.ended(s->events.context, &end);
        bool last = e->state != STORE_QUEUED;
        for (const errand *other = s->settled; other; other = other->next)
            last = last && other->item.batch != e->item.batch;
        if (last)
            tell_batch_end(s, e->item.batch);
        errand_free(e);
    }
}

void scheduler_settle(scheduler *s)
{
    errand *claimed = NULL;
    gpen_error error = {0};
    if (!s->store) /* it is being opened */
        return;
    pthread_mutex_lock(&s->lock);
    size_t wanted = claims_wanted(s);
    pthread_mutex_unlock(&s->lock);
    bool pause = s->store_failed > 0 && clock_seconds() < s->store_again;
    if (pause || s->broken.status == GPEN_STORE_DAMAGED || (!wanted && !has_ended(s) && !(s->store_failed > 0)))
        return;
    pthread_mutex_lock(&s->lock);
    gpen_status status = move(s, wanted, &claimed, &error);
    if (status) {
        drop(claimed);
        note_failure(s, &error);
    } else {
        follow(s, claimed);
    }
    pthread_mutex_unlock(&s->lock);
    tell(s);
}

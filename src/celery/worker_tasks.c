/* The ways of tasks through the worker. Its own file because it is all that decides what happens to a task next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "celery/moment.h"
#include "celery/room.h"

enum { MOST_REVOKED = 50000, MOST_BEGINNINGS = 5 };

static const double claim_wait = 1.0;       /* seconds until a key that somebody else works on is asked for again */
static const double revoked_kept = 10800.0; /* seconds; as Celery's */

/* ---------------------------------------------------------------- a task held */

work *work_new(task_message *task, const char *tag)
{
    work *w = calloc(1, sizeof *w);
    if (!w) {
        task_free(task);
        return NULL;
    }
    w->task = *task;
    *task = (task_message){.retries = 0};
    memcpy(w->tag, tag, strnlen(tag, sizeof w->tag - 1));
    uuid_write(w->holder);
    w->received = moment_now();
    w->input = w->folder = w->small_folder = w->faces_folder = -1;
    atomic_store(&w->stage, -1);
    const json_t *before = json_object_get(w->task.headers, "gpen");
    w->kills = (int)(json_integer_value(json_object_get(before, "kills")) & 0xFF);
    w->shrink = (int)(json_integer_value(json_object_get(before, "shrink")) & 3);
    return w;
}

void work_free(work *w)
{
    if (!w)
        return;
    const int files[] = {w->input, w->folder, w->small_folder, w->faces_folder};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    batch_job_free(&w->job);
    job_result_free(&w->result);
    json_decref(w->value);
    task_free(&w->task);
    free(w->key);
    free(w);
}

static bool keep(celery_worker *worker, work *w)
{
    if (worker->count == worker->room) {
        size_t room = worker->room ? worker->room * 2 : 64;
        work **larger = realloc(worker->works, room * sizeof *larger);
        if (!larger)
            return false;
        worker->works = larger;
        worker->room = room;
    }
    w->number = ++worker->numbers;
    worker->works[worker->count++] = w;
    return true;
}

static void wait_until(celery_worker *worker, work *w, double due)
{
    w->phase = WORK_WAITING;
    w->due = due;
    if (!(worker->next_due > 0) || due < worker->next_due)
        worker->next_due = due;
}

/* ---------------------------------------------------------------- revoking */

bool worker_is_revoked(const celery_worker *worker, const char *id)
{
    return json_object_get(worker->revoked, id) != NULL;
}

static bool is_old(json_t *revoked, double now)
{
    return json_object_size(revoked) >= MOST_REVOKED ||
           json_real_value(json_object_iter_value(json_object_iter(revoked))) + revoked_kept < now;
}

void worker_note_revoked(celery_worker *worker, const char *id)
{
    double now = clock_seconds();
    (void)json_object_del(worker->revoked, id); /* so that it is the newest */
    while (json_object_size(worker->revoked) && is_old(worker->revoked, now))
        (void)json_object_del(worker->revoked, json_object_iter_key(json_object_iter(worker->revoked)));
    (void)json_object_set_new(worker->revoked, id, json_pack("f", now));
}

int worker_revoke(celery_worker *worker, const char *id, bool terminate)
{
    int known = 0;
    worker_note_revoked(worker, id);
    for (size_t i = 0; i < worker->count; i++) {
        work *w = worker->works[i];
        if (strcmp(w->task.id, id) != 0 || w->phase == WORK_ENDED)
            continue;
        known++;
        bool idle = w->phase == WORK_WAITING || w->phase == WORK_READY;
        if (idle && !w->claimed) {
            worker_refuse(w, TASK_REVOKED, exception_json("TaskRevokedError", "celery.exceptions", "revoked", NULL));
        } else if (terminate) {
            w->killed = true;
            atomic_store(&w->cancelled, true);
            atomic_store(&worker->hands.look, true);
        }
    }
    hands_wake(&worker->hands);
    return known;
}

/* Before anything is done: is it still wanted? */
static bool still_wanted(const celery_worker *worker, work *w)
{
    w->expired = w->task.expires > 0 && moment_now() > w->task.expires;
    if (!w->expired && !worker_is_revoked(worker, w->task.id))
        return true;
    worker_refuse(w, TASK_REVOKED,
                  exception_json("TaskRevokedError", "celery.exceptions", w->expired ? "expired" : "revoked", NULL));
    return false;
}

/* ---------------------------------------------------------------- taking */

static void tell_received(celery_worker *worker, const work *w)
{
    const task_message *task = &w->task;
    json_t *count = json_object_get(worker->totals, task->name);
    (void)json_object_set_new(worker->totals, task->name, json_pack("I", json_integer_value(count) + 1));
    event_task(&worker->events, "task-received", task->id,
               json_pack("{s:s, s:s, s:s, s:i, s:s?, s:s?, s:O?, s:O?}", "name", task->name, "args", task->args_text,
                         "kwargs", task->kwargs_text, "retries", task->retries, "root_id", task->root_id, "parent_id",
                         task->parent_id, "eta", json_object_get(task->headers, "eta"), "expires",
                         json_object_get(task->headers, "expires")));
}

static void begin_way(celery_worker *worker, work *w, task_verdict verdict, const gpen_error *why)
{
    request_kind kind;
    if (!request_kind_of(w->task.name, &kind)) {
        log_event(LOG_ERROR, "task_unknown", NULL, "task %s: there is no task called %s here", w->task.id,
                  w->task.name);
        worker_refuse(w, TASK_FAILURE, exception_json("NotRegistered", "celery.exceptions", w->task.name, NULL));
        return;
    }
    tell_received(worker, w);
    if (verdict == TASK_INVALID || request_read(&w->task, kind, &w->asked, &w->error)) {
        if (verdict == TASK_INVALID)
            w->error = *why;
        worker_judge(worker, w);
    } else if (still_wanted(worker, w)) {
        w->scheduled = w->task.eta > moment_now();
        if (w->scheduled)
            wait_until(worker, w, w->task.eta);
        else
            w->phase = WORK_READY;
    }
}

bool worker_take(celery_worker *worker, const queue_message *popped)
{
    const task_limits limits = {.most_body = worker->options->inline_bytes * 2 + (1 << 20)};
    task_message task;
    gpen_error why = {0};
    if (!*popped->tag) {
        log_event(LOG_WARNING, "message_refused", NULL, "a message of %zu bytes was thrown away: too large",
                  popped->length);
        return true;
    }
    task_verdict verdict = task_read(popped->text, popped->length, &limits, &task, &why);
    if (verdict == TASK_FOREIGN) {
        log_event(LOG_WARNING, "message_refused", NULL, "a message was thrown away: %s", why.message);
        queue_acknowledge(&worker->broker, popped->tag);
        return true;
    }
    work *w = work_new(&task, popped->tag);
    if (!w || !keep(worker, w)) {
        work_free(w);
        return false;
    }
    begin_way(worker, w, verdict, &why);
    return true;
}

/* ---------------------------------------------------------------- moving on */

static void wake_due(celery_worker *worker)
{
    double now = moment_now(), next = 0;
    if (!(worker->next_due > 0) || now < worker->next_due)
        return;
    for (size_t i = 0; i < worker->count; i++) {
        work *w = worker->works[i];
        if (w->phase != WORK_WAITING)
            continue;
        if (w->due <= now)
            w->phase = WORK_READY;
        else if (!(next > 0) || w->due < next)
            next = w->due;
    }
    worker->next_due = next;
}

static bool make_key(work *w)
{
    if (!w->key && asprintf(&w->key, "%s:%s", request_name(w->asked.kind), w->asked.key) < 0)
        w->key = NULL;
    return w->key != NULL;
}

static void take_claim(celery_worker *worker, work *w, key_claim *claim)
{
    if (claim->answer == CLAIM_HELD) {
        wait_until(worker, w, moment_now() + claim_wait);
        return;
    }
    if (claim->answer == CLAIM_DONE) {
        w->value = json_loads(claim->result, 0, NULL);
        if (!w->value)
            gpen_fail(&w->error, GPEN_STORE_DAMAGED, "what an earlier task with this key returned cannot be read");
        worker_judge(worker, w);
        return;
    }
    w->claimed = true;
    w->clear_before = claim->clear;
    if (claim->begun > MOST_BEGINNINGS) {
        gpen_fail(&w->error, GPEN_GIVEN_UP, "%d workers died of it, or with it", claim->begun - 1);
        worker_judge(worker, w);
        return;
    }
    w->phase = WORK_FETCHING;
    work_line_push(&worker->carriers.in, w);
}

/* Asks for the keys of all that are ready. */
static gpen_status claim_ready(celery_worker *worker, gpen_error *error)
{
    size_t asked = 0;
    work *waiting[QUEUE_MOST_POPPED];
    gpen_status status = GPEN_OK;
    for (size_t i = 0; i < worker->count && asked < QUEUE_MOST_POPPED; i++) {
        work *w = worker->works[i];
        if (w->phase != WORK_READY || w->claimed || !still_wanted(worker, w) || !make_key(w))
            continue;
        claim_ask(&worker->broker, w->key, w->holder, worker_claim_seconds(worker), worker->options->result_seconds);
        waiting[asked++] = w;
    }
    /* An answer that was a refusal leaves the others to be read. */
    for (size_t i = 0; i < asked && redis_is_open(&worker->broker); i++) {
        key_claim claim;
        gpen_status one = claim_answer_take(&worker->broker, &claim, status ? NULL : error);
        if (!one)
            take_claim(worker, waiting[i], &claim);
        free(claim.result);
        status = status ? status : one;
    }
    return status;
}

/* What is fetched goes to the pool; but first it is noted that the result's place was free. */
static gpen_status hand_over(celery_worker *worker, gpen_error *error)
{
    bool any = false;
    for (size_t i = 0; i < worker->count; i++) {
        const work *w = worker->works[i];
        if (w->phase == WORK_FETCHED && w->place_free && !w->clear_before)
            claim_note_clear(&worker->broker, w->key);
    }
    gpen_status status = redis_settle(&worker->broker, error);
    for (size_t i = 0; !status && i < worker->count; i++) {
        work *w = worker->works[i];
        if (w->phase != WORK_FETCHED)
            continue;
        w->phase = WORK_WORKING;
        work_line_push(&worker->hands.in, w);
        any = true;
    }
    if (any)
        hands_wake(&worker->hands);
    return status;
}

gpen_status worker_move(celery_worker *worker, gpen_error *error)
{
    wake_due(worker);
    gpen_status status = worker->stopping || mingling(worker) ? GPEN_OK : claim_ready(worker, error);
    return status || worker->stopping ? status : hand_over(worker, error);
}

/* ---------------------------------------------------------------- coming back */

static void come_back(celery_worker *worker, work *w)
{
    if (w->error.status || w->phase == WORK_STORING || (w->phase == WORK_FETCHING && w->killed)) {
        if (w->phase == WORK_FETCHING && w->killed && !w->error.status)
            gpen_fail(&w->error, GPEN_CANCELLED, "it was not begun");
        worker_judge(worker, w);
    } else if (w->phase == WORK_FETCHING) {
        w->phase = WORK_FETCHED;
    } else {
        w->phase = WORK_STORING;
        work_line_push(&worker->carriers.in, w);
    }
}

void worker_collect(celery_worker *worker)
{
    work *w;
    while ((w = work_line_pop(&worker->ended, false)))
        come_back(worker, w);
    /* Handed over in the very moment in which the pool ended. */
    while (atomic_load(&worker->hands.ended) && (w = work_line_pop(&worker->hands.in, false))) {
        gpen_fail(&w->error, GPEN_CANCELLED, "the worker stops");
        come_back(worker, w);
    }
}

/* ---------------------------------------------------------------- giving back */

gpen_status worker_give_back(celery_worker *worker, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    /* From the last to the first, so that the first is taken first again. */
    for (size_t i = worker->count; !status && i > 0; i--) {
        work *w = worker->works[i - 1];
        if (w->phase != WORK_WAITING && w->phase != WORK_READY && w->phase != WORK_FETCHED)
            continue;
        if (w->claimed)
            claim_release(&worker->broker, w->key, w->holder);
        status = redis_settle(&worker->broker, error);
        if (!status)
            status = queue_return(&worker->broker, worker->options->queue, w->tag, error);
        if (status)
            break;
        memmove(&worker->works[i - 1], &worker->works[i], (worker->count - i) * sizeof *worker->works);
        worker->count--;
        work_free(w);
    }
    return status;
}

/* The pool's thread. Its own file because one thread must have the pool from its first worker process to its last. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "celery/room.h"

static const double turn_seconds = 1.0;

/* ---------------------------------------------------------------- what the pool holds */

static work **find_held(work_hands *hands, uint64_t number)
{
    for (size_t i = 0; i < hands->held_count; i++)
        if (hands->held[i]->number == number)
            return &hands->held[i];
    return NULL;
}

static bool hold(work_hands *hands, work *w)
{
    if (hands->held_count == hands->held_room) {
        size_t room = hands->held_room ? hands->held_room * 2 : 16;
        work **larger = realloc(hands->held, room * sizeof *larger);
        if (!larger)
            return false;
        hands->held = larger;
        hands->held_room = room;
    }
    hands->held[hands->held_count++] = w;
    return true;
}

static void send_back(work_hands *hands, work *w, gpen_status status, const char *why)
{
    if (status)
        gpen_fail(&w->error, status, "%s", why);
    atomic_store(&w->process, 0);
    work_line_push(hands->out, w);
}

/* ---------------------------------------------------------------- what the pool asks and tells */

static bool next(void *context, batch_job *job)
{
    work_hands *hands = context;
    work *w;
    while ((w = work_line_pop(&hands->in, false))) {
        if (atomic_load(&w->cancelled))
            send_back(hands, w, GPEN_CANCELLED, "it was not begun");
        else if (!hold(hands, w))
            send_back(hands, w, GPEN_OUT_OF_MEMORY, "not enough memory for one more task");
        else {
            /* The path of the result is needed afterwards; the pool releases what it is given. */
            *job = w->job;
            w->job.input = w->job.crops = w->job.thumbnails = NULL;
            w->job.output = strdup(job->output);
            if (w->job.output)
                return true;
            w->job = *job;
            hands->held_count--;
            send_back(hands, w, GPEN_OUT_OF_MEMORY, "not enough memory for one more task");
        }
    }
    return false;
}

static void tell_news(work_hands *hands, work *w)
{
    atomic_store(&w->news, true);
    work_line_nudge(hands->out);
}

static void began(void *context, const batch_job *job, pid_t worker)
{
    work_hands *hands = context;
    work **w = find_held(hands, job->order.id);
    if (!w)
        return;
    atomic_store(&(*w)->process, (int)worker);
    tell_news(hands, *w);
    if (atomic_load(&(*w)->cancelled))
        atomic_store(&hands->look, true);
}

static void stage(void *context, const batch_job *job, job_stage stage)
{
    work **w = find_held(context, job->order.id);
    if (!w)
        return;
    atomic_store(&(*w)->stage, (int)stage);
    tell_news(context, *w);
}

static void faces(void *context, const batch_job *job, size_t ended, size_t chosen)
{
    work **w = find_held(context, job->order.id);
    if (!w)
        return;
    atomic_store(&(*w)->faces_done, (unsigned)ended);
    atomic_store(&(*w)->faces_total, (unsigned)chosen);
    tell_news(context, *w);
}

static void ended(void *context, const batch_job *job, job_result *result)
{
    work_hands *hands = context;
    work **place = find_held(hands, job->order.id);
    if (!place)
        return;
    work *w = *place;
    *place = hands->held[--hands->held_count];
    w->error = result->error;
    w->result = *result; /* taken over */
    *result = (job_result){0};
    memcpy(w->level, hands->said.level, sizeof w->level);
    w->precision = hands->said.precision;
    send_back(hands, w, GPEN_OK, NULL);
}

static void started(void *context, pid_t worker, const worker_ready *ready)
{
    work_hands *hands = context;
    (void)worker;
    hands->said = *ready;
    atomic_store(&hands->ready, pool_ready(hands->pool));
}

static void died(void *context, const pool_death *death)
{
    (void)death;
    atomic_fetch_add(&((work_hands *)context)->deaths, 1);
}

/* ---------------------------------------------------------------- the thread */

/* The process that has a cancelled task is ended; what else it held goes to another, and nobody hears of it. */
static void end_cancelled(work_hands *hands)
{
    if (!atomic_exchange(&hands->look, false))
        return;
    for (size_t i = 0; i < hands->held_count; i++) {
        int process = atomic_load(&hands->held[i]->process);
        if (atomic_load(&hands->held[i]->cancelled) && process > 0)
            (void)kill((pid_t)process, SIGKILL);
    }
}

static void publish_pool(work_hands *hands, worker_pool *pool)
{
    pthread_mutex_lock(&hands->lock);
    hands->pool = pool;
    pthread_mutex_unlock(&hands->lock);
}

static gpen_status run(work_hands *hands, worker_pool *pool, gpen_error *error)
{
    bool told = false, told_at_once = false;
    gpen_status status = GPEN_OK;
    while (!status && !(told && pool_idle(pool))) {
        bool stop = atomic_load(&hands->stop), at_once = atomic_load(&hands->stop_at_once);
        if ((stop && !told) || (at_once && !told_at_once))
            pool_stop(pool, at_once);
        told = told || stop;
        told_at_once = told_at_once || at_once;
        status = pool_turn(pool, turn_seconds, error);
        end_cancelled(hands);
        atomic_store(&hands->ready, pool_ready(pool));
        atomic_store(&hands->memory, (long long)pool_memory(pool));
    }
    return status;
}

static void *hands_main(void *context)
{
    work_hands *hands = context;
    worker_pool *pool;
    const pool_events events = {.context = hands,
                                .next = next,
                                .began = began,
                                .stage = stage,
                                .faces = faces,
                                .ended = ended,
                                .started = started,
                                .died = died};
    gpen_status status = pool_new(&pool, &hands->options->pool, &events, &hands->broken);
    if (!status) {
        publish_pool(hands, pool);
        status = run(hands, pool, &hands->broken);
        publish_pool(hands, NULL);
        pool_free(pool);
    }
    if (status)
        log_event(LOG_ERROR, "pool_ended", NULL, "no photo can be worked on here: %s", hands->broken.message);
    atomic_store(&hands->ready, 0);
    atomic_store(&hands->memory, 0);
    work *w;
    while ((w = work_line_pop(&hands->in, false)))
        send_back(hands, w, GPEN_CANCELLED, "the worker stops");
    atomic_store(&hands->ended, true);
    return NULL;
}

gpen_status hands_start(work_hands *hands, const celery_options *options, work_line *out, gpen_error *error)
{
    *hands = (struct work_hands){.options = options, .out = out};
    gpen_status status = work_line_make(&hands->in, false, error);
    if (status)
        return status;
    (void)pthread_mutex_init(&hands->lock, NULL);
    status = thread_start_deaf(&hands->thread, hands_main, hands, error);
    hands->started = !status;
    return status;
}

void hands_wake(work_hands *hands)
{
    pthread_mutex_lock(&hands->lock);
    if (hands->pool)
        pool_wake(hands->pool);
    pthread_mutex_unlock(&hands->lock);
}

void hands_stop(work_hands *hands, bool at_once)
{
    if (at_once)
        atomic_store(&hands->stop_at_once, true);
    atomic_store(&hands->stop, true);
    hands_wake(hands);
}

void hands_free(work_hands *hands)
{
    if (hands->started) {
        hands_stop(hands, true);
        pthread_join(hands->thread, NULL);
        (void)pthread_mutex_destroy(&hands->lock);
    }
    work_line_free(&hands->in);
    free(hands->held);
    *hands = (struct work_hands){.started = false};
}

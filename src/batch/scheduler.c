/* The scheduler's life and turn: what the pool asks and says becomes moves in the store. Its own file because it is the whole of it at
 * one look. */
#include "batch/scheduler.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch/scheduler_room.h"

enum { MOST_WISHES = 256 }; /* passed on in one turn */

static const double usual_seconds = 600, longest_wait = 1.0, farewell_seconds = 10;

scheduler_options scheduler_options_default(void)
{
    return (scheduler_options){.setup = pool_options_default().setup, .seconds = usual_seconds};
}

int64_t scheduler_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec < 0)
        return 1;
    int64_t milliseconds = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    return milliseconds > 0 ? milliseconds : 1;
}

/* ---------------------------------------------------------------- errands */

void errand_free(errand *e)
{
    store_item_free(&e->item);
    batch_job_free(&e->job);
    job_result_free(&e->result);
    free(e->copy);
    free(e);
}

errand *errand_find(const scheduler *s, uint64_t item)
{
    errand *e = s->errands;
    while (e && (uint64_t)e->item.id != item)
        e = e->next;
    return e;
}

size_t errands_given(const scheduler *s)
{
    size_t count = 0;
    for (const errand *e = s->errands; e; e = e->next)
        count += e->given && !e->ended;
    return count;
}

void errand_fail(errand *e, gpen_status status, const char *why)
{
    if (!e->ended)
        gpen_fail(&e->result.error, status, "%s", why);
    e->ended = true;
}

/* The oldest that waits to be given. */
static errand *first_waiting(const scheduler *s)
{
    errand *e = s->errands;
    while (e && (e->given || e->ended))
        e = e->next;
    return e;
}

/* ---------------------------------------------------------------- what the pool asks */

/* From the second smaller plan on an item has the whole machine. */
static bool must_wait(const scheduler *s, const errand *e)
{
    size_t given = errands_given(s);
    bool lone = s->pool && e->item.shrink > 1;
    for (const errand *other = s->errands; other; other = other->next)
        lone |= s->pool && other->given && !other->ended && other->item.shrink > 1;
    return s->store_failed > 0 || (lone && given) || !scheduler_leave(s, 1) || errand_needs_others(s, e);
}

static bool give_next(void *context, batch_job *job)
{
    scheduler *s = context;
    for (;;) {
        scheduler_settle(s);
        errand *e = first_waiting(s);
        if (!e || s->stop || must_wait(s, e))
            return false;
        if (e->cancelled)
            errand_fail(e, GPEN_CANCELLED, "it was cancelled");
        if (!errand_check(s, e))
            continue;
        pthread_mutex_lock(&s->lock);
        *job = e->job;
        e->job = (batch_job){.shrink = 0};
        e->begun = clock_seconds();
        e->given = true;
        pthread_mutex_unlock(&s->lock);
        return true;
    }
}

/* ---------------------------------------------------------------- what the pool says */

static void hear_beginning(void *context, const batch_job *job, pid_t worker)
{
    scheduler *s = context;
    errand *e = errand_find(s, job->order.id);
    if (!e)
        return;
    pthread_mutex_lock(&s->lock);
    e->worker = worker;
    e->begun = clock_seconds();
    pthread_mutex_unlock(&s->lock);
    if (s->events.began)
        s->events.began(s->events.context, &e->item, worker);
}

static void hear_stage(void *context, const batch_job *job, job_stage stage)
{
    scheduler *s = context;
    errand *e = errand_find(s, job->order.id);
    if (!e)
        return;
    pthread_mutex_lock(&s->lock);
    e->stage = stage;
    pthread_mutex_unlock(&s->lock);
    if (s->events.stage)
        s->events.stage(s->events.context, &e->item, stage);
}

static void hear_faces(void *context, const batch_job *job, size_t ended, size_t chosen)
{
    scheduler *s = context;
    errand *e = errand_find(s, job->order.id);
    if (!e)
        return;
    pthread_mutex_lock(&s->lock);
    e->faces_ended = ended;
    e->faces_chosen = chosen;
    pthread_mutex_unlock(&s->lock);
    if (s->events.faces)
        s->events.faces(s->events.context, &e->item, ended, chosen);
}

static bool may_write(void *context, const char *path)
{
    const scheduler *s = context;
    return !s->events.may_write || s->events.may_write(s->events.context, path);
}

static void hear_end(void *context, const batch_job *job, job_result *result)
{
    scheduler *s = context;
    errand *e = errand_find(s, job->order.id);
    if (!e)
        return;
    if (e->result.notes) { /* what was noted before it was given comes first */
        char *later = result->notes;
        result->notes = e->result.notes;
        job_result_note(result, later);
        free(later);
    }
    e->result = *result;
    *result = (job_result){.width = 0};
    errand_finish(s, e);
    pthread_mutex_lock(&s->lock);
    e->ended = true;
    pthread_mutex_unlock(&s->lock);
}

static void hear_start(void *context, pid_t worker, const worker_ready *ready)
{
    scheduler *s = context;
    scheduler_replan(s, ready);
    if (s->events.worker_started)
        s->events.worker_started(s->events.context, worker, ready);
}

static void hear_death(void *context, const pool_death *death)
{
    scheduler *s = context;
    errand *e = death->job ? errand_find(s, death->job->order.id) : NULL;
    if (e) { /* one that was stopped because its time was up did not die by itself */
        e->worker_died = death->reason.status != GPEN_TIMED_OUT;
        e->signal = death->record->signal;
    }
    atomic_files_sweep(s->setup.cache);
    pthread_mutex_lock(&s->lock);
    s->counts.worker_deaths++;
    pthread_mutex_unlock(&s->lock);
    if (s->events.worker_died)
        s->events.worker_died(s->events.context, death);
}

/* ---------------------------------------------------------------- beginning */

static gpen_status make_crew(scheduler *s, gpen_error *error)
{
    pool_options options = pool_options_default();
    const pool_events events = {.context = s,
                                .next = give_next,
                                .began = hear_beginning,
                                .stage = hear_stage,
                                .faces = hear_faces,
                                .may_write = may_write,
                                .ended = hear_end,
                                .started = hear_start,
                                .died = hear_death};
    s->begun = s->options.crew != NULL;
    if (s->options.crew)
        return s->options.crew->make(s->options.crew->context, &events, &s->crew, error);
    options.setup = s->setup;
    options.setup.threads = 1; /* a plan comes with the first item */
    options.workers = 256;
    options.crash_folder = s->options.crash_folder;
    options.crash_sender = s->options.crash_sender;
    options.program = s->options.program;
    options.arguments = s->options.arguments;
    gpen_status status = crew_of_pool(&s->crew, &s->pool, &options, &events, error);
    if (!status)
        pool_allow(s->pool, 0);
    return status;
}

gpen_status scheduler_new(scheduler **out, const scheduler_options *options, const scheduler_events *events,
                          gpen_error *error)
{
    *out = NULL;
    if (!options->folder || options->workers < 0 || options->workers > 256 || options->setup.threads < 0 ||
        options->setup.threads > 256)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a scheduler needs a folder, and 0 to 256 workers and threads");
    scheduler *s = calloc(1, sizeof *s);
    if (!s)
        return gpen_fail_memory(error, "the scheduler", sizeof *s);
    if (pthread_mutex_init(&s->lock, NULL)) {
        free(s);
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a lock could not be made");
    }
    s->options = *options;
    s->events = *events;
    s->setup = options->setup;
    s->memory_used = -1;
    atomic_files_sweep(s->setup.cache); /* before all: what a killed worker left there may have filled the disk */
    gpen_status status = make_crew(s, error);
    if (!status)
        s->crew.calls->look(s->crew.self, &s->seen);
    if (!status && options->photos > 0 && s->pool)
        scheduler_start_early(s);
    if (!status)
        status = folder_make(options->folder, error);
    if (!status)
        status = store_open(&s->store, options->folder, scheduler_now(), error);
    if (!status && s->pool) /* a crew that is far may be writing them just now */
        status = scheduler_sweep(s, error);
    if (!status)
        scheduler_sweep_small(s, s->pool != NULL);
    if (status)
        scheduler_free(s);
    else
        *out = s;
    return status;
}

/* ---------------------------------------------------------------- the turn */

/* Wishes of other threads that only this one can pass on. */
static void pass_wishes_on(scheduler *s)
{
    uint64_t unwanted[MOST_WISHES];
    size_t count = 0;
    pthread_mutex_lock(&s->lock);
    int stop = s->stop;
    for (errand *e = s->errands; e && count < sizeof unwanted / sizeof *unwanted; e = e->next)
        if (e->cancelled && e->given && !e->ended && !e->stopping) {
            e->stopping = true;
            unwanted[count++] = (uint64_t)e->item.id;
        }
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < count; i++)
        s->crew.calls->cancel(s->crew.self, unwanted[i]);
    if (stop > s->stop_passed)
        s->crew.calls->stop(s->crew.self, stop > 1);
    s->stop_passed = stop;
    for (errand *e = s->errands; e; e = e->next)
        if (!e->given && (stop || s->broken.status || e->cancelled))
            errand_fail(e, GPEN_CANCELLED, "it was not begun");
}

static double time_to_wait(scheduler *s, double seconds)
{
    pthread_mutex_lock(&s->lock);
    double quiet_until = s->quiet_until;
    pthread_mutex_unlock(&s->lock);
    double left = quiet_until - clock_seconds();
    if (quiet_until > 0 && left < seconds)
        seconds = left > 0.001 ? left : 0.001;
    if (s->store_failed > 0 && s->store_again - clock_seconds() < seconds)
        seconds = s->store_again > clock_seconds() ? s->store_again - clock_seconds() : 0;
    bool watched = s->memory_hold != HOLD_NONE || s->errands;
    return watched && seconds > longest_wait ? longest_wait : seconds;
}

/* The pool is at its end. A batch's own models are that batch's trouble. */
static void take_break(scheduler *s, const gpen_error *reason)
{
    if (!s->has_own_models) {
        if (!s->broken.status)
            s->broken = *reason;
        return;
    }
    for (errand *e = s->errands; e; e = e->next)
        if (!e->given && !errand_needs_others(s, e))
            errand_fail(e, reason->status, reason->message);
    s->begun = false;
}

gpen_status scheduler_turn(scheduler *s, double seconds, gpen_error *error)
{
    gpen_error reason;
    scheduler_look_around(s);
    pass_wishes_on(s);
    scheduler_settle(s);
    if (!s->broken.status || !s->crew.calls->idle(s->crew.self)) {
        scheduler_man(s);
        if (s->crew.calls->turn(s->crew.self, time_to_wait(s, seconds), &reason) && !s->stop)
            take_break(s, &reason);
    }
    pass_wishes_on(s);
    scheduler_settle(s);
    pthread_mutex_lock(&s->lock);
    s->crew.calls->look(s->crew.self, &s->seen);
    pthread_mutex_unlock(&s->lock);
    return s->broken.status ? gpen_fail(error, s->broken.status, "%s", s->broken.message) : GPEN_OK;
}

/* ---------------------------------------------------------------- ends */

bool scheduler_finished(const scheduler *s)
{
    int64_t wait = 0;
    if (s->errands || s->settled)
        return false;
    pthread_mutex_lock((pthread_mutex_t *)&s->lock);
    gpen_status status = store_next_ready(s->store, scheduler_now(), &wait, NULL);
    pthread_mutex_unlock((pthread_mutex_t *)&s->lock);
    return !status && wait < 0;
}

void scheduler_stop(scheduler *s, bool at_once)
{
    pthread_mutex_lock(&s->lock);
    int wanted = at_once ? 2 : 1;
    if (s->stop < wanted)
        s->stop = wanted;
    pthread_mutex_unlock(&s->lock);
    s->crew.calls->wake(s->crew.self);
}

bool scheduler_stopped(const scheduler *s)
{
    return s->stop && !s->errands && s->crew.calls->idle(s->crew.self);
}

void scheduler_wake(scheduler *s)
{
    s->crew.calls->wake(s->crew.self);
}

void scheduler_free(scheduler *s)
{
    if (!s)
        return;
    double begun = clock_seconds();
    if (s->crew.self)
        scheduler_stop(s, true);
    /* Where the store cannot be written, what is left is found running by the next one, and queued again. */
    while (s->crew.self && !scheduler_stopped(s) && clock_seconds() - begun < farewell_seconds)
        (void)scheduler_turn(s, 0.05, NULL);
    if (s->crew.self)
        s->crew.calls->free(s->crew.self);
    while (s->errands) {
        errand *e = s->errands;
        s->errands = e->next;
        errand_free(e);
    }
    store_close(s->store);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

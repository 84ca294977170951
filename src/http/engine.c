/* The scheduler's thread. Its own file because here the floors meet: what the scheduler says of photos becomes events, numbers and
 * lines of the log, and what people changed reaches it between two turns. */
#include "http/engine.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/choices.h"
#include "http/pace.h"
#include "http/saved_faces.h"
#include "http/server.h"
#include "http/views.h"

enum { MOST_CHANGED = 256, RETRY_SECONDS = 10 };

struct engine {
    http_server *server;
    scheduler *scheduler;
    pthread_rwlock_t swap; /* written while one scheduler takes another's place */
    pthread_t thread;
    bool runs;
    atomic_bool stop, change;

    pthread_mutex_t lock; /* of all below */
    worker_ready ready;
    gpen_error trouble;
    pace_table paces;
    int64_t changed[MOST_CHANGED]; /* batches that nobody was told of yet */
    int changed_count;
};

/* ---------------------------------------------------------------- telling */

/* Puts what a function makes for each language into the ring. */
static void tell(engine *e, const char *name, int64_t batch, json_t *english, json_t *chinese)
{
    char *texts[2] = {view_text(english), chinese ? view_text(chinese) : NULL};
    if (texts[0])
        ring_add(e->server->ring, name, batch, texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

static void tell_item(engine *e, const store_item *item)
{
    tell(e, "item", item->batch, view_item(e->server, item, GPEN_ENGLISH), view_item(e->server, item, GPEN_CHINESE));
}

void engine_item_changed(engine *e, int64_t id)
{
    batch_store *reader;
    store_item item;
    if (reader_take(e->server->readers, &reader, NULL))
        return;
    gpen_status status = store_item_get(reader, id, &item, NULL);
    reader_give(e->server->readers, reader, status);
    if (status)
        return;
    if (item.id)
        tell_item(e, &item);
    store_item_free(&item);
}

void engine_batch_changed(engine *e, int64_t batch)
{
    pthread_mutex_lock(&e->lock);
    bool there = false;
    for (int i = 0; i < e->changed_count; i++)
        there = there || e->changed[i] == batch;
    if (!there && e->changed_count < MOST_CHANGED)
        e->changed[e->changed_count++] = batch;
    pthread_mutex_unlock(&e->lock);
}

static void tell_batch(engine *e, int64_t id)
{
    batch_store *reader;
    store_batch batch;
    if (reader_take(e->server->readers, &reader, NULL))
        return;
    gpen_status status = store_batch_get(reader, id, &batch, NULL);
    reader_give(e->server->readers, reader, status);
    if (status)
        return;
    if (batch.id)
        tell(e, "batch", id, view_batch(e->server, &batch), NULL);
    store_batch_free(&batch);
}

void engine_tell_batches(engine *e)
{
    int64_t changed[MOST_CHANGED];
    pthread_mutex_lock(&e->lock);
    int count = e->changed_count;
    memcpy(changed, e->changed, sizeof changed);
    e->changed_count = 0;
    pthread_mutex_unlock(&e->lock);
    for (int i = 0; i < count; i++)
        tell_batch(e, changed[i]);
}

static void tell_system(engine *e)
{
    tell(e, "system", 0, view_system(e->server, GPEN_ENGLISH), view_system(e->server, GPEN_CHINESE));
}

/* ---------------------------------------------------------------- what the scheduler says */

static void on_began(void *context, const store_item *item, pid_t worker)
{
    engine *e = context;
    (void)worker;
    pthread_mutex_lock(&e->lock);
    pace_begin(&e->paces, item->batch, clock_seconds());
    pthread_mutex_unlock(&e->lock);
    engine_item_changed(e, item->id);
    engine_batch_changed(e, item->batch);
}

static void tell_progress(engine *e, const store_item *item)
{
    scheduler_running running;
    if (engine_running(e, item->id, &running))
        tell(e, "progress", item->batch,
             view_progress(item, running.stage, running.faces_ended, running.faces_chosen, running.seconds), NULL);
}

static void on_stage(void *context, const store_item *item, job_stage stage)
{
    (void)stage;
    tell_progress(context, item);
}

static void on_faces(void *context, const store_item *item, size_t ended, size_t chosen)
{
    (void)ended;
    (void)chosen;
    tell_progress(context, item);
}

static void on_ended(void *context, const scheduler_end *end)
{
    engine *e = context;
    const store_item *item = end->item;
    metrics_item(e->server->numbers, end->state, end->reason, end->result);
    pthread_mutex_lock(&e->lock);
    pace_end(&e->paces, item->batch, clock_seconds());
    pthread_mutex_unlock(&e->lock);
    if (end->state == STORE_FAILED)
        log_event(LOG_WARNING, "item_failed",
                  &(log_about){.batch = item->batch,
                               .item = item->id,
                               .fields = {{"reason", .text = gpen_status_name(end->reason)}}},
                  "%s", end->result->error.message);
    else
        log_event(LOG_INFO, "item_ended",
                  &(log_about){.batch = item->batch,
                               .item = item->id,
                               .fields = {{"state", .text = store_state_name(end->state)}}},
                  "%s", store_state_name(end->state));
    engine_item_changed(e, item->id);
    engine_batch_changed(e, item->batch);
}

static void on_batch_ended(void *context, const store_batch *batch)
{
    engine_batch_changed(context, batch->id);
}

static void on_worker_started(void *context, pid_t worker, const worker_ready *ready)
{
    engine *e = context;
    pthread_mutex_lock(&e->lock);
    e->ready = *ready;
    e->trouble = (gpen_error){0};
    pthread_mutex_unlock(&e->lock);
    log_event(LOG_INFO, "worker_started", &(log_about){.worker = worker}, "a worker is ready");
    tell_system(e);
}

static void on_worker_died(void *context, const pool_death *death)
{
    log_event(LOG_WARNING, "worker_died", &(log_about){.worker = death->process}, "%s", death->reason.message);
    tell_system(context);
}

static void on_held(void *context, scheduler_hold why, const char *sentence)
{
    log_event(LOG_WARNING, "held", NULL, "%s", why == HOLD_NONE ? "it goes on" : sentence);
    tell_system(context);
}

static char *name_faces(void *context, const store_item *item)
{
    const engine *e = context;
    return saved_faces_stem(e->server, item);
}

/* ---------------------------------------------------------------- the thread */

static gpen_status open_scheduler(engine *e, scheduler **out, gpen_error *error)
{
    http_server *server = e->server;
    scheduler_options options = scheduler_options_default();
    const scheduler_events events = {.context = e,
                                     .began = on_began,
                                     .stage = on_stage,
                                     .faces = on_faces,
                                     .ended = on_ended,
                                     .batch_ended = on_batch_ended,
                                     .crops = name_faces,
                                     .worker_started = on_worker_started,
                                     .worker_died = on_worker_died,
                                     .held = on_held};
    *out = NULL;
    options.crew = server->options.crew;
    gpen_status status = options.crew ? GPEN_OK : choices_setup(server, &options.setup, error);
    if (status)
        return status;
    options.folder = server->store_folder;
    options.crash_folder = server->crashes;
    options.thumbnails = server->thumbnails;
    options.thumbnail_edge = JOB_MOST_THUMBNAIL;
    choices_into_options(server, &options);
    return scheduler_new(out, &options, &events, error);
}

/* Turns until what is begun is finished. */
static void finish(engine *e)
{
    scheduler_stop(e->scheduler, false);
    while (!scheduler_stopped(e->scheduler))
        (void)scheduler_turn(e->scheduler, 1.0, NULL);
}

/* NULL: there is none for a moment. Returns the one that was there. */
static scheduler *put(engine *e, scheduler *s)
{
    pthread_rwlock_wrlock(&e->swap);
    scheduler *before = e->scheduler;
    e->scheduler = s;
    pthread_rwlock_unlock(&e->swap);
    return before;
}

/* Puts a new scheduler in the place of one that has come to its end. The old one gives back the store first, and tells while it ends. */
static gpen_status renew(engine *e, gpen_error *error)
{
    scheduler *made;
    scheduler_free(put(e, NULL));
    gpen_status status = open_scheduler(e, &made, error);
    (void)put(e, made);
    return status;
}

static void set_trouble(engine *e, const gpen_error *error)
{
    pthread_mutex_lock(&e->lock);
    e->trouble = *error;
    pthread_mutex_unlock(&e->lock);
    log_event(LOG_ERROR, "engine_failed", &(log_about){.fields = {{"reason", .text = gpen_status_name(error->status)}}},
              "%s", error->message);
    tell_system(e);
}

/* Whatever ended the scheduler may pass (a model is installed, the disk is back): it is begun again, a while later. */
static void recover(engine *e, gpen_error error)
{
    do {
        set_trouble(e, &error);
        for (double until = clock_seconds() + RETRY_SECONDS; clock_seconds() < until && !e->stop && !e->change;)
            (void)usleep(100000);
        e->change = false;
    } while (!e->stop && renew(e, &error));
}

static void *run(void *argument)
{
    engine *e = argument;
    gpen_error error;
    while (!e->stop) {
        if (scheduler_turn(e->scheduler, 1.0, &error)) {
            recover(e, error);
        } else if (e->change) {
            e->change = false;
            finish(e);
            if (!e->stop && renew(e, &error))
                recover(e, error);
        }
    }
    if (e->scheduler)
        finish(e);
    return NULL;
}

gpen_status engine_start(engine **out, http_server *server, gpen_error *error)
{
    engine *e = calloc(1, sizeof *e);
    *out = NULL;
    if (!e)
        return gpen_fail_memory(error, "the engine", sizeof *e);
    e->server = server;
    if (pthread_rwlock_init(&e->swap, NULL)) {
        free(e);
        return gpen_fail_memory(error, "a lock", 0);
    }
    if (pthread_mutex_init(&e->lock, NULL)) {
        (void)pthread_rwlock_destroy(&e->swap);
        free(e);
        return gpen_fail_memory(error, "a lock", 0);
    }
    /* Its events may come as soon as it turns, and look for it here. */
    *out = e;
    gpen_status status = open_scheduler(e, &e->scheduler, error);
    if (!status && pthread_create(&e->thread, NULL, run, e))
        status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "no thread can be started");
    e->runs = !status;
    if (status) {
        engine_free(e);
        *out = NULL;
    }
    return status;
}

void engine_stop(engine *e)
{
    if (!e || !e->runs)
        return;
    e->stop = true;
    pthread_rwlock_rdlock(&e->swap);
    if (e->scheduler)
        scheduler_wake(e->scheduler);
    pthread_rwlock_unlock(&e->swap);
    pthread_join(e->thread, NULL);
    e->runs = false;
}

void engine_free(engine *e)
{
    if (!e)
        return;
    engine_stop(e);
    scheduler_free(e->scheduler);
    pthread_mutex_destroy(&e->lock);
    (void)pthread_rwlock_destroy(&e->swap);
    free(e);
}

/* ---------------------------------------------------------------- for others */

scheduler *engine_borrow(engine *e)
{
    pthread_rwlock_rdlock(&e->swap);
    return e->scheduler;
}

void engine_return(engine *e)
{
    pthread_rwlock_unlock(&e->swap);
}

scheduler *engine_await(engine *e)
{
    static const double patience = 60;
    double until = clock_seconds() + patience;
    scheduler *s = engine_borrow(e);
    while (!s && !e->server->stopping && clock_seconds() < until) {
        engine_return(e);
        (void)usleep(50000);
        s = engine_borrow(e);
    }
    return s;
}

void engine_change(engine *e)
{
    e->change = true;
    scheduler *s = engine_borrow(e);
    if (s)
        scheduler_wake(s);
    engine_return(e);
}

void engine_look(engine *e, scheduler_state *state, gpen_error *trouble)
{
    *state = (scheduler_state){.memory_used = -1};
    scheduler *s = engine_borrow(e);
    if (s)
        scheduler_look(s, state);
    engine_return(e);
    pthread_mutex_lock(&e->lock);
    *trouble = e->trouble;
    pthread_mutex_unlock(&e->lock);
}

void engine_ready(engine *e, worker_ready *ready)
{
    pthread_mutex_lock(&e->lock);
    *ready = e->ready;
    pthread_mutex_unlock(&e->lock);
}

bool engine_running(engine *e, int64_t item, scheduler_running *running)
{
    scheduler *s = engine_borrow(e);
    bool there = s && scheduler_look_at(s, item, running);
    engine_return(e);
    return there;
}

double engine_pace(engine *e, int64_t batch)
{
    pthread_mutex_lock(&e->lock);
    double seconds = pace_of(&e->paces, batch);
    pthread_mutex_unlock(&e->lock);
    return seconds;
}

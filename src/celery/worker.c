/* A worker's life: connecting, listening, turning, stopping. Its own file because it is the whole of it at one look. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "celery/moment.h"
#include "celery/room.h"

static const double answer_seconds = 5.0, heartbeat_seconds = 2.0, longest_claim = 60.0, longest_wait = 10.0,
                    watched_interval = 5.0, unwatched_interval = 0.1;

enum { MOST_WAITING_TASKS = 65536 };

/* ---------------------------------------------------------------- small facts */

redis_connection *worker_results(celery_worker *worker)
{
    if (worker->options->results && !strcmp(worker->options->results, "none"))
        return NULL;
    return worker->results_apart ? &worker->results : &worker->broker;
}

task_canvas worker_canvas(celery_worker *worker)
{
    return (task_canvas){.broker = &worker->broker,
                         .results = worker_results(worker),
                         .queue = worker->options->queue,
                         .seconds = worker->options->result_seconds};
}

int worker_concurrency(const celery_worker *worker)
{
    return worker->options->pool.workers;
}

double worker_claim_seconds(const celery_worker *worker)
{
    double visibility = worker->options->visibility_seconds;
    return visibility < longest_claim ? visibility : longest_claim;
}

static double renewal_interval(const celery_worker *worker)
{
    return worker_claim_seconds(worker) / 4;
}

/* Tasks that may still be taken: those that wait for their time do not count. */
static int room_left(const celery_worker *worker)
{
    int held = 0, most = worker_concurrency(worker) * (worker->options->prefetch + 1);
    for (size_t i = 0; i < worker->count; i++)
        held += worker->works[i]->phase != WORK_WAITING;
    if (worker->count - (size_t)held >= MOST_WAITING_TASKS || worker->paused || worker->stopping || mingling(worker))
        return 0;
    return most > held ? most - held : 0;
}

/* ---------------------------------------------------------------- connections */

static gpen_status subscribe(celery_worker *worker, gpen_error *error)
{
    gpen_status status = queue_watch(&worker->broker, &worker->listener, &worker->watching, error);
    if (status)
        return status;
    if (worker->watching)
        redis_append(&worker->listener, "SUBSCRIBE __redis__:invalidate");
    redis_append(&worker->listener, "SUBSCRIBE /%d.celery.pidbox", worker->broker_address.database);
    return redis_settle(&worker->listener, error);
}

static json_t *about_worker(const celery_worker *worker)
{
    double load[3] = {0};
    size_t active = 0;
    struct utsname system;
    (void)getloadavg(load, 3);
    for (size_t i = 0; i < worker->count; i++)
        active += worker->works[i]->phase == WORK_WORKING;
    return json_pack("{s:f, s:I, s:I, s:[f, f, f], s:s, s:s, s:s, s:{s:s, s:i}}", "freq", heartbeat_seconds, "active",
                     (json_int_t)active, "processed", (json_int_t)worker->done + (json_int_t)worker->failed, "loadavg",
                     load[0], load[1], load[2], "sw_ident", "gpen", "sw_ver", GPEN_VERSION, "sw_sys",
                     uname(&system) ? "unknown" : system.sysname, "gpen", "queue", worker->options->queue, "processes",
                     worker_concurrency(worker));
}

static gpen_status connect_all(celery_worker *worker, gpen_error *error)
{
    gpen_status status = redis_open(&worker->broker, &worker->broker_address, answer_seconds, error);
    if (!status)
        status = redis_open(&worker->listener, &worker->broker_address, answer_seconds, error);
    if (!status && worker->results_apart)
        status = redis_open(&worker->results, &worker->results_address, answer_seconds, error);
    if (!status)
        status = subscribe(worker, error);
    if (status)
        return status;
    queue_bind(&worker->broker, worker->options->queue);
    event_worker(&worker->events, &worker->broker, "worker-online", about_worker(worker));
    worker->more = true;
    worker->next_heartbeat = worker->next_renewal = worker->next_restore = worker->next_look = 0;
    status = redis_settle(&worker->broker, error);
    return status ? status : mingle_begin(worker, error);
}

static void disconnect(celery_worker *worker)
{
    redis_close(&worker->broker);
    redis_close(&worker->listener);
    redis_close(&worker->results);
}

static void lose(celery_worker *worker, const gpen_error *why)
{
    disconnect(worker);
    absence_begins(&worker->absence, why);
}

static bool connected(celery_worker *worker)
{
    gpen_error why = {0};
    if (redis_is_open(&worker->broker))
        return true;
    if (!absence_may_try(&worker->absence))
        return false;
    if (connect_all(worker, &why)) {
        lose(worker, &why);
        return false;
    }
    absence_ends(&worker->absence);
    return true;
}

/* ---------------------------------------------------------------- listening */

/* "message", channel, text: remote control; or the list of keys that changed. */
static gpen_status hear(celery_worker *worker, const redisReply *told, gpen_error *error)
{
    if (told->type != REDIS_REPLY_ARRAY || told->elements < 3 || told->element[0]->type != REDIS_REPLY_STRING ||
        strcmp(told->element[0]->str, "message") != 0)
        return GPEN_OK;
    const redisReply *text = told->element[2];
    if (text->type != REDIS_REPLY_STRING) {
        worker->more = true;
        return GPEN_OK;
    }
    return control_act(worker, text->str, (size_t)text->len, error);
}

static gpen_status listen_now(celery_worker *worker, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    bool any = true;
    while (!status && any) {
        redisReply *told;
        status = redis_hear(&worker->listener, &told, error);
        any = told != NULL;
        if (any)
            status = hear(worker, told, error);
        freeReplyObject(told);
    }
    return status;
}

/* ---------------------------------------------------------------- what the clock asks for */

static bool is_time(double *next, double interval)
{
    double now = clock_seconds();
    if (now < *next)
        return false;
    *next = now + interval;
    return true;
}

static void renew_all(celery_worker *worker)
{
    for (size_t i = 0; i < worker->count; i++) {
        const work *w = worker->works[i];
        queue_renew(&worker->broker, w->tag);
        if (w->claimed)
            claim_renew(&worker->broker, w->key, w->holder, worker_claim_seconds(worker));
    }
}

static gpen_status restore_old(celery_worker *worker, gpen_error *error)
{
    int count;
    gpen_status status =
        queue_restore(&worker->broker, worker->options->queue, worker->options->visibility_seconds, &count, error);
    if (count) {
        log_event(LOG_WARNING, "tasks_restored", NULL, "%d task(s) of workers that died are given out again", count);
        worker->more = true;
    }
    return status;
}

static gpen_status keep_time(celery_worker *worker, gpen_error *error)
{
    double visibility = worker->options->visibility_seconds;
    if (is_time(&worker->next_heartbeat, heartbeat_seconds))
        event_worker(&worker->events, &worker->broker, "worker-heartbeat", about_worker(worker));
    if (is_time(&worker->next_renewal, renewal_interval(worker)))
        renew_all(worker);
    gpen_status status = redis_settle(&worker->broker, error);
    if (!status && is_time(&worker->next_restore, visibility / 4 < longest_wait ? visibility / 4 : longest_wait))
        status = restore_old(worker, error);
    return status;
}

static gpen_status take_more(celery_worker *worker, gpen_error *error)
{
    queue_popped popped;
    int room = room_left(worker);
    if (is_time(&worker->next_look, worker->watching ? watched_interval : unwatched_interval))
        worker->more = true;
    if (!room || !worker->more)
        return GPEN_OK;
    size_t most_bytes = worker->options->inline_bytes * 2 + (2 << 20);
    gpen_status status =
        queue_pop(&worker->broker, worker->options->queue, room, most_bytes, &popped, &worker->more, error);
    for (int i = 0; !status && i < popped.count; i++)
        if (!worker_take(worker, &popped.messages[i])) {
            /* It stays noted as held, and is given out again later. */
            status = gpen_fail_memory(error, "a task", popped.messages[i].length);
        }
    queue_popped_free(&popped);
    return status ? status : redis_settle(&worker->broker, error);
}

static gpen_status tell_news(celery_worker *worker, gpen_error *error)
{
    for (size_t i = 0; i < worker->count; i++) {
        work *w = worker->works[i];
        if (w->phase != WORK_WORKING && w->phase != WORK_STORING)
            continue;
        if (!(w->begun > 0) && atomic_load(&w->process))
            worker_tell_begun(worker, w);
        else if (w->begun > 0)
            worker_tell_progress(worker, w);
    }
    gpen_status status = redis_settle(&worker->broker, error);
    return status || !worker->results_apart || !worker_results(worker) ? status : redis_settle(&worker->results, error);
}

/* ---------------------------------------------------------------- a turn */

static gpen_status turn(celery_worker *worker, gpen_error *error)
{
    gpen_status status = listen_now(worker, error);
    if (!status)
        status = mingle_turn(worker, error);
    if (!status)
        status = keep_time(worker, error);
    if (!status)
        status = take_more(worker, error);
    if (!status)
        status = worker_move(worker, error);
    if (!status)
        status = tell_news(worker, error);
    if (!status)
        status = worker_tell_ends(worker, error);
    if (!status && worker->stopping)
        status = worker_give_back(worker, error);
    event_flush(&worker->events, &worker->broker);
    return status ? status : redis_settle(&worker->broker, error);
}

static bool ends_wait(const celery_worker *worker)
{
    for (size_t i = 0; i < worker->count; i++)
        if (worker->works[i]->phase == WORK_ENDED ||
            (worker->works[i]->phase == WORK_READY && !worker->works[i]->claimed && !worker->stopping &&
             !mingling(worker)) ||
            worker->works[i]->phase == WORK_FETCHED)
            return true;
    return false;
}

static double time_to_wait(const celery_worker *worker)
{
    double now = clock_seconds();
    if (!redis_is_open(&worker->broker))
        return worker->absence.next_attempt > now ? fmin(worker->absence.next_attempt - now, 0.5) : 0;
    if (ends_wait(worker) || (worker->more && room_left(worker)))
        return 0;
    double until =
        fmin(fmin(worker->next_heartbeat, worker->next_renewal), fmin(worker->next_restore, worker->next_look));
    double seconds = fmin(until - now, mingling(worker) ? 0.01 : worker->stopping ? 0.1 : 1.0);
    if (worker->next_due > 0)
        seconds = fmin(seconds, worker->next_due - moment_now());
    for (size_t i = 0; i < worker->count; i++)
        if (atomic_load(&worker->works[i]->news))
            seconds = fmin(seconds, 0.1);
    return seconds > 0 ? seconds : 0;
}

static void tell_numbers(celery_worker *worker)
{
    numbers_look look = {.broker_up = redis_is_open(&worker->broker),
                         .stopping = worker->stopping,
                         .paused = worker->paused,
                         .planned = worker_concurrency(worker),
                         .ready = atomic_load(&worker->hands.ready),
                         .memory = atomic_load(&worker->hands.memory),
                         .deaths = atomic_load(&worker->hands.deaths)};
    for (size_t i = 0; i < worker->count; i++) {
        const work *w = worker->works[i];
        look.active += work_is_active(w);
        look.scheduled += work_is_scheduled(w);
        look.reserved += work_is_reserved(w);
    }
    numbers_turn(worker->options->numbers, &look);
}

static void wait_for_more(const celery_worker *worker)
{
    struct pollfd wanted[2] = {{.fd = worker->ended.wake[0], .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    if (redis_is_open(&worker->listener))
        wanted[1].fd = worker->listener.context->fd;
    (void)poll(wanted, 2, (int)ceil(time_to_wait(worker) * 1000));
}

/* ---------------------------------------------------------------- stopping */

static void begin_stop(celery_worker *worker)
{
    worker->stopping = true;
    log_event(LOG_INFO, "stopping", NULL, "stopping: what is worked on is finished, the rest is given back");
    hands_stop(&worker->hands, false);
}

static bool asked_to_stop(const celery_worker *worker)
{
    const celery_options *options = worker->options;
    return worker->stop || atomic_load(&worker->hands.ended) ||
           (options->stopping && options->stopping(options->context));
}

/* While the broker is away nothing can be given back: after some time it is left to be given out again by others. */
static bool may_leave(const celery_worker *worker, double since)
{
    return !worker->count || (!redis_is_open(&worker->broker) && clock_seconds() - since > longest_wait);
}

static void live(celery_worker *worker)
{
    double stop_since = 0;
    while (!worker->stopping || !may_leave(worker, stop_since)) {
        gpen_error why = {0};
        if (!worker->stopping && asked_to_stop(worker)) {
            begin_stop(worker);
            stop_since = clock_seconds();
        }
        worker_collect(worker);
        if (connected(worker) && turn(worker, &why)) {
            if (redis_is_open(&worker->broker) && redis_is_open(&worker->listener))
                log_event(LOG_WARNING, "broker_refused", NULL, "the broker refuses: %s", why.message);
            lose(worker, &why);
        }
        tell_numbers(worker);
        wait_for_more(worker);
    }
    event_worker(&worker->events, &worker->broker, "worker-offline", about_worker(worker));
    (void)redis_settle(&worker->broker, NULL);
}

/* ---------------------------------------------------------------- beginning and end */

static gpen_status prepare(celery_worker *worker, gpen_error *error)
{
    gpen_status status = worker_read_addresses(worker, error);
    worker_node(worker->options, worker->node);
    worker->started = moment_now();
    worker->events = (event_sender){.node = worker->node,
                                    .database = worker->broker_address.database,
                                    .tasks = worker->options->task_events};
    worker->revoked = json_pack("{}");
    worker->totals = json_pack("{}");
    if (!status && (!worker->revoked || !worker->totals))
        status = gpen_fail_memory(error, "a worker", 0);
    if (!status)
        status = work_line_make(&worker->ended, true, error);
    if (!status)
        status = carriers_start(&worker->carriers, worker->options, &worker->ended, error);
    return status ? status : hands_start(&worker->hands, worker->options, &worker->ended, error);
}

static void take_down(celery_worker *worker)
{
    for (size_t i = 0; i < worker->count; i++)
        atomic_store(&worker->works[i]->cancelled, true);
    hands_free(&worker->hands);
    carriers_stop(&worker->carriers);
    work_line_free(&worker->ended);
    for (size_t i = 0; i < worker->count; i++)
        work_free(worker->works[i]);
    free(worker->works);
    json_decref(worker->revoked);
    json_decref(worker->totals);
    json_decref(worker->events.waiting);
    disconnect(worker);
    free(worker);
}

gpen_status celery_worker_run(const celery_options *options, gpen_error *error)
{
    gpen_status status = worker_check(options, error);
    celery_worker *worker = status ? NULL : calloc(1, sizeof *worker);
    if (status)
        return status;
    if (!worker)
        return gpen_fail_memory(error, "a worker", sizeof *worker);
    worker->options = options;
    status = prepare(worker, error);
    if (!status) {
        char shown[ADDRESS_MOST + 64];
        redis_address_write(&worker->broker_address, shown, sizeof shown);
        log_event(LOG_INFO, "worker_begun", NULL, "%s takes tasks from queue %s at %s", worker->node, options->queue,
                  shown);
        live(worker);
        if (atomic_load(&worker->hands.ended) && worker->hands.broken.status)
            status = gpen_fail(error, worker->hands.broken.status, "%s", worker->hands.broken.message);
    }
    take_down(worker);
    return status;
}

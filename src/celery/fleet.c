/* The fleet's life: connecting, turning, and the calls of a crew. Its own file because it is the whole of it at one look. */
#include "celery/fleet.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/wake.h"
#include "celery/fleet_room.h"

/* The fewest tasks that are out: in an empty fleet they are what an autoscaler sees. The most: those who look through them do so one by
 * one. */
enum { LEAST_OUT = 4, MOST_OUT = 4096, MOST_AHEAD = 100 };

static const double answer_seconds = 5.0, longest_turn = 1.0, file_interval = 0.1;

fleet_options fleet_options_default(void)
{
    return (fleet_options){.queue = "gpen", .ahead = 3};
}

/* ---------------------------------------------------------------- flights */

static void flight_free(fleet_flight *flight)
{
    batch_job_free(&flight->job);
    job_result_free(&flight->result);
    free(flight->text);
    free(flight);
}

void fleet_begin(fleet *f, fleet_flight *flight)
{
    if (!flight->began && f->events.began)
        f->events.began(f->events.context, &flight->job, 0);
    flight->began = true;
}

void fleet_tell_death(fleet *f, const fleet_flight *flight, const gpen_error *reason)
{
    static const crash_record nothing = {.signal = 0};
    const pool_death death = {.job = &flight->job, .reason = *reason, .record = &nothing};
    if (f->events.died)
        f->events.died(f->events.context, &death);
}

void fleet_end(fleet *f, fleet_flight *flight, job_result *result)
{
    job_result taken = *result;
    *result = (job_result){.width = 0};
    flight->ended = true;
    f->events.ended(f->events.context, &flight->job, &taken);
    job_result_free(&taken);
}

void fleet_end_with(fleet *f, fleet_flight *flight, gpen_status status, const char *why)
{
    job_result result = {.width = 0};
    gpen_fail(&result.error, status, "%s", why);
    fleet_end(f, flight, &result);
}

/* Those that have ended go, but for those that the workers are yet to be told of. */
static void forget_ended(fleet *f)
{
    for (fleet_flight **at = &f->flights; *at;) {
        fleet_flight *flight = *at;
        bool to_tell = flight->cancelled && !(flight->revoked > 0) &&
                       (flight->phase == FLIGHT_UNSURE || flight->phase == FLIGHT_OUT);
        if (!flight->ended || (to_tell && !f->stopping)) {
            at = &flight->next;
            continue;
        }
        *at = flight->next;
        flight_free(flight);
    }
}

static size_t count_out(const fleet *f)
{
    size_t out = 0;
    for (const fleet_flight *flight = f->flights; flight; flight = flight->next)
        out += !flight->ended;
    return out;
}

/* ---------------------------------------------------------------- taking jobs */

/* The job's strings are the fleet's from here on. */
static void take(fleet *f, batch_job *job)
{
    gpen_error error = {0};
    fleet_flight **end = &f->flights, *flight = calloc(1, sizeof *flight);
    if (!flight) {
        job_result result = {.width = 0};
        gpen_fail_memory(&result.error, "a job", sizeof *flight);
        f->events.ended(f->events.context, job, &result);
        batch_job_free(job);
        return;
    }
    *flight = (fleet_flight){.job = *job, .phase = job->interrupted ? FLIGHT_UNSURE : FLIGHT_NEW};
    while (*end)
        end = &(*end)->next;
    *end = flight;
    if (fleet_write(f, flight, &error))
        fleet_end_with(f, flight, error.status, error.message);
}

static size_t room(const void *self)
{
    const fleet *f = self;
    int machines, processes;
    if (f->stopping || !redis_is_open(&f->redis))
        return 0;
    fleet_count_machines(f, &machines, &processes);
    size_t most = (size_t)processes * (size_t)f->options.ahead, out = count_out(f);
    most = most < LEAST_OUT ? LEAST_OUT : most > MOST_OUT ? MOST_OUT : most;
    return most > out ? most - out : 0;
}

static void take_jobs(fleet *f)
{
    batch_job job = {.shrink = 0};
    while (room(f) && f->events.next(f->events.context, &job)) {
        take(f, &job);
        job = (batch_job){.shrink = 0};
    }
}

/* ---------------------------------------------------------------- the connection */

static void disconnect(fleet *f)
{
    redis_close(&f->redis);
    redis_close(&f->listener);
}

/* Whatever was out may have come back meanwhile, or be lost. What nobody wants any more need not be waited for. */
static void lose(fleet *f, const gpen_error *why)
{
    disconnect(f);
    absence_begins(&f->absence, why);
    snprintf(f->why, sizeof f->why, "%.150s", why->message);
    for (fleet_flight *flight = f->flights; flight; flight = flight->next) {
        if (flight->ended || flight->phase == FLIGHT_BACK)
            continue;
        if (flight->phase == FLIGHT_OUT)
            flight->phase = FLIGHT_UNSURE;
        flight->revoked = 0;
        if (flight->cancelled)
            fleet_end_with(f, flight, GPEN_CANCELLED, "it was cancelled");
    }
}

static gpen_status connect_both(fleet *f, gpen_error *error)
{
    gpen_status status = redis_open(&f->redis, &f->address, answer_seconds, error);
    if (!status)
        status = redis_open(&f->listener, &f->address, answer_seconds, error);
    if (!status)
        status = fleet_listen(f, error);
    if (status)
        return status;
    queue_bind(&f->redis, f->options.queue);
    fleet_ask_for_machines(f);
    for (size_t i = 0; i < f->machine_count; i++) /* they could not be heard */
        f->machines[i].heard = f->absence.since > 0 ? clock_seconds() : f->machines[i].heard;
    return redis_settle(&f->redis, error);
}

static bool connected(fleet *f)
{
    gpen_error why = {0};
    if (redis_is_open(&f->redis))
        return true;
    if (!absence_may_try(&f->absence))
        return false;
    if (connect_both(f, &why)) {
        lose(f, &why);
        return false;
    }
    absence_ends(&f->absence);
    return true;
}

static void wait_and_hear(fleet *f, double seconds)
{
    gpen_error why = {0};
    struct pollfd wanted[2] = {{.fd = f->wake[0], .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    seconds = seconds < longest_turn ? seconds : longest_turn;
    if (redis_is_open(&f->listener))
        wanted[1].fd = f->listener.context->fd;
    else if (!f->stopping && f->absence.next_attempt - clock_seconds() < seconds)
        seconds = f->absence.next_attempt - clock_seconds();
    for (const fleet_flight *flight = f->flights; flight; flight = flight->next)
        if (flight->phase == FLIGHT_BACK && !flight->ended && seconds > file_interval)
            seconds = file_interval;
    (void)poll(wanted, 2, seconds > 0 ? (int)(seconds * 1000 + 0.999) : 0);
    wake_hear(f->wake);
    if (redis_is_open(&f->listener) && fleet_hear(f, &why))
        lose(f, &why);
}

static gpen_status turn(void *self, double seconds, gpen_error *error)
{
    fleet *f = self;
    gpen_error why = {0};
    (void)error;
    if (!f->stopping && connected(f)) {
        take_jobs(f);
        if (fleet_ask(f, &why))
            lose(f, &why);
    }
    forget_ended(f);
    wait_and_hear(f, seconds);
    fleet_look_for_files(f);
    forget_ended(f);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- what else a crew is asked */

static bool idle(const void *self)
{
    return !count_out(self);
}

static void cancel(void *self, uint64_t id)
{
    fleet *f = self;
    for (fleet_flight *flight = f->flights; flight; flight = flight->next) {
        if (flight->job.order.id != id || flight->ended)
            continue;
        flight->cancelled = true;
        if (flight->phase == FLIGHT_NEW || (!redis_is_open(&f->redis) && flight->phase != FLIGHT_BACK))
            fleet_end_with(f, flight, GPEN_CANCELLED, "it was cancelled");
    }
}

/* Tasks stay in the queue, and with the workers: who hands the same jobs in again finds them. */
static void stop(void *self, bool at_once)
{
    fleet *f = self;
    gpen_error why;
    (void)at_once;
    if (!f->stopping && redis_is_open(&f->redis))
        (void)fleet_ask(f, &why); /* what nobody wants is not left there */
    f->stopping = true;
    for (fleet_flight *flight = f->flights; flight; flight = flight->next)
        if (!flight->ended)
            fleet_end_with(f, flight, GPEN_CANCELLED, "it goes on in the queue");
    forget_ended(f);
}

static void wake(void *self)
{
    wake_ring(((fleet *)self)->wake);
}

static void look(const void *self, crew_look *seen)
{
    const fleet *f = self;
    *seen = (crew_look){.far = true, .away = f->absence.since > 0, .out = count_out(f)};
    fleet_count_machines(f, &seen->machines, &seen->ready);
    if (seen->away)
        snprintf(seen->sentence, sizeof seen->sentence,
                 "The queue cannot be reached; photos that were sent go on there (%.100s)", f->why);
}

static void free_fleet(void *self)
{
    fleet *f = self;
    if (!f)
        return;
    stop(f, true);
    disconnect(f);
    wake_free(f->wake);
    free(f->machines);
    free(f);
}

/* ---------------------------------------------------------------- making one */

static gpen_status check(const fleet_options *options, gpen_error *error)
{
    if (!options->broker || !options->queue || !*options->queue || strlen(options->queue) >= QUEUE_MOST_NAME ||
        strpbrk(options->queue, "\x06\x16"))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a fleet needs a broker, and a queue's name of 1 to %d bytes",
                         QUEUE_MOST_NAME - 1);
    if (!options->data || *options->data != '/' || (options->data_there && *options->data_there != '/'))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the fleet's folder must be named from the root (/...) on");
    if (options->ahead < 1 || options->ahead > MOST_AHEAD)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "1 to %d tasks can be ahead of a worker process", MOST_AHEAD);
    return GPEN_OK;
}

gpen_status fleet_make(void *context, const pool_events *events, crew *made, gpen_error *error)
{
    static const crew_calls calls = {turn, idle, room, cancel, stop, wake, look, free_fleet};
    const fleet_options *options = context;
    *made = (crew){.calls = &calls};
    gpen_status status = check(options, error);
    if (status)
        return status;
    fleet *f = calloc(1, sizeof *f);
    if (!f)
        return gpen_fail_memory(error, "a fleet", sizeof *f);
    f->options = *options;
    f->events = *events;
    f->wake[0] = f->wake[1] = -1;
    status = redis_address_with(options->broker, options->password, &f->address, error);
    if (!status)
        status = fleet_name(options, f->prefix, error);
    if (!status)
        status = wake_make(f->wake, error);
    if (status)
        free_fleet(f);
    else
        made->self = f;
    return status;
}

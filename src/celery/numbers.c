/* Numbers for operators. Its own file because it is the one part of a worker that others look at while it works. */
#include "celery/numbers.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/machine_memory.h"
#include "base/process_memory.h"
#include "celery/room.h"

/* A worker turns once a second at least; an answer of Redis may take some more. */
static const double most_silence = 60.0;

struct celery_numbers {
    pthread_mutex_t lock;
    double began, turned;
    photo_numbers photos;
    numbers_look look;
};

gpen_status celery_numbers_new(celery_numbers **out, gpen_error *error)
{
    celery_numbers *numbers = calloc(1, sizeof *numbers);
    *out = numbers;
    if (!numbers)
        return gpen_fail_memory(error, "the numbers", sizeof *numbers);
    (void)pthread_mutex_init(&numbers->lock, NULL); /* one of this kind needs nothing that could be missing */
    numbers->began = numbers->turned = clock_seconds();
    return GPEN_OK;
}

void celery_numbers_free(celery_numbers *numbers)
{
    if (!numbers)
        return;
    pthread_mutex_destroy(&numbers->lock);
    free(numbers);
}

/* ---------------------------------------------------------------- counting */

void numbers_turn(celery_numbers *numbers, const numbers_look *look)
{
    if (!numbers)
        return;
    pthread_mutex_lock(&numbers->lock);
    numbers->look = *look;
    numbers->turned = clock_seconds();
    pthread_mutex_unlock(&numbers->lock);
}

static store_state state_of(task_state state)
{
    switch (state) {
    case TASK_SUCCESS: return STORE_DONE;
    case TASK_RETRY: return STORE_QUEUED;
    case TASK_REVOKED: return STORE_CANCELLED;
    default: return STORE_FAILED;
    }
}

void numbers_end(celery_numbers *numbers, const work *w)
{
    gpen_status reason = w->error.status ? w->error.status : GPEN_BAD_ARGUMENT; /* there is no task of that name */
    if (!numbers)
        return;
    pthread_mutex_lock(&numbers->lock);
    photo_numbers_count(&numbers->photos, state_of(w->state), reason, &w->result);
    pthread_mutex_unlock(&numbers->lock);
}

/* ---------------------------------------------------------------- looking */

celery_health celery_numbers_health(celery_numbers *numbers)
{
    pthread_mutex_lock(&numbers->lock);
    const numbers_look look = numbers->look;
    double silence = clock_seconds() - numbers->turned;
    pthread_mutex_unlock(&numbers->lock);
    celery_health health = {.alive = silence < most_silence, .detail = "photos are taken from the queue"};
    health.ready = health.alive && !look.stopping && look.broker_up && look.ready > 0 && !look.paused;
    if (!health.alive)
        health.detail = "it no longer turns";
    else if (look.stopping)
        health.detail = "it is being stopped";
    else if (!look.broker_up)
        health.detail = "the broker is away";
    else if (look.ready <= 0)
        health.detail = "no worker process is ready";
    else if (look.paused)
        health.detail = "it was told to take nothing from its queue";
    return health;
}

static void write_look(const numbers_look *look, FILE *out)
{
    static const char tasks[] = "gpen_worker_tasks", processes[] = "gpen_worker_processes";
    metrics_value(out, "gpen_worker_broker_up", "1: the broker can be reached.", "gauge", "", look->broker_up);
    metrics_value(out, tasks, "Tasks that it holds: active (with a process), reserved, or scheduled for later.",
                  "gauge", "{state=\"active\"}", (double)look->active);
    metrics_value(out, tasks, NULL, NULL, "{state=\"reserved\"}", (double)look->reserved);
    metrics_value(out, tasks, NULL, NULL, "{state=\"scheduled\"}", (double)look->scheduled);
    metrics_value(out, processes, "Its processes, by state.", "gauge", "{state=\"planned\"}", look->planned);
    metrics_value(out, processes, NULL, NULL, "{state=\"ready\"}", look->ready);
    metrics_value(out, "gpen_worker_deaths_total", "Processes that died since the start.", "counter", "",
                  (double)look->deaths);
}

static void write_memory(const numbers_look *look, FILE *out)
{
    static const char name[] = "gpen_memory_bytes";
    metrics_value(out, name, "Memory by who has it.", "gauge", "{of=\"workers\"}", (double)look->memory);
    metrics_value(out, name, NULL, NULL, "{of=\"supervisor\"}", (double)process_memory(0));
    metrics_value(out, name, NULL, NULL, "{of=\"machine\"}", (double)machine_memory());
    metrics_value(out, name, NULL, NULL, "{of=\"free\"}", (double)machine_memory_free());
}

void celery_numbers_write(celery_numbers *numbers, FILE *out)
{
    pthread_mutex_lock(&numbers->lock);
    const photo_numbers photos = numbers->photos;
    const numbers_look look = numbers->look;
    pthread_mutex_unlock(&numbers->lock);
    photo_numbers_write(&photos, "gpen_worker", out);
    write_look(&look, out);
    write_memory(&look, out);
    metrics_value(out, "gpen_uptime_seconds", "Time since the start.", "gauge", "", clock_seconds() - numbers->began);
    metrics_value(out, "gpen_build_info", "1; its version stands in the label.", "gauge",
                  "{version=\"" GPEN_VERSION "\"}", 1);
}

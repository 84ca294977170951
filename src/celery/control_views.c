/* What remote control looks at: `celery inspect active` and its like, in the forms that Flower reads. Its own file because each
 * view is a form, and none of them changes anything. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "celery/moment.h"
#include "celery/room.h"

enum { MOST_SHOWN = 1000, SHOWN_ARGUMENT = 2048 };

static json_t *short_text(const char *text)
{
    size_t length = strnlen(text, SHOWN_ARGUMENT);
    while (length && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return json_pack("s%", text, length);
}

/* Arguments by the sender's own description: pictures inside them are nobody's business here. */
static json_t *task_view(const celery_worker *worker, const work *w)
{
    const task_message *task = &w->task;
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:b, s:{s:s, s:s, s:i, s:b}, s:o}", "id", task->id, "name",
                     task->name, "args", short_text(task->args_text), "kwargs", short_text(task->kwargs_text), "type",
                     task->name, "hostname", worker->node, "time_start",
                     w->begun > 0 ? json_pack("f", w->begun) : json_pack("n"), "acknowledged", 0, "delivery_info",
                     "exchange", "", "routing_key", worker->options->queue, "priority", task->priority, "redelivered",
                     task->redelivered, "worker_pid",
                     w->begun > 0 ? json_pack("i", (int)atomic_load(&w->process)) : json_pack("n"));
}

bool work_is_active(const work *w)
{
    return w->begun > 0 && (w->phase == WORK_WORKING || w->phase == WORK_STORING);
}

bool work_is_scheduled(const work *w)
{
    return w->phase == WORK_WAITING && w->scheduled;
}

bool work_is_reserved(const work *w)
{
    return !work_is_active(w) && !work_is_scheduled(w) && w->phase != WORK_ENDED;
}

static json_t *list_tasks(const celery_worker *worker, bool (*wanted)(const work *w))
{
    json_t *list = json_pack("[]");
    for (size_t i = 0; i < worker->count && json_array_size(list) < MOST_SHOWN; i++)
        if (wanted(worker->works[i]))
            (void)json_array_append_new(list, task_view(worker, worker->works[i]));
    return list;
}

/* ---------------------------------------------------------------- the views */

static json_t *view_active(celery_worker *worker, const json_t *arguments)
{
    (void)arguments;
    return list_tasks(worker, work_is_active);
}

static json_t *view_reserved(celery_worker *worker, const json_t *arguments)
{
    (void)arguments;
    return list_tasks(worker, work_is_reserved);
}

static json_t *view_scheduled(celery_worker *worker, const json_t *arguments)
{
    json_t *list = json_pack("[]");
    (void)arguments;
    for (size_t i = 0; i < worker->count && json_array_size(list) < MOST_SHOWN; i++) {
        const work *w = worker->works[i];
        if (work_is_scheduled(w))
            (void)json_array_append_new(list,
                                        json_pack("{s:O?, s:i, s:o}", "eta", json_object_get(w->task.headers, "eta"),
                                                  "priority", 6, "request", task_view(worker, w)));
    }
    return list;
}

static json_t *view_revoked(celery_worker *worker, const json_t *arguments)
{
    const char *id;
    json_t *since, *list = json_pack("[]");
    (void)arguments;
    json_object_foreach(worker->revoked, id, since) if (json_array_size(list) < MOST_SHOWN)(void)
        json_array_append_new(list, json_pack("s", id));
    return list;
}

static json_t *view_registered(celery_worker *worker, const json_t *arguments)
{
    (void)worker, (void)arguments;
    json_t *list = json_pack("[]");
    for (int i = 0; i < REQUEST_KINDS; i++)
        (void)json_array_append_new(list, json_pack("s", request_name((request_kind)i)));
    return list;
}

static json_t *view_active_queues(celery_worker *worker, const json_t *arguments)
{
    const char *queue = worker->options->queue;
    (void)arguments;
    if (worker->paused)
        return json_pack("[]");
    return json_pack("[{s:s, s:{s:s, s:s, s:b, s:b}, s:s, s:b, s:b, s:b, s:[]}]", "name", queue, "exchange", "name",
                     queue, "type", "direct", "durable", 1, "auto_delete", 0, "routing_key", queue, "durable", 1,
                     "exclusive", 0, "auto_delete", 0, "bindings");
}

static json_t *view_conf(celery_worker *worker, const json_t *arguments)
{
    const celery_options *options = worker->options;
    (void)arguments;
    return json_pack("{s:s, s:b, s:i, s:i, s:f, s:s}", "task_default_queue", options->queue, "task_acks_late", 1,
                     "worker_concurrency", worker_concurrency(worker), "worker_prefetch_multiplier",
                     options->prefetch + 1, "visibility_timeout", options->visibility_seconds, "sw", "gpen");
}

static json_t *view_clock(celery_worker *worker, const json_t *arguments)
{
    (void)arguments;
    return json_pack("{s:I}", "clock", (json_int_t)worker->events.clock);
}

static json_t *view_report(celery_worker *worker, const json_t *arguments)
{
    (void)worker, (void)arguments;
    return json_pack("{s:s}", "ok", "gpen " GPEN_VERSION " (a worker in C, without Python)");
}

static json_t *usage_view(void)
{
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    (void)getrusage(RUSAGE_SELF, &usage);
    return json_pack("{s:f, s:f, s:I}", "utime", (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec,
                     "stime", (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec, "maxrss",
                     (json_int_t)usage.ru_maxrss);
}

static json_t *view_stats(celery_worker *worker, const json_t *arguments)
{
    const redis_address *address = &worker->broker_address;
    (void)arguments;
    return json_pack("{s:O, s:i, s:I, s:I, s:i, s:{s:i, s:s, s:i}, s:{s:s, s:i, s:s, s:s}, s:o}", "total",
                     worker->totals, "pid", (int)getpid(), "clock", (json_int_t)worker->events.clock, "uptime",
                     (json_int_t)(moment_now() - worker->started), "prefetch_count",
                     worker_concurrency(worker) * (worker->options->prefetch + 1), "pool", "max-concurrency",
                     worker_concurrency(worker), "implementation", "gpen", "ready",
                     (int)atomic_load(&worker->hands.ready), "broker", "hostname", address->host, "port", address->port,
                     "transport", address->tls ? "rediss" : "redis", "virtual_host", "", "rusage", usage_view());
}

static json_t *view_query_task(celery_worker *worker, const json_t *arguments)
{
    const json_t *ids = json_object_get(arguments, "ids");
    json_t *found = json_pack("{}");
    for (size_t i = 0; i < worker->count; i++) {
        const work *w = worker->works[i];
        for (size_t k = 0; k < json_array_size(ids); k++) {
            const char *id = json_string_value(json_array_get(ids, k));
            if (id && !strcmp(id, w->task.id))
                (void)json_object_set_new(found, id,
                                          json_pack("[s, o]", work_is_active(w) ? "active" : "reserved",
                                                    task_view(worker, w)));
        }
    }
    return found;
}

json_t *control_view(celery_worker *worker, const char *method, const json_t *arguments)
{
    static const struct {
        const char *name, *other_name;
        json_t *(*view)(celery_worker *worker, const json_t *arguments);
    } views[] = {
        {"active", "dump_active", view_active},
        {"reserved", "dump_reserved", view_reserved},
        {"scheduled", "dump_schedule", view_scheduled},
        {"revoked", "dump_revoked", view_revoked},
        {"registered", "dump_tasks", view_registered},
        {"registered_tasks", "", view_registered},
        {"active_queues", "", view_active_queues},
        {"conf", "dump_conf", view_conf},
        {"clock", "", view_clock},
        {"report", "", view_report},
        {"stats", "", view_stats},
        {"query_task", "", view_query_task},
    };
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (!strcmp(views[i].name, method) || !strcmp(views[i].other_name, method))
            return views[i].view(worker, arguments);
    return NULL;
}

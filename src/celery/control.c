/* Remote control: what `celery inspect`, `celery control` and Flower ask of a worker. Its own file because it is a protocol of its
 * own, beside that of tasks. What is only looked at is in control_views.c. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "celery/room.h"

static json_t *ok(const char *text)
{
    return json_pack("{s:s}", "ok", text);
}

static json_t *failed(const char *text)
{
    return json_pack("{s:s}", "error", text);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* ---------------------------------------------------------------- what can be asked for; NULL: no answer */

static json_t *do_ping(celery_worker *worker, const json_t *arguments)
{
    (void)worker, (void)arguments;
    return ok("pong");
}

static bool acceptable_id(const json_t *id)
{
    return json_is_string(id) && json_string_length(id) && json_string_length(id) < TASK_MOST_ID;
}

/* One identifier, or a list. *known: how many of them this worker holds. */
static json_t *revoke_all(celery_worker *worker, const json_t *ids, bool terminate, int *known)
{
    json_t *list = json_is_string(ids) ? json_pack("[O]", ids) : json_is_array(ids) ? json_incref((json_t *)ids) : NULL;
    *known = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (acceptable_id(json_array_get(list, i)))
            *known += worker_revoke(worker, json_string_value(json_array_get(list, i)), terminate);
    return list;
}

/* "a, b, c"; free. */
static char *joined(const json_t *list)
{
    char *all = strdup("");
    for (size_t i = 0; all && i < json_array_size(list) && i < 1000; i++) {
        const char *id = json_string_value(json_array_get(list, i));
        char *longer = NULL;
        if (asprintf(&longer, "%s%s%s", all, i ? ", " : "", id ? id : "") < 0)
            longer = NULL;
        free(all);
        all = longer;
    }
    return all;
}

static json_t *do_revoke(celery_worker *worker, const json_t *arguments)
{
    int known;
    bool terminate = json_is_true(json_object_get(arguments, "terminate"));
    json_t *list = revoke_all(worker, json_object_get(arguments, "task_id"), terminate, &known);
    char *ids = joined(list), *text = NULL;
    json_decref(list);
    json_t *answer = NULL;
    if (terminate && !known)
        answer = ok("terminate: tasks unknown");
    else if (ids && asprintf(&text, terminate ? "terminate: %s" : "tasks %s flagged as revoked", ids) >= 0)
        answer = ok(text);
    free(text);
    free(ids);
    return answer;
}

static json_t *do_terminate(celery_worker *worker, const json_t *arguments)
{
    json_t *more = json_copy((json_t *)arguments);
    if (more)
        (void)json_object_set_new(more, "terminate", json_true());
    json_t *answer = more ? do_revoke(worker, more) : NULL;
    json_decref(more);
    return answer;
}

static json_t *do_enable_events(celery_worker *worker, const json_t *arguments)
{
    (void)arguments;
    bool before = worker->events.tasks;
    worker->events.tasks = true;
    return ok(before ? "task events already enabled" : "task events enabled");
}

static json_t *do_disable_events(celery_worker *worker, const json_t *arguments)
{
    (void)arguments;
    bool before = worker->events.tasks;
    worker->events.tasks = false;
    return ok(before ? "task events disabled" : "task events already disabled");
}

static json_t *do_heartbeat(celery_worker *worker, const json_t *arguments)
{
    (void)arguments;
    worker->next_heartbeat = 0;
    return NULL;
}

static json_t *do_shutdown(celery_worker *worker, const json_t *arguments)
{
    (void)arguments;
    log_event(LOG_WARNING, "stop_asked", NULL, "told to stop by remote control");
    worker->stop = true;
    return NULL;
}

/* Queues are chosen when a worker is started; its own may be left for a while, and taken up again. */
static json_t *consume(celery_worker *worker, const json_t *arguments, bool paused)
{
    const char *queue = text_of(arguments, "queue");
    if (!queue || strcmp(queue, worker->options->queue) != 0)
        return failed("this worker has one queue, which is chosen when it is started");
    worker->paused = paused;
    worker->more = !paused;
    return ok(paused ? "no longer consuming from its queue" : "add consumer: its queue");
}

static json_t *do_cancel_consumer(celery_worker *worker, const json_t *arguments)
{
    return consume(worker, arguments, true);
}

static json_t *do_add_consumer(celery_worker *worker, const json_t *arguments)
{
    return consume(worker, arguments, false);
}

/* Workers that have just been started ask the others what was revoked. */
static json_t *do_hello(celery_worker *worker, const json_t *arguments)
{
    const char *from = text_of(arguments, "from_node");
    if (!from || !strcmp(from, worker->node))
        return NULL;
    mingle_note(worker, json_object_get(arguments, "revoked"));
    return json_pack("{s:O, s:I}", "revoked", worker->revoked, "clock", (json_int_t)++worker->events.clock);
}

typedef struct control_method {
    const char *name;
    json_t *(*act)(celery_worker *worker, const json_t *arguments);
} control_method;

static const control_method methods[] = {
    {"ping", do_ping},
    {"revoke", do_revoke},
    {"terminate", do_terminate},
    {"enable_events", do_enable_events},
    {"disable_events", do_disable_events},
    {"heartbeat", do_heartbeat},
    {"shutdown", do_shutdown},
    {"cancel_consumer", do_cancel_consumer},
    {"add_consumer", do_add_consumer},
    {"hello", do_hello},
};

static json_t *act(celery_worker *worker, const char *method, const json_t *arguments)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (!strcmp(methods[i].name, method))
            return methods[i].act(worker, arguments);
    json_t *view = control_view(worker, method, arguments);
    if (view)
        return view;
    char text[128];
    snprintf(text, sizeof text, "KeyError('%.80s')", method);
    return failed(text);
}

/* ---------------------------------------------------------------- the message */

/* Is it for this node? `destination` names nodes; `pattern` with a `matcher` describes them. */
static bool is_for(const char *node, const json_t *body)
{
    const json_t *destination = json_object_get(body, "destination");
    const char *pattern = text_of(body, "pattern"), *matcher = text_of(body, "matcher");
    if (json_array_size(destination)) {
        for (size_t i = 0; i < json_array_size(destination); i++) {
            const char *name = json_string_value(json_array_get(destination, i));
            if (name && !strcmp(name, node))
                return true;
        }
        return false;
    }
    if (!pattern || !matcher)
        return true;
    return !strcmp(matcher, "glob") && !fnmatch(pattern, node, 0);
}

static gpen_status reply(celery_worker *worker, const json_t *body, json_t *answer, gpen_error *error)
{
    const json_t *to = json_object_get(body, "reply_to");
    const char *exchange = text_of(to, "exchange"), *key = text_of(to, "routing_key");
    gpen_status status = GPEN_OK;
    if (!answer || !exchange || !key || strcmp(exchange, INQUIRY_EXCHANGE) != 0)
        return GPEN_OK;
    json_t *full = json_pack("{s:O}", worker->node, answer);
    json_t *headers = json_pack("{s:O?, s:I}", "ticket", json_object_get(body, "ticket"), "clock",
                                (json_int_t)++worker->events.clock);
    json_t *envelope = full && headers ? envelope_make(full, headers, exchange, key, 0) : NULL;
    char *text = json_text_of(envelope);
    if (!full)
        json_decref(headers);
    if (text)
        status = queue_send_bound(&worker->broker, exchange, key, text, error);
    free(text);
    json_decref(envelope);
    json_decref(full);
    return status;
}

gpen_status control_act(celery_worker *worker, const char *text, size_t length, gpen_error *error)
{
    json_t *envelope, *body;
    gpen_status status = GPEN_OK;
    if (!envelope_read(text, length, INQUIRY_MOST_BYTES, &envelope, &body, NULL))
        return GPEN_OK;
    const char *method = text_of(body, "method");
    event_clock_heard(&worker->events, json_object_get(json_object_get(envelope, "headers"), "clock"));
    if (method && is_for(worker->node, body)) {
        const json_t *arguments = json_object_get(body, "arguments");
        json_t *answer = act(worker, method, arguments);
        status = reply(worker, body, answer, error);
        json_decref(answer);
    }
    json_decref(envelope);
    json_decref(body);
    return status;
}

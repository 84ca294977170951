/* The machine, for people and for operators; events; logging in. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/machine_memory.h"
#include "base/process_memory.h"
#include "http/body.h"
#include "http/choices.h"
#include "http/engine.h"
#include "http/followers.h"
#include "http/handlers.h"
#include "http/lookup.h"
#include "http/queue.h"
#include "http/storage.h"
#include "http/views.h"

void handle_events(http_request *request)
{
    int64_t batch = 0;
    if (request_number(request, "batch", 1, INT64_MAX, &batch))
        followers_answer(request->server->followers, request, batch);
}

void handle_get_system(http_request *request)
{
    answer_json(request, MHD_HTTP_OK, view_system(request->server, request->language));
}

void handle_change_system(http_request *request)
{
    gpen_error error;
    json_t *object = body_json(request);
    if (!object)
        return;
    gpen_status status = choices_set_machine(request->server, object, &error);
    json_decref(object);
    if (status) {
        answer_error(request, &error);
        return;
    }
    choices_changed(request->server);
    handle_get_system(request);
}

/* ---------------------------------------------------------------- logging in */

/* A browser that came by https gives the cookie back by https only. */
static bool came_encrypted(const http_request *request)
{
    const char *origin = request_header(request, MHD_HTTP_HEADER_ORIGIN);
    return origin && !strncmp(origin, "https://", 8);
}

static void set_cookie(http_request *request)
{
    const http_server *server = request->server;
    char *cookie = NULL;
    if (asprintf(&cookie, "%s=%s; Path=%s/; HttpOnly; SameSite=Strict; Max-Age=31536000%s", SECRET_COOKIE,
                 server->secret.cookie, server->base, came_encrypted(request) ? "; Secure" : "") < 0)
        return;
    answer_header(request, MHD_HTTP_HEADER_SET_COOKIE, cookie);
    free(cookie);
}

void handle_login(http_request *request)
{
    const secret *known = &request->server->secret;
    json_t *object = body_json(request);
    if (!object)
        return;
    const char *token = json_string_value(json_object_get(object, "token"));
    if (!*known->token) {
        answer_empty(request, MHD_HTTP_NO_CONTENT);
    } else if (token && secret_is_token(known, token)) {
        answer_empty(request, MHD_HTTP_NO_CONTENT);
        set_cookie(request);
    } else {
        answer_problem(request, HTTP_NO_TOKEN, "that is not the token");
    }
    json_decref(object);
}

/* ---------------------------------------------------------------- operators */

void handle_healthz(http_request *request)
{
    answer_json(request, MHD_HTTP_OK, json_pack("{ss}", "status", "ok"));
}

void handle_readyz(http_request *request)
{
    scheduler_state state;
    gpen_error trouble;
    engine_look(request->server->engine, &state, &trouble);
    bool held = state.hold == HOLD_STORE || state.hold == HOLD_BROKER;
    bool ready = !trouble.status && !held && !request->server->stopping;
    const char *detail = trouble.status              ? trouble.message
                         : request->server->stopping ? "it is being stopped"
                         : held                      ? state.sentence
                                                     : "photos are taken on";
    answer_json(request, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                json_pack("{sb ss}", "ready", ready, "detail", detail));
}

static void write_items(FILE *out, const queue_numbers *queue)
{
    char label[64];
    for (int i = 0; i < STORE_STATES; i++) {
        snprintf(label, sizeof label, "{state=\"%s\"}", store_state_name((store_state)i));
        metrics_value(out, "gpen_items", i ? NULL : "Photos in the store by state.", "gauge", label,
                      (double)queue->items[i]);
    }
    metrics_value(out, "gpen_batches", "Batches in the store.", "gauge", "", (double)queue->batches);
    metrics_value(out, "gpen_queue_length", "Photos that wait.", "gauge", "", (double)queue->items[STORE_QUEUED]);
}

static void write_workers(FILE *out, const scheduler_state *state)
{
    int64_t memory = 0;
    for (int i = 0; i < state->running_count; i++) {
        int64_t one = state->running[i].worker ? process_memory(state->running[i].worker) : 0;
        memory += one > 0 ? one : 0;
    }
    metrics_value(out, "gpen_workers", "Worker processes by state.", "gauge", "{state=\"planned\"}",
                  state->plan.workers);
    metrics_value(out, "gpen_workers", NULL, NULL, "{state=\"ready\"}", state->crew.ready);
    metrics_value(out, "gpen_workers", NULL, NULL, "{state=\"working\"}", state->working);
    metrics_value(out, "gpen_worker_deaths_total", "Workers that died since the start.", "counter", "",
                  (double)state->worker_deaths);
    metrics_value(out, "gpen_retries_total", "Photos tried again by themselves since the start.", "counter", "",
                  (double)state->retried);
    metrics_value(out, "gpen_held",
                  "1: nothing is handed out, for want of memory, of the store or of the fleet's queue.", "gauge", "",
                  state->hold != HOLD_NONE);
    metrics_value(out, "gpen_memory_bytes", "Memory by who has it.", "gauge", "{of=\"workers\"}", (double)memory);
}

static void write_fleet(FILE *out, const crew_look *fleet)
{
    if (!fleet->far)
        return;
    metrics_value(out, "gpen_fleet_broker_up", "1: the queue of the fleet can be reached.", "gauge", "", !fleet->away);
    metrics_value(out, "gpen_fleet_tasks_out", "Photos that were given to the fleet and are not back.", "gauge", "",
                  (double)fleet->out);
    metrics_value(out, "gpen_fleet_machines", "Workers of the fleet that were heard of lately.", "gauge", "",
                  fleet->machines);
    metrics_value(out, "gpen_fleet_processes", "Worker processes that they have.", "gauge", "", fleet->ready);
}

static void write_server(FILE *out, http_server *server)
{
    char label[64];
    metrics_value(out, "gpen_memory_bytes", NULL, NULL, "{of=\"server\"}", (double)process_memory(0));
    metrics_value(out, "gpen_memory_bytes", NULL, NULL, "{of=\"machine\"}", (double)machine_memory());
    metrics_value(out, "gpen_memory_bytes", NULL, NULL, "{of=\"free\"}", (double)machine_memory_free());
    storage_facts space;
    storage_look(server->storage, &space);
    metrics_value(out, "gpen_storage_bytes", "Photos that are kept, what they may take, and what their disk has free.",
                  "gauge", "{of=\"kept\"}", (double)space.kept);
    metrics_value(out, "gpen_storage_bytes", NULL, NULL, "{of=\"limit\"}", (double)space.most);
    metrics_value(out, "gpen_storage_bytes", NULL, NULL, "{of=\"free\"}", (double)space.free);
    metrics_value(out, "gpen_connections", "Connections of clients.", "gauge", "",
                  connections_count(server->connections));
    metrics_value(out, "gpen_followers", "Clients that follow the events.", "gauge", "",
                  followers_count(server->followers));
    metrics_value(out, "gpen_uptime_seconds", "Time since the start.", "gauge", "", clock_seconds() - server->began);
    snprintf(label, sizeof label, "{version=\"%s\"}", gpen_version());
    metrics_value(out, "gpen_build_info", "1; its version stands in the label.", "gauge", label, 1);
}

void handle_metrics(http_request *request)
{
    char *text = NULL;
    size_t length = 0;
    queue_numbers queue;
    scheduler_state state;
    gpen_error trouble;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return;
    queue_count(request->server, &queue);
    engine_look(request->server->engine, &state, &trouble);
    write_items(out, &queue);
    write_workers(out, &state);
    write_fleet(out, &state.crew);
    write_server(out, request->server);
    metrics_write(request->server->numbers, out);
    bool whole = !ferror(out);
    if (fclose(out) || !whole) {
        free(text);
        text = NULL;
    }
    answer_bytes(request, MHD_HTTP_OK, METRICS_CONTENT_TYPE, text, length);
    answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

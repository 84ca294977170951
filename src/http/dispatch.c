/* A request from its head to its answer, as libmicrohttpd calls for it: once with the head, then with each piece of the body, once
 * with its end, and again when it was woken. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/body.h"
#include "http/dispatch.h"
#include "http/gate.h"
#include "http/language.h"
#include "http/routes.h"
#include "http/server.h"
#include "http/upload.h"

enum { MOST_DRAINED = 64 << 20 };

static connection_entry *entry_of(const http_request *request)
{
    const union MHD_ConnectionInfo *about =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return about ? about->socket_context : NULL;
}

/* ---------------------------------------------------------------- tasks */

void request_later(http_request *request, gpen_status (*work)(void *context, gpen_error *error), void *context,
                   void (*release)(void *context), http_handler *resumed)
{
    gpen_error error;
    connection_allow(request->server->connections, entry_of(request), 0, -1);
    if (!task_start(&request->task, request->server->tasks, request->connection, work, context, release, &error)) {
        request->resumed = resumed;
        return;
    }
    if (release)
        release(context);
    answer_error(request, &error);
}

void *request_task_result(http_request *request)
{
    gpen_status status;
    gpen_error error;
    if (task_done(request->task, &status, &error) && !status)
        return task_context(request->task);
    answer_error(request, &error);
    return NULL;
}

/* ---------------------------------------------------------------- the head */

/* What is behind the base path; NULL: the address is none of ours. */
static const char *below_base(const http_server *server, const char *path)
{
    size_t length = strlen(server->base);
    return !strncmp(path, server->base, length) && path[length] == '/' ? path + length : NULL;
}

/* The base path without its slash, which the page's relative addresses need. */
static bool answer_bare_base(http_request *request)
{
    const http_server *server = request->server;
    if (!*server->base || strcmp(request->path, server->base) != 0)
        return false;
    char *place = malloc(strlen(server->base) + 2);
    answer_empty(request, MHD_HTTP_PERMANENT_REDIRECT);
    if (place) {
        strcpy(stpcpy(place, server->base), "/");
        answer_header(request, MHD_HTTP_HEADER_LOCATION, place);
    }
    free(place);
    return true;
}

/* Finds what is meant, lets it in or not, and makes ready for its body. False: answered. */
static bool begin(http_request *request)
{
    const char *below = below_base(request->server, request->path);
    request->below = below ? strdup(below) : NULL;
    route_match match = ROUTE_NO_PATH;
    if (request->below)
        match = route_find(request->method, request->below, &request->route, &request->id, &request->name);
    if (answer_bare_base(request) || !gate_admit(request))
        return false;
    if (match != ROUTE_FOUND) {
        answer_problem(request, match == ROUTE_NO_METHOD ? HTTP_WRONG_METHOD : HTTP_NOT_FOUND, NULL);
        return false;
    }
    return body_begin(request);
}

static http_request *new_request(http_server *server, struct MHD_Connection *connection, const char *path,
                                 const char *method)
{
    http_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->server = server;
    request->connection = connection;
    request->method = method;
    request->began = clock_seconds();
    request->path = strdup(path);
    request->language =
        language_choose(request_argument(request, "lang"), request_header(request, MHD_HTTP_HEADER_ACCEPT_LANGUAGE));
    if (request->path)
        return request;
    free(request);
    return NULL;
}

/* ---------------------------------------------------------------- the answer */

static enum MHD_Result send_answer(http_request *request)
{
    connection_answer(request->server->connections, entry_of(request), request->answer_bytes);
    return answer_queue(request);
}

/* Calls the handler, or after its task the one that goes on. */
static enum MHD_Result answer(http_request *request)
{
    if (request->task && request->resumed) {
        http_handler *resumed = request->resumed;
        request->resumed = NULL;
        resumed(request);
    } else if (!request->status) {
        request->route->handler(request);
    }
    /* Asleep until its task is done; or without memory for an answer, which ends the connection. */
    if (!request->status && request->resumed)
        return MHD_YES;
    return send_answer(request);
}

/* A client that is still sending may never see an answer that comes too early: what it sends is taken and thrown away, unless it is
 * much, or nobody knows where it ends. */
static bool worth_draining(const http_request *request)
{
    const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return request->status != MHD_HTTP_BAD_REQUEST && length && strlen(length) < 18 &&
           strtoll(length, NULL, 10) <= MOST_DRAINED;
}

static bool take(http_request *request, const char *bytes, size_t count)
{
    if (!request->status)
        return body_take(request, bytes, count);
    request->received += (int64_t)count;
    return true;
}

enum MHD_Result dispatch_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                                 const char *version, const char *bytes, size_t *count, void **memory)
{
    http_server *server = context;
    http_request *request = *memory;
    (void)version;
    if (!request) {
        request = *memory = new_request(server, connection, path, method);
        if (!request)
            return MHD_NO;
        connection_allow(server->connections, entry_of(request), request->began, 0);
        if (!begin(request) && !worth_draining(request)) {
            answer_header(request, MHD_HTTP_HEADER_CONNECTION, "close");
            return send_answer(request);
        }
        return MHD_YES;
    }
    if (*count) {
        bool good = take(request, bytes, *count);
        *count = 0;
        connection_allow(server->connections, entry_of(request), request->began, request->received);
        return good ? MHD_YES : MHD_NO;
    }
    return answer(request);
}

void dispatch_completed(void *context, struct MHD_Connection *connection, void **memory,
                        enum MHD_RequestTerminationCode how)
{
    http_server *server = context;
    http_request *request = *memory;
    (void)connection;
    (void)how;
    if (!request)
        return;
    connection_idle(server->connections, entry_of(request));
    if (request->response)
        MHD_destroy_response(request->response);
    task_leave(request->task);
    upload_free(request->upload);
    free(request->body);
    free(request->below);
    free(request->path);
    free(request);
    *memory = NULL;
}

void dispatch_connection(void *context, struct MHD_Connection *connection, void **memory,
                         enum MHD_ConnectionNotificationCode what)
{
    http_server *server = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *about = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *memory = about ? connections_add(server->connections, about->connect_fd) : NULL;
    } else {
        connections_remove(server->connections, *memory);
        *memory = NULL;
    }
}

/* libmicrohttpd would decode the path before it is taken apart. */
size_t dispatch_keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

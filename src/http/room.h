/* room.h: what the files of src/http share. Private to the room.
 *
 * A request's way: server.c (libmicrohttpd's callbacks) -> gate.c (may it come in?) -> routes.c (what is meant?) -> body.c (what it
 * brings) -> a handler in one of the api_*.c -> answer.c. All of it runs in a few threads that serve all connections by turns, so
 * nothing there may wait: what takes long is a task (tasks.h), and its connection sleeps meanwhile. */
#ifndef GPEN_HTTP_ROOM_H
#define GPEN_HTTP_ROOM_H

#include <microhttpd.h>

#include "base/error.h"
#include "http/http.h"
#include "http/problem.h"

struct upload;
struct task;

/* ---------------------------------------------------------------- a request */

typedef enum body_kind {
    BODY_NONE,
    BODY_JSON,     /* required */
    BODY_MAY_JSON, /* none, or JSON */
    BODY_BATCH,    /* photos as multipart/form-data, or JSON with paths */
    BODY_MODEL,    /* a weights file as multipart/form-data */
} body_kind;

typedef struct http_request http_request;

/* Answers with answer_*; leaves no answer behind only where memory is gone. A handler whose work takes long starts a task instead, and
 * is not called again: the task answers. */
typedef void http_handler(http_request *request);

typedef struct http_route {
    const char *method, *pattern; /* below the base path; {batch}, {item}, {name} stand for one part */
    http_handler *handler;
    body_kind body;
    bool open; /* without a token too */
} http_route;

struct http_request {
    http_server *server;
    struct MHD_Connection *connection;
    const char *method;
    char *path;       /* as it came, without the query, for the log; owned */
    char *below;      /* in pieces: its part below the base path; owned */
    int64_t id;       /* of {batch} or {item} */
    const char *name; /* of {name}, decoded; points into below */
    const http_route *route;
    gpen_language language;
    double began;     /* clock_seconds */
    int64_t received; /* bytes of its body */

    char *body; /* JSON, with a zero behind it; owned */
    size_t body_length, body_capacity;
    struct upload *upload; /* owned */
    struct task *task;     /* owned; the connection sleeps until it is done, */
    http_handler *resumed; /* and this one answers then; NULL: it was called */

    unsigned status;               /* of the answer; 0: there is none yet */
    int64_t answer_bytes;          /* its length; -1: it is not known */
    struct MHD_Response *response; /* owned until it is queued */
};

/* Does work that takes long in a task, whose context is released by release (may be NULL); resumed is called when it is done, with
 * request->task still there. Where it cannot be begun the request is answered, and context released. */
void request_later(http_request *request, gpen_status (*work)(void *context, gpen_error *error), void *context,
                   void (*release)(void *context), http_handler *resumed);

/* What the task brought: its context, or NULL where it failed, which is answered then. */
void *request_task_result(http_request *request);

/* The value of a header, or of an argument of the query as it was written: none that the API has needs %XX. NULL: it is not
 * there. Valid as long as the request. */
const char *request_header(const http_request *request, const char *name);
const char *request_argument(const http_request *request, const char *name);

/* A whole number of the query, within low..high. False, and answered: it is none. Absent: *value stays. */
bool request_number(http_request *request, const char *name, int64_t low, int64_t high, int64_t *value);

/* ---------------------------------------------------------------- answers (answer.c) */

/* A problem of the list in problem.h; detail (printf style) may be NULL: the sentence alone. */
void answer_problem(http_request *request, http_problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What went wrong below: the status that suits its reason, its sentence, and the message. */
void answer_error(http_request *request, const gpen_error *error);

void answer_empty(http_request *request, unsigned status);

/* Takes over the bytes (free). bytes NULL: no memory. */
void answer_bytes(http_request *request, unsigned status, const char *type, char *bytes, size_t length);

/* Bytes that live as long as the program. */
void answer_static(http_request *request, const char *type, const void *bytes, size_t length);

/* Bytes that are made while they are sent. response NULL: no memory. */
void answer_stream(http_request *request, const char *type, struct MHD_Response *response);

/* Adds a header to the answer. */
void answer_header(http_request *request, const char *name, const char *value);

/* A file as far as Range asks, with its ETag; its type by content. `name`: what it is called when it is saved; attachment: it
 * is to be. missing: the problem when it is not there. */
void answer_file(http_request *request, const char *path, const char *name, bool attachment);

/* Takes over an object of jansson's (json_t; NULL: no memory). */
struct json_t;
void answer_json(http_request *request, unsigned status, struct json_t *object);

/* Hands the answer to libmicrohttpd, with the headers that all answers have, and notes it in the log and the numbers. */
enum MHD_Result answer_queue(http_request *request);

#endif

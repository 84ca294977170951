/* Bodies: JSON is gathered, photos and models go to the disk as they come. */
#include "http/body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/server.h"
#include "http/storage.h"
#include "http/upload.h"

enum { MOST_JSON = 1 << 20, MOST_PATHS_JSON = 16 << 20 };

/* "application/json" of "application/json; charset=utf-8". */
static bool type_is(const char *header, const char *type)
{
    size_t length = strlen(type);
    return header && !strncasecmp(header, type, length) && (!header[length] || strchr("; \t", header[length]));
}

static size_t most_json(const http_request *request)
{
    return request->route->body == BODY_BATCH ? MOST_PATHS_JSON : MOST_JSON;
}

static bool has_body(const http_request *request)
{
    const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
           (length && strspn(length, "0") < strlen(length));
}

/* The length that was announced, where it is more than any body of this route may have. */
static bool announces_too_much(const http_request *request, int64_t most)
{
    const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && (strlen(length) > 18 || strtoll(length, NULL, 10) > most);
}

/* What is too much already need not be sent. A form is a little longer than its photos. */
static bool announces_more_than_fits(const http_request *request)
{
    enum { FORM = 1 << 16 };
    storage_facts facts;
    storage_look(request->server->storage, &facts);
    return announces_too_much(request, facts.most > facts.kept ? facts.most - facts.kept + FORM : 0);
}

static bool begin_upload(http_request *request)
{
    gpen_error error;
    const http_server *server = request->server;
    bool batch = request->route->body == BODY_BATCH;
    const upload_limits limits = {.bytes = batch ? server->options.most_upload : UPLOAD_MOST_MODEL,
                                  .files = batch ? server->options.most_photos : 1,
                                  .storage = batch ? server->storage : NULL};
    if (batch && announces_more_than_fits(request)) {
        answer_problem(request, HTTP_NO_SPACE, NULL);
        return false;
    }
    if (upload_begin(&request->upload, request->connection, server->uploads, &limits, &error)) {
        answer_error(request, &error);
        return false;
    }
    return true;
}

static bool begin_json(http_request *request)
{
    if (!announces_too_much(request, (int64_t)most_json(request)))
        return true;
    answer_problem(request, HTTP_TOO_MUCH, NULL);
    return false;
}

bool body_begin(http_request *request)
{
    const char *type = request_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    body_kind kind = request->route->body;
    bool json = type_is(type, "application/json"), form = type_is(type, "multipart/form-data");
    if (!has_body(request)) {
        if (kind == BODY_NONE || kind == BODY_MAY_JSON)
            return true;
        answer_problem(request, HTTP_MALFORMED, "a body is missing");
        return false;
    }
    if ((kind == BODY_JSON || kind == BODY_MAY_JSON || kind == BODY_BATCH) && json)
        return begin_json(request);
    if ((kind == BODY_BATCH || kind == BODY_MODEL) && form)
        return begin_upload(request);
    answer_problem(request, HTTP_WRONG_TYPE, kind == BODY_NONE ? "it takes none" : NULL);
    return false;
}

/* Room for `count` more bytes and a zero. */
static bool reserve(http_request *request, size_t count)
{
    size_t needed = request->body_length + count + 1, capacity = request->body_capacity ? request->body_capacity : 4096;
    if (needed <= request->body_capacity)
        return true;
    while (capacity < needed)
        capacity *= 2;
    char *grown = realloc(request->body, capacity);
    if (!grown)
        return false;
    request->body = grown;
    request->body_capacity = capacity;
    return true;
}

bool body_take(http_request *request, const char *bytes, size_t count)
{
    request->received += (int64_t)count;
    if (request->upload)
        return upload_take(request->upload, bytes, count);
    if (request->body_length + count > most_json(request) || !reserve(request, count))
        return false;
    memcpy(request->body + request->body_length, bytes, count);
    request->body_length += count;
    request->body[request->body_length] = '\0';
    return true;
}

json_t *body_json(http_request *request)
{
    json_error_t wrong;
    if (!request->body_length && request->route->body == BODY_MAY_JSON)
        return json_pack("{}");
    json_t *object =
        json_loadb(request->body_length ? request->body : "", request->body_length, JSON_REJECT_DUPLICATES, &wrong);
    if (!object)
        answer_problem(request, HTTP_MALFORMED, "JSON, line %d: %s", wrong.line, wrong.text);
    else if (!json_is_object(object)) {
        json_decref(object);
        object = NULL;
        answer_problem(request, HTTP_MALFORMED, "an object is expected");
    }
    return object;
}

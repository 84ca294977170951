/* Answers: problems, JSON, files. Their own file because every answer has the same headers, is logged and counted, and that
 * happens here. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/names.h"
#include "http/range.h"
#include "http/room.h"
#include "http/server.h"
#include "http/sniff.h"

/* Nothing from elsewhere, nothing inline; pictures that the page makes itself are blobs. */
static const char security_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static void set(http_request *request, unsigned status, struct MHD_Response *response, int64_t bytes)
{
    if (request->response)
        MHD_destroy_response(request->response);
    request->status = status;
    request->response = response;
    request->answer_bytes = bytes;
}

void answer_stream(http_request *request, const char *type, struct MHD_Response *response)
{
    set(request, MHD_HTTP_OK, response, -1);
    answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

void answer_header(http_request *request, const char *name, const char *value)
{
    if (request->response)
        (void)MHD_add_response_header(request->response, name, value);
}

void answer_bytes(http_request *request, unsigned status, const char *type, char *bytes, size_t length)
{
    struct MHD_Response *response =
        bytes ? MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE) : NULL;
    if (bytes && !response)
        free(bytes);
    set(request, status, response, (int64_t)length);
    answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

void answer_static(http_request *request, const char *type, const void *bytes, size_t length)
{
    /* libmicrohttpd takes a pointer to what may be written, and with PERSISTENT never writes. */
    set(request, MHD_HTTP_OK, MHD_create_response_from_buffer(length, (void *)bytes, MHD_RESPMEM_PERSISTENT),
        (int64_t)length);
    answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

void answer_empty(http_request *request, unsigned status)
{
    set(request, status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT), 0);
}

void answer_json(http_request *request, unsigned status, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
    json_decref(object);
    answer_bytes(request, status, "application/json", text, text ? strlen(text) : 0);
    answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

/* ---------------------------------------------------------------- problems */

static void answer_facts(http_request *request, const problem_facts *facts, const char *detail, const char *reason)
{
    char type[64];
    snprintf(type, sizeof type, "urn:gpen:problem:%s", facts->name);
    json_t *object = json_pack("{ss ss si ss ss*}", "type", type, "title", facts->title, "status", (int)facts->status,
                               "detail", detail, "reason", reason);
    answer_json(request, facts->status, object);
    if (request->response) {
        (void)MHD_del_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
        answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, "application/problem+json");
        if (facts->status == MHD_HTTP_UNAUTHORIZED)
            answer_header(request, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"gpen\"");
        if (facts->status == MHD_HTTP_SERVICE_UNAVAILABLE)
            answer_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "2");
    }
}

void answer_problem(http_request *request, http_problem problem, const char *format, ...)
{
    const problem_facts *facts = problem_describe(problem);
    /* Through gpen_fail, which makes one line of valid UTF-8 of what a stranger may have written. */
    gpen_error more = {0};
    char detail[sizeof more.message + 256];
    if (format) {
        char text[sizeof more.message];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        (void)gpen_fail(&more, GPEN_BAD_ARGUMENT, "%s", text);
    }
    snprintf(detail, sizeof detail, *more.message ? "%s (%s)" : "%s", facts->sentence[request->language], more.message);
    answer_facts(request, facts, detail, NULL);
}

void answer_error(http_request *request, const gpen_error *error)
{
    char detail[sizeof error->message + 256];
    const char *sentence = gpen_status_sentence(error->status, request->language);
    snprintf(detail, sizeof detail, *error->message ? "%s (%s)" : "%s", sentence, error->message);
    answer_facts(request, problem_describe(problem_of_reason(error->status)), detail, gpen_status_name(error->status));
}

/* ---------------------------------------------------------------- files */

/* Its number, length and time of change: what replaces a file by renaming makes another. */
static void write_etag(char etag[80], const struct stat *facts)
{
#ifdef __APPLE__
    struct timespec changed = facts->st_mtimespec;
#else
    struct timespec changed = facts->st_mtim;
#endif
    snprintf(etag, 80, "\"%jx-%jx-%jx\"", (uintmax_t)facts->st_ino, (uintmax_t)facts->st_size,
             (uintmax_t)changed.tv_sec * 1000000000U + (uintmax_t)changed.tv_nsec);
}

/* Answers with bytes first..last of the open file, which becomes the answer's. */
static void answer_part(http_request *request, int file, unsigned status, int64_t first, int64_t count)
{
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64((uint64_t)count, file, (uint64_t)first);
    if (!response)
        (void)close(file);
    set(request, status, response, count);
}

static void answer_open_file(http_request *request, int file, const struct stat *facts)
{
    char etag[80], extent[80];
    unsigned char head[SNIFF_BYTES];
    byte_range range;
    write_etag(etag, facts);
    if (etag_listed(request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH), etag)) {
        (void)close(file);
        answer_empty(request, MHD_HTTP_NOT_MODIFIED);
        answer_header(request, MHD_HTTP_HEADER_ETAG, etag);
        return;
    }
    ssize_t there = pread(file, head, sizeof head, 0);
    range_kind kind = RANGE_WHOLE;
    if (range_still_valid(request_header(request, MHD_HTTP_HEADER_IF_RANGE), etag))
        kind = range_parse(request_header(request, MHD_HTTP_HEADER_RANGE), facts->st_size, &range);
    switch (kind) {
    case RANGE_BEYOND:
        (void)close(file);
        answer_problem(request, HTTP_NO_SUCH_RANGE, NULL);
        snprintf(extent, sizeof extent, "bytes */%jd", (intmax_t)facts->st_size);
        answer_header(request, MHD_HTTP_HEADER_CONTENT_RANGE, extent);
        return;
    case RANGE_PART:
        answer_part(request, file, MHD_HTTP_PARTIAL_CONTENT, range.first, range.last - range.first + 1);
        snprintf(extent, sizeof extent, "bytes %" PRId64 "-%" PRId64 "/%jd", range.first, range.last,
                 (intmax_t)facts->st_size);
        answer_header(request, MHD_HTTP_HEADER_CONTENT_RANGE, extent);
        break;
    case RANGE_WHOLE: answer_part(request, file, MHD_HTTP_OK, 0, facts->st_size); break;
    }
    answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, sniff_type(head, there > 0 ? (size_t)there : 0));
    answer_header(request, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "private, no-cache");
    answer_header(request, MHD_HTTP_HEADER_ETAG, etag);
}

void answer_file(http_request *request, const char *path, const char *name, bool attachment)
{
    struct stat facts;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0 || fstat(file, &facts) || !S_ISREG(facts.st_mode)) {
        if (file >= 0)
            (void)close(file);
        answer_problem(request, HTTP_NOT_FOUND, NULL);
        return;
    }
    answer_open_file(request, file, &facts);
    char *place = disposition(attachment, name);
    if (place)
        answer_header(request, MHD_HTTP_HEADER_CONTENT_DISPOSITION, place);
    free(place);
}

/* ---------------------------------------------------------------- sending */

/* One line of the access log. The query stays out of it: it may hold what is nobody's business. */
static void log_answer(const http_request *request, double seconds)
{
    const union MHD_ConnectionInfo *about =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char client[64] = "";
    if (about)
        server_client_name(about->client_addr, client, sizeof client);
    log_event(LOG_INFO, "request",
              &(log_about){.fields = {{"method", .text = request->method},
                                      {"path", .text = request->path},
                                      {"status", .number = request->status},
                                      {"seconds", .number = seconds},
                                      {"received", .number = (double)request->received},
                                      {"client", .text = client}}},
              "%s %s: %u", request->method, request->path, request->status);
}

enum MHD_Result answer_queue(http_request *request)
{
    struct MHD_Response *response = request->response;
    double now = clock_seconds(), seconds = now - request->began;
    if (!response) {
        log_event(LOG_ERROR, "request_lost", NULL, "%s %s: no memory for an answer", request->method, request->path);
        return MHD_NO;
    }
    answer_header(request, "X-Content-Type-Options", "nosniff");
    answer_header(request, "Referrer-Policy", "no-referrer");
    answer_header(request, "Cross-Origin-Resource-Policy", "same-origin");
    answer_header(request, "Cross-Origin-Opener-Policy", "same-origin");
    answer_header(request, "Content-Security-Policy", security_policy);
    log_answer(request, seconds);
    server_count_answer(request->server, request->route ? request->route->pattern : "none", request->status, seconds);
    enum MHD_Result result = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    request->response = NULL;
    return result;
}

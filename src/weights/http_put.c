/* One PUT by libcurl. Its own file because it shares little with a GET: it sends, follows nothing, and reads no answer. (In a build
 * without libcurl http_put_missing.c stands here.) */
#include "weights/http_put.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weights/http_get.h"
#include "weights/http_setup.h"

enum { CONNECT_SECONDS = 30, STALL_SECONDS = 30, STALL_BYTES = 1000, MOST_SECONDS = 600 };

typedef struct sending {
    const http_upload *upload;
    off_t at;
    bool refused, cancelled;
} sending;

/* ---------------------------------------------------------------- what libcurl calls */

static size_t give(char *bytes, size_t size, size_t count, void *context)
{
    sending *s = context;
    ssize_t some = pread(s->upload->file, bytes, size * count, s->at);
    if (some < 0)
        return CURL_READFUNC_ABORT;
    s->at += some;
    return (size_t)some;
}

static size_t ignore(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes, (void)context;
    return size * count;
}

static int look_in(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now)
{
    sending *s = context;
    (void)total, (void)now, (void)upload_total, (void)upload_now;
    s->cancelled = !s->upload->go_on(s->upload->context);
    return s->cancelled;
}

static curl_socket_t open_allowed(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    sending *s = context;
    (void)purpose;
    s->refused = s->upload->public_only && !http_address_is_public(&address->addr, address->addrlen);
    return s->refused ? CURL_SOCKET_BAD : socket(address->family, address->socktype, address->protocol);
}

/* ---------------------------------------------------------------- one request */

static bool prepare(CURL *curl, struct curl_slist *headers, off_t length, char *reason, sending *s)
{
    return http_setup(curl, s->upload->address, reason, CONNECT_SECONDS) &&
           !curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) && !curl_easy_setopt(curl, CURLOPT_PROXY, "") &&
           !curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) &&
           !curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length) &&
           !curl_easy_setopt(curl, CURLOPT_READFUNCTION, give) && !curl_easy_setopt(curl, CURLOPT_READDATA, s) &&
           !curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore) &&
           !curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_allowed) &&
           !curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, s) &&
           !curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)MOST_SECONDS) &&
           !curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES) &&
           !curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_in) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s) && !curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static int code_of(CURL *curl)
{
    long code = 0;
    return curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code) ? 0 : (int)code;
}

static gpen_status judge(int code, CURLcode outcome, const sending *s, const char *reason, gpen_error *error)
{
    if (s->refused)
        return gpen_fail(error, GPEN_FETCH_REFUSED, "it leads to a private network, or to this machine");
    if (s->cancelled)
        return gpen_fail(error, GPEN_CANCELLED, "stopped");
    if (outcome)
        return gpen_fail(error, GPEN_FETCH_FAILED, "%s", *reason ? reason : curl_easy_strerror(outcome));
    if (code < 200 || code >= 300)
        return gpen_fail(error, GPEN_FETCH_FAILED, "the server answers %d to the result", code);
    return GPEN_OK;
}

static gpen_status put(const http_upload *upload, int *code, gpen_error *error)
{
    char line[128], reason[CURL_ERROR_SIZE] = "";
    struct stat facts;
    sending s = {.upload = upload};
    if (fstat(upload->file, &facts))
        return gpen_fail(error, GPEN_WRITE_FAILED, "the result is gone");
    snprintf(line, sizeof line, "Content-Type: %s", upload->kind);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, line);
    gpen_status status;
    if (curl && headers && prepare(curl, headers, facts.st_size, reason, &s)) {
        CURLcode outcome = curl_easy_perform(curl);
        *code = code_of(curl);
        status = judge(*code, outcome, &s, reason, error);
    } else {
        status = gpen_fail_memory(error, "an upload", 0);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

gpen_status http_put(const http_upload *upload, int *code, gpen_error *error)
{
    *code = 0;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return gpen_fail(error, GPEN_FETCH_FAILED, "libcurl does not start");
    gpen_status status = put(upload, code, error);
    curl_global_cleanup();
    return status;
}

/* Uploads by libcurl. Its own file because a PUT shares little with a GET: it sends, follows nothing, and reads no answer. */
#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "celery/transfer.h"
#include "weights/http_get.h"

enum { CONNECT_SECONDS = 30, STALL_SECONDS = 30, STALL_BYTES = 1000, MOST_SECONDS = 600 };

typedef struct sending {
    const transfer_rules *rules;
    int file;
    off_t at;
    bool refused;
} sending;

static size_t give(char *bytes, size_t size, size_t count, void *context)
{
    sending *s = context;
    ssize_t some = pread(s->file, bytes, size * count, s->at);
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
    const sending *s = context;
    (void)total, (void)now, (void)upload_total, (void)upload_now;
    return atomic_load(s->rules->cancelled);
}

static curl_socket_t open_allowed(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    sending *s = context;
    (void)purpose;
    s->refused = !s->rules->private_addresses && !http_address_is_public(&address->addr, address->addrlen);
    return s->refused ? CURL_SOCKET_BAD : socket(address->family, address->socktype, address->protocol);
}

static bool set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return !curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return !curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static bool prepare(CURL *curl, const char *address, struct curl_slist *headers, off_t length, sending *s)
{
    return set_protocols(curl) && !curl_easy_setopt(curl, CURLOPT_URL, address) &&
           !curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) && !curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(curl, CURLOPT_PROXY, "") && !curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) &&
           !curl_easy_setopt(curl, CURLOPT_USERAGENT, "gpen/" GPEN_VERSION) &&
           !curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length) &&
           !curl_easy_setopt(curl, CURLOPT_READFUNCTION, give) && !curl_easy_setopt(curl, CURLOPT_READDATA, s) &&
           !curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore) &&
           !curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_allowed) &&
           !curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, s) &&
           !curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) &&
           !curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)MOST_SECONDS) &&
           !curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES) &&
           !curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_in) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s) && !curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static gpen_status judge(CURL *curl, CURLcode outcome, const sending *s, const char *address, gpen_error *error)
{
    long code = 0;
    int shown = transfer_shown(address);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (s->refused)
        return gpen_fail(error, GPEN_FETCH_REFUSED, "%.*s: it leads to a private network, or to this machine", shown,
                         address);
    if (atomic_load(s->rules->cancelled))
        return gpen_fail(error, GPEN_CANCELLED, "stopped");
    if (outcome)
        return gpen_fail(error, GPEN_FETCH_FAILED, "%.*s: %s", shown, address, curl_easy_strerror(outcome));
    if (code < 200 || code >= 300)
        return gpen_fail(error, GPEN_FETCH_FAILED, "%.*s: the server answers %ld to the result", shown, address, code);
    return GPEN_OK;
}

static gpen_status put(const transfer_rules *rules, const char *address, int file, const char *kind, gpen_error *error)
{
    char line[128];
    struct stat facts;
    sending s = {.rules = rules, .file = file};
    if (fstat(file, &facts))
        return gpen_fail(error, GPEN_WRITE_FAILED, "the result is gone");
    snprintf(line, sizeof line, "Content-Type: %s", kind);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, line);
    gpen_status status;
    if (curl && headers && prepare(curl, address, headers, facts.st_size, &s))
        status = judge(curl, curl_easy_perform(curl), &s, address, error);
    else
        status = gpen_fail_memory(error, "an upload", 0);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

gpen_status transfer_put(const transfer_rules *rules, const char *address, int file, const char *kind,
                         gpen_error *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return gpen_fail(error, GPEN_FETCH_FAILED, "libcurl does not start");
    gpen_status status = put(rules, address, file, kind, error);
    curl_global_cleanup();
    return status;
}

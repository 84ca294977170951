/* One GET by libcurl. (In a build without it http_get_missing.c stands here.)
 *
 * libcurl is the one library here with a state of the whole process: curl_global_init and curl_global_cleanup count
 * their callers, stand in http_get, http_post and nowhere else, and are safe among threads from libcurl 7.84 on.
 *
 * Redirects are followed by hand: libcurl's own rules cannot say "never back from https to http". */
#include <stdio.h>
#include <string.h>

#include "weights/http_get.h"
#include "weights/http_setup.h"

enum { MAX_REDIRECTS = 8, STALL_BYTES = 1000 };

/* One request under way. */
typedef struct transfer {
    const http_request *request;
    http_answer *answer;
    bool begun;         /* the headers are through, and the body is wanted */
    bool cancelled;     /* go_on said so */
    gpen_status status; /* why it was stopped from here */
    gpen_error *error;
} transfer;

bool http_available(void)
{
    return true;
}

/* ---------------------------------------------------------------- what libcurl calls */

static void headers_end(transfer *t)
{
    const http_answer *answer = t->answer;
    if (answer->code < 200) /* a real answer follows */
        return;
    if (answer->code >= 300) {
        t->status = GPEN_FETCH_FAILED; /* the body of a redirect or of a refusal is not wanted */
        return;
    }
    t->begun = true;
    if (answer->compressed)
        t->status = gpen_fail(t->error, GPEN_FETCH_FAILED, "the server sends the file compressed, unasked");
    else
        t->status = t->request->begin(t->request->context, answer, t->error);
}

/* A count other than the one given stops the transfer. */
static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    transfer *t = context;
    size_t length = size * count;
    if (t->begun) /* what follows a chunked body */
        return length;
    if (length <= 2 && (length == 0 || line[0] == '\r' || line[0] == '\n'))
        headers_end(t);
    else
        http_answer_read(t->answer, line, length);
    return t->status ? length + 1 : length;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    transfer *t = context;
    if (!t->begun)
        t->status = gpen_fail(t->error, GPEN_FETCH_FAILED, "the server sends no headers");
    else
        t->status = t->request->take(t->request->context, bytes, size * count, t->error);
    return t->status ? size * count + 1 : size * count;
}

static int look_in(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now)
{
    transfer *t = context;
    (void)total;
    (void)now;
    (void)upload_total;
    (void)upload_now;
    t->cancelled = !t->request->go_on(t->request->context);
    return t->cancelled;
}

/* Asked with the very address that is about to be connected to: a name that was looked up twice cannot fool it. */
static curl_socket_t open_public(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *t = context;
    (void)purpose;
    if (http_address_is_public(&address->addr, address->addrlen))
        return socket(address->family, address->socktype, address->protocol);
    t->status = gpen_fail(t->error, GPEN_FETCH_REFUSED, "it leads to a private network, or to this machine");
    return CURL_SOCKET_BAD;
}

/* ---------------------------------------------------------------- one request */

static bool set_reach(CURL *curl, transfer *t)
{
    /* A proxy would look names up, and connect, out of sight. */
    if ((t->request->direct || t->request->public_only) && curl_easy_setopt(curl, CURLOPT_PROXY, ""))
        return false;
    if (!t->request->public_only)
        return true;
    return !curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_public) &&
           !curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
}

static bool set_range(CURL *curl, const http_request *request)
{
    char range[32];
    if (!request->offset)
        return true;
    snprintf(range, sizeof range, "%lld-", (long long)request->offset);
    return !curl_easy_setopt(curl, CURLOPT_RANGE, range);
}

/* The request's own header lines; NULL: no memory. */
static struct curl_slist *make_headers(const http_request *request)
{
    char line[HTTP_MAX_VALIDATOR + 16];
    struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: identity");
    if (!headers || !request->offset || !request->if_range)
        return headers;
    snprintf(line, sizeof line, "If-Range: %s", request->if_range);
    struct curl_slist *both = curl_slist_append(headers, line);
    if (!both)
        curl_slist_free_all(headers);
    return both;
}

static bool prepare(CURL *curl, const char *address, struct curl_slist *headers, char *reason, transfer *t)
{
    const http_request *request = t->request;
    long stall = request->stall_seconds;
    return http_setup(curl, address, reason, stall) && set_reach(curl, t) && set_range(curl, request) &&
           !curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) &&
           !curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES) &&
           !curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall) &&
           !curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) &&
           !curl_easy_setopt(curl, CURLOPT_HEADERDATA, t) &&
           !curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) && !curl_easy_setopt(curl, CURLOPT_WRITEDATA, t) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_in) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t) && !curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

/* What libcurl's outcome means. */
static gpen_status judge(const transfer *t, CURLcode outcome, const char *reason)
{
    if (t->cancelled)
        return gpen_fail(t->error, GPEN_CANCELLED, "stopped; what came so far is kept");
    if (t->status && t->begun)
        return t->status;
    if (t->answer->code >= 300)
        return gpen_fail(t->error, GPEN_FETCH_FAILED, "the server answers %d", t->answer->code);
    if (t->status)
        return t->status;
    if (outcome == CURLE_OUT_OF_MEMORY)
        return gpen_fail_memory(t->error, "a download", 0);
    if (outcome == CURLE_OPERATION_TIMEDOUT && t->begun)
        return gpen_fail(t->error, GPEN_FETCH_FAILED, "hardly anything came for %d seconds", t->request->stall_seconds);
    if (outcome)
        return gpen_fail(t->error, GPEN_FETCH_FAILED, "%s", *reason ? reason : curl_easy_strerror(outcome));
    if (!t->begun)
        return gpen_fail(t->error, GPEN_FETCH_FAILED, "the server sends no headers");
    return GPEN_OK;
}

/* One request, without following anything. */
static gpen_status ask(const http_request *request, const char *address, http_answer *answer, gpen_error *error)
{
    char reason[CURL_ERROR_SIZE] = "";
    transfer t = {.request = request, .answer = answer, .error = error};
    http_answer_clear(answer);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(request);
    gpen_status status;
    if (curl && headers && prepare(curl, address, headers, reason, &t))
        status = judge(&t, curl_easy_perform(curl), reason);
    else
        status = gpen_fail_memory(error, "a download", 0);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

/* ---------------------------------------------------------------- redirects */

gpen_status http_follow(char address[HTTP_MAX_ADDRESS], const char *location, gpen_error *error)
{
    bool was_safe = http_has_scheme(address, "https:");
    char *next = NULL;
    CURLU *parsed = curl_url();
    bool good = parsed && !curl_url_set(parsed, CURLUPART_URL, address, 0) &&
                !curl_url_set(parsed, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME) &&
                !curl_url_get(parsed, CURLUPART_URL, &next, 0) && strlen(next) < HTTP_MAX_ADDRESS;
    gpen_status status = GPEN_OK;
    if (!good)
        status = gpen_fail(error, GPEN_FETCH_REFUSED, "it leads to what is no address: %.200s", location);
    else if (!http_has_scheme(next, "https:") && !http_has_scheme(next, "http:"))
        status = gpen_fail(error, GPEN_FETCH_REFUSED, "it leads to neither http nor https: %.200s", next);
    else if (was_safe && !http_has_scheme(next, "https:"))
        status = gpen_fail(error, GPEN_FETCH_REFUSED, "it leads from https to plain http");
    else
        memcpy(address, next, strlen(next) + 1);
    curl_free(next);
    curl_url_cleanup(parsed);
    return status;
}

static bool is_redirect(int code)
{
    return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

static gpen_status get(const http_request *request, http_answer *answer, gpen_error *error)
{
    char address[HTTP_MAX_ADDRESS];
    if (strlen(request->address) >= sizeof address)
        return gpen_fail(error, GPEN_FETCH_REFUSED, "the address is too long");
    memcpy(address, request->address, strlen(request->address) + 1);
    if (!http_has_scheme(address, "https://") && !http_has_scheme(address, "http://"))
        return gpen_fail(error, GPEN_FETCH_REFUSED, "only http and https addresses are fetched");
    for (int redirects = 0;; redirects++) {
        gpen_status status = ask(request, address, answer, error);
        if (status != GPEN_FETCH_FAILED || !is_redirect(answer->code) || !*answer->location)
            return status;
        if (redirects == MAX_REDIRECTS)
            return gpen_fail(error, GPEN_FETCH_REFUSED, "it leads from one address to the next without end");
        status = http_follow(address, answer->location, error);
        if (status)
            return status;
    }
}

gpen_status http_get(const http_request *request, http_answer *answer, gpen_error *error)
{
    http_answer_clear(answer);
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return gpen_fail(error, GPEN_FETCH_FAILED, "libcurl does not start");
    gpen_status status = get(request, answer, error);
    curl_global_cleanup();
    return status;
}

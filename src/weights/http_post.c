/* One POST by libcurl. (In a build without it http_post_missing.c stands here.) Its own file because sending and fetching share
 * their settings and nothing else. */
#include "weights/http_post.h"

#include "weights/http_setup.h"

/* The answer's words are of no use; where there are too many, the server is no good. */
static size_t drop_body(char *bytes, size_t size, size_t count, void *context)
{
    enum { MOST_ANSWER = 1 << 20 };
    size_t *dropped = context;
    (void)bytes;
    *dropped += size * count;
    return *dropped > MOST_ANSWER ? size * count + 1 : size * count;
}

static int look_in(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now)
{
    const http_letter *letter = context;
    (void)total;
    (void)now;
    (void)upload_total;
    (void)upload_now;
    return !letter->go_on(letter->context);
}

/* NULL: no memory. */
static struct curl_slist *make_headers(const http_letter *letter)
{
    /* Without "Expect", a large letter would wait for a leave to be sent that many servers never give. */
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    for (const char *const *line = letter->headers; headers && *line; line++) {
        struct curl_slist *longer = curl_slist_append(headers, *line);
        if (!longer)
            curl_slist_free_all(headers);
        headers = longer;
    }
    return headers;
}

static bool prepare(CURL *curl, const http_letter *letter, struct curl_slist *headers, char *reason, size_t *dropped)
{
    return http_setup(curl, letter->address, reason, letter->seconds) &&
           !curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)letter->seconds) &&
           !curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) &&
           !curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)letter->length) &&
           !curl_easy_setopt(curl, CURLOPT_POSTFIELDS, letter->body) &&
           !curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body) &&
           !curl_easy_setopt(curl, CURLOPT_WRITEDATA, dropped) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_in) &&
           !curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)(uintptr_t)letter) &&
           !curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static gpen_status judge(CURLcode outcome, const char *reason, int code, gpen_error *error)
{
    if (outcome == CURLE_ABORTED_BY_CALLBACK)
        return gpen_fail(error, GPEN_CANCELLED, "stopped before it was sent");
    if (outcome == CURLE_OUT_OF_MEMORY)
        return gpen_fail_memory(error, "a letter", 0);
    if (outcome)
        return gpen_fail(error, GPEN_FETCH_FAILED, "%s", *reason ? reason : curl_easy_strerror(outcome));
    if (code < 200 || code > 299)
        return gpen_fail(error, GPEN_FETCH_FAILED, "the server answers %d", code);
    return GPEN_OK;
}

static gpen_status post(const http_letter *letter, int *code, gpen_error *error)
{
    char reason[CURL_ERROR_SIZE] = "";
    size_t dropped = 0;
    long answered = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(letter);
    gpen_status status;
    if (curl && headers && prepare(curl, letter, headers, reason, &dropped)) {
        CURLcode outcome = curl_easy_perform(curl);
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answered);
        *code = (int)answered;
        status = judge(outcome, reason, *code, error);
    } else {
        status = gpen_fail_memory(error, "a letter", letter->length);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

gpen_status http_post(const http_letter *letter, int *code, gpen_error *error)
{
    *code = 0;
    if (!http_has_scheme(letter->address, "https://") && !http_has_scheme(letter->address, "http://"))
        return gpen_fail(error, GPEN_FETCH_REFUSED, "only http and https addresses are sent to");
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return gpen_fail(error, GPEN_FETCH_FAILED, "libcurl does not start");
    gpen_status status = post(letter, code, error);
    curl_global_cleanup();
    return status;
}

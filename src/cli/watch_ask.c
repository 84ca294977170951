/* Looking at another program's /readyz. Its own file because it is a client, and needs libcurl where the others need a server. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/watch.h"
#include "weights/http_get.h"

enum { SECONDS = 5 };

static gpen_status begin(void *context, const http_answer *answer, gpen_error *error)
{
    (void)context, (void)answer, (void)error;
    return GPEN_OK;
}

static gpen_status take(void *context, const void *bytes, size_t count, gpen_error *error)
{
    (void)context, (void)bytes, (void)count, (void)error;
    return GPEN_OK;
}

static bool go_on(void *context)
{
    (void)context;
    return true;
}

gpen_status watch_ask(const char *where, gpen_error *error)
{
    char host[WATCH_HOST], address[WATCH_HOST + 32];
    int port;
    http_answer answer;
    gpen_error why = {0};
    gpen_status status = watch_place(where, host, &port, error);
    if (status)
        return status;
    snprintf(address, sizeof address, strchr(host, ':') ? "http://[%s]:%d/readyz" : "http://%s:%d/readyz", host, port);
    const http_request request = {
        .address = address, .direct = true, .stall_seconds = SECONDS, .begin = begin, .take = take, .go_on = go_on};
    status = http_get(&request, &answer, &why);
    return status ? gpen_fail(error, status, "%s: %s", address, why.message) : GPEN_OK;
}

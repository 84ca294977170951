/* The three addresses, by libmicrohttpd. (In a build without it watch_missing.c stands here.) Its own file, and not the server's: there
 * is nothing to choose, nothing to change, and nobody to know. */
#include "cli/watch.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/metrics_text.h"

enum {
    MOST_CONNECTIONS = 128,
    MOST_OF_ONE = 96, /* address: whoever takes all it can leaves room for a health check */
    IDLE_SECONDS = 10,
    CONNECTION_MEMORY = 16 << 10,
};

struct watch {
    watch_source source;
    struct MHD_Daemon *daemon;
};

/* ---------------------------------------------------------------- answering */

/* Takes the text over; NULL: there is none, for want of memory. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *kind, char *text,
                              size_t length)
{
    struct MHD_Response *response = text ? MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response) {
        free(text);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, kind);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_json(struct MHD_Connection *connection, unsigned status, const char *json)
{
    return answer(connection, status, "application/json", strdup(json), strlen(json));
}

static enum MHD_Result answer_numbers(const watch *w, struct MHD_Connection *connection)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return MHD_NO;
    w->source.write(w->source.context, out);
    bool whole = !ferror(out);
    if (fclose(out) || !whole) {
        free(text);
        text = NULL;
    }
    return answer(connection, MHD_HTTP_OK, METRICS_CONTENT_TYPE, text, length);
}

static enum MHD_Result answer_ready(const watch *w, struct MHD_Connection *connection)
{
    char json[256];
    const char *detail = "";
    bool ready = w->source.ready(w->source.context, &detail);
    snprintf(json, sizeof json, "{\"ready\":%s,\"detail\":\"%s\"}", ready ? "true" : "false", detail);
    return answer_json(connection, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, json);
}

static enum MHD_Result answer_alive(const watch *w, struct MHD_Connection *connection)
{
    bool alive = w->source.alive(w->source.context);
    return answer_json(connection, alive ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                       alive ? "{\"status\":\"ok\"}" : "{\"status\":\"stuck\"}");
}

static enum MHD_Result asked(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *data, size_t *length, void **state)
{
    static int seen;
    const watch *w = context;
    (void)version, (void)data;
    if (!*state) { /* only the head is there yet */
        *state = &seen;
        return MHD_YES;
    }
    if (*length) { /* a body, which nobody wants */
        *length = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return answer_json(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "{\"detail\":\"only GET and HEAD\"}");
    if (!strcmp(url, "/metrics"))
        return answer_numbers(w, connection);
    if (!strcmp(url, "/readyz"))
        return answer_ready(w, connection);
    if (!strcmp(url, "/healthz"))
        return answer_alive(w, connection);
    return answer_json(connection, MHD_HTTP_NOT_FOUND, "{\"detail\":\"there are /metrics, /healthz and /readyz\"}");
}

/* ---------------------------------------------------------------- listening */

/* Its thread takes no signals: they are the program's. */
static void listen_deaf(watch *w, const struct addrinfo *address)
{
    unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC;
    sigset_t all, before;
    if (address->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, asked, w, MHD_OPTION_SOCK_ADDR, address->ai_addr,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                         (unsigned)MOST_OF_ONE, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                         MHD_OPTION_END);
    int why = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
}

static gpen_status listen_at(watch *w, const char *where, gpen_error *error)
{
    char host[WATCH_HOST], service[16];
    int port;
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    gpen_status status = watch_place(where, host, &port, error);
    if (status)
        return status;
    snprintf(service, sizeof service, "%d", port);
    int failed = getaddrinfo(host, service, &wanted, &found);
    if (failed)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s is no address to listen on: %s", host, gai_strerror(failed));
    listen_deaf(w, found);
    if (!w->daemon)
        status =
            gpen_fail(error, errno == EADDRINUSE ? GPEN_IN_USE : GPEN_BAD_ARGUMENT, "%s: %s", where, strerror(errno));
    freeaddrinfo(found);
    return status;
}

gpen_status watch_start(watch **out, const char *where, const watch_source *source, gpen_error *error)
{
    watch *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return gpen_fail_memory(error, "the numbers' address", sizeof *w);
    w->source = *source;
    gpen_status status = listen_at(w, where, error);
    if (status)
        watch_stop(w);
    else
        *out = w;
    return status;
}

int watch_port(const watch *w)
{
    const union MHD_DaemonInfo *about = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return about ? about->port : 0;
}

void watch_stop(watch *w)
{
    if (!w)
        return;
    if (w->daemon)
        MHD_stop_daemon(w->daemon);
    free(w);
}

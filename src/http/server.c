/* The server's life. Its own file because it is the order in which its parts begin and end. */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "http/choices.h"
#include "http/dispatch.h"
#include "http/engine.h"
#include "http/followers.h"
#include "http/storage.h"
#include "http/sweep.h"

enum {
    DEFAULT_PORT = 7860,
    RING_EVENTS = 4096,
    RING_BYTES = 4 << 20,
    MOST_TASKS = 16,
    ANSWERING_THREADS = 4,
    CONNECTION_MEMORY = 64 << 10, /* heads of requests and answers; taken from it as they need it */
    THREAD_STACK = 1 << 20,
    IDLE_SECONDS = 75, /* libmicrohttpd's own limit: without a byte */
    SPARE_DESCRIPTORS = 256,
};

http_options http_options_default(void)
{
    return (http_options){.host = "127.0.0.1",
                          .port = DEFAULT_PORT,
                          .most_upload = INT64_C(512) << 20,
                          .most_photos = 10000,
                          .most_pixels = PICTURE_DEFAULT_MAX_PIXELS,
                          .most_clients = 2048,
                          .slow_seconds = 20};
}

void server_client_name(const struct sockaddr *address, char *text, size_t capacity)
{
    const void *number = address->sa_family == AF_INET6
                             ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                             : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if ((address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
        !inet_ntop(address->sa_family, number, text, (socklen_t)capacity))
        *text = '\0';
}

void server_count_answer(http_server *server, const char *pattern, unsigned status, double seconds)
{
    metrics_answer(server->numbers, pattern, status, seconds);
}

/* ---------------------------------------------------------------- folders */

static gpen_status make_folder(char **path, const char *data, const char *name, gpen_error *error)
{
    *path = path_join(data, name);
    return *path ? folder_make(*path, error) : gpen_fail_memory(error, "a path", strlen(data));
}

static gpen_status make_folders(http_server *server, gpen_error *error)
{
    const char *data = server->options.data;
    gpen_status status = make_folder(&server->store_folder, data, "store", error);
    if (!status)
        status = make_folder(&server->uploads, data, "uploads", error);
    if (!status)
        status = make_folder(&server->results, data, "results", error);
    if (!status)
        status = make_folder(&server->thumbnails, data, "thumbnails", error);
    if (!status)
        status = make_folder(&server->previews_folder, data, "previews", error);
    if (!status)
        status = make_folder(&server->crashes, data, "crashes", error);
    server->presets_path = path_join(data, "presets.json");
    server->chosen_path = path_join(data, "chosen.json");
    if (!status && (!server->presets_path || !server->chosen_path))
        status = gpen_fail_memory(error, "a path", strlen(data));
    return status;
}

/* The folders whose photos may be named by path, links resolved. */
static gpen_status resolve_allowed(http_server *server, gpen_error *error)
{
    size_t count = 0;
    const char *const *asked = server->options.allowed;
    while (asked && asked[count])
        count++;
    server->allowed = calloc(count + 1, sizeof *server->allowed);
    if (!server->allowed)
        return gpen_fail_memory(error, "the list of folders", count);
    for (size_t i = 0; i < count; i++) {
        server->allowed[i] = realpath(asked[i], NULL);
        if (!server->allowed[i] || !path_is_folder(server->allowed[i]))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: there is no such folder to allow", asked[i]);
    }
    return GPEN_OK;
}

/* "/gpen" of "gpen/" and the like. */
static gpen_status settle_base(http_server *server, gpen_error *error)
{
    const char *given = server->options.base_path ? server->options.base_path : "";
    size_t length;
    given += strspn(given, "/");
    length = strlen(given);
    while (length && given[length - 1] == '/')
        length--;
    for (size_t i = 0; i < length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./", given[i]))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "a base path has letters, digits, - _ . and /");
    server->base = calloc(1, length + 2);
    if (!server->base)
        return gpen_fail_memory(error, "a path", length);
    if (length) {
        server->base[0] = '/';
        memcpy(server->base + 1, given, length);
    }
    return GPEN_OK;
}

/* ---------------------------------------------------------------- listening */

/* The address to listen on. *found is to be freed with freeaddrinfo. */
static gpen_status find_address(const http_options *options, struct addrinfo **found, gpen_error *error)
{
    char port[16];
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    snprintf(port, sizeof port, "%d", options->port);
    int failed = getaddrinfo(options->host, port, &wanted, found);
    if (failed)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s is no address to listen on: %s", options->host,
                         gai_strerror(failed));
    return GPEN_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
    char text[64];
    server_client_name(address, text, sizeof text);
    return host_is_loopback(text);
}

/* Connections, as many as there are descriptors for. */
static unsigned most_connections(const http_options *options)
{
    struct rlimit limit;
    rlim_t most = (rlim_t)options->most_clients;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        rlim_t room = limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
        if (limit.rlim_cur != RLIM_INFINITY && most > room)
            most = room;
    }
    return (unsigned)most;
}

static gpen_status listen_for_clients(http_server *server, const struct addrinfo *address, gpen_error *error)
{
    unsigned most = most_connections(&server->options);
    unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    if (address->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    server->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, dispatch_request, server, MHD_OPTION_SOCK_ADDR, address->ai_addr,
                         MHD_OPTION_NOTIFY_COMPLETED, dispatch_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
                         dispatch_connection, server, MHD_OPTION_UNESCAPE_CALLBACK, dispatch_keep_escapes, server,
                         MHD_OPTION_CONNECTION_LIMIT, most, MHD_OPTION_PER_IP_CONNECTION_LIMIT, most / 4 * 3,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)ANSWERING_THREADS,
                         MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                         MHD_OPTION_END);
    if (server->daemon)
        return GPEN_OK;
    return gpen_fail(error, errno == EADDRINUSE ? GPEN_IN_USE : GPEN_BAD_ARGUMENT, "%s, port %d: %s",
                     server->options.host, server->options.port, strerror(errno));
}

int http_server_port(const http_server *server)
{
    const union MHD_DaemonInfo *about = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return about ? about->port : 0;
}

/* ---------------------------------------------------------------- life */

static gpen_status make_previews(http_server *server, gpen_error *error)
{
    previews_options options = previews_options_default();
    gpen_status status = choices_preview_setup(server, &options.setup, error);
    if (status &&
        server->options.crew) /* batches do without models here; who wants a preview is told that one is missing */
        status = GPEN_OK;
    if (!status)
        status = previews_new(&server->previews, &options, error);
    return status;
}

static gpen_status make_parts(http_server *server, gpen_error *error)
{
    uint64_t run;
    if (getentropy(&run, sizeof run))
        return gpen_fail(error, GPEN_WRITE_FAILED, "no random numbers: %s", strerror(errno));
    gpen_status status = connections_new(&server->connections, server->options.slow_seconds, error);
    if (!status)
        status = tasks_new(&server->tasks, MOST_TASKS, error);
    if (!status)
        status = ring_new(&server->ring, RING_EVENTS, RING_BYTES, run, error);
    if (!status)
        status = followers_new(&server->followers, server->ring, error);
    if (!status)
        status = metrics_new(&server->numbers, error);
    if (!status)
        status = readers_new(&server->readers, server->store_folder, error);
    if (!status)
        status = storage_new(&server->storage, server->uploads, error);
    if (!status)
        status = models_desk_new(&server->models, server, error);
    if (!status)
        status = choices_open(server, error);
    return status ? status : make_previews(server, error);
}

static gpen_status start(http_server *server, gpen_error *error)
{
    struct addrinfo *address = NULL;
    gpen_status status = secret_read(&server->secret, server->options.token_file, server->options.token, error);
    if (!status)
        status = find_address(&server->options, &address, error);
    if (!status && !*server->secret.token && !is_loopback(address->ai_addr))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT,
                           "%s can be reached from other machines, so a token is needed: --token-file, or GPEN_TOKEN",
                           server->options.host);
    if (!status)
        status = settle_base(server, error);
    if (!status)
        status = resolve_allowed(server, error);
    if (!status)
        status = make_folders(server, error);
    if (!status)
        status = make_parts(server, error);
    if (!status)
        status = engine_start(&server->engine, server, error);
    if (!status)
        status = sweep_leftovers(server, error);
    if (!status) {
        storage_count(server->storage);
        choices_into_storage(server);
    }
    if (!status)
        status = listen_for_clients(server, address, error);
    if (!status && pthread_create(&server->clock, NULL, server_clock_run, server))
        status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "no thread can be started");
    else
        server->clock_runs = !status;
    if (address)
        freeaddrinfo(address);
    return status;
}

gpen_status http_server_start(http_server **out, const http_options *options, gpen_error *error)
{
    http_server *server = calloc(1, sizeof *server);
    *out = NULL;
    if (!server)
        return gpen_fail_memory(error, "the server", sizeof *server);
    server->options = *options;
    server->began = clock_seconds();
    /* Locks of this kind need nothing that could be missing. */
    (void)pthread_mutex_init(&server->choices_lock, NULL);
    (void)pthread_mutex_init(&server->models_lock, NULL);
    (void)pthread_mutex_init(&server->queue_lock, NULL);
    gpen_status status = start(server, error);
    if (status)
        http_server_stop(server);
    else
        *out = server;
    return status;
}

/* Everybody is answered or let go: whoever sleeps must wake before libmicrohttpd can end. */
static void end_connections(http_server *server)
{
    if (server->daemon) {
        MHD_socket listening = MHD_quiesce_daemon(server->daemon);
        if (listening != MHD_INVALID_SOCKET)
            (void)close(listening);
    }
    if (server->clock_runs)
        pthread_join(server->clock, NULL);
    if (server->followers)
        followers_end(server->followers);
    if (server->tasks)
        tasks_stop(server->tasks);
    if (server->models)
        models_desk_stop(server->models);
}

void http_server_stop(http_server *server)
{
    if (!server)
        return;
    server->stopping = true;
    end_connections(server);
    engine_stop(server->engine);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    previews_free(server->previews);
    models_desk_free(server->models);
    engine_free(server->engine);
    followers_free(server->followers);
    ring_free(server->ring);
    tasks_free(server->tasks);
    connections_free(server->connections);
    metrics_free(server->numbers);
    readers_free(server->readers);
    storage_free(server->storage);
    choices_close(server);
    for (char **folder = server->allowed; folder && *folder; folder++)
        free(*folder);
    free(server->allowed);
    free(server->base);
    free(server->store_folder);
    free(server->uploads);
    free(server->results);
    free(server->thumbnails);
    free(server->previews_folder);
    free(server->crashes);
    free(server->presets_path);
    free(server->chosen_path);
    secret_clear(&server->secret);
    pthread_mutex_destroy(&server->choices_lock);
    pthread_mutex_destroy(&server->models_lock);
    pthread_mutex_destroy(&server->queue_lock);
    free(server);
}

bool http_server_failed(http_server *server, gpen_error *error)
{
    scheduler_state state;
    engine_look(server->engine, &state, error);
    return error->status == GPEN_STORE_DAMAGED;
}

/* server.h: the server itself, as its own files see it. Private to src/http. */
#ifndef GPEN_HTTP_SERVER_H
#define GPEN_HTTP_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "batch/preview.h"
#include "batch/scheduler.h"
#include "http/connections.h"
#include "http/metrics.h"
#include "http/models_desk.h"
#include "http/origin.h"
#include "http/queue_numbers.h"
#include "http/readers.h"
#include "http/ring.h"
#include "http/room.h"
#include "http/secret.h"
#include "http/tasks.h"

struct http_server {
    http_options options; /* with strings of its own */
    char *base;           /* "" or "/gpen" */
    char *store_folder, *uploads, *results, *thumbnails, *previews_folder, *crashes, *presets_path, *chosen_path;
    char **allowed; /* real paths, ends with NULL */
    secret secret;
    bool local_only; /* listens on a loopback address alone */
    double began;

    struct MHD_Daemon *daemon;
    connection_list *connections;
    task_list *tasks;
    event_ring *ring;
    metrics *numbers;
    reader_list *readers;
    models_desk *models;
    struct storage *storage;
    struct follower_list *followers;
    struct engine *engine; /* the scheduler and its thread */
    previews *previews;

    pthread_mutex_t choices_lock;    /* of the next two */
    struct json_t *chosen, *presets; /* what stands in their files */
    pthread_mutex_t models_lock;     /* of the next two */
    worker_setup found;              /* its models: those chosen, or the best there are */
    double models_found;             /* when; 0: not */
    pthread_mutex_t queue_lock;      /* of the next two */
    queue_numbers queue;
    double queue_counted; /* when; 0: never */

    pthread_t clock; /* wakes followers, cuts off the slow, tells about the machine, cleans */
    bool clock_runs;
    atomic_bool stopping;
};

/* "192.0.2.1" or "2001:db8::1". */
void server_client_name(const struct sockaddr *address, char *text, size_t capacity);

void server_count_answer(http_server *server, const char *pattern, unsigned status, double seconds);

/* server_clock.c: the thread that does what is due. */
void *server_clock_run(void *server);

#endif

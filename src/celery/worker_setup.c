/* What a worker is told, looked at before it begins. Its own file because asking a worker (ping.c) needs it as well. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "celery/room.h"

celery_options celery_options_default(void)
{
    return (celery_options){.queue = "gpen",
                            .pool = pool_options_default(),
                            .prefetch = 1,
                            .visibility_seconds = 3600,
                            .result_seconds = 86400,
                            .task_seconds = 600,
                            .inline_bytes = 16 << 20,
                            .fetch_bytes = 256 << 20,
                            .max_pixels = PICTURE_DEFAULT_MAX_PIXELS};
}

gpen_status worker_check(const celery_options *options, gpen_error *error)
{
    if (!options->broker || !options->queue || !*options->queue || strlen(options->queue) >= QUEUE_MOST_NAME ||
        strpbrk(options->queue, "\x06\x16"))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a worker needs a broker, and a queue's name of 1 to %d bytes",
                         QUEUE_MOST_NAME - 1);
    if (!(options->visibility_seconds >= 1 && options->visibility_seconds <= 604800) || options->prefetch < 0 ||
        options->prefetch > 100 || options->result_seconds < 0)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "visibility takes 1 to 604800 seconds, prefetch 0 to 100");
    return GPEN_OK;
}

gpen_status worker_read_addresses(celery_worker *worker, gpen_error *error)
{
    const celery_options *options = worker->options;
    gpen_status status = redis_address_with(options->broker, options->password, &worker->broker_address, error);
    if (status || !options->results || !strcmp(options->results, "none"))
        return status;
    status = redis_address_with(options->results, options->password, &worker->results_address, error);
    worker->results_apart = !status && !redis_address_equal(&worker->broker_address, &worker->results_address);
    return status;
}

void worker_node(const celery_options *options, char node[WORKER_NODE])
{
    char host[128] = "";
    const char *name = options->node ? options->node : "gpen";
    if (gethostname(host, sizeof host - 1))
        memcpy(host, "localhost", sizeof "localhost");
    if (strchr(name, '@'))
        snprintf(node, WORKER_NODE, "%s", name);
    else
        snprintf(node, WORKER_NODE, "%s@%s", name, host);
}

/* Asking a worker whether it is there. Its own file because it is a program's whole errand, without a worker of its own. */
#include "celery/inquiry.h"
#include "celery/room.h"

static gpen_status ask(redis_connection *redis, int database, const char *node, int seconds, inquiry *asked,
                       gpen_error *error)
{
    int64_t listeners;
    bool answered;
    json_t *answer;
    gpen_status status = inquiry_ask(redis, database, "ping", json_pack("{}"), node, asked, &listeners, error);
    if (status)
        return status;
    status = inquiry_take(redis, asked, seconds, &answered, &answer, error);
    json_decref(answer);
    return status || answered ? status : gpen_fail(error, GPEN_FETCH_FAILED, "%s does not answer", node);
}

gpen_status celery_worker_ping(const celery_options *options, double seconds, gpen_error *error)
{
    char node[WORKER_NODE];
    inquiry asked = {.queue = ""};
    redis_address address;
    redis_connection redis = {0};
    gpen_status status = redis_address_with(options->broker, options->password, &address, error);
    if (!status)
        status = redis_open(&redis, &address, seconds + 1, error);
    if (status)
        return status;
    worker_node(options, node);
    status = ask(&redis, address.database, node, (int)seconds, &asked, error);
    inquiry_end(&redis, &asked);
    (void)redis_settle(&redis, NULL);
    redis_close(&redis);
    return status;
}

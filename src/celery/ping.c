/* Asking a worker whether it is there. Its own file because here we are the one who asks: the other side of control.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "celery/room.h"

static const char reply_exchange[] = "reply.celery.pidbox";

/* Where the answer is to go: a queue of our own, as kombu would bind it. */
static void bind_reply(redis_connection *redis, const char *key, const char *queue, bool bound)
{
    redis_append(redis, "%s _kombu.binding.%s %s\x06\x16\x06\x16%s", bound ? "SADD" : "SREM", reply_exchange, key,
                 queue);
    if (!bound)
        redis_append(redis, "DEL %s", queue);
}

static gpen_status ask(redis_connection *redis, int database, const char *node, const char *key, gpen_error *error)
{
    json_t *question =
        json_pack("{s:s, s:{}, s:[s], s:n, s:n, s:s, s:{s:s, s:s}}", "method", "ping", "arguments", "destination", node,
                  "pattern", "matcher", "ticket", key, "reply_to", "exchange", reply_exchange, "routing_key", key);
    json_t *envelope = question ? envelope_make(question, NULL, "celery.pidbox", "", 0) : NULL;
    char *text = json_text_of(envelope);
    json_decref(envelope);
    json_decref(question);
    if (!text)
        return gpen_fail_memory(error, "a question", 0);
    redis_append(redis, "PUBLISH /%d.celery.pidbox %s", database, text);
    free(text);
    return redis_settle(redis, error);
}

static gpen_status wait_for_answer(redis_connection *redis, const char *node, const char *queue, int seconds,
                                   gpen_error *error)
{
    redisReply *reply;
    redis_append(redis, "BRPOP %s %d", queue, seconds);
    gpen_status status = redis_answer(redis, &reply, error);
    bool answered = !status && reply->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);
    return status || answered ? status : gpen_fail(error, GPEN_FETCH_FAILED, "%s does not answer", node);
}

gpen_status celery_worker_ping(const celery_options *options, double seconds, gpen_error *error)
{
    char key[UUID_TEXT], queue[UUID_TEXT + sizeof reply_exchange], node[WORKER_NODE];
    redis_address address;
    redis_connection redis = {0};
    gpen_status status = redis_address_with(options->broker, options->password, &address, error);
    if (!status)
        status = redis_open(&redis, &address, seconds + 1, error);
    if (status)
        return status;
    worker_node(options, node);
    uuid_write(key);
    snprintf(queue, sizeof queue, "%s.%s", key, reply_exchange);
    bind_reply(&redis, key, queue, true);
    status = ask(&redis, address.database, node, key, error);
    if (!status)
        status = wait_for_answer(&redis, node, queue, (int)seconds, error);
    bind_reply(&redis, key, queue, false);
    (void)redis_settle(&redis, NULL);
    redis_close(&redis);
    return status;
}

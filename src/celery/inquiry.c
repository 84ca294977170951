/* Asking workers. Its own file because here we are the one who asks: the other side of control.c. */
#include "celery/inquiry.h"

#include <stdio.h>
#include <stdlib.h>

static const char binding[] = "_kombu.binding." INQUIRY_EXCHANGE;

/* Appends. False: no memory. */
static bool publish(redis_connection *redis, int database, const json_t *question)
{
    json_t *envelope = question ? envelope_make(question, NULL, "celery.pidbox", "", 0) : NULL;
    char *text = json_text_of(envelope);
    json_decref(envelope);
    if (text)
        redis_append(redis, "PUBLISH /%d.celery.pidbox %s", database, text);
    free(text);
    return text != NULL;
}

gpen_status inquiry_ask(redis_connection *redis, int database, const char *method, json_t *arguments, const char *node,
                        inquiry *asked, int64_t *listeners, gpen_error *error)
{
    uuid_write(asked->key);
    snprintf(asked->queue, sizeof asked->queue, "%s.%s", asked->key, INQUIRY_EXCHANGE);
    json_t *question =
        json_pack("{s:s, s:o, s:o, s:n, s:n, s:s, s:{s:s, s:s}}", "method", method, "arguments", arguments,
                  "destination", node ? json_pack("[s]", node) : json_pack("n"), "pattern", "matcher", "ticket",
                  asked->key, "reply_to", "exchange", INQUIRY_EXCHANGE, "routing_key", asked->key);
    /* A queue of our own, bound as kombu would. */
    redis_append(redis, "SADD %s %s\x06\x16\x06\x16%s", binding, asked->key, asked->queue);
    redisReply *reply = NULL;
    *listeners = 0;
    gpen_status status = redis_settle(redis, error);
    if (!status)
        status = publish(redis, database, question) ? redis_answer(redis, &reply, error)
                                                    : gpen_fail_memory(error, "a question", 0);
    if (!status && reply->type == REDIS_REPLY_INTEGER)
        *listeners = reply->integer;
    freeReplyObject(reply);
    json_decref(question);
    return status;
}

bool inquiry_order(redis_connection *redis, int database, const char *method, json_t *arguments)
{
    json_t *order = json_pack("{s:s, s:o, s:n, s:n, s:n}", "method", method, "arguments", arguments, "destination",
                              "pattern", "matcher");
    bool good = publish(redis, database, order);
    json_decref(order);
    return good;
}

gpen_status inquiry_take(redis_connection *redis, const inquiry *asked, int seconds, bool *came, json_t **answer,
                         gpen_error *error)
{
    redisReply *reply;
    json_t *envelope;
    *answer = NULL;
    if (seconds)
        redis_append(redis, "BRPOP %s %d", asked->queue, seconds);
    else
        redis_append(redis, "RPOP %s", asked->queue);
    gpen_status status = redis_answer(redis, &reply, error);
    const redisReply *text = reply;
    if (!status && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        text = reply->element[1];
    *came = !status && text->type == REDIS_REPLY_STRING;
    if (*came && envelope_read(text->str, (size_t)text->len, INQUIRY_MOST_BYTES, &envelope, answer, NULL))
        json_decref(envelope);
    freeReplyObject(reply);
    return status;
}

void inquiry_end(redis_connection *redis, inquiry *asked)
{
    if (!*asked->queue)
        return;
    redis_append(redis, "SREM %s %s\x06\x16\x06\x16%s", binding, asked->key, asked->queue);
    redis_append(redis, "DEL %s", asked->queue);
    *asked->queue = '\0';
}

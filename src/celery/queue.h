/* queue.h: queues of messages in Redis, as kombu keeps them. Private to src/celery.
 *
 *   QUEUE, QUEUE\x06\x16 3, 6, 9    lists: new messages on the left, the next one on the right; the first list is the most urgent
 *   unacked                         tag -> [envelope, exchange, routing key] of each message that a worker holds
 *   unacked_index                   tag -> since when; a message held longer than the visibility timeout is given out again
 *   _kombu.binding.EXCHANGE         which queues an exchange sends to
 *
 * A message is popped and noted as held in one step, so none is lost in between. */
#ifndef GPEN_CELERY_QUEUE_H
#define GPEN_CELERY_QUEUE_H

#include "celery/redis.h"
#include "celery/task.h"

enum { QUEUE_MOST_NAME = 200, QUEUE_TAG = 64, QUEUE_STEPS = 4 };

/* The list that a message of this priority goes to. */
enum { QUEUE_MOST_LIST = QUEUE_MOST_NAME + 16 };
void queue_list(const char *queue, int priority, char list[QUEUE_MOST_LIST]);

/* Messages as they were popped. */
typedef struct queue_message {
    char tag[QUEUE_TAG]; /* "": it was too large, and is gone */
    const char *text;    /* NULL then; length is what it had */
    size_t length;
} queue_message;

enum { QUEUE_MOST_POPPED = 64 };

typedef struct queue_popped {
    queue_message messages[QUEUE_MOST_POPPED];
    int count;
    redisReply *reply; /* holds the texts */
} queue_popped;

/* Pops up to `most` messages, the most urgent first, and notes them as held. One longer than most_bytes is not, and is lost.
 * *waiting: more are there. Release with queue_popped_free. Errors: FETCH_FAILED. */
gpen_status queue_pop(redis_connection *redis, const char *queue, int most, size_t most_bytes, queue_popped *popped,
                      bool *waiting, gpen_error *error);
void queue_popped_free(queue_popped *popped);

/* The next ones only append commands; redis_settle sees them through. */
void queue_acknowledge(redis_connection *redis, const char *tag);
void queue_renew(redis_connection *redis, const char *tag); /* held from now on */
void queue_send(redis_connection *redis, const char *queue, int priority, const char *text);
void queue_bind(redis_connection *redis, const char *queue);

/* Puts a held message back as the next one to be taken, marked as delivered before. Nobody else may have done so. */
gpen_status queue_return(redis_connection *redis, const char *queue, const char *tag, gpen_error *error);

/* Puts the queue's messages back that were held for longer than visibility_seconds, at most some at a time; other queues' are left
 * alone. *count: how many. Errors: FETCH_FAILED. */
gpen_status queue_restore(redis_connection *redis, const char *queue, double visibility_seconds, int *count,
                          gpen_error *error);

/* Sends to the queues that the exchange is bound to for the routing key, as a reply to remote control. */
gpen_status queue_send_bound(redis_connection *redis, const char *exchange, const char *routing_key, const char *text,
                             gpen_error *error);

/* ---------------------------------------------------------------- waking up */

/* Makes `listener`, which subscribes, hear when a list that `redis` looked into changes: *possible says whether this server
 * can (Redis 6). Errors: FETCH_FAILED. */
gpen_status queue_watch(redis_connection *redis, redis_connection *listener, bool *possible, gpen_error *error);

#endif

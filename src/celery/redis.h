/* redis.h: one connection to a Redis. Private to src/celery.
 *
 *     redis_append(redis, "SETEX %s 60 %b", key, bytes, count);      as many as there are, then an answer to each:
 *     status = redis_answer(redis, &reply, &error);
 *     freeReplyObject(reply);
 *
 * A failure of the connection closes it: redis_is_open says so, and every call until redis_open fails. An answer that says
 * that a command was refused is FETCH_FAILED too, but leaves the connection open. */
#ifndef GPEN_CELERY_REDIS_H
#define GPEN_CELERY_REDIS_H

#include <hiredis.h>

#include "celery/address.h"

typedef struct redis_connection {
    redisContext *context; /* NULL: closed */
    int owed;              /* answers to commands that were sent */
    gpen_error lost;       /* why it was closed */
} redis_connection;

/* An address as it is written, with the password (NULL: none) it is to be used with where it has none of its own. Errors: BAD_ARGUMENT,
 * UNSUPPORTED_FORMAT (rediss:// in a build without TLS). */
gpen_status redis_address_with(const char *text, const char *password, redis_address *address, gpen_error *error);

/* Connects, says who it is and chooses the database, all within `seconds`; later commands may take as long each. An open one
 * is closed first. Errors: FETCH_FAILED (not reached, or the password is wrong), UNSUPPORTED_FORMAT (rediss:// in a build
 * whose hiredis has no TLS), OUT_OF_MEMORY. */
gpen_status redis_open(redis_connection *redis, const redis_address *address, double seconds, gpen_error *error);

/* Can this build speak rediss://? */
bool redis_tls_available(void);

/* Turns an open connection into one with TLS, checking the server's certificate. Errors: FETCH_FAILED,
 * UNSUPPORTED_FORMAT. */
gpen_status redis_tls_begin(redisContext *context, const redis_address *address, gpen_error *error);

/* Zeroed and closed ones are fine. */
void redis_close(redis_connection *redis);
bool redis_is_open(const redis_connection *redis);

/* Queues a command (hiredis's format) to be sent with the next redis_answer. A failure is told by that. */
void redis_append(redis_connection *redis, const char *format, ...);
void redis_append_words(redis_connection *redis, int count, const char **words, const size_t *lengths);

/* The answer to the oldest command that has none yet (so whoever wants one settles what others have appended before); release with freeReplyObject. *reply may be an error's, when the
 * status is FETCH_FAILED and the connection still open; else it is NULL after a failure. */
gpen_status redis_answer(redis_connection *redis, redisReply **reply, gpen_error *error);

/* What a connection that subscribes was told, if anything came by now; *told NULL: nothing. Does not wait. */
gpen_status redis_hear(redis_connection *redis, redisReply **told, gpen_error *error);

/* Takes all answers that are owed; the first failure among them is returned. */
gpen_status redis_settle(redis_connection *redis, gpen_error *error);

#endif

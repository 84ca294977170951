/* One connection to a Redis, by hiredis. Its own file because it is the one place that knows how a connection fails. */
#include "celery/redis.h"

#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/time.h>

static struct timeval time_of(double seconds)
{
    struct timeval time = {.tv_sec = (time_t)seconds};
    time.tv_usec = (suseconds_t)((seconds - (double)time.tv_sec) * 1e6);
    return time;
}

bool redis_is_open(const redis_connection *redis)
{
    return redis->context != NULL;
}

void redis_close(redis_connection *redis)
{
    if (redis->context)
        redisFree(redis->context);
    redis->context = NULL;
    redis->owed = 0;
}

/* ---------------------------------------------------------------- opening */

gpen_status redis_address_with(const char *text, const char *password, redis_address *address, gpen_error *error)
{
    gpen_status status = redis_address_read(text, address, error);
    if (status)
        return status;
    if (password && !*address->password) {
        if (strlen(password) >= sizeof address->password)
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "the broker's password is too long");
        memcpy(address->password, password, strlen(password) + 1);
    }
    if (address->tls && !redis_tls_available())
        return redis_tls_begin(NULL, address, error);
    return GPEN_OK;
}

static gpen_status connect_to(redis_connection *redis, const redis_address *address, double seconds, gpen_error *error)
{
    struct timeval time = time_of(seconds);
    redisContext *context = address->unix_socket ? redisConnectUnixWithTimeout(address->host, time)
                                                 : redisConnectWithTimeout(address->host, address->port, time);
    if (!context)
        return gpen_fail_memory(error, "a connection", 0);
    if (context->err) {
        gpen_fail(error, GPEN_FETCH_FAILED, "%s", context->errstr);
        redisFree(context);
        return GPEN_FETCH_FAILED;
    }
    redis->context = context;
    (void)redisSetTimeout(context, time);
    if (!address->unix_socket)
        (void)redisEnableKeepAlive(context);
    return address->tls ? redis_tls_begin(context, address, error) : GPEN_OK;
}

static gpen_status introduce(redis_connection *redis, const redis_address *address, gpen_error *error)
{
    if (*address->user && *address->password)
        redis_append(redis, "AUTH %s %s", address->user, address->password);
    else if (*address->password || *address->user) /* redis://SECRET@host is not asked for, but meant */
        redis_append(redis, "AUTH %s", *address->password ? address->password : address->user);
    redis_append(redis, "SELECT %d", address->database);
    return redis_settle(redis, error);
}

gpen_status redis_open(redis_connection *redis, const redis_address *address, double seconds, gpen_error *error)
{
    redis_close(redis);
    gpen_error_clear(&redis->lost);
    gpen_status status = connect_to(redis, address, seconds, error);
    if (!status)
        status = introduce(redis, address, error);
    if (status)
        redis_close(redis);
    return status;
}

/* ---------------------------------------------------------------- talking */

static gpen_status lose(redis_connection *redis, gpen_error *error)
{
    const char *why = redis->context && *redis->context->errstr ? redis->context->errstr : "the connection is closed";
    gpen_fail(&redis->lost, GPEN_FETCH_FAILED, "%s", why);
    redis_close(redis);
    return gpen_fail(error, GPEN_FETCH_FAILED, "%s", redis->lost.message);
}

static void count_sent(redis_connection *redis, int outcome)
{
    if (outcome == REDIS_OK)
        redis->owed++;
    else
        (void)lose(redis, NULL);
}

void redis_append(redis_connection *redis, const char *format, ...)
{
    va_list arguments;
    if (!redis->context)
        return;
    va_start(arguments, format);
    count_sent(redis, redisvAppendCommand(redis->context, format, arguments));
    va_end(arguments);
}

void redis_append_words(redis_connection *redis, int count, const char **words, const size_t *lengths)
{
    if (redis->context)
        count_sent(redis, redisAppendCommandArgv(redis->context, count, words, lengths));
}

gpen_status redis_answer(redis_connection *redis, redisReply **reply, gpen_error *error)
{
    void *came = NULL;
    *reply = NULL;
    if (!redis->context)
        return gpen_fail(error, GPEN_FETCH_FAILED, "%s",
                         redis->lost.status ? redis->lost.message : "the connection is closed");
    if (!redis->owed)
        return gpen_fail(error, GPEN_FETCH_FAILED, "no answer is owed");
    if (redisGetReply(redis->context, &came) != REDIS_OK || !came)
        return lose(redis, error);
    redis->owed--;
    *reply = came;
    if ((*reply)->type == REDIS_REPLY_ERROR)
        return gpen_fail(error, GPEN_FETCH_FAILED, "Redis refused: %s", (*reply)->str);
    return GPEN_OK;
}

/* What lies in the reader already comes first; then what lies in the socket. */
gpen_status redis_hear(redis_connection *redis, redisReply **told, gpen_error *error)
{
    void *came = NULL;
    *told = NULL;
    if (!redis->context)
        return lose(redis, error);
    struct pollfd wanted = {.fd = redis->context->fd, .events = POLLIN};
    bool good = redisGetReplyFromReader(redis->context, &came) == REDIS_OK;
    while (good && !came && poll(&wanted, 1, 0) > 0)
        good =
            redisBufferRead(redis->context) == REDIS_OK && redisGetReplyFromReader(redis->context, &came) == REDIS_OK;
    *told = came;
    return good ? GPEN_OK : lose(redis, error);
}

gpen_status redis_settle(redis_connection *redis, gpen_error *error)
{
    gpen_status first = GPEN_OK;
    if (!redis->context)
        return lose(redis, error);
    while (redis->owed) {
        redisReply *reply;
        gpen_error reason = {0};
        gpen_status status = redis_answer(redis, &reply, &reason);
        freeReplyObject(reply);
        if (status && !first)
            first = gpen_fail(error, status, "%s", reason.message);
        if (status && !redis->context)
            break;
    }
    return first;
}

/* kombu's queues in Redis. Its own file because it is a format that other programs read and write at the same time. */
#include "celery/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "celery/moment.h"

#define SEPARATOR "\x06\x16"

static const char held_key[] = "unacked", held_index_key[] = "unacked_index", restore_lock_key[] = "unacked_mutex";

enum { RESTORE_LOCK_SECONDS = 300, RESTORE_AT_ONCE = 50, RESTORE_MOST_SKIPPED = 1000, PRIORITY_STEP = 3 };

void queue_list(const char *queue, int priority, char list[QUEUE_MOST_LIST])
{
    int step = priority / PRIORITY_STEP * PRIORITY_STEP;
    if (step)
        snprintf(list, QUEUE_MOST_LIST, "%.*s" SEPARATOR "%d", QUEUE_MOST_NAME, queue, step);
    else
        snprintf(list, QUEUE_MOST_LIST, "%.*s", QUEUE_MOST_NAME, queue);
}

/* ---------------------------------------------------------------- taking */

/* KEYS unacked, unacked_index, the lists; ARGV now, how many, most bytes, what the tags begin with, what stands behind a message
 * in `unacked`. An answer: tag, message, tag, message, ...; of one that is too large: "", its length. */
static const char pop_script[] = "local out, taken = {}, 0 "
                                 "for i = 3, #KEYS do "
                                 "  while taken < tonumber(ARGV[2]) do "
                                 "    local raw = redis.call('RPOP', KEYS[i]) "
                                 "    if not raw then break end "
                                 "    taken = taken + 1 "
                                 "    if #raw > tonumber(ARGV[3]) then "
                                 "      out[#out + 1] = '' out[#out + 1] = tostring(#raw) "
                                 "    else "
                                 "      local tag = ARGV[4] .. taken "
                                 "      redis.call('ZADD', KEYS[2], ARGV[1], tag) "
                                 "      redis.call('HSET', KEYS[1], tag, '[' .. raw .. ARGV[5]) "
                                 "      out[#out + 1] = tag out[#out + 1] = raw "
                                 "    end "
                                 "  end "
                                 "end "
                                 "return out";

/* What follows an envelope in `unacked`: the nameless exchange, which sends to the queue that the routing key names. */
static char *place_of(const char *queue)
{
    json_t *name = json_pack("s", queue);
    char *quoted = json_text_of(name), *text = NULL;
    if (quoted && asprintf(&text, ", \"\", %s]", quoted) < 0)
        text = NULL;
    free(quoted);
    json_decref(name);
    return text;
}

static void take_popped(queue_popped *popped)
{
    const redisReply *reply = popped->reply;
    for (size_t i = 0; i + 1 < reply->elements && popped->count < QUEUE_MOST_POPPED; i += 2) {
        const redisReply *tag = reply->element[i], *text = reply->element[i + 1];
        if (tag->type != REDIS_REPLY_STRING || text->type != REDIS_REPLY_STRING)
            continue;
        queue_message *message = &popped->messages[popped->count++];
        *message = (queue_message){.length = (size_t)text->len};
        snprintf(message->tag, sizeof message->tag, "%s", tag->str);
        if (*message->tag)
            message->text = text->str;
        else
            message->length = (size_t)strtoull(text->str, NULL, 10);
    }
}

static void append_pop(redis_connection *redis, char lists[QUEUE_STEPS][QUEUE_MOST_LIST], const char *place, int most,
                       size_t most_bytes)
{
    char now[32], count[16], bytes[32], tags[UUID_TEXT + 1], id[UUID_TEXT];
    uuid_write(id);
    snprintf(tags, sizeof tags, "%s.", id);
    snprintf(now, sizeof now, "%.6f", moment_now());
    snprintf(count, sizeof count, "%d", most);
    snprintf(bytes, sizeof bytes, "%zu", most_bytes);
    const char *words[] = {"EVAL",   pop_script, "6", held_key, held_index_key, lists[0], lists[1],
                           lists[2], lists[3],   now, count,    bytes,          tags,     place};
    redis_append_words(redis, (int)(sizeof words / sizeof *words), words, NULL);
}

gpen_status queue_pop(redis_connection *redis, const char *queue, int most, size_t most_bytes, queue_popped *popped,
                      bool *waiting, gpen_error *error)
{
    char lists[QUEUE_STEPS][QUEUE_MOST_LIST];
    redisReply *left = NULL;
    char *place = place_of(queue);
    *popped = (queue_popped){.count = 0};
    *waiting = false;
    if (!place)
        return gpen_fail_memory(error, "a queue's name", 0);
    for (int i = 0; i < QUEUE_STEPS; i++)
        queue_list(queue, i * PRIORITY_STEP, lists[i]);
    append_pop(redis, lists, place, most < QUEUE_MOST_POPPED ? most : QUEUE_MOST_POPPED, most_bytes);
    /* It also makes the server remember that this connection looked into them: see queue_watch. */
    redis_append(redis, "EXISTS %s %s %s %s", lists[0], lists[1], lists[2], lists[3]);
    gpen_status status = redis_answer(redis, &popped->reply, error);
    if (!status && popped->reply->type == REDIS_REPLY_ARRAY)
        take_popped(popped);
    if (redis_is_open(redis)) {
        gpen_status second = redis_answer(redis, &left, status ? NULL : error);
        status = status ? status : second;
    }
    *waiting = !status && left->type == REDIS_REPLY_INTEGER && left->integer > 0;
    freeReplyObject(left);
    free(place);
    if (status && !popped->count)
        queue_popped_free(popped);
    return popped->count ? GPEN_OK : status;
}

void queue_popped_free(queue_popped *popped)
{
    freeReplyObject(popped->reply);
    *popped = (queue_popped){.count = 0};
}

/* ---------------------------------------------------------------- small moves */

void queue_acknowledge(redis_connection *redis, const char *tag)
{
    redis_append(redis, "ZREM %s %s", held_index_key, tag);
    redis_append(redis, "HDEL %s %s", held_key, tag);
}

void queue_renew(redis_connection *redis, const char *tag)
{
    char now[32];
    snprintf(now, sizeof now, "%.6f", moment_now());
    redis_append(redis, "ZADD %s XX %s %s", held_index_key, now, tag);
}

void queue_send(redis_connection *redis, const char *queue, int priority, const char *text)
{
    char list[QUEUE_MOST_LIST];
    queue_list(queue, priority, list);
    redis_append(redis, "LPUSH %s %s", list, text);
}

void queue_bind(redis_connection *redis, const char *queue)
{
    redis_append(redis, "SADD _kombu.binding.%s %s%s%s", queue, queue, SEPARATOR SEPARATOR, queue);
}

/* ---------------------------------------------------------------- giving back */

/* KEYS unacked, unacked_index, the list; ARGV tag, the message, the score it must have (or ""). */
static const char return_script[] = "local score = redis.call('ZSCORE', KEYS[2], ARGV[1]) "
                                    "if not score or (ARGV[3] ~= '' and score ~= ARGV[3]) then return 0 end "
                                    "redis.call('ZREM', KEYS[2], ARGV[1]) "
                                    "redis.call('HDEL', KEYS[1], ARGV[1]) "
                                    "redis.call('RPUSH', KEYS[3], ARGV[2]) "
                                    "return 1";

/* The message of `unacked`'s entry, marked as delivered before, if it is this queue's; free. *priority as it has it. */
static char *marked_message(const char *entry, size_t length, const char *queue, int *priority)
{
    json_t *held = json_loadb(entry, length, JSON_ALLOW_NUL, NULL);
    json_t *envelope = json_array_get(held, 0);
    const char *exchange = json_string_value(json_array_get(held, 1)),
               *key = json_string_value(json_array_get(held, 2));
    char *text = NULL;
    bool ours = exchange && key && (!strcmp(exchange, queue) || (!*exchange && !strcmp(key, queue)));
    if (ours && json_is_object(envelope)) {
        json_int_t number = json_integer_value(json_object_get(json_object_get(envelope, "properties"), "priority"));
        *priority = number > 0 && number <= TASK_MOST_PRIORITY ? (int)number : 0;
        envelope_redelivered(envelope);
        text = json_text_of(envelope);
    }
    json_decref(held);
    return text;
}

static gpen_status return_tag(redis_connection *redis, const char *queue, const char *tag, const char *score,
                              bool *returned, gpen_error *error)
{
    char list[QUEUE_MOST_LIST];
    redisReply *reply;
    int priority = 0;
    *returned = false;
    redis_append(redis, "HGET %s %s", held_key, tag);
    gpen_status status = redis_answer(redis, &reply, error);
    char *text = !status && reply->type == REDIS_REPLY_STRING
                     ? marked_message(reply->str, (size_t)reply->len, queue, &priority)
                     : NULL;
    freeReplyObject(reply);
    if (status || !text)
        return status;
    queue_list(queue, priority, list);
    redis_append(redis, "EVAL %s 3 %s %s %s %s %s %s", return_script, held_key, held_index_key, list, tag, text, score);
    status = redis_answer(redis, &reply, error);
    *returned = !status && reply->integer == 1;
    freeReplyObject(reply);
    free(text);
    return status;
}

gpen_status queue_return(redis_connection *redis, const char *queue, const char *tag, gpen_error *error)
{
    bool returned;
    return return_tag(redis, queue, tag, "", &returned, error);
}

/* One worker at a time looks for what others left. */
static gpen_status lock_restoring(redis_connection *redis, bool *locked, gpen_error *error)
{
    redisReply *reply;
    redis_append(redis, "SET %s gpen NX EX %d", restore_lock_key, RESTORE_LOCK_SECONDS);
    gpen_status status = redis_answer(redis, &reply, error);
    *locked = !status && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return status;
}

/* One page of those that were held too long; *seen: how many it had, *count grows by those that were returned. */
static gpen_status restore_page(redis_connection *redis, const char *queue, const char *limit, int skip, int *seen,
                                int *count, gpen_error *error)
{
    redisReply *old;
    redis_append(redis, "ZRANGEBYSCORE %s 0 %s WITHSCORES LIMIT %d %d", held_index_key, limit, skip, RESTORE_AT_ONCE);
    gpen_status status = redis_answer(redis, &old, error);
    *seen = 0;
    for (size_t i = 0; !status && i + 1 < old->elements; i += 2) {
        bool returned;
        status = return_tag(redis, queue, old->element[i]->str, old->element[i + 1]->str, &returned, error);
        *count += returned;
        ++*seen;
    }
    freeReplyObject(old);
    return status;
}

gpen_status queue_restore(redis_connection *redis, const char *queue, double visibility_seconds, int *count,
                          gpen_error *error)
{
    bool locked;
    char limit[32];
    *count = 0;
    gpen_status status = lock_restoring(redis, &locked, error);
    if (status || !locked)
        return status;
    snprintf(limit, sizeof limit, "%.6f", moment_now() - visibility_seconds);
    /* Other queues' messages stay where they are, and must not hide ours behind them. */
    int seen = RESTORE_AT_ONCE;
    for (int skip = 0; !status && seen == RESTORE_AT_ONCE && skip < RESTORE_MOST_SKIPPED;) {
        int before = *count;
        status = restore_page(redis, queue, limit, skip, &seen, count, error);
        skip += seen - (*count - before);
    }
    redis_append(redis, "DEL %s", restore_lock_key);
    gpen_status unlocked = redis_settle(redis, status ? NULL : error);
    return status ? status : unlocked;
}

/* ---------------------------------------------------------------- bound queues */

/* "routing key SEP pattern SEP queue": the queue, when it is for this key. */
static const char *bound_queue(const char *member, const char *routing_key)
{
    size_t length = strlen(routing_key);
    const char *second = strncmp(member, routing_key, length) ? NULL : strstr(member + length, SEPARATOR);
    const char *third = second == member + length ? strstr(second + 2, SEPARATOR) : NULL;
    return third ? third + 2 : NULL;
}

gpen_status queue_send_bound(redis_connection *redis, const char *exchange, const char *routing_key, const char *text,
                             gpen_error *error)
{
    redisReply *members;
    redis_append(redis, "SMEMBERS _kombu.binding.%s", exchange);
    gpen_status status = redis_answer(redis, &members, error);
    for (size_t i = 0; !status && i < members->elements; i++) {
        const char *member = members->element[i]->str, *queue = member ? bound_queue(member, routing_key) : NULL;
        if (queue)
            redis_append(redis, "LPUSH %s %s", queue, text);
    }
    freeReplyObject(members);
    return status ? status : redis_settle(redis, error);
}

/* ---------------------------------------------------------------- waking up */

gpen_status queue_watch(redis_connection *redis, redis_connection *listener, bool *possible, gpen_error *error)
{
    redisReply *reply;
    *possible = false;
    redis_append(listener, "CLIENT ID");
    gpen_status status = redis_answer(listener, &reply, error);
    long long number = !status && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    freeReplyObject(reply);
    if (!redis_is_open(listener))
        return status;
    redis_append(redis, "CLIENT TRACKING ON REDIRECT %lld", number);
    gpen_error refused;
    *possible = !redis_settle(redis, &refused);
    return redis_is_open(redis) ? GPEN_OK : gpen_fail(error, refused.status, "%s", refused.message);
}

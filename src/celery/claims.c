/* Doing things once. Its own file because it is the one thing here that Celery has not. */
#include "celery/claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* KEYS the claim, the key; ARGV holder, milliseconds, seconds. */
static const char ask_script[] = "local done = redis.call('HGET', KEYS[2], 'result') "
                                 "if done then return {2, done} end "
                                 "if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) "
                                 "and redis.call('GET', KEYS[1]) ~= ARGV[1] then return {1, ''} end "
                                 "local begun = redis.call('HINCRBY', KEYS[2], 'begun', 1) "
                                 "if tonumber(ARGV[3]) > 0 then redis.call('EXPIRE', KEYS[2], ARGV[3]) end "
                                 "return {0, begun, redis.call('HEXISTS', KEYS[2], 'clear')}";

/* KEYS the claim; ARGV holder, milliseconds. Where the server has forgotten it, it is made again. */
static const char renew_script[] = "local holder = redis.call('GET', KEYS[1]) "
                                   "if not holder or holder == ARGV[1] then "
                                   "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end return 1";

/* KEYS the claim, the key; ARGV holder, what becomes of the key ("done", "forget", "release"), the result, seconds. */
static const char end_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end "
    "if ARGV[2] == 'done' then redis.call('HSET', KEYS[2], 'result', ARGV[3]) "
    "  if tonumber(ARGV[4]) > 0 then redis.call('EXPIRE', KEYS[2], ARGV[4]) end "
    "elseif not redis.call('HGET', KEYS[2], 'result') then "
    "  if ARGV[2] == 'forget' then redis.call('DEL', KEYS[2]) "
    "  elseif redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HINCRBY', KEYS[2], 'begun', -1) end "
    "end return 1";

void claim_ask(redis_connection *redis, const char *key, const char *holder, double claim_seconds, int keep_seconds)
{
    redis_append(redis, "EVAL %s 2 gpen-claim-%s gpen-key-%s %s %d %d", ask_script, key, key, holder,
                 (int)(claim_seconds * 1000), keep_seconds);
}

gpen_status claim_answer_take(redis_connection *redis, key_claim *claim, gpen_error *error)
{
    redisReply *reply;
    *claim = (struct key_claim){.answer = CLAIM_HELD};
    gpen_status status = redis_answer(redis, &reply, error);
    if (!status && (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2))
        status = gpen_fail(error, GPEN_FETCH_FAILED, "Redis gave no sensible answer");
    if (!status) {
        claim->answer = (claim_answer)reply->element[0]->integer;
        if (claim->answer == CLAIM_DONE) {
            claim->result = strdup(reply->element[1]->str ? reply->element[1]->str : "");
            status = claim->result ? GPEN_OK : gpen_fail_memory(error, "a result", 0);
        } else if (claim->answer == CLAIM_OURS && reply->elements == 3) {
            claim->begun = (int)reply->element[1]->integer;
            claim->clear = reply->element[2]->integer == 1;
        }
    }
    freeReplyObject(reply);
    return status;
}

void claim_renew(redis_connection *redis, const char *key, const char *holder, double claim_seconds)
{
    redis_append(redis, "EVAL %s 1 gpen-claim-%s %s %d", renew_script, key, holder, (int)(claim_seconds * 1000));
}

void claim_note_clear(redis_connection *redis, const char *key)
{
    redis_append(redis, "HSET gpen-key-%s clear 1", key);
}

static void end(redis_connection *redis, const char *key, const char *holder, const char *what, const char *result,
                int keep_seconds)
{
    redis_append(redis, "EVAL %s 2 gpen-claim-%s gpen-key-%s %s %s %s %d", end_script, key, key, holder, what, result,
                 keep_seconds);
}

void claim_done(redis_connection *redis, const char *key, const char *holder, const char *result, int keep_seconds)
{
    end(redis, key, holder, "done", result, keep_seconds);
}

void claim_forget(redis_connection *redis, const char *key, const char *holder)
{
    end(redis, key, holder, "forget", "", 0);
}

void claim_release(redis_connection *redis, const char *key, const char *holder)
{
    end(redis, key, holder, "release", "", 0);
}

/* claims.h: work with the same key is done once. Private to src/celery.
 *
 *   gpen-claim-KEY   who is at work on it; goes by itself soon after that one has died
 *   gpen-key-KEY     begun: how often it was begun without an end; clear: that there was no result when it was first begun, so that
 *                    one that is found now is ours; result: what came of it */
#ifndef GPEN_CELERY_CLAIMS_H
#define GPEN_CELERY_CLAIMS_H

#include "celery/redis.h"

typedef enum claim_answer {
    CLAIM_OURS,
    CLAIM_HELD, /* somebody else is at work on it */
    CLAIM_DONE, /* it was done before */
} claim_answer;

typedef struct key_claim {
    claim_answer answer;
    int begun;    /* OURS: how often it has been begun, this time counted */
    bool clear;   /* OURS: noted by claim_note_clear before */
    char *result; /* DONE: as it was given to claim_done; free */
} key_claim;

/* Appends the question; claim_answer_take reads the answer. holder: unlike any other worker's and task's. */
void claim_ask(redis_connection *redis, const char *key, const char *holder, double claim_seconds, int keep_seconds);
gpen_status claim_answer_take(redis_connection *redis, key_claim *claim, gpen_error *error);

/* Append commands. */
void claim_renew(redis_connection *redis, const char *key, const char *holder, double claim_seconds);
void claim_note_clear(redis_connection *redis, const char *key);
void claim_done(redis_connection *redis, const char *key, const char *holder, const char *result, int keep_seconds);
void claim_forget(redis_connection *redis, const char *key, const char *holder);  /* it ended without a result */
void claim_release(redis_connection *redis, const char *key, const char *holder); /* it was not begun after all */

#endif

/* inquiry.h: a question to other workers by remote control, as `celery inspect` asks, and the queue that answers come to. Private to
 * src/celery.
 *
 *     status = inquiry_ask(redis, database, "ping", json_pack("{}"), node, &asked, &listeners, &error);
 *     status = inquiry_take(redis, &asked, seconds, &answer, &error);           as often as answers are expected
 *     inquiry_end(redis, &asked); */
#ifndef GPEN_CELERY_INQUIRY_H
#define GPEN_CELERY_INQUIRY_H

#include "celery/redis.h"
#include "celery/task.h"

#define INQUIRY_EXCHANGE "reply.celery.pidbox"

/* The largest message of remote control. */
enum { INQUIRY_MOST_BYTES = 16 << 20 };

typedef struct inquiry {
    char key[UUID_TEXT];
    char queue[UUID_TEXT + sizeof INQUIRY_EXCHANGE]; /* "": nothing is asked */
} inquiry;

/* Asks the node of that name, or all (NULL). arguments are stolen. *listeners: how many connections were told, this program's
 * own among them where it listens. Errors: FETCH_FAILED, OUT_OF_MEMORY. */
gpen_status inquiry_ask(redis_connection *redis, int database, const char *method, json_t *arguments, const char *node,
                        inquiry *asked, int64_t *listeners, gpen_error *error);

/* The next answer, {node: value}, for which it waits so many seconds (0: only one that is there); *answer NULL: none, or nothing that
 * can be read. *came: was there one? Release with json_decref. Errors: FETCH_FAILED. */
gpen_status inquiry_take(redis_connection *redis, const inquiry *asked, int seconds, bool *came, json_t **answer,
                         gpen_error *error);

/* Only appends; redis_settle sees it through. */
void inquiry_end(redis_connection *redis, inquiry *asked);

/* Orders all workers to do something, without an answer. arguments are stolen. Only appends; false: no memory. */
bool inquiry_order(redis_connection *redis, int database, const char *method, json_t *arguments);

#endif

/* task.h: a task as it travels: Celery's message protocol 2 inside kombu's envelope. Private to src/celery.
 *
 * What comes from a queue may come from anyone. task_read looks at every field before it is used, and says which of three
 * things came: a task; no task, to be thrown away as Celery does; or something that is a task, but cannot be carried out, whose
 * sender can be told why.
 *
 * Source: Celery 5, "Message Protocol"; kombu 5, transport/virtual/base.py. */
#ifndef GPEN_CELERY_TASK_H
#define GPEN_CELERY_TASK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

enum { TASK_MOST_ID = 256, TASK_MOST_PRIORITY = 9 };

typedef struct task_message {
    json_t *envelope; /* all of it, to be sent again; owns what the next ones point to */
    const json_t *headers;
    json_t *body;                        /* [args, kwargs, embed] */
    const json_t *args, *kwargs, *embed; /* an array, an object, an object */
    const char *id, *name;
    const char *root_id, *parent_id, *group; /* NULL: none */
    const char *args_text, *kwargs_text;     /* as the sender describes them; "" */
    const char *reply_to, *correlation_id;   /* "" */
    double group_index;                      /* NaN: none */
    double eta, expires;                     /* seconds since 1970; 0: none */
    double hard_limit, soft_limit;           /* seconds; 0: none */
    int retries, priority;
    bool ignore_result, redelivered;
} task_message;

typedef enum task_verdict {
    TASK_GOOD,
    TASK_FOREIGN, /* no task: to be acknowledged and forgotten; *error says why */
    TASK_INVALID, /* id and name are known, the rest is not usable */
} task_verdict;

typedef struct task_limits {
    size_t most_body; /* bytes, also when expanded */
} task_limits;

/* Reads an envelope. *task is to be released with task_free when the verdict is not FOREIGN, and zeroed then. */
task_verdict task_read(const char *text, size_t length, const task_limits *limits, task_message *task,
                       gpen_error *error);
void task_free(task_message *task);

/* Any message of kombu's with a JSON body of up to most_body bytes, as remote control sends. False: it is none; *error (may be NULL)
 * says why. Release both with json_decref. */
bool envelope_read(const char *text, size_t length, size_t most_body, json_t **envelope, json_t **body,
                   gpen_error *error);

/* ---------------------------------------------------------------- writing */

/* A new random identifier, as a UUID of version 4. */
enum { UUID_TEXT = 37 };
void uuid_write(char text[UUID_TEXT]);

/* An envelope as kombu's JSON: `body` (any JSON) as base64, headers (stolen, may be NULL) and where it goes. release with
 * json_decref. NULL: no memory. */
json_t *envelope_make(const json_t *body, json_t *headers, const char *exchange, const char *routing_key, int priority);

/* Marks it as one that was delivered before. */
void envelope_redelivered(json_t *envelope);

/* Compact JSON; free. NULL: no memory. */
char *json_text_of(const json_t *value);

#endif

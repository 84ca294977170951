/* events.h: what a worker tells those who watch a fleet (Flower, `celery events`). Private to src/celery. */
#ifndef GPEN_CELERY_EVENTS_H
#define GPEN_CELERY_EVENTS_H

#include "celery/redis.h"
#include "celery/task.h"

typedef struct event_sender {
    const char *node;
    int database;    /* of the broker: part of the channel's name */
    long long clock; /* a Lamport clock, which the fleet shares */
    bool tasks;      /* events about tasks are wanted */
    json_t *waiting; /* those about tasks, sent together */
} event_sender;

/* Publishes an event about this worker; fields are stolen, and may be NULL. */
void event_worker(event_sender *sender, redis_connection *redis, const char *type, json_t *fields);

/* Keeps one about a task, when they are wanted. fields are stolen. */
void event_task(event_sender *sender, const char *type, const char *id, json_t *fields);

/* Somebody's clock was heard of: ours goes on from the later one. */
void event_clock_heard(event_sender *sender, const json_t *clock);

/* Publishes those that are kept. */
void event_flush(event_sender *sender, redis_connection *redis);

#endif

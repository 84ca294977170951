/* crew.h: who works on a scheduler's photos: the worker processes of this machine (pool.h), or machines behind a queue (celery/fleet.h).
 *
 * A crew asks for jobs and tells of them by pool.h's events, with what that header promises of them: every job that `next` gave is ended once
 * by `ended`. CANCELLED: it was not finished, through no fault of its own. One thread uses a crew; only wake may come from any, and from signal
 * handlers. */
#ifndef GPEN_BATCH_CREW_H
#define GPEN_BATCH_CREW_H

#include "batch/pool.h"

/* What can be seen of it. */
typedef struct crew_look {
    /* Its workers are on other machines: this one's memory says nothing of them, nor do their process numbers. */
    bool far;
    bool away;          /* the queue cannot be reached: what was handed out goes on, nothing new is */
    int ready;          /* worker processes that are ready */
    int machines;       /* far: that were heard of lately */
    size_t out;         /* far: jobs that are in the queue, or worked on */
    char sentence[200]; /* away: why, in English; "" otherwise */
} crew_look;

/* What it is asked; self is the crew's own. */
typedef struct crew_calls {
    gpen_status (*turn)(void *self, double seconds, gpen_error *error); /* as pool_turn */
    bool (*idle)(const void *self);
    size_t (*room)(const void *self); /* how many more jobs could be handed out now */
    void (*cancel)(void *self, uint64_t id);
    void (*stop)(void *self, bool at_once);
    void (*wake)(void *self);
    void (*look)(const void *self, crew_look *look);
    void (*free)(void *self);
} crew_calls;

typedef struct crew {
    void *self; /* NULL: there is none */
    const crew_calls *calls;
} crew;

/* What makes one. The events are copied; release with crew_made->calls->free. */
typedef struct crew_maker {
    gpen_status (*make)(void *context, const pool_events *events, crew *made, gpen_error *error);
    void *context;
} crew_maker;

/* Worker processes of this machine; *pool is what the crew frees. Errors: those of pool_new. */
gpen_status crew_of_pool(crew *made, worker_pool **pool, const pool_options *options, const pool_events *events,
                         gpen_error *error);

#endif

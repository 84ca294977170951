/* The pool as a crew. Its own file because it is nothing but the one's calls by the other's names. */
#include "batch/crew.h"

static gpen_status turn(void *self, double seconds, gpen_error *error)
{
    return pool_turn(self, seconds, error);
}

static bool idle(const void *self)
{
    return pool_idle(self);
}

static size_t room(const void *self)
{
    return pool_room(self);
}

static void cancel(void *self, uint64_t id)
{
    pool_cancel(self, id);
}

static void stop(void *self, bool at_once)
{
    pool_stop(self, at_once);
}

static void wake(void *self)
{
    pool_wake(self);
}

static void look(const void *self, crew_look *look)
{
    *look = (crew_look){.ready = pool_ready(self)};
}

static void free_pool(void *self)
{
    pool_free(self);
}

gpen_status crew_of_pool(crew *made, worker_pool **pool, const pool_options *options, const pool_events *events,
                         gpen_error *error)
{
    static const crew_calls calls = {turn, idle, room, cancel, stop, wake, look, free_pool};
    *made = (crew){.calls = &calls};
    gpen_status status = pool_new(pool, options, events, error);
    made->self = *pool;
    return status;
}

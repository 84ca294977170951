/* What other threads ask of the scheduler: moves in the store, under the lock, and a nudge. Its own file because these are the functions that
 * any thread may call. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch/scheduler_room.h"

static batch_store *open_store(scheduler *s)
{
    pthread_mutex_lock(&s->lock);
    return s->store;
}

static gpen_status close_store(scheduler *s, gpen_status status)
{
    s->quiet_until = 0;
    pthread_mutex_unlock(&s->lock);
    s->crew.calls->wake(s->crew.self);
    return status;
}

gpen_status scheduler_add(scheduler *s, const scheduler_batch *batch, const store_new_item *items, size_t count,
                          int64_t *id, gpen_error *error)
{
    char *json, *key;
    *id = 0;
    gpen_status status = batch_settings_write(batch->settings, &json, &key, error);
    if (status)
        return status;
    const store_new_batch made = {.settings = json,
                                  .settings_key = key,
                                  .output_folder = batch->output_folder,
                                  .priority = batch->priority};
    status = close_store(s, store_batch_add(open_store(s), &made, items, count, scheduler_now(), id, error));
    free(json);
    free(key);
    return status;
}

gpen_status scheduler_add_items(scheduler *s, int64_t batch, const store_new_item *items, size_t count,
                                gpen_error *error)
{
    return close_store(s, store_items_add(open_store(s), batch, items, count, error));
}

gpen_status scheduler_priority(scheduler *s, int64_t batch, int priority, gpen_error *error)
{
    return close_store(s, store_batch_priority(open_store(s), batch, priority, error));
}

gpen_status scheduler_pause(scheduler *s, int64_t batch, bool paused, gpen_error *error)
{
    return close_store(s, store_batch_pause(open_store(s), batch, paused, error));
}

gpen_status scheduler_cancel(scheduler *s, int64_t batch, gpen_error *error)
{
    gpen_status status = store_batch_cancel(open_store(s), batch, scheduler_now(), error);
    for (errand *e = status ? NULL : s->errands; e; e = e->next)
        e->cancelled |= e->item.batch == batch;
    return close_store(s, status);
}

gpen_status scheduler_cancel_item(scheduler *s, int64_t item, gpen_error *error)
{
    batch_store *store = open_store(s);
    errand *e = errand_find(s, (uint64_t)item);
    if (e)
        e->cancelled = true;
    return close_store(s, e ? GPEN_OK : store_item_cancel(store, item, scheduler_now(), error));
}

gpen_status scheduler_retry(scheduler *s, int64_t item, gpen_error *error)
{
    return close_store(s, store_retry(open_store(s), item, error));
}

gpen_status scheduler_retry_failed(scheduler *s, int64_t batch, int64_t *count, gpen_error *error)
{
    return close_store(s, store_retry_failed(open_store(s), batch, count, error));
}

gpen_status scheduler_delete(scheduler *s, int64_t batch, gpen_error *error)
{
    gpen_status status = close_store(s, store_batch_delete(open_store(s), batch, error));
    if (!status)
        scheduler_sweep_small(s, false);
    return status;
}

/* Under the lock. False: nobody has it in hand. */
static bool see(const errand *e, scheduler_running *running)
{
    if (!e->given || e->ended)
        return false;
    *running = (scheduler_running){.item = e->item.id,
                                   .batch = e->item.batch,
                                   .worker = e->worker,
                                   .stage = e->stage,
                                   .faces_ended = e->faces_ended,
                                   .faces_chosen = e->faces_chosen,
                                   .seconds = clock_seconds() - e->begun};
    return true;
}

void scheduler_look(scheduler *s, scheduler_state *state)
{
    pthread_mutex_lock(&s->lock);
    *state = s->counts;
    state->plan = s->plan;
    state->hold = scheduler_held(s, state->sentence, sizeof state->sentence);
    state->memory_used = s->memory_used;
    state->crew = s->seen;
    state->running_count = state->working = 0;
    for (const errand *e = s->errands; e; e = e->next) {
        scheduler_running running;
        if (!see(e, &running))
            continue;
        state->working++;
        if (state->running_count < SCHEDULER_MOST_SHOWN)
            state->running[state->running_count++] = running;
    }
    pthread_mutex_unlock(&s->lock);
}

bool scheduler_look_at(scheduler *s, int64_t item, scheduler_running *running)
{
    pthread_mutex_lock(&s->lock);
    const errand *e = errand_find(s, (uint64_t)item);
    bool there = e && see(e, running);
    pthread_mutex_unlock(&s->lock);
    return there;
}

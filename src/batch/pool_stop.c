/* Ending workers and jobs on purpose: stopping, cancelling, other models. Its own file because none of it is a worker's fault, so
 * nobody is blamed. */
#include <string.h>

#include "batch/pool_room.h"

static void stop_slot(pool_slot *slot, bool at_once)
{
    gpen_error error;
    verdict why = {.knows_item = false};
    const message quit = {.kind = MESSAGE_QUIT};
    gpen_fail(&why.reason, GPEN_CANCELLED, "the worker was stopped");
    if (slot->state == SLOT_STARTING || (slot->state == SLOT_READY && at_once))
        slot_give_up(slot, &why);
    else if (slot->state == SLOT_READY && !slot->quitting && channel_send(&slot->process.channel, &quit, NULL, &error))
        slot_give_up(slot, &why);
    slot->quitting = true;
}

void pool_allow(worker_pool *pool, int workers)
{
    int most = pool->options.workers;
    pool->allowed = workers < 1 ? 1 : workers > most ? most : workers;
}

static void cancel_flight(pool_slot *slot, flight *f)
{
    verdict why = {.knows_item = true, .item = f->job.order.id};
    f->cancelled = true;
    gpen_fail(&why.reason, GPEN_CANCELLED, "the worker was stopped");
    if (slot->state == SLOT_READY)
        slot_give_up(slot, &why);
}

void pool_cancel(worker_pool *pool, uint64_t id)
{
    for (size_t i = 0; i < pool->waiting_count; i++) {
        if (pool->waiting[i].job.order.id != id)
            continue;
        batch_job job = pool->waiting[i].job;
        pool->waiting_count--;
        memmove(&pool->waiting[i], &pool->waiting[i + 1], (pool->waiting_count - i) * sizeof *pool->waiting);
        job_cancel(pool, &job);
        return;
    }
    for (int i = 0; i < pool->options.workers; i++) {
        int index = flight_find(&pool->slots[i], id);
        if (index >= 0)
            cancel_flight(&pool->slots[i], pool->slots[i].held[index]);
    }
}

void pool_renew(worker_pool *pool, const worker_setup *setup)
{
    int64_t supervisor = pool->options.setup.supervisor;
    for (int i = 0; i < pool->options.workers; i++)
        if (pool->slots[i].state != SLOT_EMPTY)
            stop_slot(&pool->slots[i], true);
    pool->options.setup = *setup;
    pool->options.setup.supervisor = supervisor;
    pool->stopping = false;
    pool->start_deaths = 0;
    gpen_error_clear(&pool->broken);
}

static void cancel_waiting(worker_pool *pool)
{
    while (pool->waiting_count)
        job_cancel(pool, &pool->waiting[--pool->waiting_count].job);
}

void pool_stop(worker_pool *pool, bool at_once)
{
    pool->stopping = true;
    cancel_waiting(pool);
    for (int i = 0; i < pool->options.workers; i++)
        if (pool->slots[i].state != SLOT_EMPTY)
            stop_slot(&pool->slots[i], at_once);
}

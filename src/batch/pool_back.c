/* Photos that wait behind one that takes long while another worker has nothing to do: they are asked for, and given to that one.
 * Its own file because it is the only time that a worker is told to give something back. */
#include "base/clock.h"
#include "batch/pool_room.h"

static const double long_time = 1.0; /* seconds of work on a photo before others need not wait for it */

static bool is_waiting(const flight *f)
{
    return f->stage == JOB_WAITING && !f->computed;
}

/* Workers with nothing to do, less those for whom something is on its way back. */
static int count_idle(const worker_pool *pool)
{
    int idle = 0;
    for (int i = 0; i < pool->options.workers; i++) {
        const pool_slot *slot = &pool->slots[i];
        idle += slot->state == SLOT_READY && !slot->quitting && !(slot->deaf > 0) && !slot->held_count;
        for (int k = 0; k < slot->held_count; k++)
            idle -= slot->held[k]->asked_back && is_waiting(slot->held[k]);
    }
    return idle;
}

/* The last photo that waits in the slot behind one that takes long; NULL: none does. */
static flight *find_stuck(const pool_slot *slot, double now)
{
    flight *stuck = NULL;
    bool long_one = false;
    for (int i = 0; i < slot->held_count; i++) {
        flight *f = slot->held[i];
        if (is_waiting(f) && !f->asked_back && !f->cancelled)
            stuck = f;
        else if (!f->computed && !is_waiting(f) && flight_seconds(f, now) > long_time)
            long_one = true;
    }
    return long_one && slot->state == SLOT_READY && !slot->quitting && !(slot->deaf > 0) ? stuck : NULL;
}

void pool_take_back(worker_pool *pool)
{
    double now = clock_seconds();
    int idle = pool->stopping || pool->waiting_count ? 0 : count_idle(pool);
    for (int i = 0; i < pool->options.workers && idle > 0; i++) {
        pool_slot *slot = &pool->slots[i];
        flight *stuck = find_stuck(slot, now);
        if (!stuck)
            continue;
        const message m = {.kind = MESSAGE_TAKE_BACK, .unwanted = stuck->job.order.id};
        stuck->asked_back = true;
        idle--;
        if (channel_send(&slot->process.channel, &m, NULL, NULL))
            slot->deaf = now;
    }
}

/* The supervisor's loop: fills places with workers, hands out jobs, listens, and looks at clocks and memory. Its own file
 * because it is the whole life of a pool at one look. */
#include "batch/pool.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process_memory.h"
#include "base/wake.h"
#include "batch/pool_room.h"
#include "batch/worker.h"

static const double memory_interval = 0.25, reap_interval = 0.01, pause_noticed = 5.0, deaf_time = 1.0,
                    farewell_time = 5.0;

pool_options pool_options_default(void)
{
    return (pool_options){.setup = {.threads = 1, .heartbeat_milliseconds = 1000, .sandbox = true},
                          .workers = 1,
                          .ahead = MOST_AHEAD,
                          .silence_seconds = 60,
                          .start_seconds = 120};
}

/* ---------------------------------------------------------------- making one */

static gpen_status check_options(const pool_options *options, gpen_error *error)
{
    if (options->workers < 1 || options->workers > 256)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "workers must be 1 to 256, not %d", options->workers);
    if (options->ahead < 1 || options->ahead > MOST_AHEAD)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a worker holds one to three photos ahead, not %d", options->ahead);
    if (!(options->silence_seconds > 0) || !(options->start_seconds > 0))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a worker needs some time");
    return GPEN_OK;
}

/* Linux runs the very file that this program was started from, also when a newer one has taken its name. */
static char *own_program(void)
{
#ifdef __linux__
    return strdup("/proc/self/exe");
#else
    return path_of_program();
#endif
}

gpen_status pool_new(worker_pool **out, const pool_options *options, const pool_events *events, gpen_error *error)
{
    *out = NULL;
    gpen_status status = check_options(options, error);
    if (status)
        return status;
    size_t workers = (size_t)options->workers;
    worker_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return gpen_fail_memory(error, "the workers' places", sizeof *pool);
    pool->options = *options;
    pool->options.setup.supervisor = (int64_t)getpid();
    pool->events = *events;
    pool->allowed = options->workers;
    pool->wake[0] = pool->wake[1] = -1;
    pool->turned = clock_seconds();
    pool->program = options->program ? strdup(options->program) : own_program();
    pool->slots = calloc(workers, sizeof *pool->slots);
    pool->waiting = calloc(workers * MOST_HELD, sizeof *pool->waiting);
    for (size_t i = 0; pool->slots && i < workers; i++)
        pool->slots[i].process.crash_pipe = -1;
    if (!pool->program || !pool->slots || !pool->waiting)
        status = gpen_fail_memory(error, "the workers' places", workers * sizeof *pool->slots);
    if (!status)
        status = wake_make(pool->wake, error);
    if (status)
        pool_free(pool);
    else
        *out = pool;
    return status;
}

/* ---------------------------------------------------------------- counting */

int pool_ready(const worker_pool *pool)
{
    int ready = 0;
    for (int i = 0; i < pool->options.workers; i++)
        ready += pool->slots[i].state == SLOT_READY;
    return ready;
}

int64_t pool_memory(const worker_pool *pool)
{
    int64_t memory = 0;
    for (int i = 0; i < pool->options.workers; i++)
        if (pool->slots[i].state != SLOT_EMPTY && pool->slots[i].memory > 0)
            memory += pool->slots[i].memory;
    return memory;
}

size_t pool_held(const worker_pool *pool)
{
    size_t held = 0;
    for (int i = 0; i < pool->options.workers; i++)
        held += (size_t)pool->slots[i].held_count;
    return held;
}

bool pool_idle(const worker_pool *pool)
{
    bool idle = !pool->waiting_count;
    for (int i = 0; i < pool->options.workers; i++) {
        const pool_slot *slot = &pool->slots[i];
        idle = idle && !slot->held_count && slot->state != SLOT_DYING && (!pool->stopping || slot->state == SLOT_EMPTY);
    }
    return idle;
}

/* Photos that the worker has not yet computed. */
static int uncomputed(const pool_slot *slot)
{
    int count = 0;
    for (int i = 0; i < slot->held_count; i++)
        count += !slot->held[i]->computed;
    return count;
}

static bool holds_alone(const pool_slot *slot)
{
    return slot->held_count && (slot->held[0]->alone || slot->held[0]->job.shrink > 0);
}

static bool takes_photos(const pool_slot *slot)
{
    return slot->state == SLOT_READY && !slot->quitting && !(slot->deaf > 0) && !holds_alone(slot) &&
           slot->held_count < MOST_HELD - 1;
}

static size_t slot_room(const worker_pool *pool, const pool_slot *slot)
{
    int room = pool->options.ahead - uncomputed(slot), most = MOST_HELD - 1 - slot->held_count;
    return takes_photos(slot) && room > 0 ? (size_t)(room < most ? room : most) : 0;
}

size_t pool_room(const worker_pool *pool)
{
    size_t room = 0;
    for (int i = 0; i < pool->options.workers && !pool->waiting_count && !pool->stopping; i++)
        room += slot_room(pool, &pool->slots[i]);
    return room;
}

/* ---------------------------------------------------------------- starting workers */

static gpen_status start_worker(worker_pool *pool, pool_slot *slot, gpen_error *error)
{
    static const char *const own_arguments[] = {"gpen", WORKER_COMMAND, NULL};
    const char *const *arguments = pool->options.arguments ? pool->options.arguments : own_arguments;
    gpen_status status = process_start(&slot->process, pool->program, arguments, error);
    if (status)
        return status;
    message *m = &pool->incoming;
    m->kind = MESSAGE_START;
    m->start = pool->options.setup;
    status = channel_send(&slot->process.channel, m, NULL, error);
    slot->state = SLOT_STARTING;
    slot->since = slot->heard = clock_seconds();
    if (status)
        slot_give_up(slot, &(verdict){.reason = *error});
    return GPEN_OK;
}

static void fill_slot(worker_pool *pool, pool_slot *slot)
{
    gpen_error error;
    if (slot->state == SLOT_EMPTY && clock_seconds() >= slot->not_before && !pool->stopping && !pool->broken.status &&
        start_worker(pool, slot, &error))
        slot_empty(pool, slot, false, &error);
}

/* ---------------------------------------------------------------- handing out */

/* The one with the fewest photos, so that no worker waits while another holds two. NULL: none can take one. */
static pool_slot *freest(worker_pool *pool, bool empty)
{
    pool_slot *best = NULL;
    int most = empty ? 1 : pool->options.ahead;
    for (int i = 0; i < pool->options.workers; i++) {
        pool_slot *slot = &pool->slots[i];
        if (!takes_photos(slot) || uncomputed(slot) >= most || (empty && slot->held_count))
            continue;
        if (!best || uncomputed(slot) < uncomputed(best))
            best = slot;
    }
    return best;
}

static bool needs_alone(const waiting_job *waiting)
{
    return waiting->alone || waiting->job.shrink > 0;
}

/* Hands out one of those that wait; false: none could be. */
static bool hand_out_waiting(worker_pool *pool)
{
    for (size_t i = 0; i < pool->waiting_count; i++) {
        pool_slot *slot = freest(pool, needs_alone(&pool->waiting[i]));
        if (!slot)
            continue;
        waiting_job taken = pool->waiting[i];
        pool->waiting_count--;
        memmove(&pool->waiting[i], &pool->waiting[i + 1], (pool->waiting_count - i) * sizeof *pool->waiting);
        flight_begin(pool, slot, &taken);
        return true;
    }
    return false;
}

/* A new job that has to be alone waits, with nothing new behind it, until a worker holds no other. */
static bool hand_out_new(worker_pool *pool)
{
    pool_slot *slot = freest(pool, false);
    waiting_job taken = {.alone = false};
    if (!slot || pool->waiting_count || !pool->events.next(pool->events.context, &taken.job))
        return false;
    if (taken.job.shrink > 0 && slot->held_count)
        pool->waiting[pool->waiting_count++] = taken;
    else
        flight_begin(pool, slot, &taken);
    return true;
}

static void hand_out(worker_pool *pool)
{
    while (!pool->stopping && !pool->broken.status && (hand_out_waiting(pool) || hand_out_new(pool)))
        ;
}

/* ---------------------------------------------------------------- clocks and memory */

/* f NULL: nobody knows which photo it was. */
static verdict judge(const flight *f)
{
    return (verdict){.knows_item = f != NULL, .item = f ? f->job.order.id : 0};
}

static void check_times(const worker_pool *pool, pool_slot *slot, double now)
{
    verdict why;
    if (slot->state == SLOT_STARTING && now - slot->since > pool->options.start_seconds) {
        why = judge(NULL);
        gpen_fail(&why.reason, GPEN_TIMED_OUT, "the worker was not ready after %g seconds",
                  pool->options.start_seconds);
        slot_give_up(slot, &why);
    }
    for (int i = 0; slot->state == SLOT_READY && i < slot->held_count; i++) {
        const flight *f = slot->held[i];
        if (!(f->job.seconds > 0) || flight_seconds(f, now) <= f->job.seconds)
            continue;
        why = judge(f);
        gpen_fail(&why.reason, GPEN_TIMED_OUT, "it took longer than %g seconds", f->job.seconds);
        slot_give_up(slot, &why);
    }
    if (slot->state == SLOT_READY && slot->deaf > 0 && now - slot->deaf > deaf_time) {
        why = judge(NULL);
        gpen_fail(&why.reason, GPEN_CRASHED, "the worker no longer listens");
        slot_give_up(slot, &why);
    }
    if (slot->state == SLOT_READY && now - slot->heard > pool->options.silence_seconds) {
        why = judge(NULL);
        gpen_fail(&why.reason, GPEN_TIMED_OUT, "the worker gave no sign of life for %g seconds",
                  pool->options.silence_seconds);
        slot_give_up(slot, &why);
    }
}

static void check_memory(const worker_pool *pool, pool_slot *slot)
{
    int limit = pool->options.setup.memory_mebibytes;
    if (slot->process.number <= 0 || slot->state == SLOT_DYING)
        return;
    slot->memory = process_memory(slot->process.number);
    if (!limit || slot->memory >> 20 < limit)
        return;
    verdict why = judge(NULL);
    gpen_fail(&why.reason, GPEN_OUT_OF_MEMORY, "the worker took more than %d MiB of memory", limit);
    slot_give_up(slot, &why);
}

/* When this process itself was stopped for a while, silence is its own fault. */
static void check_all(worker_pool *pool)
{
    double now = clock_seconds();
    bool was_away = now - pool->turned > pause_noticed, look = now - pool->looked >= memory_interval;
    for (int i = 0; i < pool->options.workers; i++) {
        pool_slot *slot = &pool->slots[i];
        if (was_away)
            slot->heard = now;
        check_times(pool, slot, now);
        if (look)
            check_memory(pool, slot);
    }
    if (look)
        pool->looked = now;
}

/* ---------------------------------------------------------------- listening */

static void reap(worker_pool *pool, pool_slot *slot)
{
    int how = 0;
    pid_t number = slot->process.number;
    if (slot->state != SLOT_DYING)
        return;
    if (process_ended(&slot->process, &how))
        slot_bury(pool, slot, how, number);
    else if (clock_seconds() - slot->since > farewell_time)
        process_kill(&slot->process);
}

/* A worker that closed its channel has ended, or is about to. */
static void listen_to(worker_pool *pool, pool_slot *slot)
{
    if (slot_listen(pool, slot) || slot->state == SLOT_DYING)
        return;
    slot->state = SLOT_DYING;
    slot->since = clock_seconds();
}

static double sooner(double a, double b)
{
    return a < b ? a : b;
}

/* The seconds until there is something to look at. */
static double time_to_wait(const worker_pool *pool, double seconds, double now)
{
    for (int i = 0; i < pool->options.workers; i++) {
        const pool_slot *slot = &pool->slots[i];
        if (slot->state == SLOT_DYING)
            seconds = sooner(seconds, reap_interval);
        else if (slot->state != SLOT_EMPTY)
            seconds = sooner(seconds, memory_interval);
        else if (!pool->stopping && !pool->broken.status && i < pool->allowed)
            seconds = sooner(seconds, slot->not_before > now ? slot->not_before - now : 0);
    }
    return seconds > 0 ? seconds : 0;
}

static void wait_and_listen(worker_pool *pool, double seconds)
{
    struct pollfd wanted[257];
    int workers = pool->options.workers;
    for (int i = 0; i < workers; i++) {
        const pool_slot *slot = &pool->slots[i];
        bool talks = slot->state == SLOT_STARTING || slot->state == SLOT_READY;
        wanted[i] = (struct pollfd){.fd = talks ? slot->process.channel.descriptor : -1, .events = POLLIN};
    }
    wanted[workers] = (struct pollfd){.fd = pool->wake[0], .events = POLLIN};
    (void)poll(wanted, (nfds_t)workers + 1, (int)(time_to_wait(pool, seconds, clock_seconds()) * 1000.0 + 0.999));
    wake_hear(pool->wake);
    for (int i = 0; i < workers; i++)
        if (wanted[i].fd >= 0 && wanted[i].revents)
            listen_to(pool, &pool->slots[i]);
}

/* ---------------------------------------------------------------- the turn */

gpen_status pool_turn(worker_pool *pool, double seconds, gpen_error *error)
{
    for (int i = 0; i < pool->allowed; i++)
        fill_slot(pool, &pool->slots[i]);
    hand_out(pool);
    wait_and_listen(pool, seconds);
    check_all(pool);
    for (int i = 0; i < pool->options.workers; i++)
        reap(pool, &pool->slots[i]);
    hand_out(pool);
    pool_take_back(pool);
    pool->turned = clock_seconds();
    if (!pool->broken.status)
        return GPEN_OK;
    pool_stop(pool, true);
    return gpen_fail(error, pool->broken.status, "%s", pool->broken.message);
}

/* ---------------------------------------------------------------- waking, and the end */

void pool_wake(worker_pool *pool)
{
    wake_ring(pool->wake);
}

void pool_free(worker_pool *pool)
{
    if (!pool)
        return;
    if (pool->slots && pool->waiting && pool->wake[0] >= 0) {
        pool_stop(pool, true);
        while (!pool_idle(pool))
            (void)pool_turn(pool, reap_interval, NULL);
    }
    wake_free(pool->wake);
    free(pool->waiting);
    free(pool->slots);
    free(pool->program);
    free(pool);
}

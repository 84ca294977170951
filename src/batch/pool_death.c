/* Who is to blame when a worker is dead. Its own file because this is the promise that one photo never costs another. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "batch/pool_room.h"

enum { MOST_LAST_TURNS = 64 }; /* of listening to a worker that has ended */

void slot_give_up(pool_slot *slot, const verdict *why)
{
    if (!slot->verdict.reason.status)
        slot->verdict = *why;
    slot->state = SLOT_DYING;
    slot->since = clock_seconds();
    process_kill(&slot->process);
}

/* ---------------------------------------------------------------- why it died */

/* Nine tenths of the limit: what was asked for when it was refused is not in memory yet. */
static bool was_near_limit(const worker_pool *pool, const pool_slot *slot)
{
    int64_t limit = (int64_t)pool->options.setup.memory_mebibytes << 20;
    int64_t had = pool->record.resident_bytes > slot->memory ? pool->record.resident_bytes : slot->memory;
    return limit && had >= limit / 10 * 9;
}

static bool ran_out_of_memory(const worker_pool *pool, const pool_slot *slot, int signal_number)
{
    bool gave_up = signal_number == SIGABRT || signal_number == SIGTRAP;
    return (pool->record.signal && pool->record.out_of_memory && gave_up) ||
           ((gave_up || signal_number == SIGKILL) && was_near_limit(pool, slot));
}

static void find_reason(const worker_pool *pool, const pool_slot *slot, int how, gpen_error *reason)
{
    const crash_record *record = &pool->record;
    *reason = slot->verdict.reason;
    if (reason->status)
        return;
    if (WIFEXITED(how)) {
        gpen_fail(reason, GPEN_CRASHED, "the worker ended by itself (exit status %d)", WEXITSTATUS(how));
        return;
    }
    int number = WTERMSIG(how);
    if (ran_out_of_memory(pool, slot, number))
        gpen_fail(reason, GPEN_OUT_OF_MEMORY, "the worker ran out of memory (%s)", crash_signal_name(number));
    else if (number == SIGKILL)
        gpen_fail(reason, GPEN_CRASHED, "the worker was killed from outside (SIGKILL)");
    else
        gpen_fail(reason, GPEN_CRASHED, "the worker crashed (%s%s%s)", crash_signal_name(number),
                  record->signal && record->knows_item ? " in " : "",
                  record->signal && record->knows_item ? job_stage_name(record->stage) : "");
}

/* ---------------------------------------------------------------- whose fault it was */

/* The one flight that was worked on; -1: none, -2: several. */
static int only_active(const pool_slot *slot)
{
    int found = -1;
    for (int i = 0; i < slot->held_count; i++) {
        if (slot->held[i]->stage == JOB_WAITING)
            continue;
        if (found >= 0)
            return -2;
        found = i;
    }
    return found;
}

static int find_guilty(const worker_pool *pool, const pool_slot *slot)
{
    if (slot->verdict.knows_item)
        return flight_find(slot, slot->verdict.item);
    if (pool->record.signal && pool->record.knows_item) {
        int index = flight_find(slot, pool->record.item);
        if (index >= 0)
            return index;
    }
    return only_active(slot);
}

/* ---------------------------------------------------------------- telling */

/* CRASH_FOLDER/crash-PROCESS.txt; a process number that comes again replaces an old record. NULL: none was written. */
static char *save_record(const worker_pool *pool, pid_t number, const char *what, const char *photo)
{
    char *path = NULL;
    gpen_error error;
    if (!pool->options.crash_folder ||
        asprintf(&path, "%s/crash-%ld.txt", pool->options.crash_folder, (long)number) < 0)
        return NULL;
    gpen_status status = folder_make(pool->options.crash_folder, &error);
    if (!status)
        status = crash_record_save(&pool->record, what, photo, path, &error);
    if (!status)
        return path;
    log_event(LOG_WARNING, "crash_record_lost", &(log_about){.worker = number}, "the record of a crash is lost: %s",
              error.message);
    free(path);
    return NULL;
}

static void tell_death(worker_pool *pool, pid_t number, const batch_job *job, const gpen_error *reason)
{
    const char *photo = job ? job->input : NULL;
    char *path = save_record(pool, number, reason->message, photo);
    log_event(LOG_WARNING, "worker_died",
              &(log_about){.item = job ? (int64_t)job->order.id : 0,
                           .worker = number,
                           .fields = {{"reason", .text = gpen_status_name(reason->status)}}},
              "%s", reason->message);
    crash_sender_add(pool->options.crash_sender, number, reason->status, &pool->record);
    const pool_death death = {
        .process = number, .job = job, .reason = *reason, .record = &pool->record, .record_path = path};
    if (pool->events.died)
        pool->events.died(pool->events.context, &death);
    free(path);
}

/* ---------------------------------------------------------------- what becomes of its photos */

/* From the last to the first, because they leave the list. */
static void settle(worker_pool *pool, pool_slot *slot, int guilty, const gpen_error *reason)
{
    gpen_error cancelled;
    gpen_fail(&cancelled, GPEN_CANCELLED, "it was cancelled");
    bool wanted = reason->status == GPEN_CANCELLED;
    for (int i = slot->held_count - 1; i >= 0; i--) {
        bool suspect = guilty == -2 && slot->held[i]->stage != JOB_WAITING;
        if (i == guilty || slot->held[i]->cancelled)
            flight_fail(pool, slot, i, slot->held[i]->cancelled ? &cancelled : reason);
        else if (wanted)
            flight_keep(pool, slot, i);
        else
            flight_return(pool, slot, i, suspect, reason);
    }
}

/* The first one after a photo's death comes at once, later ones wait longer and longer; after deaths at start longer still. */
static double delay_after(int deaths, bool started)
{
    double seconds = started ? 0.05 : 0.1, most = started ? 2.0 : 30.0;
    if (started && deaths <= 1)
        return 0;
    for (int i = 1; i < deaths && seconds < most; i++)
        seconds *= 2;
    return seconds < most ? seconds : most;
}

static void give_up_pool(worker_pool *pool, const gpen_error *reason)
{
    if (++pool->start_deaths < MOST_START_DEATHS || pool_ready(pool) || pool->broken.status)
        return;
    gpen_fail(&pool->broken, reason->status, "no worker can be started: %s", reason->message);
}

void slot_empty(worker_pool *pool, pool_slot *slot, bool started, const gpen_error *reason)
{
    process_release(&slot->process);
    slot->deaths++;
    slot->state = SLOT_EMPTY;
    slot->since = clock_seconds();
    slot->not_before = slot->since + delay_after(slot->deaths, started);
    slot->memory = 0;
    slot->verdict = (verdict){.knows_item = false};
    slot->quitting = slot->started = slot->broken = false;
    slot->deaf = 0;
    if (!started)
        give_up_pool(pool, reason);
}

/* Results among them count. */
static void hear_last_words(worker_pool *pool, pool_slot *slot)
{
    for (int i = 0; i < MOST_LAST_TURNS && !slot->broken && slot_listen(pool, slot); i++)
        ;
}

void slot_bury(worker_pool *pool, pool_slot *slot, int how, pid_t number)
{
    unsigned char bytes[CRASH_MOST_BYTES];
    gpen_error reason;
    hear_last_words(pool, slot);
    bool started = slot->started;
    crash_record_read(&pool->record, bytes, process_crash_bytes(&slot->process, bytes, sizeof bytes));
    find_reason(pool, slot, how, &reason);
    int guilty = find_guilty(pool, slot);
    bool expected = slot->quitting && WIFEXITED(how) && !WEXITSTATUS(how) && !slot->held_count;
    bool stopped = slot->verdict.reason.status == GPEN_CANCELLED;
    if (!expected && !stopped)
        tell_death(pool, number, guilty >= 0 ? &slot->held[guilty]->job : NULL, &reason);
    settle(pool, slot, stopped ? -1 : guilty, &reason);
    slot_empty(pool, slot, started || expected, &reason);
    if (stopped)
        slot->deaths = 0;
}

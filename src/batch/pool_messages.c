/* What workers say. Its own file because all of it is hostile: a message counts only when it fits what the worker was told. */
#include <unistd.h>

#include "base/clock.h"
#include "batch/pool_room.h"

enum { MOST_MESSAGES = 64 }; /* of one worker in one turn, so that none keeps the others waiting */

static void close_all(const message *m, const int *files)
{
    for (int i = 0; i < message_files(m->kind); i++)
        close(files[i]);
}

static void take_ready(worker_pool *pool, pool_slot *slot, const worker_ready *ready)
{
    slot->started = true;
    if (slot->state == SLOT_STARTING) {
        slot->state = SLOT_READY;
        slot->since = clock_seconds();
    }
    pool->start_deaths = 0;
    if (pool->events.started)
        pool->events.started(pool->events.context, slot->process.number, ready);
}

/* What one worker says that it cannot have, none will ever have; but memory may come back. */
static void take_refusal(worker_pool *pool, pool_slot *slot, const gpen_error *reason)
{
    slot->verdict.reason = *reason;
    if (!reason->status)
        gpen_fail(&slot->verdict.reason, GPEN_CRASHED, "the worker refused without a reason");
    else if (reason->status != GPEN_OUT_OF_MEMORY && reason->status != GPEN_CANCELLED)
        pool->broken = *reason;
}

static void take_stage(worker_pool *pool, flight *f, job_stage stage)
{
    double now = clock_seconds();
    f->busy = flight_seconds(f, now);
    f->computed = f->computed || stage >= JOB_ENCODE || (stage == JOB_WAITING && f->stage >= JOB_DETECT);
    f->stage = stage;
    f->since = now;
    if (pool->events.stage)
        pool->events.stage(pool->events.context, &f->job, stage);
}

static void take_result(worker_pool *pool, pool_slot *slot, int index, job_result *result)
{
    job_result taken = *result;
    *result = (job_result){0};
    slot->deaths = 0;
    if (slot->held[index]->asked_back && taken.error.status == GPEN_CANCELLED) {
        job_result_free(&taken);
        flight_keep(pool, slot, index);
    } else {
        flight_end(pool, slot, index, &taken);
    }
}

static bool take_about_job(worker_pool *pool, pool_slot *slot, message *m, const int *files)
{
    /* The id stands first in each of them. */
    uint64_t id = m->kind == MESSAGE_STAGE       ? m->stage.id
                  : m->kind == MESSAGE_FACES     ? m->faces.id
                  : m->kind == MESSAGE_CROP      ? m->crop.id
                  : m->kind == MESSAGE_THUMBNAIL ? m->thumbnail.id
                                                 : m->result.id;
    int index = flight_find(slot, id);
    if (index < 0)
        return false;
    flight *f = slot->held[index];
    if (m->kind == MESSAGE_STAGE)
        take_stage(pool, f, m->stage.stage);
    else if (m->kind == MESSAGE_RESULT)
        take_result(pool, slot, index, &m->result.result);
    else if (m->kind == MESSAGE_CROP)
        flight_save_crop(pool, f, &m->crop, files[0]);
    else if (m->kind == MESSAGE_THUMBNAIL)
        flight_save_thumbnail(f, m->thumbnail.after, files[0]);
    else if (pool->events.faces)
        pool->events.faces(pool->events.context, &f->job, m->faces.ended, m->faces.chosen);
    return true;
}

/* False: it makes no sense from this worker now. Files that are not taken are closed by the caller. */
static bool take_message(worker_pool *pool, pool_slot *slot, message *m, const int *files)
{
    switch (m->kind) {
    case MESSAGE_READY:
        if (slot->started)
            return false;
        take_ready(pool, slot, &m->ready);
        return true;
    case MESSAGE_REFUSED:
        if (slot->started)
            return false;
        take_refusal(pool, slot, &m->refused);
        return true;
    case MESSAGE_HEARTBEAT: return slot->started;
    case MESSAGE_STAGE:
    case MESSAGE_FACES:
    case MESSAGE_CROP:
    case MESSAGE_THUMBNAIL:
    case MESSAGE_RESULT: return slot->started && take_about_job(pool, slot, m, files);
    case MESSAGE_START:
    case MESSAGE_ORDER:
    case MESSAGE_QUIT:
    case MESSAGE_TAKE_BACK: break;
    }
    return false;
}

bool slot_listen(worker_pool *pool, pool_slot *slot)
{
    message *m = &pool->incoming;
    int files[MOST_FRAME_FILES];
    gpen_error error;
    for (int i = 0; i < MOST_MESSAGES; i++) {
        channel_event event = channel_receive(&slot->process.channel, m, files, &error);
        if (event == CHANNEL_NOTHING || event == CHANNEL_CLOSED)
            return event == CHANNEL_NOTHING;
        bool sensible = event == CHANNEL_MESSAGE && take_message(pool, slot, m, files);
        if (event == CHANNEL_MESSAGE && !sensible) {
            close_all(m, files);
            gpen_fail(&error, GPEN_CRASHED, "a message of kind %d that makes no sense", (int)m->kind);
        }
        message_free(m);
        if (!sensible) {
            verdict why = {.knows_item = false};
            gpen_fail(&why.reason, GPEN_CRASHED, "the worker sent what it should not: %s", error.message);
            slot->broken = true;
            slot_give_up(slot, &why);
            return false;
        }
        slot->heard = clock_seconds();
    }
    return true;
}

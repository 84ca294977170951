/* What is asked of the broker: to send, to look, to take back. Its own file because what happens when the connection is lost in between
 * must be right in one place: whatever was not answered is unsure. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "celery/fleet_room.h"
#include "celery/inquiry.h"

enum { MOST_LOOKED_FOR = 200, MOST_SENDINGS = 6 };

static const double silence_seconds = 30.0, revoke_patience = 10.0, look_share = 50.0;

/* ---------------------------------------------------------------- sending */

static gpen_status send_new(fleet *f, gpen_error *error)
{
    bool any = false;
    for (fleet_flight *flight = f->flights; flight; flight = flight->next) {
        if (flight->phase != FLIGHT_NEW || flight->ended)
            continue;
        queue_send(&f->redis, f->options.queue, 0, flight->text);
        flight->phase = FLIGHT_UNSURE; /* until it was heard */
        flight->sendings++;
        flight->heard = -1;
        any = true;
    }
    gpen_status status = any ? redis_settle(&f->redis, error) : GPEN_OK;
    for (fleet_flight *flight = f->flights; !status && flight; flight = flight->next)
        if (flight->phase == FLIGHT_UNSURE && flight->heard < 0) {
            flight->phase = FLIGHT_OUT;
            flight->heard = clock_seconds();
        }
    return status;
}

/* ---------------------------------------------------------------- looking */

/* KEYS the lists of the queue, unacked; ARGV tasks. Answers for each: what is stored about it, what work with its key returned, and whether a
 * list or a worker has it. All at one moment, so that none is missed on its way from one to the other. */
static const char look_script[] =
    "local wanted, known, out = {}, {}, {} "
    "for i = 1, #ARGV do wanted[ARGV[i]] = true end "
    "local function note(raw) "
    "  local id = string.match(raw, '\"correlation_id\"%s*:%s*\"([^\"]*)\"') "
    "  if id and wanted[id] then known[id] = true end "
    "end "
    "for i = 1, #KEYS - 1 do "
    "  local at, some = 0 "
    "  repeat "
    "    some = redis.call('LRANGE', KEYS[i], at, at + 999) "
    "    for k = 1, #some do note(some[k]) end "
    "    at = at + 1000 "
    "  until #some < 1000 "
    "end "
    "local held = redis.call('HVALS', KEYS[#KEYS]) "
    "for k = 1, #held do note(held[k]) end "
    "for i = 1, #ARGV do "
    "  out[#out + 1] = redis.call('GET', 'celery-task-meta-' .. ARGV[i]) or '' "
    "  out[#out + 1] = redis.call('HGET', 'gpen-key-gpen.enhance:' .. ARGV[i], 'result') or '' "
    "  out[#out + 1] = known[ARGV[i]] and 1 or 0 "
    "end "
    "return out";

static void append_look(fleet *f, fleet_flight *const *flights, size_t count)
{
    enum { FIXED = 3 + QUEUE_STEPS + 1 };
    char lists[QUEUE_STEPS][QUEUE_MOST_LIST];
    const char *words[FIXED + MOST_LOOKED_FOR] = {"EVAL", look_script, "5", [FIXED - 1] = "unacked"};
    for (int i = 0; i < QUEUE_STEPS; i++) {
        queue_list(f->options.queue, i * 3, lists[i]);
        words[3 + i] = lists[i];
    }
    for (size_t i = 0; i < count; i++)
        words[FIXED + i] = flights[i]->id;
    redis_append_words(&f->redis, (int)(FIXED + count), words, NULL);
}

/* Nothing knows of it: it was never sent, or the broker has lost it. */
static void send_again(fleet *f, fleet_flight *flight)
{
    if (flight->cancelled) {
        fleet_end_with(f, flight, GPEN_CANCELLED, "it was cancelled");
    } else if (flight->sendings >= MOST_SENDINGS) {
        fleet_end_with(f, flight, GPEN_CRASHED,
                       "the queue lost it again and again (do the workers keep their results in the same Redis?)");
    } else {
        if (flight->sendings)
            log_event(LOG_WARNING, "task_sent_again", &(log_about){.item = (int64_t)flight->job.order.id},
                      "the queue knows nothing of task %s: it is sent again", flight->id);
        flight->phase = FLIGHT_NEW;
    }
}

static void take_look(fleet *f, fleet_flight *flight, const redisReply *stored, const redisReply *returned, bool known)
{
    json_t *value;
    if (flight->ended || flight->phase == FLIGHT_BACK)
        return;
    flight->heard = clock_seconds();
    if (stored->len && fleet_take_record(f, flight, stored->str, (size_t)stored->len))
        return;
    if (returned->len && (value = json_loadb(returned->str, (size_t)returned->len, 0, NULL))) {
        fleet_take_result(f, flight, value);
        json_decref(value);
    } else if (known) {
        flight->phase = FLIGHT_OUT;
    } else {
        send_again(f, flight);
    }
}

static gpen_status look_for_some(fleet *f, fleet_flight *const *flights, size_t count, gpen_error *error)
{
    redisReply *reply;
    append_look(f, flights, count);
    gpen_status status = redis_answer(&f->redis, &reply, error);
    if (!status && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 * count))
        status = gpen_fail(error, GPEN_FETCH_FAILED, "Redis gave no sensible answer");
    for (size_t i = 0; !status && i < count; i++) {
        redisReply *const *about = &reply->element[3 * i];
        if (about[0]->type == REDIS_REPLY_STRING && about[1]->type == REDIS_REPLY_STRING)
            take_look(f, flights[i], about[0], about[1], about[2]->integer == 1);
    }
    freeReplyObject(reply);
    return status;
}

/* For all that are unsure; and, from time to time, for those of which nothing was heard for long. */
static gpen_status look(fleet *f, gpen_error *error)
{
    fleet_flight *wanted[MOST_LOOKED_FOR];
    size_t count = 0;
    double begun = clock_seconds();
    bool all = begun >= f->next_look;
    gpen_status status = GPEN_OK;
    for (fleet_flight *flight = f->flights; !status && flight; flight = flight->next) {
        bool silent = all && flight->phase == FLIGHT_OUT && begun - flight->heard > silence_seconds;
        if (flight->ended || (flight->phase != FLIGHT_UNSURE && !silent))
            continue;
        wanted[count++] = flight;
        if (count < MOST_LOOKED_FOR)
            continue;
        status = look_for_some(f, wanted, count, error);
        count = 0;
    }
    if (!status && count)
        status = look_for_some(f, wanted, count, error);
    if (all) { /* a long queue takes long to look through: that must remain a small share of Redis's time */
        double now = clock_seconds(), wait = (now - begun) * look_share;
        f->next_look = now + (wait > silence_seconds ? wait : silence_seconds);
    }
    return status;
}

/* ---------------------------------------------------------------- taking back */

void fleet_ask_for_machines(fleet *f)
{
    (void)inquiry_order(&f->redis, f->address.database, "heartbeat", json_pack("{}"));
}

/* Out of the queue, where it still waits there; else the workers are told. */
static gpen_status take_back(fleet *f, fleet_flight *flight, gpen_error *error)
{
    redisReply *reply;
    char list[QUEUE_MOST_LIST];
    queue_list(f->options.queue, 0, list);
    json_t *which = json_pack("{s:s, s:b, s:s}", "task_id", flight->id, "terminate", 1, "signal", "SIGKILL");
    if (!inquiry_order(&f->redis, f->address.database, "revoke", which))
        return gpen_fail_memory(error, "an order", 0);
    gpen_status status = redis_settle(&f->redis, error);
    if (status)
        return status;
    redis_append(&f->redis, "LREM %s 0 %s", list, flight->text);
    status = redis_answer(&f->redis, &reply, error);
    bool waited = !status && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
    freeReplyObject(reply);
    if (!status)
        flight->revoked = clock_seconds();
    if (waited && !flight->ended)
        fleet_end_with(f, flight, GPEN_CANCELLED, "it was cancelled");
    return status;
}

static gpen_status take_back_unwanted(fleet *f, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    for (fleet_flight *flight = f->flights; !status && flight; flight = flight->next) {
        if (!flight->cancelled || flight->phase == FLIGHT_BACK)
            continue;
        if (!(flight->revoked > 0))
            status = take_back(f, flight, error);
        else if (!flight->ended && clock_seconds() - flight->revoked > revoke_patience)
            fleet_end_with(f, flight, GPEN_CANCELLED, "it was cancelled");
    }
    return status;
}

gpen_status fleet_ask(fleet *f, gpen_error *error)
{
    gpen_status status = take_back_unwanted(f, error);
    if (!status)
        status = look(f, error);
    return status ? status : send_new(f, error);
}

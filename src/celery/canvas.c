/* What follows when a task has ended. Its own file because others wait for a task in five ways. */
#include "celery/canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "celery/queue.h"
#include "celery/signature.h"

#define CHORD_KEY "celery-taskset-meta-%s"

void follow_up_free(follow_up *follow)
{
    json_decref(follow->sends);
    *follow = (follow_up){.chord_complete = false};
}

/* A follow-up that makes no sense costs the task nothing: it is said, and left out. */
static gpen_status send_or_say(signature_sender *sender, const task_message *task, const json_t *signature,
                               json_t *first, json_t *chain)
{
    gpen_error why;
    gpen_status status = signature_send(sender, signature, first, chain, &why);
    if (status != GPEN_BAD_ARGUMENT)
        return status;
    log_event(LOG_WARNING, "follow_up_left_out", NULL, "task %s: %s", task->id, why.message);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- callbacks and chains */

static gpen_status send_all(signature_sender *sender, const task_message *task, const char *which, json_t *first)
{
    const json_t *list = json_object_get(task->embed, which);
    gpen_status status = GPEN_OK;
    for (size_t i = 0; !status && i < json_array_size(list); i++)
        status = send_or_say(sender, task, json_array_get(list, i), first, NULL);
    return status;
}

static gpen_status send_next_of_chain(signature_sender *sender, const task_message *task, json_t *result)
{
    json_t *chain = json_object_get(task->embed, "chain");
    size_t count = json_array_size(chain);
    if (!count)
        return GPEN_OK;
    json_t *rest = json_copy(chain);
    if (!rest || json_array_remove(rest, count - 1)) {
        json_decref(rest);
        return GPEN_OUT_OF_MEMORY;
    }
    gpen_status status = send_or_say(sender, task, json_array_get(chain, count - 1), result, count > 1 ? rest : NULL);
    json_decref(rest);
    return status;
}

/* ---------------------------------------------------------------- chords */

typedef struct chord_count {
    long long ready, size, change;
    bool known; /* somebody set the size */
} chord_count;

static long long number_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : reply->str ? strtoll(reply->str, NULL, 10) : 0;
}

static gpen_status note_in_chord(const task_canvas *canvas, const char *group, double index, const char *member,
                                 chord_count *count, gpen_error *error)
{
    static const char *const parts[] = {"j", "t", "s"};
    redis_connection *results = canvas->results;
    char score[32] = "+inf";
    redisReply *reply;
    gpen_status status = GPEN_OK;
    *count = (chord_count){.known = false};
    if (!isnan(index))
        snprintf(score, sizeof score, "%.17g", index);
    redis_append(results, "ZADD " CHORD_KEY ".j %s %s", group, score, member);
    redis_append(results, "ZCARD " CHORD_KEY ".j", group);
    redis_append(results, "GET " CHORD_KEY ".t", group);
    redis_append(results, "GET " CHORD_KEY ".s", group);
    for (int i = 0; i < 4 && !status; i++) {
        status = redis_answer(results, &reply, error);
        if (!status && i == 1)
            count->ready = number_of(reply);
        else if (!status && i == 2)
            count->change = number_of(reply);
        else if (!status && i == 3) {
            count->size = number_of(reply);
            count->known = reply->type == REDIS_REPLY_STRING;
        }
        freeReplyObject(reply);
    }
    for (size_t i = 0; canvas->seconds && i < sizeof parts / sizeof *parts; i++)
        redis_append(results, "EXPIRE " CHORD_KEY ".%s %d", group, parts[i], canvas->seconds);
    gpen_status settled = redis_settle(results, status ? NULL : error);
    return status ? status : settled;
}

/* The results of all, in order; or the exception of the first that failed in *failed. */
static gpen_status gather(const task_canvas *canvas, const char *group, json_t **all, json_t **failed,
                          gpen_error *error)
{
    redisReply *members;
    redis_append(canvas->results, "ZRANGE " CHORD_KEY ".j 0 -1", group);
    gpen_status status = redis_answer(canvas->results, &members, error);
    *failed = NULL;
    *all = json_pack("[]");
    for (size_t i = 0; !status && i < members->elements; i++) {
        const redisReply *member = members->element[i];
        json_t *entry = json_loadb(member->str, (size_t)member->len, JSON_ALLOW_NUL, NULL);
        const char *id = json_string_value(json_array_get(entry, 1)),
                   *state = json_string_value(json_array_get(entry, 2));
        if (state && strcmp(state, "SUCCESS") != 0 && !*failed) {
            char text[512];
            char *why = exception_text(json_array_get(entry, 3));
            snprintf(text, sizeof text, "Dependency %.100s raised %.380s", id ? id : "?", why ? why : "an exception");
            *failed = exception_json("ChordError", "celery.exceptions", text, NULL);
            free(why);
        }
        (void)json_array_append(*all, json_array_get(entry, 3));
        json_decref(entry);
    }
    freeReplyObject(members);
    return status;
}

/* Its body never runs: who waits for it hears why, and its errbacks are sent. */
static gpen_status fail_body(signature_sender *sender, const task_message *task, const json_t *body, json_t *exception)
{
    const json_t *options = json_object_get(body, "options");
    json_t *id = json_object_get(options, "task_id"), *errbacks = json_object_get(options, "link_error");
    gpen_status status = GPEN_OK;
    if (json_is_string(id) && json_string_length(id) < TASK_MOST_ID)
        (void)outcome_store_id(sender->canvas->results, json_string_value(id), TASK_FAILURE, exception,
                               sender->canvas->seconds);
    for (size_t i = 0; !status && id && i < json_array_size(errbacks); i++)
        status = send_or_say(sender, task, json_array_get(errbacks, i), id, NULL);
    return status ? status : redis_settle(sender->canvas->results, NULL);
}

static gpen_status send_body(signature_sender *sender, const task_message *task, const char *group, const json_t *body,
                             gpen_error *error)
{
    json_t *all, *failed;
    gpen_status status = gather(sender->canvas, group, &all, &failed, error);
    if (!status && failed)
        status = fail_body(sender, task, body, failed);
    else if (!status)
        status = send_or_say(sender, task, body, all, NULL);
    json_decref(all);
    json_decref(failed);
    return status;
}

/* One part of a chord has ended: perhaps it was the last. */
static gpen_status end_part(signature_sender *sender, const task_message *task, task_state state, const json_t *result,
                            follow_up *follow, gpen_error *error)
{
    const json_t *body = json_object_get(task->embed, "chord");
    chord_count count;
    if (!json_is_object(body) || !task->group || !sender->canvas->results)
        return GPEN_OK;
    json_t *entry = json_pack("[i, s, s, O]", 1, task->id, task_state_name(state), result);
    char *member = json_text_of(entry);
    json_decref(entry);
    if (!member)
        return gpen_fail_memory(error, "a chord", 0);
    gpen_status status = note_in_chord(sender->canvas, task->group, task->group_index, member, &count, error);
    free(member);
    follow->chord_complete = !status && count.known && count.ready == count.size + count.change;
    return follow->chord_complete ? send_body(sender, task, task->group, body, error) : status;
}

/* ---------------------------------------------------------------- the whole */

/* Tasks of a chain that will never run fail with what ended it. */
static bool fail_rest_of_chain(const task_canvas *canvas, const task_message *task, const json_t *exception)
{
    const json_t *chain = json_object_get(task->embed, "chain");
    bool good = true;
    for (size_t i = 0; canvas->results && i < json_array_size(chain); i++) {
        const json_t *options = json_object_get(json_array_get(chain, i), "options");
        const char *id = json_string_value(json_object_get(options, "task_id"));
        if (id && strlen(id) < TASK_MOST_ID)
            good = outcome_store_id(canvas->results, id, TASK_FAILURE, exception, canvas->seconds) && good;
    }
    return good;
}

static gpen_status after_failure(signature_sender *sender, const task_message *task, json_t *exception,
                                 gpen_error *error)
{
    json_t *id = json_pack("s", task->id);
    gpen_status status = id ? send_all(sender, task, "errbacks", id) : gpen_fail_memory(error, "a follow-up", 0);
    json_decref(id);
    if (!status && !fail_rest_of_chain(sender->canvas, task, exception))
        status = gpen_fail_memory(error, "a follow-up", 0);
    if (!status && sender->canvas->results)
        status = redis_settle(sender->canvas->results, error);
    return status;
}

gpen_status canvas_follow(const task_canvas *canvas, const task_message *task, task_state state, const json_t *result,
                          follow_up *follow, gpen_error *error)
{
    *follow = (follow_up){.sends = json_pack("[]")};
    if (!follow->sends)
        return gpen_fail_memory(error, "a follow-up", 0);
    signature_sender sender = {.canvas = canvas,
                               .root_id = task->root_id ? task->root_id : task->id,
                               .parent_id = task->id,
                               .priority = task->priority,
                               .sends = follow->sends};
    json_t *value = json_incref((json_t *)result); /* the count of its holders changes, and nothing else */
    gpen_status status = end_part(&sender, task, state, result, follow, error);
    if (!status && state == TASK_SUCCESS)
        status = send_all(&sender, task, "callbacks", value);
    if (!status && state == TASK_SUCCESS)
        status = send_next_of_chain(&sender, task, value);
    if (!status && state != TASK_SUCCESS)
        status = after_failure(&sender, task, value, error);
    json_decref(value);
    if (status) {
        if (error && !error->status)
            gpen_fail(error, status, "a follow-up could not be sent");
        follow_up_free(follow);
    }
    return status;
}

bool follow_up_send(const task_canvas *canvas, const follow_up *follow)
{
    for (size_t i = 0; i < json_array_size(follow->sends); i++) {
        const json_t *send = json_array_get(follow->sends, i);
        char *text = json_text_of(json_array_get(send, 2));
        if (!text)
            return false;
        queue_send(canvas->broker, json_string_value(json_array_get(send, 0)),
                   (int)json_integer_value(json_array_get(send, 1)), text);
        free(text);
    }
    return true;
}

void follow_up_clear(const task_canvas *canvas, const task_message *task, const follow_up *follow)
{
    if (follow->chord_complete)
        redis_append(canvas->results, "DEL " CHORD_KEY ".j " CHORD_KEY ".t " CHORD_KEY ".s", task->group, task->group,
                     task->group);
}

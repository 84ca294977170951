/* Storing what became of a task. Its own file because it is a format that Celery's clients read. */
#include "celery/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "celery/moment.h"

const char *task_state_name(task_state state)
{
    static const char *const names[TASK_STATES] = {
#define TASK_STATE_NAME(name) #name,
        TASK_STATE_LIST(TASK_STATE_NAME)
#undef TASK_STATE_NAME
    };
    return (unsigned)state < TASK_STATES ? names[state] : "PENDING";
}

static bool is_final(task_state state)
{
    return state == TASK_SUCCESS || state == TASK_FAILURE || state == TASK_REVOKED;
}

/* ---------------------------------------------------------------- exceptions */

json_t *exception_json(const char *type, const char *module, const char *first, const char *second)
{
    json_t *words = second ? json_pack("[s, s]", first, second) : json_pack("[s]", first);
    return words ? json_pack("{s:s, s:o, s:s?}", "exc_type", type, "exc_message", words, "exc_module", module) : NULL;
}

json_t *reason_json(const gpen_error *reason)
{
    return exception_json("GpenError", "gpen", gpen_status_name(reason->status), reason->message);
}

char *exception_text(const json_t *exception)
{
    const char *type = json_string_value(json_object_get(exception, "exc_type"));
    const json_t *words = json_object_get(exception, "exc_message");
    const char *first = json_string_value(json_array_get(words, 0)),
               *second = json_string_value(json_array_get(words, 1));
    char *text = NULL;
    int length = asprintf(&text, second ? "%s('%s', '%s')" : "%s('%s')", type ? type : "Exception", first ? first : "",
                          second ? second : "");
    return length < 0 ? NULL : text;
}

/* ---------------------------------------------------------------- storing */

/* KEYS the task's; ARGV seconds, value. What was written ends its state's name within the first bytes, whoever wrote it. */
static const char store_script[] = "local before = redis.call('GETRANGE', KEYS[1], 0, 63) "
                                   "if string.match(before, '^{%s*\"status\"%s*:%s*\"SUCCESS\"') then return 0 end "
                                   "if tonumber(ARGV[1]) > 0 then redis.call('SETEX', KEYS[1], ARGV[1], ARGV[2]) "
                                   "else redis.call('SET', KEYS[1], ARGV[2]) end "
                                   "redis.call('PUBLISH', KEYS[1], ARGV[2]) "
                                   "return 1";

static void append_store(redis_connection *redis, const char *id, const char *value, int seconds)
{
    redis_append(redis, "EVAL %s 1 celery-task-meta-%s %d %s", store_script, id, seconds, value);
}

/* The record without what belongs to a task at hand. */
static json_t *record_of(const char *id, task_state state, const json_t *result)
{
    char done[MOMENT_TEXT] = "";
    if (is_final(state))
        moment_write(moment_now(), done);
    return json_pack("{s:s, s:O, s:n, s:[], s:s?, s:s}", "status", task_state_name(state), "result", result,
                     "traceback", "children", "date_done", *done ? done : NULL, "task_id", id);
}

static bool store_record(redis_connection *redis, const char *id, json_t *record, int seconds)
{
    char *text = json_text_of(record);
    if (text)
        append_store(redis, id, text, seconds);
    free(text);
    json_decref(record);
    return text != NULL;
}

bool outcome_store_id(redis_connection *redis, const char *id, task_state state, const json_t *result, int seconds)
{
    return store_record(redis, id, record_of(id, state, result), seconds);
}

bool outcome_store(redis_connection *redis, const task_message *task, task_state state, const json_t *result,
                   int seconds)
{
    json_t *record = record_of(task->id, state, result);
    if (record && task->group)
        (void)json_object_set_new(record, "group_id", json_pack("s", task->group));
    if (record && task->parent_id)
        (void)json_object_set_new(record, "parent_id", json_pack("s", task->parent_id));
    return store_record(redis, task->id, record, seconds);
}

/* Signatures to messages. Its own file because a signature may hold others, in four ways. */
#include "celery/signature.h"

#include <limits.h>
#include <string.h>

#include "celery/queue.h"

enum { MOST_DEPTH = 20, MOST_TASKS = 10000 };

static gpen_status send_any(signature_sender *sender, const json_t *signature, json_t *first, json_t *chain, int depth,
                            gpen_error *error);

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static gpen_status no_memory(gpen_error *error)
{
    return gpen_fail_memory(error, "a follow-up", 0);
}

/* A list, or null, or one signature by itself. */
static json_t *as_list(json_t *value)
{
    return json_is_object(value) ? json_pack("[O]", value) : json_is_array(value) ? json_incref(value) : json_pack("n");
}

/* ---------------------------------------------------------------- one task */

static json_t *arguments_of(const json_t *signature, json_t *first)
{
    json_t *own = json_object_get(signature, "args"), *all = json_pack("[]");
    if (all && first && !json_is_true(json_object_get(signature, "immutable")))
        (void)json_array_append(all, first);
    if (all && json_is_array(own))
        (void)json_array_extend(all, own);
    return all;
}

static json_t *headers_of(const signature_sender *sender, const json_t *signature, const char *id)
{
    const json_t *options = json_object_get(signature, "options");
    json_t *index = json_object_get(options, "group_index");
    const char *group = text_of(options, "group_id");
    return json_pack("{s:s, s:s, s:s, s:n, s:n, s:s?, s:O*, s:i, s:[n, n], s:s, s:s?, s:s, s:s, s:s}", "lang", "c",
                     "task", text_of(signature, "task"), "id", id, "eta", "expires", "group", group, "group_index",
                     index, "retries", 0, "timelimit", "root_id", sender->root_id ? sender->root_id : id, "parent_id",
                     sender->parent_id, "argsrepr", "", "kwargsrepr", "", "origin", "gpen");
}

static json_t *body_of(const json_t *signature, json_t *first, json_t *chain)
{
    json_t *options = json_object_get(signature, "options"), *kwargs = json_object_get(signature, "kwargs");
    json_t *rest = chain ? chain : json_object_get(options, "chain");
    return json_pack("[o, o, {s:o, s:o, s:O?, s:O?}]", arguments_of(signature, first),
                     json_is_object(kwargs) ? json_incref(kwargs) : json_pack("{}"), "callbacks",
                     as_list(json_object_get(options, "link")), "errbacks",
                     as_list(json_object_get(options, "link_error")), "chain", json_is_array(rest) ? rest : NULL,
                     "chord", json_object_get(options, "chord"));
}

static const char *queue_of(const signature_sender *sender, const json_t *signature)
{
    const json_t *options = json_object_get(signature, "options");
    const char *queue = text_of(options, "queue"), *key = text_of(options, "routing_key");
    if (!queue && json_is_object(json_object_get(options, "queue")))
        queue = text_of(json_object_get(options, "queue"), "name");
    if (queue || key)
        return queue ? queue : key;
    return strncmp(text_of(signature, "task"), "gpen.", 5) ? "celery" : sender->canvas->queue;
}

static gpen_status send_task(signature_sender *sender, const json_t *signature, json_t *first, json_t *chain,
                             gpen_error *error)
{
    char made[UUID_TEXT];
    const json_t *options = json_object_get(signature, "options"), *wanted = json_object_get(options, "priority");
    const char *id = text_of(options, "task_id"), *queue = queue_of(sender, signature);
    json_int_t number = json_is_integer(wanted) ? json_integer_value(wanted) : sender->priority;
    int priority = number < 0 ? 0 : number > TASK_MOST_PRIORITY ? TASK_MOST_PRIORITY : (int)number;
    uuid_write(made);
    id = id ? id : made;
    if (!*queue || strlen(queue) >= QUEUE_MOST_NAME || strlen(id) >= TASK_MOST_ID)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a follow-up whose queue or id makes no sense");
    json_t *body = body_of(signature, first, chain), *headers = headers_of(sender, signature, id);
    json_t *envelope = body && headers ? envelope_make(body, json_incref(headers), "", queue, priority) : NULL;
    json_t *properties = json_object_get(envelope, "properties");
    if (properties)
        (void)json_object_set_new(properties, "correlation_id", json_pack("s", id));
    json_t *send = envelope ? json_pack("[s, i, o]", queue, priority, envelope) : NULL;
    json_decref(body);
    json_decref(headers);
    return send && !json_array_append_new(sender->sends, send) ? GPEN_OK : no_memory(error);
}

/* ---------------------------------------------------------------- several */

static json_t *tasks_of(const json_t *signature)
{
    json_t *tasks = json_object_get(json_object_get(signature, "kwargs"), "tasks");
    return json_is_array(tasks) && json_array_size(tasks) && json_array_size(tasks) <= MOST_TASKS ? tasks : NULL;
}

/* The first is sent with the others, last to second, before what followed already. */
static gpen_status send_chain(signature_sender *sender, const json_t *signature, json_t *first, json_t *chain,
                              int depth, gpen_error *error)
{
    json_t *tasks = tasks_of(signature), *rest = json_pack("[]");
    gpen_status status = GPEN_OK;
    if (!tasks)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "a chain without tasks");
    else if (!rest || (json_is_array(chain) && json_array_extend(rest, chain)))
        status = no_memory(error);
    for (size_t i = tasks ? json_array_size(tasks) : 0; !status && i > 1; i--)
        if (json_array_append(rest, json_array_get(tasks, i - 1)))
            status = no_memory(error);
    if (!status)
        status =
            send_any(sender, json_array_get(tasks, 0), first, json_array_size(rest) ? rest : NULL, depth + 1, error);
    json_decref(rest);
    return status;
}

/* A copy with an option more; NULL: no memory, or no signature. */
static json_t *with_option(const json_t *signature, const char *name, json_t *value)
{
    json_t *copy = json_is_object(signature) ? json_copy((json_t *)signature) : NULL;
    json_t *options = json_object_get(copy, "options");
    options = json_is_object(options) ? json_copy(options) : json_pack("{}");
    if (!copy || !options || json_object_set(options, name, value) || json_object_set(copy, "options", options)) {
        json_decref(copy);
        copy = NULL;
    }
    json_decref(options);
    return copy;
}

/* One of a group; chord NULL: none waits for it. */
static gpen_status send_member(signature_sender *sender, const json_t *signature, json_t *first, const char *group,
                               size_t index, json_t *chord, int depth, gpen_error *error)
{
    json_t *name = json_pack("s", group), *number = json_pack("I", (json_int_t)index);
    json_t *named = with_option(signature, "group_id", name);
    json_t *placed = named ? with_option(named, "group_index", number) : NULL;
    json_t *whole = placed && chord ? with_option(placed, "chord", chord) : json_incref(placed);
    gpen_status status = whole ? send_any(sender, whole, first, NULL, depth + 1, error)
                               : gpen_fail(error, GPEN_BAD_ARGUMENT, "a group of what are no tasks");
    json_decref(whole);
    json_decref(placed);
    json_decref(named);
    json_decref(number);
    json_decref(name);
    return status;
}

static gpen_status send_group(signature_sender *sender, json_t *tasks, json_t *first, const char *wanted_id,
                              json_t *chord, int depth, gpen_error *error)
{
    char made[UUID_TEXT];
    gpen_status status = GPEN_OK;
    uuid_write(made);
    const char *group = wanted_id && strlen(wanted_id) < TASK_MOST_ID ? wanted_id : made;
    redis_connection *results = sender->canvas->results;
    if (chord && results) {
        redis_append(results, "SET celery-taskset-meta-%s.s %d", group, (int)json_array_size(tasks));
        redis_append(results, "EXPIRE celery-taskset-meta-%s.s %d", group,
                     sender->canvas->seconds ? sender->canvas->seconds : INT_MAX);
        status = redis_settle(results, error);
    }
    for (size_t i = 0; !status && i < json_array_size(tasks); i++)
        status = send_member(sender, json_array_get(tasks, i), first, group, i, chord, depth, error);
    return status;
}

/* The body goes with each of the tasks; the last of them sends it. */
static gpen_status send_chord(signature_sender *sender, const json_t *signature, json_t *first, json_t *chain,
                              int depth, gpen_error *error)
{
    const json_t *words = json_object_get(signature, "kwargs");
    json_t *header = json_object_get(words, "header"), *body = json_object_get(words, "body");
    json_t *tasks = json_is_object(header) ? tasks_of(header) : header;
    if (!json_is_array(tasks) || !json_array_size(tasks) || json_array_size(tasks) > MOST_TASKS ||
        !json_is_object(body))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a chord without tasks or without a body");
    json_t *whole = chain ? with_option(body, "chain", chain) : json_incref(body);
    const char *group = text_of(json_object_get(header, "options"), "task_id");
    gpen_status status = whole ? send_group(sender, tasks, first, group, whole, depth, error) : no_memory(error);
    json_decref(whole);
    return status;
}

static gpen_status send_any(signature_sender *sender, const json_t *signature, json_t *first, json_t *chain, int depth,
                            gpen_error *error)
{
    const char *name = text_of(signature, "task");
    if (!name || !*name || strlen(name) >= TASK_MOST_ID || depth > MOST_DEPTH)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a follow-up that is no signature");
    if (!strcmp(name, "celery.chain"))
        return send_chain(sender, signature, first, chain, depth, error);
    if (!strcmp(name, "celery.chord"))
        return send_chord(sender, signature, first, chain, depth, error);
    if (strcmp(name, "celery.group") != 0)
        return send_task(sender, signature, first, chain, error);
    json_t *tasks = tasks_of(signature);
    if (!tasks || chain)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a group without tasks, or with more of a chain behind it");
    return send_group(sender, tasks, first, text_of(json_object_get(signature, "options"), "task_id"), NULL, depth,
                      error);
}

gpen_status signature_send(signature_sender *sender, const json_t *signature, json_t *first, json_t *chain,
                           gpen_error *error)
{
    return send_any(sender, signature, first, chain, 0, error);
}

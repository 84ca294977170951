/* Reading a task's message. Its own file because everything in it may be a lie. */
#include "celery/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "celery/base64.h"
#include "celery/inflate.h"
#include "celery/moment.h"

/* ---------------------------------------------------------------- fields */

static const char *text_of(const json_t *object, const char *name, const char *otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? json_string_value(value) : otherwise;
}

static bool present(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return value && !json_is_null(value);
}

static bool is_id(const char *text)
{
    return text && *text && strlen(text) < TASK_MOST_ID;
}

/* A header that may be missing or null, and else a number from 0 on. */
static bool take_seconds(const json_t *value, double *seconds)
{
    *seconds = 0;
    if (!value || json_is_null(value))
        return true;
    *seconds = json_number_value(value);
    return json_is_number(value) && *seconds >= 0 && *seconds < 1e12;
}

static bool take_moment(const json_t *headers, const char *name, double *seconds)
{
    const char *text = text_of(headers, name, NULL);
    *seconds = 0;
    return text ? moment_read(text, seconds) : !present(headers, name);
}

static int bounded(const json_t *value, int most)
{
    json_int_t number = json_integer_value(value);
    return number < 0 ? 0 : number > most ? most : (int)number;
}

/* ---------------------------------------------------------------- the body */

static bool says_json_in_utf8(const json_t *envelope)
{
    return !strcmp(text_of(envelope, "content-type", ""), "application/json") &&
           !strcasecmp(text_of(envelope, "content-encoding", ""), "utf-8");
}

/* The body's bytes; free. */
static gpen_status body_bytes(const json_t *envelope, size_t most, char **bytes, size_t *count, gpen_error *error)
{
    const json_t *body = json_object_get(envelope, "body"), *properties = json_object_get(envelope, "properties");
    const char *coding = text_of(properties, "body_encoding", "");
    size_t length = json_string_length(body);
    *bytes = NULL;
    if (!json_is_string(body))
        return gpen_fail(error, GPEN_UNREADABLE, "a message without a body");
    if (length > most / 3 * 4 + 4)
        return gpen_fail(error, GPEN_TOO_LARGE, "a message of %zu bytes", length);
    bool packed = !strcmp(coding, "base64");
    if (!packed && *coding)
        return gpen_fail(error, GPEN_UNREADABLE, "a message coded as %.40s", coding);
    *bytes = malloc((packed ? base64_most_bytes(length) : length) + 1);
    if (!*bytes)
        return gpen_fail_memory(error, "a message", length);
    if (!packed)
        memcpy(*bytes, json_string_value(body), *count = length);
    else if (!base64_decode(json_string_value(body), length, (unsigned char *)*bytes, count))
        return gpen_fail(error, GPEN_UNREADABLE, "a message whose base64 is damaged");
    return GPEN_OK;
}

static gpen_status read_body(const json_t *envelope, size_t most, json_t **body, gpen_error *error)
{
    char *bytes = NULL, *expanded = NULL;
    size_t count = 0;
    json_error_t why;
    gpen_status status = body_bytes(envelope, most, &bytes, &count, error);
    const char *kind = text_of(json_object_get(envelope, "headers"), "compression", NULL);
    if (!status && kind) {
        size_t packed = count;
        status = inflate_body(kind, (unsigned char *)bytes, packed, most, &expanded, &count, error);
    }
    if (!status) {
        *body = json_loadb(expanded ? expanded : bytes, count, JSON_ALLOW_NUL, &why);
        if (!*body)
            status = gpen_fail(error, GPEN_UNREADABLE, "a message whose JSON is damaged: %s", why.text);
    }
    free(expanded);
    free(bytes);
    return status;
}

bool envelope_read(const char *text, size_t length, size_t most_body, json_t **envelope, json_t **body,
                   gpen_error *error)
{
    json_error_t why;
    *body = NULL;
    *envelope = json_loadb(text, length, JSON_ALLOW_NUL, &why);
    bool good = *envelope && says_json_in_utf8(*envelope);
    if (!good)
        gpen_fail(error, GPEN_UNREADABLE, "a message that is no JSON");
    if (good && !read_body(*envelope, most_body, body, error))
        return true;
    json_decref(*envelope);
    *envelope = NULL;
    return false;
}

/* ---------------------------------------------------------------- the task */

static gpen_status take_headers(task_message *task, gpen_error *error)
{
    const json_t *headers = task->headers, *limits = json_object_get(headers, "timelimit");
    const json_t *properties = json_object_get(task->envelope, "properties");
    const json_t *index = json_object_get(headers, "group_index");
    task->root_id = text_of(headers, "root_id", NULL);
    task->parent_id = text_of(headers, "parent_id", NULL);
    task->group = text_of(headers, "group", NULL);
    task->group_index = json_is_number(index) ? json_number_value(index) : NAN;
    task->args_text = text_of(headers, "argsrepr", "");
    task->kwargs_text = text_of(headers, "kwargsrepr", "");
    task->reply_to = text_of(properties, "reply_to", "");
    task->correlation_id = text_of(properties, "correlation_id", "");
    task->retries = bounded(json_object_get(headers, "retries"), 1000000);
    task->priority = bounded(json_object_get(properties, "priority"), TASK_MOST_PRIORITY);
    task->ignore_result = json_is_true(json_object_get(headers, "ignore_result"));
    task->redelivered = json_is_true(json_object_get(json_object_get(properties, "delivery_info"), "redelivered"));
    if ((task->group && !is_id(task->group)) || (task->root_id && !is_id(task->root_id)))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the name of its group makes no sense");
    if (!take_moment(headers, "eta", &task->eta) || !take_moment(headers, "expires", &task->expires))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "eta and expires must be moments (ISO 8601)");
    if (!take_seconds(json_array_get(limits, 0), &task->hard_limit) ||
        !take_seconds(json_array_get(limits, 1), &task->soft_limit))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "timelimit must be two numbers");
    return GPEN_OK;
}

static gpen_status take_body(task_message *task, const task_limits *limits, gpen_error *error)
{
    gpen_status status = read_body(task->envelope, limits->most_body, &task->body, error);
    if (status)
        return status;
    task->args = json_array_get(task->body, 0);
    task->kwargs = json_array_get(task->body, 1);
    task->embed = json_array_get(task->body, 2);
    if (json_array_size(task->body) != 3 || !json_is_array(task->args) || !json_is_object(task->kwargs) ||
        !json_is_object(task->embed))
        return gpen_fail(error, GPEN_UNREADABLE, "a body that is not [args, kwargs, embed]");
    return GPEN_OK;
}

task_verdict task_read(const char *text, size_t length, const task_limits *limits, task_message *task,
                       gpen_error *error)
{
    json_error_t why;
    *task = (task_message){.envelope = json_loadb(text, length, JSON_ALLOW_NUL, &why)};
    if (!task->envelope) {
        gpen_fail(error, GPEN_UNREADABLE, "a message that is no JSON: %s", why.text);
        return TASK_FOREIGN;
    }
    task->headers = json_object_get(task->envelope, "headers");
    task->id = text_of(task->headers, "id", NULL);
    task->name = text_of(task->headers, "task", NULL);
    bool foreign = true;
    if (!is_id(task->id) || !is_id(task->name))
        gpen_fail(error, GPEN_UNREADABLE, "a message that is no task of Celery's protocol 2");
    else if (!says_json_in_utf8(task->envelope))
        gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "a task whose content is not JSON in UTF-8, but %.60s",
                  text_of(task->envelope, "content-type", "of no kind"));
    else
        foreign = take_body(task, limits, error) != GPEN_OK;
    if (foreign) {
        task_free(task);
        return TASK_FOREIGN;
    }
    return take_headers(task, error) ? TASK_INVALID : TASK_GOOD;
}

void task_free(task_message *task)
{
    json_decref(task->envelope);
    json_decref(task->body);
    *task = (task_message){.retries = 0};
}

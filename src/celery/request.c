/* Arguments to a request. Its own file because they may be given by place or by name, and be anything. */
#include "celery/request.h"

#include <string.h>

#include "batch/retry.h"

enum { MOST_TEXT = 8192, MOST_PARAMETERS = 6, MOST_KEY = 200 };

typedef struct request_form {
    const char *name;
    const char *parameters[MOST_PARAMETERS + 1]; /* in their order */
} request_form;

static const request_form forms[REQUEST_KINDS] = {
    [REQUEST_ENHANCE] = {"gpen.enhance", {"input", "output", "settings", "key", "overwrite", "extras"}},
    [REQUEST_DETECT] = {"gpen.detect", {"input", "settings", "key"}},
};

const char *request_name(request_kind kind)
{
    return forms[kind].name;
}

bool request_kind_of(const char *name, request_kind *kind)
{
    for (int i = 0; i < REQUEST_KINDS; i++)
        if (!strcmp(forms[i].name, name)) {
            *kind = (request_kind)i;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- by place or by name */

static int place_of(const request_form *form, const char *name)
{
    for (int i = 0; form->parameters[i]; i++)
        if (!strcmp(form->parameters[i], name))
            return i;
    return -1;
}

static gpen_status bind(const request_form *form, const task_message *task, const json_t *values[MOST_PARAMETERS],
                        gpen_error *error)
{
    const char *name;
    json_t *value;
    size_t most = 0;
    while (form->parameters[most])
        most++;
    if (json_array_size(task->args) > most)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes %zu arguments, not %zu", form->name, most,
                         json_array_size(task->args));
    for (size_t i = 0; i < json_array_size(task->args); i++)
        values[i] = json_array_get(task->args, i);
    json_object_foreach((json_t *)task->kwargs, name, value)
    {
        int place = place_of(form, name);
        if (place < 0)
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s has no argument '%.60s'", form->name, name);
        if (values[place])
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s got '%s' twice", form->name, name);
        values[place] = value;
    }
    return GPEN_OK;
}

static bool given(const json_t *value)
{
    return value && !json_is_null(value);
}

/* ---------------------------------------------------------------- values */

/* A text without a zero in it. NULL: it is none. */
static const char *clean_text(const json_t *value, size_t most)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    return text && length && length <= most && strlen(text) == length ? text : NULL;
}

static bool is_address(const char *text)
{
    return !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8);
}

static bool take_text(request_place *place, place_kind kind, const json_t *value)
{
    place->kind = kind;
    place->text = kind == PLACE_INLINE ? json_string_value(value) : clean_text(value, MOST_TEXT);
    place->length = json_string_length(value);
    return place->text && (kind != PLACE_URL || is_address(place->text));
}

static gpen_status take_place(const json_t *value, const char *name, bool may_be_inline, request_place *place,
                              gpen_error *error)
{
    static const struct {
        const char *name;
        place_kind kind;
    } kinds[] = {{"path", PLACE_PATH}, {"url", PLACE_URL}, {"base64", PLACE_INLINE}};
    const char *text = clean_text(value, MOST_TEXT);
    if (text && take_text(place, is_address(text) ? PLACE_URL : PLACE_PATH, value))
        return GPEN_OK;
    for (size_t i = 0; json_object_size(value) == 1 && i < sizeof kinds / sizeof *kinds; i++) {
        const json_t *inner = json_object_get(value, kinds[i].name);
        if (inner && (kinds[i].kind != PLACE_INLINE || may_be_inline) && take_text(place, kinds[i].kind, inner))
            return GPEN_OK;
    }
    return gpen_fail(error, GPEN_BAD_ARGUMENT,
                     "%s must be a path, an http(s) address, {\"path\": ...}%s {\"url\": ...}%s", name,
                     may_be_inline ? "," : " or", may_be_inline ? " or {\"base64\": ...}" : "");
}

static bool take_extra_text(const json_t *value, const char **text)
{
    *text = clean_text(value, MOST_TEXT);
    return *text || !given(value);
}

static bool take_extra_number(const json_t *value, int most, int *number)
{
    *number = (int)json_integer_value(value);
    return !given(value) ||
           (json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= (json_int_t)most);
}

static gpen_status take_extras(const json_t *object, request_extras *extras, gpen_error *error)
{
    const json_t *small = json_object_get(object, "thumbnails"), *once = json_object_get(object, "once");
    bool good = json_is_object(object) && take_extra_text(json_object_get(object, "name"), &extras->name) &&
                take_extra_text(json_object_get(small, "path"), &extras->thumbnails) &&
                take_extra_number(json_object_get(small, "edge"), JOB_MOST_THUMBNAIL, &extras->thumbnail_edge) &&
                take_extra_text(json_object_get(object, "faces"), &extras->faces) &&
                take_extra_number(json_object_get(object, "shrink"), RETRY_MOST_SHRINK, &extras->shrink) &&
                (!given(once) || json_is_boolean(once));
    extras->once = json_is_true(once);
    return good && !extras->thumbnails == !extras->thumbnail_edge
               ? GPEN_OK
               : gpen_fail(error, GPEN_BAD_ARGUMENT, "extras are not as they can be");
}

/* What stands behind input and output, in this order. */
enum { REST_SETTINGS, REST_KEY, REST_OVERWRITE, REST_EXTRAS, REST };

static gpen_status take_rest(const json_t *const rest[REST], task_request *request, gpen_error *error)
{
    const json_t *settings = rest[REST_SETTINGS], *key = rest[REST_KEY], *overwrite = rest[REST_OVERWRITE];
    if (given(rest[REST_EXTRAS])) {
        gpen_status status = take_extras(rest[REST_EXTRAS], &request->extras, error);
        if (status)
            return status;
    }
    if (given(settings)) {
        gpen_status status = settings_from_json(settings, &request->settings, error);
        if (status)
            return status;
    }
    if (request->settings.save_faces && !request->extras.faces)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "save_faces is not for tasks: a task has one result");
    if (given(key) && !(request->key = clean_text(key, MOST_KEY)))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "key must be a text of 1 to %d bytes", MOST_KEY);
    if (given(overwrite) && !json_is_boolean(overwrite))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "overwrite takes true or false");
    request->overwrite = json_is_true(overwrite);
    return GPEN_OK;
}

gpen_status request_read(const task_message *task, request_kind kind, task_request *request, gpen_error *error)
{
    const json_t *values[MOST_PARAMETERS] = {NULL};
    *request = (struct task_request){.kind = kind, .settings = batch_settings_default(), .key = task->id};
    gpen_status status = bind(&forms[kind], task, values, error);
    if (!status)
        status = take_place(values[0], "input", true, &request->input, error);
    bool enhance = kind == REQUEST_ENHANCE;
    if (!status && enhance && given(values[1]))
        status = take_place(values[1], "output", false, &request->output, error);
    if (!status)
        status = take_rest(enhance ? &values[2] : (const json_t *const[REST]){values[1], values[2]}, request, error);
    return status;
}

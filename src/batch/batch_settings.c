/* A batch's settings as JSON and back. Its own file because what it writes is read by later versions of this program: names here are kept,
 * and every value that comes back is looked at as if a stranger had written it. */
#include "batch/batch_settings.h"

#include <jansson.h> /* not its functions whose names are those of the command line's writer: json_pack does */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/settings_json.h"

batch_settings batch_settings_default(void)
{
    return (batch_settings){.look = gpen_settings_default(),
                            .format = PICTURE_OTHER,
                            .quality = 95,
                            .max_pixels = PICTURE_DEFAULT_MAX_PIXELS};
}

gpen_precision batch_settings_precision(const batch_settings *settings)
{
    bool exact = settings->precision == GPEN_PRECISION_AUTO && settings->look.mode == GPEN_MODE_PLAIN;
    return exact ? GPEN_PRECISION_FP32 : settings->precision;
}

/* ---------------------------------------------------------------- the fields that are not in the table of settings_json.h */

/* A name out of a list whose order is the enum's. */
typedef struct field {
    const char *name;
    size_t offset;            /* in batch_settings, of an int */
    const char *const *names; /* ends with NULL */
} field;

static const char *const precisions[] = {"auto", "fp32", "bf16", NULL};
static const char *const policies[] = {"skip", "copy", NULL};

static const field fields[] = {
    {"precision", offsetof(batch_settings, precision), precisions},
    {"on_failure", offsetof(batch_settings, on_failure), policies},
};

/* What decides nothing about pixels. */
static const char *const not_in_key[] = {"on_failure", "save_faces", "overwrite", "max_pixels",
                                         "seconds",    "name",       "single"};

/* The enums are read and written as ints. */
_Static_assert(sizeof(gpen_precision) == sizeof(int) && sizeof(failure_policy) == sizeof(int), "a field is an int");

static const char hexadecimal[] = "0123456789abcdef";

static const void *at(const batch_settings *settings, size_t offset)
{
    return (const char *)settings + offset;
}

/* ---------------------------------------------------------------- writing */

/* A path as text, or as {"bytes": "in hexadecimal"} where it is no UTF-8. NULL: no memory. */
static json_t *path_as_json(const char *path)
{
    json_t *text = json_pack("s", path);
    if (text)
        return text;
    size_t length = strlen(path);
    char *digits = malloc(2 * length + 1);
    if (!digits)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        digits[2 * i] = hexadecimal[(unsigned char)path[i] >> 4];
        digits[2 * i + 1] = hexadecimal[(unsigned char)path[i] & 15];
    }
    digits[2 * length] = '\0';
    text = json_pack("{s:s}", "bytes", digits);
    free(digits);
    return text;
}

/* With a sum the file is what it is wherever it lies. */
static int put_model(json_t *object, const char *name, const worker_model *model, bool key)
{
    if (!*model->path)
        return 0;
    json_t *made = json_pack("{}");
    int failed = !made || ((!key || !*model->sha256) && json_object_set_new(made, "path", path_as_json(model->path))) ||
                 (!key && json_object_set_new(made, "name", path_as_json(model->name))) ||
                 (*model->sha256 && json_object_set_new(made, "sha256", json_pack("s", model->sha256)));
    if (!failed)
        return json_object_set_new(object, name, made);
    json_decref(made);
    return -1;
}

static json_t *as_json(const batch_settings *settings, bool key)
{
    json_t *object = settings_to_json(settings);
    int failed = !object || put_model(object, "restorer", &settings->restorer, key) ||
                 put_model(object, "detector", &settings->detector, key) ||
                 put_model(object, "parser", &settings->parser, key) ||
                 json_object_set_new(object, "overwrite", json_boolean(settings->overwrite)) ||
                 json_object_set_new(object, "max_pixels", json_pack("I", (json_int_t)settings->max_pixels)) ||
                 json_object_set_new(object, "seconds", json_real(settings->seconds)) ||
                 json_object_set_new(object, "name", json_pack("s", settings->name)) ||
                 (settings->single && json_object_set_new(object, "single", json_boolean(true)));
    for (size_t i = 0; !failed && i < sizeof fields / sizeof *fields; i++) {
        int value;
        memcpy(&value, at(settings, fields[i].offset), sizeof value);
        failed = json_object_set_new(object, fields[i].name, json_pack("s", fields[i].names[value]));
    }
    for (size_t i = 0; !failed && key && i < sizeof not_in_key / sizeof *not_in_key; i++)
        (void)json_object_del(object, not_in_key[i]);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static char *as_text(const batch_settings *settings, bool key)
{
    json_t *object = as_json(settings, key);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(object);
    return text;
}

static gpen_status check_ranges(const batch_settings *settings, gpen_error *error)
{
    if (settings->precision < GPEN_PRECISION_AUTO || settings->precision > GPEN_PRECISION_BF16 ||
        settings->on_failure < FAILURE_SKIP || settings->on_failure > FAILURE_COPY)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "precision or on_failure is none that there is");
    if (settings->max_pixels < 0 || !(settings->seconds >= 0 && settings->seconds <= 1e9))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "max_pixels and seconds must not be negative");
    return settings_check(settings, error);
}

gpen_status batch_settings_write(const batch_settings *settings, char **json, char **key, gpen_error *error)
{
    *json = *key = NULL;
    gpen_status status = check_ranges(settings, error);
    if (status)
        return status;
    *json = as_text(settings, false);
    *key = as_text(settings, true);
    if (*json && *key)
        return GPEN_OK;
    free(*json);
    free(*key);
    *json = *key = NULL;
    return gpen_fail_memory(error, "a batch's settings", 0);
}

/* ---------------------------------------------------------------- reading */

/* A field's first failure stays. */
typedef struct reader {
    const json_t *object;
    gpen_status status;
    gpen_error *error;
} reader;

static void refuse(reader *r, const char *name)
{
    if (!r->status)
        r->status = gpen_fail(r->error, GPEN_BAD_ARGUMENT, "the settings: %s is not as it can be", name);
}

static void read_field(reader *r, const field *f, batch_settings *settings)
{
    const json_t *value = json_object_get(r->object, f->name);
    const char *word = json_string_value(value);
    int found = -1;
    for (int i = 0; word && f->names[i]; i++)
        found = strcmp(f->names[i], word) ? found : i;
    if (value && found < 0)
        refuse(r, f->name);
    else if (value)
        memcpy((char *)settings + f->offset, &found, sizeof found);
}

static int digit(char c)
{
    const char *found = c ? strchr(hexadecimal, c) : NULL;
    return found ? (int)(found - hexadecimal) : -1;
}

/* False: it is none, or does not fit. */
static bool read_path(const json_t *value, char *path, size_t capacity)
{
    const char *text = json_string_value(value), *bytes = json_string_value(json_object_get(value, "bytes"));
    size_t length = text ? strlen(text) : bytes ? strlen(bytes) / 2 : capacity;
    if (length >= capacity)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = text ? 0 : digit(bytes[2 * i]), low = text ? 0 : digit(bytes[2 * i + 1]);
        if (high < 0 || low < 0 || (!text && !high && !low))
            return false;
        path[i] = (char)(text ? text[i] : high << 4 | low);
    }
    path[length] = '\0';
    return true;
}

static void read_model(reader *r, const char *name, worker_model *model)
{
    const json_t *object = json_object_get(r->object, name);
    if (!object)
        return;
    const json_t *sum = json_object_get(object, "sha256");
    const char *digits = json_string_value(sum);
    if (!read_path(json_object_get(object, "path"), model->path, sizeof model->path) ||
        !read_path(json_object_get(object, "name"), model->name, sizeof model->name) ||
        (sum && (!digits || strlen(digits) != 64)))
        refuse(r, name);
    else if (digits)
        memcpy(model->sha256, digits, sizeof model->sha256);
}

static double read_number(reader *r, const char *name, double otherwise)
{
    const json_t *value = json_object_get(r->object, name);
    if (value && !json_is_number(value))
        refuse(r, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

gpen_status batch_settings_read(batch_settings *settings, const char *json, gpen_error *error)
{
    *settings = batch_settings_default();
    json_error_t where;
    json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(object)) {
        json_decref(object);
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the settings are no JSON object");
    }
    reader r = {.object = object, .error = error};
    read_model(&r, "restorer", &settings->restorer);
    read_model(&r, "detector", &settings->detector);
    read_model(&r, "parser", &settings->parser);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        read_field(&r, &fields[i], settings);
    settings->overwrite = json_is_true(json_object_get(object, "overwrite"));
    settings->single = json_is_true(json_object_get(object, "single"));
    const char *name = json_string_value(json_object_get(object, "name"));
    snprintf(settings->name, sizeof settings->name, "%s", name ? name : "");
    double most = read_number(&r, "max_pixels", (double)settings->max_pixels);
    settings->max_pixels = most >= 0 && most < 9e15 ? (int64_t)most : -1;
    settings->seconds = read_number(&r, "seconds", settings->seconds);
    if (!r.status)
        r.status = settings_from_known(object, settings, error);
    json_decref(object);
    return r.status ? r.status : check_ranges(settings, error);
}

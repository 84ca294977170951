/* What people chose. Its own file because it is the one thing the server keeps besides the store. */
#include "http/choices.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/threads.h"
#include "http/engine.h"
#include "http/storage.h"

enum { MOST_WORKERS = 256, MOST_BATCH = 64, MOST_MEBIBYTES = 1 << 30 };

static const char *const model_kinds[] = {"restorer", "detector", "parser", NULL};

/* ---------------------------------------------------------------- files */

/* The object in a file; an empty one where there is none, or none that can be read. NULL: no memory. */
static json_t *read_object(const char *path)
{
    json_error_t wrong;
    if (access(path, F_OK))
        return json_pack("{}");
    json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, &wrong);
    if (json_is_object(object))
        return object;
    json_decref(object);
    char *aside = NULL;
    if (asprintf(&aside, "%s.damaged", path) >= 0 && !rename(path, aside))
        log_event(LOG_WARNING, "choices_damaged", NULL, "%s could not be read, and is now %s", path, aside);
    free(aside);
    return json_pack("{}");
}

/* Writes the object, or leaves all as it was. */
static gpen_status write_object(const char *path, const json_t *object, gpen_error *error)
{
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS);
    if (!text)
        return gpen_fail_memory(error, "what was chosen", 0);
    gpen_status status = file_replace(path, text, strlen(text), error);
    free(text);
    return status;
}

gpen_status choices_open(http_server *server, gpen_error *error)
{
    server->chosen = read_object(server->chosen_path);
    server->presets = read_object(server->presets_path);
    return server->chosen && server->presets ? GPEN_OK : gpen_fail_memory(error, "what was chosen", 0);
}

void choices_close(http_server *server)
{
    json_decref(server->chosen);
    json_decref(server->presets);
}

/* Puts a changed copy in the place of *kept, on the disk first. Takes over `changed` (NULL: no memory). Under the lock. */
static gpen_status replace(json_t **kept, json_t *changed, const char *path, gpen_error *error)
{
    if (!changed)
        return gpen_fail_memory(error, "what was chosen", 0);
    gpen_status status = write_object(path, changed, error);
    if (status) {
        json_decref(changed);
        return status;
    }
    json_decref(*kept);
    *kept = changed;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- models and machine */

static bool number_fits(const json_t *value, json_int_t most)
{
    return json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= most;
}

static bool is_word(const json_t *value, const char *word)
{
    const char *text = json_string_value(value);
    return text && !strcmp(text, word);
}

static bool machine_value_good(const char *name, const json_t *value)
{
    if (is_word(value, "auto"))
        return true;
    if (!strcmp(name, "workers") || !strcmp(name, "threads"))
        return number_fits(value, MOST_WORKERS);
    if (!strcmp(name, "batch_size"))
        return number_fits(value, MOST_BATCH);
    if (!strcmp(name, "kept_mib"))
        return number_fits(value, MOST_MEBIBYTES);
    if (!strcmp(name, "precision"))
        return is_word(value, "fp32") || is_word(value, "bf16");
    return !strcmp(name, "device") && is_word(value, "cpu");
}

static bool model_value_good(const char *name, const json_t *value)
{
    bool known = false;
    for (const char *const *kind = model_kinds; *kind; kind++)
        known = known || !strcmp(*kind, name);
    const char *text = json_string_value(value);
    return known && (json_is_null(value) || (text && *text && strlen(text) <= 200 && !strchr(text, '/')));
}

static gpen_status set_values(http_server *server, const json_t *object,
                              bool (*good)(const char *name, const json_t *value), gpen_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (!good(name, value))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%.40s cannot be set to that", name);
    }
    pthread_mutex_lock(&server->choices_lock);
    json_t *changed = json_copy(server->chosen);
    if (changed && json_object_update(changed, (json_t *)object)) {
        json_decref(changed);
        changed = NULL;
    }
    gpen_status status = replace(&server->chosen, changed, server->chosen_path, error);
    pthread_mutex_unlock(&server->choices_lock);
    choices_forget_models(server);
    return status;
}

gpen_status choices_set_models(http_server *server, const json_t *object, gpen_error *error)
{
    return set_values(server, object, model_value_good, error);
}

gpen_status choices_set_machine(http_server *server, const json_t *object, gpen_error *error)
{
    return set_values(server, object, machine_value_good, error);
}

/* What stands under the name, or `otherwise` (a format of json_pack). */
static json_t *chosen_or(http_server *server, const char *name, const char *otherwise)
{
    pthread_mutex_lock(&server->choices_lock);
    json_t *value = json_copy(json_object_get(server->chosen, name));
    pthread_mutex_unlock(&server->choices_lock);
    return value ? value : json_pack(otherwise, "auto");
}

json_t *choices_models(http_server *server)
{
    return json_pack("{so so so}", "restorer", chosen_or(server, "restorer", "n"), "detector",
                     chosen_or(server, "detector", "n"), "parser", chosen_or(server, "parser", "n"));
}

json_t *choices_machine(http_server *server)
{
    return json_pack("{so so so so so so}", "workers", chosen_or(server, "workers", "s"), "threads",
                     chosen_or(server, "threads", "s"), "precision", chosen_or(server, "precision", "s"), "device",
                     chosen_or(server, "device", "s"), "batch_size", chosen_or(server, "batch_size", "s"), "kept_mib",
                     chosen_or(server, "kept_mib", "s"));
}

/* The number chosen, or what the command line says; 0: as the machine allows. */
static int chosen_number(http_server *server, const char *name, int otherwise)
{
    json_t *value = chosen_or(server, name, "n");
    int number = json_is_integer(value) ? (int)json_integer_value(value) : otherwise;
    json_decref(value);
    return number;
}

void choices_into_options(http_server *server, scheduler_options *options)
{
    options->workers = chosen_number(server, "workers", server->options.workers);
    options->setup.threads = chosen_number(server, "threads", server->options.threads);
}

void choices_into_storage(http_server *server)
{
    int64_t mebibytes = chosen_number(server, "kept_mib", 0);
    storage_set_limit(server->storage, mebibytes ? mebibytes << 20 : server->options.most_kept);
}

/* Finding models reads whole files for their sums, so what was found is believed for a while, unless something was chosen or installed
 * here meanwhile. Under the lock. */
static gpen_status find_models(http_server *server, const http_models *wanted, gpen_error *error)
{
    static const double believed_seconds = 60;
    double now = clock_seconds();
    if (server->models_found > 0 && now - server->models_found < believed_seconds)
        return GPEN_OK;
    server->found = (worker_setup){.threads = 0};
    gpen_status status = server->options.choose_models(wanted, &server->found, error);
    server->models_found = status ? 0 : now;
    return status;
}

gpen_status choices_into_batch(http_server *server, batch_settings *settings, gpen_error *error)
{
    json_t *models = choices_models(server), *precision = chosen_or(server, "precision", "n");
    const http_models wanted = {json_string_value(json_object_get(models, "restorer")),
                                json_string_value(json_object_get(models, "detector")),
                                json_string_value(json_object_get(models, "parser"))};
    pthread_mutex_lock(&server->models_lock);
    gpen_status status = find_models(server, &wanted, error);
    if (!status) {
        settings->restorer = server->found.restorer;
        settings->detector = server->found.detector;
        settings->parser = server->found.parser;
        settings->precision = is_word(precision, "fp32")   ? GPEN_PRECISION_FP32
                              : is_word(precision, "bf16") ? GPEN_PRECISION_BF16
                                                           : GPEN_PRECISION_AUTO;
    }
    pthread_mutex_unlock(&server->models_lock);
    json_decref(models);
    json_decref(precision);
    return status;
}

void choices_forget_models(http_server *server)
{
    pthread_mutex_lock(&server->models_lock);
    server->models_found = 0;
    pthread_mutex_unlock(&server->models_lock);
}

gpen_status choices_setup(http_server *server, worker_setup *setup, gpen_error *error)
{
    batch_settings chosen = batch_settings_default();
    scheduler_options options = scheduler_options_default();
    gpen_status status = choices_into_batch(server, &chosen, error);
    if (status)
        return status;
    choices_into_options(server, &options);
    *setup = options.setup;
    setup->restorer = chosen.restorer;
    setup->detector = chosen.detector;
    setup->parser = chosen.parser;
    setup->precision = chosen.precision;
    if (server->options.cache)
        snprintf(setup->cache, sizeof setup->cache, "%s", server->options.cache);
    return GPEN_OK;
}

/* One photo at a time, for somebody who waits: all cores are its own. */
gpen_status choices_preview_setup(http_server *server, worker_setup *setup, gpen_error *error)
{
    gpen_status status = choices_setup(server, setup, error);
    if (!status && !setup->threads)
        setup->threads = thread_count_default();
    return status;
}

void choices_changed(http_server *server)
{
    worker_setup setup;
    choices_forget_models(server);
    choices_into_storage(server);
    engine_change(server->engine);
    if (!choices_preview_setup(server, &setup, NULL))
        previews_renew(server->previews, &setup);
}

/* ---------------------------------------------------------------- presets */

json_t *choices_presets(http_server *server)
{
    const char *name;
    json_t *settings, *list = json_pack("[]");
    pthread_mutex_lock(&server->choices_lock);
    json_object_foreach(server->presets, name, settings)
    {
        (void)json_array_append_new(list, json_pack("{ss so}", "name", name, "settings", json_deep_copy(settings)));
    }
    pthread_mutex_unlock(&server->choices_lock);
    return list;
}

json_t *choices_preset(http_server *server, const char *name)
{
    pthread_mutex_lock(&server->choices_lock);
    json_t *settings = json_deep_copy(json_object_get(server->presets, name));
    pthread_mutex_unlock(&server->choices_lock);
    return settings;
}

gpen_status choices_keep_preset(http_server *server, const char *name, const json_t *settings, gpen_error *error)
{
    gpen_status status;
    pthread_mutex_lock(&server->choices_lock);
    json_t *changed = json_copy(server->presets);
    if (changed && json_object_set_new(changed, name, json_deep_copy(settings))) {
        json_decref(changed);
        changed = NULL;
    }
    if (json_object_size(changed) > CHOICES_MOST_PRESETS) {
        json_decref(changed);
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "there are %d presets already", CHOICES_MOST_PRESETS);
    } else {
        status = replace(&server->presets, changed, server->presets_path, error);
    }
    pthread_mutex_unlock(&server->choices_lock);
    return status;
}

gpen_status choices_forget_preset(http_server *server, const char *name, bool *there, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    pthread_mutex_lock(&server->choices_lock);
    *there = json_object_get(server->presets, name);
    if (*there) {
        json_t *changed = json_copy(server->presets);
        if (changed)
            (void)json_object_del(changed, name);
        status = replace(&server->presets, changed, server->presets_path, error);
    }
    pthread_mutex_unlock(&server->choices_lock);
    return status;
}

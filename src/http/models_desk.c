/* Models: what is installed, what is published, what is on its way. Its own file because a download outlives the request that began
 * it. */
#include "http/models_desk.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/choices.h"
#include "http/engine.h"
#include "http/server.h"
#include "http/views.h"
#include "models/models.h"
#include "portrait/portrait.h"

enum { MOST_PULLS = 4, MOST_FACTS = 256, RETRIES = 4, STALL_SECONDS = 30 };

typedef enum pull_state { PULL_NONE, PULL_RUNS, PULL_BROKE } pull_state;

typedef struct pull {
    models_desk *desk;
    const published_model *model; /* static; NULL: the place is free */
    pthread_t thread;
    bool joinable;
    pull_state state;
    int64_t received, total; /* total -1: not known */
    gpen_error why;
} pull;

/* What a file turned out to be, so that it is not opened each time. */
typedef struct known_model {
    char *path;
    int64_t bytes;
    bool known;
    model_kind kind;
    int size;
} known_model;

struct models_desk {
    http_server *server;
    pthread_mutex_t lock; /* of all below */
    pull pulls[MOST_PULLS];
    known_model facts[MOST_FACTS];
    int fact_count;
    bool stopping;
};

gpen_status models_desk_new(models_desk **out, http_server *server, gpen_error *error)
{
    models_desk *desk = calloc(1, sizeof *desk);
    *out = NULL;
    if (!desk || pthread_mutex_init(&desk->lock, NULL)) {
        free(desk);
        return gpen_fail_memory(error, "the list of models", sizeof *desk);
    }
    desk->server = server;
    *out = desk;
    return GPEN_OK;
}

void models_desk_stop(models_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->stopping = true;
    pthread_mutex_unlock(&desk->lock);
    for (int i = 0; i < MOST_PULLS; i++)
        if (desk->pulls[i].joinable)
            pthread_join(desk->pulls[i].thread, NULL);
}

void models_desk_free(models_desk *desk)
{
    if (!desk)
        return;
    for (int i = 0; i < desk->fact_count; i++)
        free(desk->facts[i].path);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

/* ---------------------------------------------------------------- what files are */

static known_model examine(const char *path, int64_t bytes)
{
    weights *file;
    gpen_architecture architecture;
    known_model found = {.path = strdup(path), .bytes = bytes};
    if (!found.path || weights_open(&file, path, NULL))
        return found;
    found.known = !model_identify(file, &found.kind, NULL);
    if (found.known && found.kind == MODEL_RESTORER && !gpen_architecture_read(&architecture, file, NULL))
        found.size = architecture.size;
    weights_close(file);
    return found;
}

/* Under the lock. */
static known_model facts_of(models_desk *desk, const installed_model *model)
{
    for (int i = 0; i < desk->fact_count; i++)
        if (!strcmp(desk->facts[i].path, model->path) && desk->facts[i].bytes == model->bytes)
            return desk->facts[i];
    known_model found = examine(model->path, model->bytes);
    if (!found.path)
        return found;
    if (desk->fact_count == MOST_FACTS)
        free(desk->facts[--desk->fact_count].path);
    desk->facts[desk->fact_count++] = found;
    return found;
}

/* ---------------------------------------------------------------- showing */

static const pull *pull_of(const models_desk *desk, const char *name)
{
    for (int i = 0; i < MOST_PULLS; i++)
        if (desk->pulls[i].model && !strcmp(desk->pulls[i].model->name, name))
            return &desk->pulls[i];
    return NULL;
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_pack("s", text) : json_pack("n");
}

static json_t *number_or_null(int64_t number)
{
    return number > 0 ? json_pack("I", (json_int_t)number) : json_pack("n");
}

static bool is_chosen(const json_t *chosen, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)chosen, key, value)
    {
        if (json_is_string(value) && !strcmp(json_string_value(value), name))
            return true;
    }
    return false;
}

/* How far its download is, if there is one. */
static void put_pull(json_t *object, const pull *one, bool installed)
{
    bool runs = one && one->state == PULL_RUNS, broke = one && one->state == PULL_BROKE;
    const char *state = runs ? "pulling" : installed ? "installed" : broke ? "failed" : "missing";
    (void)json_object_set_new(object, "state", json_pack("s", state));
    (void)json_object_set_new(object, "received", runs ? json_pack("I", (json_int_t)one->received) : json_pack("n"));
    (void)json_object_set_new(object, "total", runs ? number_or_null(one->total) : json_pack("n"));
    (void)json_object_set_new(object, "reason",
                              broke ? json_pack("s", gpen_status_name(one->why.status)) : json_pack("n"));
    (void)json_object_set_new(object, "detail", broke ? text_or_null(one->why.message) : json_pack("n"));
}

/* Under the lock. installed or published may be NULL, not both. */
static json_t *view_model(models_desk *desk, const installed_model *installed, const published_model *published,
                          const json_t *chosen)
{
    static const published_model unpublished = {.kind = "unknown"};
    static const installed_model missing = {.name = NULL};
    const published_model *about = published ? published : &unpublished;
    const installed_model *file = installed ? installed : &missing;
    known_model facts = {.known = false};
    if (installed)
        facts = facts_of(desk, installed);
    const char *name = installed ? file->name : about->name;
    json_t *object =
        json_pack("{ss ss so so so so sb sb sb sb sb sb}", "name", name, "kind",
                  facts.known ? model_kind_name(facts.kind) : about->kind, "size",
                  number_or_null(facts.known ? facts.size : about->size), "bytes",
                  number_or_null(installed ? file->bytes : about->bytes), "license", text_or_null(about->license),
                  "purpose", text_or_null(about->purpose), "license_accepted", published && license_accepted(published),
                  "installed", installed != NULL, "bundled", file->bundled, "usable",
                  installed ? facts.known : published_usable(about), "published", published != NULL, "chosen",
                  is_chosen(chosen, name));
    if (object)
        put_pull(object, published ? pull_of(desk, name) : NULL, installed);
    return object;
}

static bool listed(const installed_model *models, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(models[i].name, name))
            return true;
    return false;
}

json_t *models_desk_list(models_desk *desk)
{
    installed_model *models = NULL;
    size_t count = 0, published_count;
    const published_model *published = published_models(&published_count);
    json_t *list = json_pack("[]"), *chosen = choices_models(desk->server);
    if (models_list(&models, &count, NULL))
        count = 0;
    pthread_mutex_lock(&desk->lock);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, view_model(desk, &models[i], published_find(models[i].name), chosen));
    for (size_t i = 0; i < published_count; i++)
        if (!listed(models, count, published[i].name))
            (void)json_array_append_new(list, view_model(desk, NULL, &published[i], chosen));
    pthread_mutex_unlock(&desk->lock);
    models_list_free(models, count);
    json_decref(chosen);
    return list;
}

json_t *models_desk_one(models_desk *desk, const char *name)
{
    json_t *list = models_desk_list(desk), *model, *found = NULL;
    size_t index;
    json_array_foreach(list, index, model)
    {
        const char *its = json_string_value(json_object_get(model, "name"));
        if (its && !strcmp(its, name))
            found = model;
    }
    json_incref(found);
    json_decref(list);
    return found;
}

/* ---------------------------------------------------------------- fetching */

static void tell(const pull *one, const char *state)
{
    char *text =
        view_text(json_pack("{ss sI so ss so so}", "name", one->model->name, "received", (json_int_t)one->received,
                            "total", number_or_null(one->total), "state", state, "reason",
                            one->why.status ? json_pack("s", gpen_status_name(one->why.status)) : json_pack("n"),
                            "detail", text_or_null(one->why.message)));
    if (text)
        ring_add(one->desk->server->ring, "model", 0, text, NULL);
    free(text);
}

static bool watch(void *context, const pull_event *event)
{
    pull *one = context;
    pthread_mutex_lock(&one->desk->lock);
    if (event->step == PULL_RECEIVING || event->step == PULL_ASKING)
        one->received = event->bytes;
    if (event->step == PULL_RECEIVING)
        one->total = event->total;
    bool go_on = !one->desk->stopping;
    pthread_mutex_unlock(&one->desk->lock);
    tell(one, "pulling");
    return go_on;
}

static void *run(void *argument)
{
    pull *one = argument;
    models_desk *desk = one->desk;
    gpen_error error = {0};
    bool present;
    const pull_options options = {.mirrors = getenv("GPEN_MODELS_MIRROR"),
                                  .retries = RETRIES,
                                  .stall_seconds = STALL_SECONDS,
                                  .check = model_check_published,
                                  .watch = watch,
                                  .context = one};
    gpen_status status = models_pull(one->model, &options, &present, &error);
    pthread_mutex_lock(&desk->lock);
    one->state = status ? PULL_BROKE : PULL_NONE;
    one->why = error;
    pthread_mutex_unlock(&desk->lock);
    log_event(status ? LOG_WARNING : LOG_INFO, "model_pulled",
              &(log_about){.fields = {{"model", .text = one->model->name}}}, "%s",
              status ? error.message : "installed");
    choices_forget_models(desk->server);
    tell(one, status ? "failed" : "installed");
    return NULL;
}

/* A place for the download: the model's own, or one where nothing runs. Under the lock. */
static pull *find_place(models_desk *desk, const published_model *model)
{
    pull *place = NULL;
    for (int i = 0; i < MOST_PULLS; i++) {
        pull *one = &desk->pulls[i];
        if (one->model == model)
            return one;
        if (one->state != PULL_RUNS && (!place || !one->model))
            place = one;
    }
    return place;
}

gpen_status models_desk_pull(models_desk *desk, const char *name, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    const published_model *model = published_find(name);
    pthread_mutex_lock(&desk->lock);
    pull *place = find_place(desk, model);
    if (!place || desk->stopping)
        status = gpen_fail(error, GPEN_CANCELLED, "other models are being fetched");
    else if (place->state == PULL_RUNS)
        status = gpen_fail(error, GPEN_EXISTS, "it is being fetched");
    if (!status) {
        if (place->joinable)
            pthread_join(place->thread, NULL);
        *place = (pull){.desk = desk, .model = model, .state = PULL_RUNS, .total = -1};
        place->joinable = !pthread_create(&place->thread, NULL, run, place);
        if (!place->joinable) {
            *place = (pull){.model = NULL};
            status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "no thread can be started");
        }
    }
    pthread_mutex_unlock(&desk->lock);
    return status;
}

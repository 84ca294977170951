/* New batches, and further photos for one that is there. */
#include <stdlib.h>
#include <string.h>

#include "base/characters.h"
#include "http/body.h"
#include "http/engine.h"
#include "http/handlers.h"
#include "http/lookup.h"
#include "http/new_batch.h"
#include "http/settings_take.h"
#include "http/sweep.h"
#include "http/views.h"

static gpen_status take_name(new_batch *batch, const char *name, gpen_error *error)
{
    if (strlen(name) > BATCH_LONGEST_NAME || !text_is_utf8(name))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a name is UTF-8 of at most %d bytes", BATCH_LONGEST_NAME);
    snprintf(batch->settings.name, sizeof batch->settings.name, "%s", name);
    return GPEN_OK;
}

/* Settings and name for a batch, and whether it is a single photo. */
static gpen_status take_settings(new_batch *batch, const json_t *settings, const char *name, bool single,
                                 gpen_error *error)
{
    gpen_status status = settings_take(batch->server, settings, &batch->settings, error);
    batch->settings.single = single;
    return status ? status : take_name(batch, name, error);
}

/* What stands in the form. */
static gpen_status take_form(new_batch *batch, upload *u, gpen_error *error)
{
    json_error_t wrong;
    gpen_status status = upload_end(u, error);
    if (status)
        return status;
    if (!upload_count(u))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no photo in it");
    if (batch->batch)
        return GPEN_OK;
    const char *text = upload_settings(u);
    json_t *settings = text ? json_loads(text, JSON_REJECT_DUPLICATES, &wrong) : NULL;
    if (text && !json_is_object(settings))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "the settings are no JSON object");
    else
        status = take_settings(batch, settings, upload_name(u), upload_single(u), error);
    json_decref(settings);
    return status;
}

/* What stands in {settings, name, paths}. */
static gpen_status take_paths(new_batch *batch, const json_t *object, gpen_error *error)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    json_t *paths = json_object_get(object, "paths");
    if (!json_is_array(paths) || !json_array_size(paths))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "paths is a list of paths");
    if (!*batch->server->allowed)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "no folder is allowed: see gpen serve --allow");
    batch->paths = json_incref(paths);
    if (batch->batch)
        return GPEN_OK;
    return take_settings(batch, json_object_get(object, "settings"), name ? name : "",
                         json_is_true(json_object_get(object, "single")), error);
}

static void answer_new(http_request *request)
{
    const new_batch *batch = request_task_result(request);
    if (batch)
        answer_batch(request, batch->batch, MHD_HTTP_CREATED);
}

/* Takes over `batch`. */
static void begin(http_request *request, new_batch *batch)
{
    gpen_error error;
    gpen_status status;
    batch->server = request->server;
    batch->settings = batch_settings_default();
    if (request->upload) {
        status = take_form(batch, request->upload, &error);
        batch->upload = request->upload;
        request->upload = NULL;
    } else {
        json_t *object = body_json(request);
        if (!object) {
            new_batch_free(batch);
            return;
        }
        status = take_paths(batch, object, &error);
        json_decref(object);
    }
    if (!status) {
        request_later(request, new_batch_make, batch, new_batch_free, answer_new);
        return;
    }
    if (batch->upload && upload_over_limit(batch->upload))
        answer_problem(request, HTTP_NO_SPACE, NULL);
    else
        answer_error(request, &error);
    new_batch_free(batch);
}

void handle_create_batch(http_request *request)
{
    new_batch *batch = calloc(1, sizeof *batch);
    if (batch)
        begin(request, batch);
}

void handle_add_photos(http_request *request)
{
    store_batch there;
    if (!lookup_batch(request, &there))
        return;
    new_batch *batch = calloc(1, sizeof *batch);
    if (batch) {
        batch->batch = there.id;
        snprintf(batch->key, sizeof batch->key, "%s", batch_key(&there));
        begin(request, batch);
    }
    store_batch_free(&there);
}

/* Models: listed, chosen, fetched, brought. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "http/body.h"
#include "http/choices.h"
#include "http/engine.h"
#include "http/handlers.h"
#include "http/server.h"
#include "http/upload.h"
#include "portrait/portrait.h"

/* The names of the models that are really used, where they are chosen by themselves. */
static json_t *view_using(http_server *server)
{
    batch_settings used = batch_settings_default();
    if (choices_into_batch(server, &used, NULL))
        used = batch_settings_default();
    return json_pack("{ss* ss* ss*}", "restorer", *used.restorer.name ? used.restorer.name : NULL, "detector",
                     *used.detector.name ? used.detector.name : NULL, "parser",
                     *used.parser.name ? used.parser.name : NULL);
}

void handle_list_models(http_request *request)
{
    http_server *server = request->server;
    answer_json(request, MHD_HTTP_OK,
                json_pack("{so so so sb}", "models", models_desk_list(server->models), "chosen", choices_models(server),
                          "using", view_using(server), "can_pull", models_pull_available()));
}

void handle_choose_models(http_request *request)
{
    gpen_error error;
    batch_settings used = batch_settings_default();
    http_server *server = request->server;
    json_t *object = body_json(request), *before = choices_models(server);
    gpen_status status = GPEN_OK;
    if (object && before) {
        status = choices_set_models(server, object, &error);
        /* What cannot be used is not kept. */
        if (!status && (status = choices_into_batch(server, &used, &error)))
            (void)choices_set_models(server, before, NULL);
    }
    if (object && !status) {
        choices_changed(server);
        handle_list_models(request);
    } else if (object) {
        answer_error(request, &error);
    }
    json_decref(object);
    json_decref(before);
}

/* ---------------------------------------------------------------- fetching */

void handle_pull_model(http_request *request)
{
    gpen_error error;
    const published_model *model = published_find(request->name);
    json_t *object = body_json(request);
    if (!object)
        return;
    bool accepts = json_is_true(json_object_get(object, "accept_license"));
    json_decref(object);
    if (!model || !published_usable(model)) {
        answer_problem(request, HTTP_NOT_FOUND, "no model of that name is published for this program");
        return;
    }
    if (!models_pull_available()) {
        answer_problem(request, HTTP_UNABLE, "it was built without what downloads need");
        return;
    }
    if (!license_accepted(model) && !accepts) {
        answer_problem(request, HTTP_LICENSE, "%s", model->license);
        return;
    }
    gpen_status status = license_accepted(model) ? GPEN_OK : license_accept(model, &error);
    if (!status)
        status = models_desk_pull(request->server->models, model->name, &error);
    if (status)
        answer_error(request, &error);
    else
        answer_json(request, MHD_HTTP_ACCEPTED, models_desk_one(request->server->models, model->name));
}

/* ---------------------------------------------------------------- bringing */

typedef struct model_import {
    upload *upload; /* owned */
    char *name;     /* that it was installed under */
} model_import;

static void import_free(void *context)
{
    model_import *import = context;
    upload_free(import->upload);
    free(import->name);
    free(import);
}

static gpen_status check_network(const weights *file, void *context, gpen_error *error)
{
    model_kind kind;
    (void)context;
    return model_identify(file, &kind, error);
}

/* Models are installed under their file's name, so the file gets that first. */
static gpen_status import_model(void *context, gpen_error *error)
{
    model_import *import = context;
    const upload_file *file = upload_at(import->upload, 0);
    const char *wanted = upload_name(import->upload), *given = path_name(file->name);
    bool named = *wanted && !strchr(wanted, '/');
    const char *ending = strrchr(given, '.');
    char *path = upload_path(import->upload, 0, false), *folder = path ? path_folder(path) : NULL, *target = NULL;
    if (file->refused) {
        free(path);
        free(folder);
        return gpen_fail(error, GPEN_TOO_LARGE, "%s is too large for a model", given);
    }
    if (!folder || asprintf(&target, "%s/%s%s", folder, named ? wanted : given, named && ending ? ending : "") < 0)
        target = NULL;
    gpen_status status = GPEN_OK;
    if (!target)
        status = gpen_fail_memory(error, "a path", strlen(given));
    else if (rename(path, target))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "%s cannot be the name of a model", named ? wanted : given);
    if (!status)
        status = models_import(target, false, check_network, NULL, &import->name, error);
    free(path);
    free(folder);
    free(target);
    return status;
}

static void answer_imported(http_request *request)
{
    const model_import *import = request_task_result(request);
    if (!import)
        return;
    choices_changed(request->server);
    answer_json(request, MHD_HTTP_CREATED, models_desk_one(request->server->models, import->name));
}

void handle_import_model(http_request *request)
{
    gpen_error error;
    gpen_status status = upload_end(request->upload, &error);
    if (!status && !upload_count(request->upload))
        status = gpen_fail(&error, GPEN_BAD_ARGUMENT, "there is no file in it");
    if (status) {
        answer_error(request, &error);
        return;
    }
    model_import *import = calloc(1, sizeof *import);
    if (!import)
        return;
    import->upload = request->upload;
    request->upload = NULL;
    request_later(request, import_model, import, import_free, answer_imported);
}

/* Choosing a restorer. Its own file because enhance, bench and doctor must agree about which is the best there is. */
#include "cli/model_choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

gpen_status model_identify(const char *path, model_facts *facts, gpen_error *error)
{
    weights *file;
    gpen_architecture architecture;
    *facts = (model_facts){0};
    gpen_status status = weights_open(&file, path, error);
    if (status)
        return status;
    for (size_t i = 0; i < weights_count(file); i++)
        facts->parameters += weights_at(file, i)->count;
    facts->restorer = !gpen_architecture_read(&architecture, file, error);
    facts->size = facts->restorer ? architecture.size : 0;
    weights_close(file);
    return GPEN_OK;
}

static const installed_model *find_named(const installed_model *models, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(models[i].name, name))
            return &models[i];
    return NULL;
}

/* Colourising and inpainting networks have the same tensors, so only their names tell. */
static bool is_for_faces(const char *name)
{
    return !strcasestr(name, "colori") && !strcasestr(name, "inpaint");
}

static const installed_model *find_any(const installed_model *models, size_t count)
{
    model_facts facts;
    for (size_t i = 0; i < count; i++)
        if (!models[i].bundled && is_for_faces(models[i].name) && !model_identify(models[i].path, &facts, NULL) &&
            facts.restorer)
            return &models[i];
    return NULL;
}

static const installed_model *find_best(const installed_model *models, size_t count)
{
    static const char *const published[] = {"GPEN-BFR-512", "GPEN-BFR-1024", "GPEN-BFR-2048", "GPEN-BFR-256"};
    const installed_model *best = NULL;
    for (size_t i = 0; !best && i < sizeof published / sizeof *published; i++)
        best = find_named(models, count, published[i]);
    if (!best)
        best = find_any(models, count);
    return best ? best : find_named(models, count, BUNDLED_RESTORER);
}

static gpen_status choose_best(model_choice *choice, gpen_error *error)
{
    installed_model *models;
    size_t count;
    gpen_status status = models_list(&models, &count, error);
    if (status)
        return status;
    const installed_model *best = find_best(models, count);
    if (best) {
        choice->path = strdup(best->path);
        choice->bundled = best->bundled;
        if (!choice->path)
            status = gpen_fail_memory(error, "a path", strlen(best->path));
    } else {
        status = gpen_fail(error, GPEN_MODEL_MISSING,
                           "no model is installed, and the one that belongs to the program is not "
                           "where it should be; 'gpen models import FILE' installs one");
    }
    models_list_free(models, count);
    return status;
}

gpen_status model_choose(model_choice *choice, const char *wanted, gpen_error *error)
{
    *choice = (model_choice){0};
    gpen_status status = wanted ? models_resolve(wanted, &choice->path, error) : choose_best(choice, error);
    if (!status && !(choice->name = path_stem(choice->path)))
        status = gpen_fail_memory(error, "a model's name", strlen(choice->path));
    if (status)
        model_choice_free(choice);
    return status;
}

void model_choice_free(model_choice *choice)
{
    free(choice->name);
    free(choice->path);
    *choice = (model_choice){0};
}

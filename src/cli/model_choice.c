/* Choosing models. Its own file because enhance, detect, bench and doctor must agree about which is the best there is. */
#include "cli/model_choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "models/models.h"

/* How the best of a kind is found. */
typedef struct preference {
    const char *const *published; /* by name, the best first; ends with NULL */
    const char *bundled;          /* or NULL */
    const char *missing;          /* what to say when there is none; NULL: it can be done without */
} preference;

static const char *const published_restorers[] = {"GPEN-BFR-512", "GPEN-BFR-1024", "GPEN-BFR-2048", "GPEN-BFR-256",
                                                  NULL};
static const char *const published_detectors[] = {"RetinaFace-R50", "RetinaFace-MobileNet0.25", NULL};
static const char *const published_parsers[] = {"ParseNet", NULL};

static const preference preferences[] = {
    [MODEL_RESTORER] = {published_restorers, BUNDLED_RESTORER,
                        "no restorer is installed, and the one that belongs to the program is not where it should be; "
                        "'gpen models pull GPEN-BFR-512' fetches one"},
    [MODEL_DETECTOR] = {published_detectors, "retinaface-mini",
                        "no detector is installed, and without one faces cannot be found in whole photos: 'gpen models "
                        "pull RetinaFace-R50' fetches one, 'gpen models import FILE' installs your own. Face crops "
                        "need none: gpen enhance --aligned"},
    [MODEL_PARSER] = {published_parsers, NULL, NULL},
};

gpen_status model_facts_read(const char *path, model_facts *facts, gpen_error *error)
{
    weights *file;
    gpen_architecture architecture;
    *facts = (model_facts){0};
    gpen_status status = weights_open(&file, path, error);
    if (status)
        return status;
    for (size_t i = 0; i < weights_count(file); i++)
        facts->parameters += weights_at(file, i)->count;
    facts->known = !model_identify(file, &facts->kind, error);
    if (facts->known && facts->kind == MODEL_RESTORER && !gpen_architecture_read(&architecture, file, error))
        facts->size = architecture.size;
    weights_close(file);
    return GPEN_OK;
}

static const installed_model *find_named(const installed_model *models, size_t count, const char *name)
{
    for (size_t i = 0; name && i < count; i++)
        if (!strcmp(models[i].name, name))
            return &models[i];
    return NULL;
}

/* Colourising and inpainting networks have the tensors of a restorer, so only their names tell. */
static bool is_for_faces(const char *name)
{
    return !strcasestr(name, "colori") && !strcasestr(name, "inpaint");
}

static const installed_model *find_any(const installed_model *models, size_t count, model_kind kind)
{
    model_facts facts;
    for (size_t i = 0; i < count; i++)
        if (!models[i].bundled && is_for_faces(models[i].name) && !model_facts_read(models[i].path, &facts, NULL) &&
            facts.known && facts.kind == kind)
            return &models[i];
    return NULL;
}

static const installed_model *find_best(const installed_model *models, size_t count, model_kind kind)
{
    const installed_model *best = NULL;
    for (const char *const *name = preferences[kind].published; !best && *name; name++)
        best = find_named(models, count, *name);
    if (!best)
        best = find_any(models, count, kind);
    return best ? best : find_named(models, count, preferences[kind].bundled);
}

static gpen_status choose_best(model_choice *choice, model_kind kind, gpen_error *error)
{
    installed_model *models;
    size_t count;
    gpen_status status = models_list(&models, &count, error);
    if (status)
        return status;
    const installed_model *best = find_best(models, count, kind);
    if (best) {
        choice->path = strdup(best->path);
        choice->bundled = best->bundled;
        if (!choice->path)
            status = gpen_fail_memory(error, "a path", strlen(best->path));
    } else if (preferences[kind].missing) {
        status = gpen_fail(error, GPEN_MODEL_MISSING, "%s", preferences[kind].missing);
    }
    models_list_free(models, count);
    return status;
}

gpen_status model_choose(model_choice *choice, model_kind kind, const char *wanted, gpen_error *error)
{
    *choice = (model_choice){0};
    gpen_status status = wanted ? models_resolve(wanted, &choice->path, error) : choose_best(choice, kind, error);
    if (!status && choice->path && !(choice->name = path_stem(choice->path)))
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

const char *const precision_choices[] = {"auto", "fp32", "bf16", NULL};

char *packed_models_folder(void)
{
    char *cache = folder_cache();
    char *folder = cache ? path_join(cache, "packed") : NULL;
    free(cache);
    return folder;
}

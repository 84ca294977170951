/* Which models there are, and which file is meant by what a person wrote after --model. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "weights/private.h"

static const char ending[] = ".safetensors";

/* The list while it grows. */
typedef struct model_list {
    installed_model *models;
    size_t count, capacity;
} model_list;

/* NAME of "NAME.safetensors", the caller's; NULL when the file is not called so (or there is no memory: *failed). */
static char *model_of_file(const char *file, bool *failed)
{
    size_t length = strlen(file), tail = strlen(ending);
    if (length <= tail || strcmp(file + length - tail, ending))
        return NULL;
    char *name = strndup(file, length - tail);
    *failed = !name;
    if (name && !model_name_valid(name)) {
        free(name);
        return NULL;
    }
    return name;
}

static bool make_room(model_list *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity ? list->capacity * 2 : 16;
    installed_model *models = realloc(list->models, capacity * sizeof *models);
    if (!models)
        return false;
    list->models = models;
    list->capacity = capacity;
    return true;
}

static bool has_name(const model_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->models[i].name, name))
            return true;
    return false;
}

/* Adds the file if it is a model that no one before it hides. False: no memory. */
static bool add_file(model_list *list, const char *folder, const char *file, bool bundled)
{
    bool failed = false;
    char *name = model_of_file(file, &failed);
    if (!name)
        return !failed;
    char *path = path_join(folder, file);
    struct stat status;
    bool good = path != NULL;
    bool wanted = good && !stat(path, &status) && S_ISREG(status.st_mode) && !has_name(list, name);
    good = good && (!wanted || make_room(list));
    if (good && wanted) {
        list->models[list->count++] =
            (installed_model){.name = name, .path = path, .bundled = bundled, .bytes = status.st_size};
        return true;
    }
    free(path);
    free(name);
    return good;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const installed_model *)left)->name, ((const installed_model *)right)->name);
}

/* Adds the models of one folder in alphabetical order. */
static gpen_status add_folder(model_list *list, const char *path, bool bundled, gpen_error *error)
{
    DIR *folder = opendir(path);
    if (!folder)
        return GPEN_OK; /* not there, or not ours to read: no models */
    char *absolute = realpath(path, NULL);
    bool good = absolute != NULL;
    size_t first = list->count;
    const struct dirent *file;
    while (good && (file = readdir(folder)))
        good = add_file(list, absolute, file->d_name, bundled);
    closedir(folder);
    free(absolute);
    if (!good)
        return gpen_fail_memory(error, "the list of models", list->count * sizeof *list->models);
    if (list->count > first)
        qsort(list->models + first, list->count - first, sizeof *list->models, by_name);
    return GPEN_OK;
}

gpen_status models_list(installed_model **models, size_t *count, gpen_error *error)
{
    model_list list = {0};
    char *installed = NULL, *bundled = NULL;
    *models = NULL;
    *count = 0;
    gpen_status status = GPEN_OK;
    if (!models_folder(&installed, NULL)) /* a person without a home still has the bundled models */
        status = add_folder(&list, installed, false, error);
    if (!status)
        status = assets_folder(&bundled, error);
    if (!status)
        status = add_folder(&list, bundled, true, error);
    free(installed);
    free(bundled);
    if (status) {
        models_list_free(list.models, list.count);
        return status;
    }
    *models = list.models;
    *count = list.count;
    return GPEN_OK;
}

void models_list_free(installed_model *models, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(models[i].name);
        free(models[i].path);
    }
    free(models);
}

/* MODEL_MISSING with the names that could have been meant, as many as the message has room for. */
static gpen_status fail_missing(const char *name, const installed_model *models, size_t count, gpen_error *error)
{
    char names[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(models[i].name);
        if (used + length + sizeof ", ..." > sizeof names) {
            strcpy(names + used, used ? ", ..." : "...");
            break;
        }
        if (used) {
            memcpy(names + used, ", ", 2);
            used += 2;
        }
        memcpy(names + used, models[i].name, length + 1);
        used += length;
    }
    if (!count)
        return gpen_fail(error, GPEN_MODEL_MISSING, "%s: no such file, and no model is installed", name);
    return gpen_fail(error, GPEN_MODEL_MISSING, "%s: neither a file nor the name of a model; there are: %s", name,
                     names);
}

gpen_status models_resolve(const char *name_or_path, char **path, gpen_error *error)
{
    *path = NULL;
    if (path_is_file(name_or_path)) {
        *path = strdup(name_or_path);
        return *path ? GPEN_OK : gpen_fail_memory(error, "a path", strlen(name_or_path));
    }
    installed_model *models;
    size_t count;
    gpen_status status = models_list(&models, &count, error);
    if (status)
        return status;
    size_t i = 0;
    while (i < count && strcmp(models[i].name, name_or_path))
        i++;
    if (i == count)
        status = fail_missing(name_or_path, models, count, error);
    else if (!(*path = strdup(models[i].path)))
        status = gpen_fail_memory(error, "a path", strlen(models[i].path));
    models_list_free(models, count);
    return status;
}

/* Names and sums of models for the receipt. Its own file because a sum is either on record or takes a read of the whole
 * file, once until it changes. */
#include "cli/receipt_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* NAME.sha256 beside NAME.safetensors. NULL: the file has no such name, or there is no memory. */
static char *record_of(const char *path)
{
    static const char ending[] = ".safetensors";
    size_t length = strlen(path), ending_length = sizeof ending - 1;
    char *record = NULL;
    if (length <= ending_length || strcmp(path + length - ending_length, ending) != 0 ||
        asprintf(&record, "%.*s.sha256", (int)(length - ending_length), path) < 0)
        return NULL;
    return record;
}

/* Was the record made for the file as it is now? */
static bool is_current(const char *record, const char *path)
{
    struct stat sum, model;
    return !stat(record, &sum) && !stat(path, &model) && S_ISREG(sum.st_mode) && sum.st_mtime >= model.st_mtime;
}

gpen_status receipt_name_model(receipt_model *named, const model_choice *choice, gpen_error *error)
{
    *named = (receipt_model){.name = choice->name};
    if (!choice->path)
        return GPEN_OK;
    char *record = record_of(choice->path);
    bool recorded = record && is_current(record, choice->path) &&
                    !sha256_list_find(record, path_name(choice->path), named->sha256, NULL);
    free(record);
    if (recorded)
        return GPEN_OK;
    char *cache = packed_models_folder();
    gpen_status status = file_sha256_kept(choice->path, cache, named->sha256, error);
    free(cache);
    return status == GPEN_UNSUPPORTED_FORMAT ? GPEN_OK : status;
}

gpen_status receipt_worker_model(worker_model *model, const model_choice *choice, gpen_error *error)
{
    receipt_model named;
    if (!choice->path)
        return GPEN_OK;
    gpen_status status = receipt_name_model(&named, choice, error);
    if (status)
        return status;
    char *path = path_absolute(choice->path);
    bool fits = path && strlen(path) < sizeof model->path && strlen(choice->name) < sizeof model->name;
    if (fits) {
        snprintf(model->path, sizeof model->path, "%s", path);
        snprintf(model->name, sizeof model->name, "%s", choice->name);
        memcpy(model->sha256, named.sha256, sizeof model->sha256);
    }
    free(path);
    return fits ? GPEN_OK : gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: the path is too long", choice->path);
}

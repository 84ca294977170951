/* Is a model's file still what was installed, or what came with the program? Its SHA-256 against the recorded one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/private.h"

enum { DIGITS = 64 };

/* A line as sha256sum writes it: 64 digits, a space, a space or '*', the name. */
static bool line_matches(const char *line, size_t length, const char *name)
{
    return length == DIGITS + 2 + strlen(name) && strspn(line, "0123456789abcdef") == DIGITS && line[DIGITS] == ' ' &&
           (line[DIGITS + 1] == ' ' || line[DIGITS + 1] == '*') && !memcmp(line + DIGITS + 2, name, strlen(name));
}

gpen_status sha256_list_find(const char *list, const char *name, char digest[65], gpen_error *error)
{
    FILE *lines = fopen(list, "re");
    if (!lines)
        return gpen_fail(error, GPEN_MODEL_INVALID, "%s: no SHA-256 is recorded (%s: %s)", name, path_name(list),
                         strerror(errno));
    char line[DIGITS + 512];
    bool found = false;
    while (!found && fgets(line, sizeof line, lines)) {
        line[strcspn(line, "\r\n")] = '\0';
        found = line_matches(line, strlen(line), name);
    }
    (void)fclose(lines);
    if (!found)
        return gpen_fail(error, GPEN_MODEL_INVALID, "%s: no SHA-256 is recorded in %s", name, path_name(list));
    memcpy(digest, line, DIGITS);
    digest[DIGITS] = '\0';
    return GPEN_OK;
}

/* The list that has a model's sum: NAME.sha256 beside an installed one, SHA256SUMS beside the bundled ones. */
static char *list_of(const installed_model *model)
{
    char *folder = path_folder(model->path), *list = NULL;
    if (folder && (model->bundled ? asprintf(&list, "%s/SHA256SUMS", folder)
                                  : asprintf(&list, "%s/%s.sha256", folder, model->name)) < 0)
        list = NULL;
    free(folder);
    return list;
}

gpen_status models_verify(const installed_model *model, gpen_error *error)
{
    char recorded[65], computed[65];
    if (!path_is_file(model->path))
        return gpen_fail(error, GPEN_MODEL_MISSING, "%s: the file is not there", model->name);
    if (!sha256_available())
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: not compared, this build cannot compute SHA-256",
                         model->name);
    char *list = list_of(model);
    if (!list)
        return gpen_fail_memory(error, "a path", strlen(model->path));
    gpen_status status = sha256_list_find(list, path_name(model->path), recorded, error);
    free(list);
    if (!status)
        status = file_sha256(model->path, computed, error);
    if (!status && strcmp(recorded, computed))
        status = gpen_fail(error, GPEN_MODEL_INVALID, "%s: the file has changed: its SHA-256 is %s, but %s is recorded",
                           model->name, computed, recorded);
    return status;
}

/* Installing a model: its tensors written anew as safetensors into the models folder, its SHA-256 beside it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "weights/private.h"

/* Do the two open files hold the same bytes? One that cannot be read holds nothing that equals. */
static bool same_bytes(int left, int right)
{
    unsigned char a[16384], b[sizeof a];
    for (off_t at = 0;; at += (off_t)sizeof a) {
        ssize_t got = pread(left, a, sizeof a, at);
        if (got < 0 || pread(right, b, sizeof b, at) != got || memcmp(a, b, (size_t)got))
            return false;
        if (got < (ssize_t)sizeof a)
            return true;
    }
}

static bool is_same_file(const atomic_file *written, const char *path)
{
    int existing = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (existing < 0)
        return false;
    bool same = same_bytes(written->descriptor, existing);
    close(existing);
    return same;
}

/* Writes the tensors to `path`; the same bytes there already are as good. */
static gpen_status write_model(const weights *file, const char *path, bool overwrite, gpen_error *error)
{
    atomic_file target;
    gpen_status status = atomic_file_begin(&target, path, error);
    if (status)
        return status;
    status = safetensors_write(file, &target, NULL, file->metadata, file->metadata_count, error);
    if (status || is_same_file(&target, path)) {
        atomic_file_abandon(&target);
        return status;
    }
    status = atomic_file_commit(&target, overwrite, error);
    if (status == GPEN_EXISTS)
        return gpen_fail(error, GPEN_EXISTS, "another model of this name is installed: %s", path);
    return status;
}

/* NAME.sha256, as sha256sum writes it for the file in its own folder. */
static gpen_status record_sum(const char *folder, const char *name, const char *path, gpen_error *error)
{
    char digest[65], *sum_path = NULL, *line = NULL;
    if (!sha256_available()) {
        log_event(LOG_WARNING, "model_without_sum", NULL,
                  "%s: installed without its SHA-256, which this build cannot compute", name);
        return GPEN_OK;
    }
    gpen_status status = file_sha256(path, digest, error);
    if (status)
        return status;
    if (asprintf(&sum_path, "%s/%s.sha256", folder, name) < 0)
        sum_path = NULL;
    if (asprintf(&line, "%s  %s\n", digest, path_name(path)) < 0)
        line = NULL;
    status =
        sum_path && line ? file_replace(sum_path, line, strlen(line), error) : gpen_fail_memory(error, "a path", 0);
    free(line);
    free(sum_path);
    return status;
}

static gpen_status install(const weights *file, const char *name, bool overwrite, gpen_error *error)
{
    char *folder, *path = NULL;
    gpen_status status = models_folder(&folder, error);
    if (!status)
        status = folder_make(folder, error);
    if (!status && asprintf(&path, "%s/%s.safetensors", folder, name) < 0) {
        path = NULL;
        status = gpen_fail_memory(error, "a path", 0);
    }
    if (!status)
        status = write_model(file, path, overwrite, error);
    if (!status)
        status = record_sum(folder, name, path, error);
    free(path);
    free(folder);
    return status;
}

gpen_status models_import(const char *path, bool overwrite, weights_check *check, void *context, char **name,
                          gpen_error *error)
{
    *name = NULL;
    char *stem = path_stem(path);
    if (!stem)
        return gpen_fail_memory(error, "a path", strlen(path));
    weights *file = NULL;
    gpen_status status = GPEN_OK;
    if (!model_name_valid(stem))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: a model cannot have this name; rename the file", stem);
    if (!status)
        status = weights_open(&file, path, error);
    if (!status && check)
        status = check(file, context, error);
    if (!status)
        status = install(file, stem, overwrite, error);
    weights_close(file);
    if (status)
        free(stem);
    else
        *name = stem;
    return status;
}

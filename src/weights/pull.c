/* `gpen models pull`, but for the words: which addresses, which sum, what is installed under which name. Its own file
 * because it is where the catalogue, the download and the models folder meet. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weights/download.h"
#include "weights/http_get.h"
#include "weights/private.h"

/* Where nobody published a length: beyond any network this program knows. */
static const int64_t most_bytes = (int64_t)4 << 30;

enum { MAX_ADDRESSES = 32 };

typedef struct pull {
    const published_model *model;
    const pull_options *options;
    char *part, *note, *sum;  /* files in the folder downloads */
    char wanted[65];          /* the SHA-256 that the file must have; "": any, it is the first */
    bool recorded;            /* ... of the first one that was installed, not a published one */
    char computed[65];        /* SHA-256 of what came */
    char *own[MAX_ADDRESSES]; /* addresses made here */
    const char *addresses[MAX_ADDRESSES];
    size_t own_count, address_count;
} pull;

bool models_pull_available(void)
{
    return http_available() && sha256_available();
}

/* ---------------------------------------------------------------- addresses */

/* Adds MIRROR/FILE. */
static gpen_status add_mirror(pull *p, const char *mirror, size_t length, gpen_error *error)
{
    char *folder = strndup(mirror, length);
    char *address = folder ? path_join(folder, p->model->file) : NULL;
    free(folder);
    if (!address)
        return gpen_fail_memory(error, "an address", length);
    p->own[p->own_count++] = address;
    p->addresses[p->address_count++] = address;
    return GPEN_OK;
}

static gpen_status list_addresses(pull *p, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    if (p->options->from) {
        p->addresses[p->address_count++] = p->options->from;
        return GPEN_OK;
    }
    size_t published = 0;
    while (p->model->addresses[published])
        published++;
    for (const char *at = p->options->mirrors; at && *at && !status;) {
        size_t length = strcspn(at, " \t\n");
        if (length && p->address_count + published == MAX_ADDRESSES)
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "there are more mirrors than %zu", p->address_count);
        if (length)
            status = add_mirror(p, at, length, error);
        at += length + strspn(at + length, " \t\n");
    }
    for (size_t i = 0; i < published && !status; i++)
        p->addresses[p->address_count++] = p->model->addresses[i];
    return status;
}

/* ---------------------------------------------------------------- taking the file */

static gpen_status compare_sum(const pull *p, gpen_error *error)
{
    if (!*p->wanted || !strcmp(p->wanted, p->computed))
        return GPEN_OK;
    if (!p->recorded)
        return gpen_fail(error, GPEN_MODEL_INVALID, "not the published file: its SHA-256 is %s, not %s", p->computed,
                         p->wanted);
    return gpen_fail(error, GPEN_MODEL_INVALID,
                     "not the file that was installed first: its SHA-256 is %s; to trust it all the same, remove %s",
                     p->computed, p->sum);
}

/* Remembers what the first file of a model without a published sum was. */
static gpen_status record_first(const pull *p, gpen_error *error)
{
    char line[512];
    if (*p->wanted)
        return GPEN_OK;
    snprintf(line, sizeof line, "%s  %s\n", p->computed, p->model->file);
    return file_replace(p->sum, line, strlen(line), error);
}

/* Asked when the tensors can be read and nothing is written yet: whatever fails here leaves no model behind. */
static gpen_status check_tensors(const weights *file, void *context, gpen_error *error)
{
    const pull *p = context;
    gpen_status status = p->options->check ? p->options->check(file, p->model, error) : GPEN_OK;
    return status ? status : record_first(p, error);
}

static gpen_status take_file(void *context, gpen_error *error)
{
    pull *p = context;
    char *name = NULL;
    gpen_status status = file_sha256(p->part, p->computed, error);
    if (!status)
        status = compare_sum(p, error);
    if (!status)
        status = models_import(p->part, p->options->overwrite, check_tensors, p, &name, error);
    free(name);
    return status;
}

/* ---------------------------------------------------------------- before it begins */

/* The sum that the file must have. A record that is there but cannot be read is an error, not a licence to take anything. */
static gpen_status find_sum(pull *p, gpen_error *error)
{
    if (p->model->sha256) {
        memcpy(p->wanted, p->model->sha256, sizeof p->wanted);
        return GPEN_OK;
    }
    if (access(p->sum, F_OK) && errno == ENOENT)
        return GPEN_OK;
    p->recorded = true;
    return sha256_list_find(p->sum, p->model->file, p->wanted, error);
}

/* Is it installed? *present: and whole, so that there is nothing to do. */
static gpen_status look_for_installed(const pull *p, bool *present, gpen_error *error)
{
    installed_model *models;
    size_t count;
    gpen_status status = models_list(&models, &count, error);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (models[i].bundled || strcmp(models[i].name, p->model->name) != 0)
            continue;
        gpen_error damage;
        *present = !models_verify(&models[i], &damage);
        if (!*present && !path_is_file(p->part)) /* else it may be this program that was ended while it installed */
            status = gpen_fail(error, GPEN_EXISTS, "%s", damage.message);
    }
    models_list_free(models, count);
    return status;
}

/* A path in the folder downloads, which is made. */
static gpen_status downloads_path(const published_model *model, const char *ending, bool make, char **path,
                                  gpen_error *error)
{
    char *models = NULL, *folder = NULL;
    *path = NULL;
    gpen_status status = models_folder(&models, error);
    if (!status && !(folder = path_join(models, "downloads")))
        status = gpen_fail_memory(error, "a path", 0);
    if (!status && make)
        status = folder_make(folder, error);
    if (!status && asprintf(path, "%s/%s.%s", folder, model->name, ending) < 0) {
        *path = NULL;
        status = gpen_fail_memory(error, "a path", 0);
    }
    free(folder);
    free(models);
    return status;
}

static gpen_status prepare(pull *p, gpen_error *error)
{
    gpen_status status = downloads_path(p->model, "part", true, &p->part, error);
    if (!status)
        status = downloads_path(p->model, "note", true, &p->note, error);
    if (!status)
        status = downloads_path(p->model, "sha256", true, &p->sum, error);
    return status;
}

static void release(pull *p)
{
    for (size_t i = 0; i < p->own_count; i++)
        free(p->own[i]);
    free(p->part);
    free(p->note);
    free(p->sum);
}

/* ---------------------------------------------------------------- the whole of it */

static gpen_status fetch(pull *p, gpen_error *error)
{
    gpen_status status = find_sum(p, error);
    if (!status)
        status = list_addresses(p, error);
    if (status)
        return status;
    const download_request request = {.addresses = p->addresses,
                                      .address_count = p->address_count,
                                      .part = p->part,
                                      .note = p->note,
                                      .length = p->model->bytes ? p->model->bytes : -1,
                                      .limit = p->model->bytes ? p->model->bytes : most_bytes,
                                      .sum_known = *p->wanted != '\0',
                                      .retries = p->options->retries,
                                      .stall_seconds = p->options->stall_seconds,
                                      .accept = take_file,
                                      .watch = p->options->watch,
                                      .accept_context = p,
                                      .watch_context = p->options->context};
    return download(&request, error);
}

gpen_status models_pull(const published_model *model, const pull_options *options, bool *present, gpen_error *error)
{
    *present = false;
    if (!models_pull_available())
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build cannot download: it was made without %s",
                         http_available() ? "GLib, which computes the SHA-256" : "libcurl");
    pull *p = calloc(1, sizeof *p);
    if (!p)
        return gpen_fail_memory(error, "a download", sizeof *p);
    p->model = model;
    p->options = options;
    gpen_status status = prepare(p, error);
    if (!status && !options->overwrite)
        status = look_for_installed(p, present, error);
    if (!status && *present)
        download_discard(p->part, p->note);
    else if (!status)
        status = fetch(p, error);
    release(p);
    free(p);
    return status;
}

/* ---------------------------------------------------------------- licences */

bool license_accepted(const published_model *model)
{
    char *path, text[512];
    if (downloads_path(model, "license", false, &path, NULL))
        return false;
    FILE *file = fopen(path, "re");
    free(path);
    if (!file)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return !strcmp(text, model->license);
}

gpen_status license_accept(const published_model *model, gpen_error *error)
{
    char *path, text[512];
    gpen_status status = downloads_path(model, "license", true, &path, error);
    if (status)
        return status;
    snprintf(text, sizeof text, "%s\n", model->license);
    status = file_replace(path, text, strlen(text), error);
    free(path);
    return status;
}

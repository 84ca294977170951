/* Making batches. Its own file because uploads, allowed folders and the store meet here, and each may fail halfway. */
#include "http/new_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/content.h"
#include "http/choices.h"
#include "http/engine.h"
#include "http/folder_walk.h"
#include "http/names.h"
#include "http/sweep.h"

void new_batch_free(void *context)
{
    new_batch *batch = context;
    upload_free(batch->upload);
    json_decref(batch->paths);
    free(batch->input);
    free(batch->relative);
    free(batch);
}

/* ---------------------------------------------------------------- the list of items */

/* Items with strings of their own. */
typedef struct item_list {
    store_new_item *items;
    size_t count, capacity;
} item_list;

static void items_free(item_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((char *)list->items[i].input);
        free((char *)list->items[i].relative);
    }
    free(list->items);
}

/* Takes over path; relative is copied. */
static gpen_status items_append(item_list *list, char *path, const char *relative, const store_new_item *rest,
                                gpen_error *error)
{
    char *name = path ? strdup(relative) : NULL;
    if (name && list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        store_new_item *items = realloc(list->items, capacity * sizeof *items);
        if (items) {
            list->items = items;
            list->capacity = capacity;
        } else {
            free(name);
            name = NULL;
        }
    }
    if (!name) {
        free(path);
        return gpen_fail_memory(error, "the list of photos", list->count);
    }
    store_new_item *added = &list->items[list->count++];
    *added = *rest;
    added->input = path;
    added->relative = name;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- uploads */

static gpen_status list_uploaded(new_batch *batch, item_list *list, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    snprintf(batch->too_large, sizeof batch->too_large, "it has more than %lld MiB",
             (long long)(batch->server->options.most_upload >> 20));
    for (size_t i = 0; !status && i < upload_count(batch->upload); i++) {
        const upload_file *file = upload_at(batch->upload, i);
        store_new_item item = {.refused = file->refused, .detail = batch->too_large, .failed = scheduler_now()};
        char *path = upload_path(batch->upload, i, true);
        if (path && !file->refused)
            (void)content_read(&item.content, path);
        status = items_append(list, path, file->name, &item, error);
    }
    return status;
}

/* ---------------------------------------------------------------- once more */

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return !strncmp(path, folder, length) && (path[length] == '/' || !path[length] || !strcmp(folder, "/"));
}

/* A second name for the photo in a folder of the new batch's own, so that each of the two can be deleted. */
static gpen_status link_photo(const new_batch *batch, char **path, gpen_error *error)
{
    char *folder = path_join(batch->server->uploads, batch->key);
    gpen_status status = folder ? folder_make(folder, error) : gpen_fail_memory(error, "a path", 0);
    *path = folder && !status ? path_join(folder, "1") : NULL;
    if (!status && !*path)
        status = gpen_fail_memory(error, "a path", 0);
    if (!status && link(batch->input, *path))
        status = gpen_fail(error, GPEN_INPUT_MISSING, "the photo is no longer there: %s", strerror(errno));
    free(folder);
    return status;
}

static gpen_status list_again(const new_batch *batch, item_list *list, gpen_error *error)
{
    store_new_item item = {.failed = 0};
    char *path = NULL;
    bool uploaded = is_below(batch->input, batch->server->uploads);
    gpen_status status = GPEN_OK;
    if (uploaded)
        status = link_photo(batch, &path, error);
    else
        path = strdup(batch->input);
    if (status) {
        free(path);
        return status;
    }
    if (path)
        (void)content_read(&item.content, path);
    return items_append(list, path, batch->relative, &item, error);
}

/* ---------------------------------------------------------------- paths */

/* The allowed folder that a real path lies in; NULL: none. */
static const char *allowed_folder(const http_server *server, const char *path)
{
    for (char **folder = server->allowed; *folder; folder++)
        if (is_below(path, *folder))
            return *folder;
    return NULL;
}

/* What a walk through a named folder finds. */
typedef struct path_search {
    const new_batch *batch;
    item_list *list;
    const char *root; /* names are relative to it */
    gpen_error *error;
} path_search;

/* One photo. Its links are resolved, so that what is outside stays outside. */
static gpen_status take_photo(void *context, const char *path)
{
    const path_search *search = context;
    char name[NAMES_LONGEST_PATH];
    store_new_item item = {.failed = 0};
    char *real = realpath(path, NULL);
    if (!real || !allowed_folder(search->batch->server, real)) {
        free(real);
        return gpen_fail(search->error, GPEN_INPUT_MISSING, "%s is not there, or not in a folder that is allowed",
                         path_name(path));
    }
    if (search->list->count >= (size_t)search->batch->server->options.most_photos) {
        free(real);
        return gpen_fail(search->error, GPEN_TOO_LARGE, "more than %d photos",
                         search->batch->server->options.most_photos);
    }
    (void)content_read(&item.content, real);
    size_t length = strlen(search->root);
    name_clean(is_below(path, search->root) && path[length] ? path + length : path_name(path), name);
    return items_append(search->list, real, name, &item, search->error);
}

static gpen_status take_path(const new_batch *batch, item_list *list, const char *path, gpen_error *error)
{
    path_search search = {.batch = batch, .list = list, .error = error};
    char *real = *path == '/' ? realpath(path, NULL) : NULL;
    const char *folder = real ? allowed_folder(batch->server, real) : NULL;
    gpen_status status;
    if (!folder) {
        status = gpen_fail(error, GPEN_INPUT_MISSING, "%.200s is not there, or not in a folder that is allowed", path);
    } else if (path_is_folder(real)) {
        search.root = real;
        status = folder_walk(real, take_photo, &search, error);
    } else {
        search.root = "/";
        char *above = path_folder(real);
        if (above)
            search.root = above;
        status = take_photo(&search, real);
        free(above);
    }
    free(real);
    return status;
}

static gpen_status list_paths(const new_batch *batch, item_list *list, gpen_error *error)
{
    size_t index;
    json_t *path;
    gpen_status status = GPEN_OK;
    json_array_foreach(batch->paths, index, path)
    {
        if (!json_is_string(path))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "paths is a list of paths");
        if ((status = take_path(batch, list, json_string_value(path), error)))
            return status;
    }
    return status;
}

/* ---------------------------------------------------------------- the store */

static gpen_status add(new_batch *batch, const item_list *list, const char *key, gpen_error *error)
{
    char *output = path_join(batch->server->results, key);
    if (!output)
        return gpen_fail_memory(error, "a path", strlen(key));
    const scheduler_batch made = {.settings = &batch->settings, .output_folder = output};
    scheduler *s = engine_await(batch->server->engine);
    gpen_status status;
    if (!s)
        status = gpen_fail(error, GPEN_CANCELLED, "batches are being taken up again");
    else if (batch->batch)
        status = scheduler_add_items(s, batch->batch, list->items, list->count, error);
    else
        status = scheduler_add(s, &made, list->items, list->count, &batch->batch, error);
    engine_return(batch->server->engine);
    free(output);
    return status;
}

/* The key of a new batch: that of its upload, or one of its own. */
static gpen_status settle_key(new_batch *batch, gpen_error *error)
{
    if (batch->batch)
        return GPEN_OK;
    if (!batch->upload)
        return upload_new_key(batch->key, error);
    snprintf(batch->key, sizeof batch->key, "%s", upload_key(batch->upload));
    return GPEN_OK;
}

static gpen_status list_photos(new_batch *batch, item_list *list, gpen_error *error)
{
    if (batch->input)
        return list_again(batch, list, error);
    return batch->upload ? list_uploaded(batch, list, error) : list_paths(batch, list, error);
}

gpen_status new_batch_make(void *context, gpen_error *error)
{
    new_batch *batch = context;
    item_list list = {0};
    gpen_status status = GPEN_OK;
    if (!batch->batch && !batch->server->options.crew) /* a crew has models of its own */
        status = choices_into_batch(batch->server, &batch->settings, error);
    if (!status && batch->upload)
        status = upload_keep(batch->upload, batch->batch ? batch->key : NULL, error);
    if (!status)
        status = settle_key(batch, error);
    if (!status)
        status = list_photos(batch, &list, error);
    if (!status && !list.count)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no photo");
    if (!status)
        status = add(batch, &list, batch->key, error);
    if (!status && batch->upload)
        upload_release(batch->upload);
    if (status && batch->input)
        sweep_batch(batch->server, batch->key);
    items_free(&list);
    if (!status)
        engine_batch_changed(batch->server->engine, batch->batch);
    return status;
}

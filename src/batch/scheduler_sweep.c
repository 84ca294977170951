/* What a supervisor that was killed left half-written goes, and old results do. Its own file because it is all that the scheduler deletes. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/content.h"
#include "batch/output.h"
#include "batch/scheduler_room.h"

enum { PAGE = 256 };

/* ---------------------------------------------------------------- half-written files */

/* ".NAME.NUMBER.NUMBER.part", as atomic_file calls them; name not ended by a zero: a beginning will do. */
static bool is_temporary_of(const char *entry, const char *name, bool beginning)
{
    size_t length = strlen(name), whole = strlen(entry);
    if (*entry != '.' || strncmp(entry + 1, name, length) != 0 || whole < length + 7 ||
        strcmp(entry + whole - 5, ".part") != 0)
        return false;
    return beginning ||
           (entry[1 + length] == '.' && strspn(entry + 2 + length, "0123456789.") == whole - length - 7 + 1);
}

static void sweep_folder(const char *folder, const char *name, bool beginning)
{
    DIR *listing = opendir(folder);
    if (!listing)
        return;
    for (struct dirent *entry; (entry = readdir(listing));)
        if (is_temporary_of(entry->d_name, name, beginning))
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
    (void)closedir(listing);
}

/* Of the result, and of the faces saved with it. Without memory they stay until the next time. */
static void sweep_item(const store_item *item, const char *out)
{
    char *folder = item->output ? path_folder(item->output) : NULL;
    if (!folder)
        return;
    sweep_folder(folder, path_name(item->output), false);
    size_t length = strlen(out);
    char *crops = NULL, *stem = path_stem(item->output), *face = NULL;
    if (stem && !strncmp(folder, out, length) && asprintf(&crops, "%s/faces%s", out, folder + length) >= 0) {
        if (asprintf(&face, "%s-", stem) >= 0)
            sweep_folder(crops, face, true);
        free(face);
        free(crops);
    }
    free(stem);
    free(folder);
}

gpen_status scheduler_sweep(scheduler *s, gpen_error *error)
{
    int64_t after = 0;
    size_t count = PAGE;
    gpen_status status = GPEN_OK;
    while (!status && count == PAGE) {
        store_item *items;
        status = store_interrupted_list(s->store, after, PAGE, &items, &count, error);
        for (size_t i = 0; !status && i < count; i++) {
            store_batch batch;
            status = store_batch_get(s->store, items[i].batch, &batch, error);
            if (!status && batch.output_folder)
                sweep_item(&items[i], batch.output_folder);
            if (!status)
                store_batch_free(&batch);
            after = items[i].id;
        }
        store_items_free(items, count);
    }
    return status;
}

/* ---------------------------------------------------------------- old results */

static bool lies_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    while (length && folder[length - 1] == '/')
        length--;
    return !strncmp(path, folder, length) && path[length] == '/' && !strstr(path, "/../");
}

/* The result, or the copy of a photo that failed. A file that is no longer what was written is someone's work. */
static void clean_written(const store_item *item, scheduler_cleaned *cleaned)
{
    bool done = item->state == STORE_DONE;
    char *copy = item->output && !done && item->written.modified ? output_of_copy(item->output, item->relative) : NULL;
    const char *path = done ? item->output : copy;
    if (path && content_remove(path, &item->written))
        cleaned->deleted++;
    else if (path && path_is_file(path))
        cleaned->kept++;
    free(copy);
}

static void clean_item(const store_item *item, const char *uploads, scheduler_cleaned *cleaned)
{
    clean_written(item, cleaned);
    if (uploads && lies_below(item->input, uploads) && !unlink(item->input))
        cleaned->inputs++;
}

gpen_status scheduler_clean(scheduler *s, int64_t before, const char *uploads, scheduler_cleaned *cleaned,
                            gpen_error *error)
{
    *cleaned = (scheduler_cleaned){.batches = 0};
    bool more = true;
    pthread_mutex_lock(&s->lock);
    gpen_status status = store_clean_begin(s->store, before, &cleaned->batches, error);
    pthread_mutex_unlock(&s->lock);
    while (!status && more) {
        store_item item;
        pthread_mutex_lock(&s->lock); /* for one at a time: the others do not wait for all */
        status = store_clean_next(s->store, &item, error);
        more = !status && item.id;
        if (more) {
            clean_item(&item, uploads, cleaned);
            status = store_clean_forget(s->store, item.id, error);
        }
        pthread_mutex_unlock(&s->lock);
        store_item_free(&item);
    }
    pthread_mutex_lock(&s->lock);
    if (!status)
        status = store_clean_end(s->store, error);
    pthread_mutex_unlock(&s->lock);
    scheduler_sweep_small(s, false);
    return status;
}

/* Tidying. Its own file because here files of people are deleted: only below the server's own folders, and only what no batch
 * in the store has. */
#include "http/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "http/engine.h"
#include "http/folders.h"
#include "http/storage.h"
#include "http/upload.h"

static const int64_t day = INT64_C(24) * 3600 * 1000;

const char *batch_key(const store_batch *batch)
{
    return path_name(batch->output_folder);
}

/* Returns the bytes that are free for it. */
static int64_t remove_below(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    int64_t bytes = path ? folder_remove(path) : 0;
    free(path);
    return bytes;
}

/* ---------------------------------------------------------------- one batch */

/* A batch's uploads: KEY, and KEY-OTHER for photos that came later. */
typedef struct key_match {
    const char *folder, *key;
    int64_t bytes; /* of those removed */
} key_match;

static void remove_matching(void *context, const char *name)
{
    key_match *match = context;
    if (!strncmp(name, match->key, UPLOAD_KEY) && (!name[UPLOAD_KEY] || name[UPLOAD_KEY] == '-'))
        match->bytes += remove_below(match->folder, name);
}

int64_t sweep_batch(http_server *server, const char *key)
{
    if (strlen(key) != UPLOAD_KEY || strspn(key, "0123456789abcdef") != UPLOAD_KEY)
        return 0;
    key_match match = {server->uploads, key, 0};
    folder_each(server->uploads, remove_matching, &match);
    storage_give(server->storage, match.bytes);
    return match.bytes + remove_below(server->results, key);
}

/* ---------------------------------------------------------------- what nobody has */

/* Keys of all batches. */
typedef struct known_batches {
    char (*keys)[UPLOAD_KEY + 1];
    size_t count;
    const char *folder; /* that is being looked through */
} known_batches;

static gpen_status learn_page(known_batches *known, const store_batch *batches, size_t count, gpen_error *error)
{
    char(*keys)[UPLOAD_KEY + 1] = realloc(known->keys, (known->count + count + 1) * sizeof *keys);
    if (keys)
        known->keys = keys;
    if (!keys)
        return gpen_fail_memory(error, "the list of batches", known->count);
    for (size_t i = 0; i < count; i++)
        snprintf(known->keys[known->count++], sizeof *known->keys, "%.*s", UPLOAD_KEY, batch_key(&batches[i]));
    return GPEN_OK;
}

static gpen_status learn(http_server *server, known_batches *known, gpen_error *error)
{
    batch_store *reader;
    store_batch *batches;
    size_t count = STORE_LONGEST_PAGE;
    int64_t before = 0;
    gpen_status status = reader_take(server->readers, &reader, error);
    while (!status && count == STORE_LONGEST_PAGE) {
        status = store_batches_list(reader, before, STORE_LONGEST_PAGE, &batches, &count, error);
        if (status)
            break;
        if (count)
            before = batches[count - 1].id;
        status = learn_page(known, batches, count, error);
        store_batches_free(batches, count);
    }
    reader_give(server->readers, reader, status);
    return status;
}

static void remove_unknown_key(void *context, const char *name)
{
    const known_batches *known = context;
    bool whole = !name[strcspn(name, ".")]; /* not KEY.new */
    for (size_t i = 0; whole && i < known->count; i++)
        if (!strncmp(name, known->keys[i], UPLOAD_KEY))
            return;
    (void)remove_below(known->folder, name);
}

gpen_status sweep_leftovers(http_server *server, gpen_error *error)
{
    known_batches known = {0};
    gpen_status status = learn(server, &known, error);
    if (!status) {
        known.folder = server->uploads;
        folder_each(server->uploads, remove_unknown_key, &known);
        known.folder = server->results;
        folder_each(server->results, remove_unknown_key, &known);
    }
    free(known.keys);
    return status;
}

/* ---------------------------------------------------------------- what is old */

/* One page of batches, newest first; *before: where the next begins, 0: this was the last. Adds to *swept. */
static gpen_status sweep_old_page(http_server *server, int64_t limit, int64_t *before, sweep_sum *swept)
{
    batch_store *reader;
    store_batch *batches;
    size_t count;
    gpen_status status = reader_take(server->readers, &reader, NULL);
    if (status)
        return status;
    status = store_batches_list(reader, *before, STORE_LONGEST_PAGE, &batches, &count, NULL);
    reader_give(server->readers, reader, status);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (!batches[i].ended || batches[i].ended >= limit || server->stopping)
            continue;
        scheduler *s = engine_borrow(server->engine);
        status = s ? scheduler_delete(s, batches[i].id, NULL) : GPEN_IN_USE;
        engine_return(server->engine);
        if (!status) {
            swept->batches++;
            swept->bytes += sweep_batch(server, batch_key(&batches[i]));
            log_event(LOG_INFO, "batch_cleaned", &(log_about){.batch = batches[i].id}, "it was old, and is gone");
        }
    }
    *before = count == STORE_LONGEST_PAGE ? batches[count - 1].id : 0;
    store_batches_free(batches, count);
    return GPEN_OK;
}

sweep_sum sweep_old(http_server *server, int64_t days)
{
    int64_t before = 0, limit = scheduler_now() - days * day;
    sweep_sum swept = {0};
    while (!sweep_old_page(server, limit, &before, &swept) && before)
        continue;
    return swept;
}

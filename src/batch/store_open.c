/* Opening and closing: the lock, making a store that is whole from its first moment, believing one that is there, and putting
 * back what a dead supervisor left running. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/store_room.h"

enum { BUSY_MILLISECONDS = 5000 };

/* ---------------------------------------------------------------- connecting */

/* Neither views nor triggers from elsewhere, nor SQL that rewrites the schema, are to do anything. */
static gpen_status set_defences(batch_store *store, gpen_error *error)
{
    if (sqlite3_db_config(store->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) ||
        sqlite3_db_config(store->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) ||
        sqlite3_busy_timeout(store->database, BUSY_MILLISECONDS))
        return store_fail_sqlite(store, error);
    return GPEN_OK;
}

static gpen_status run(batch_store *store, const char *sql, gpen_error *error)
{
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL) ? store_fail_sqlite(store, error) : GPEN_OK;
}

/* Opens the file at `path`, which need not be store->path: a new store is made under another name. */
static gpen_status connect(batch_store *store, const char *path, int flags, gpen_error *error)
{
    int code = sqlite3_open_v2(path, &store->database, flags | SQLITE_OPEN_NOMUTEX, store_pages_name(store->pages));
    if (code != SQLITE_OK)
        return store_fail_sqlite(store, error);
    sqlite3_extended_result_codes(store->database, 1);
    gpen_status status = set_defences(store, error);
    if (!status)
        status = run(store,
                     "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                     "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304;",
                     error);
    return status;
}

static void disconnect(batch_store *store)
{
    sqlite3_close(store->database);
    store->database = NULL;
}

/* A handle with everything but a database. */
static gpen_status prepare(batch_store **out, const char *folder, gpen_error *error)
{
    char *absolute = realpath(folder, NULL);
    if (!absolute)
        return errno == ENOMEM ? gpen_fail_memory(error, "a path", PATH_MAX)
                               : gpen_fail(error, GPEN_INPUT_MISSING, "%s: there are no batches here", folder);
    gpen_status status = GPEN_OK;
    batch_store *made = calloc(1, sizeof *made);
    if (made) {
        made->lock = -1;
        made->path = store_path(absolute);
    }
    if (!made || !made->path)
        status = gpen_fail_memory(error, "the store of batches", sizeof *made);
    if (!status)
        status = store_pages_new(&made->pages, error);
    free(absolute);
    if (status) {
        store_close(made);
        return status;
    }
    *out = made;
    return GPEN_OK;
}

void store_close(batch_store *store)
{
    if (!store)
        return;
    disconnect(store);
    store_pages_free(store->pages);
    if (store->lock >= 0)
        close(store->lock); /* last: from here on another may open it */
    free(store->path);
    free(store);
}

/* ---------------------------------------------------------------- making one */

static gpen_status remove_file(const char *path, const char *ending, gpen_error *error)
{
    char *name = store_path_with(path, ending);
    if (!name)
        return gpen_fail_memory(error, "a path", strlen(path));
    gpen_status status = GPEN_OK;
    if (unlink(name) && errno != ENOENT)
        status = gpen_fail_write(error, errno, name, "removing what an earlier start left");
    free(name);
    return status;
}

static gpen_status remove_unfinished(const char *path, gpen_error *error)
{
    static const char *const endings[] = {"-journal", "-wal", "-shm", ""};
    gpen_status status = GPEN_OK;
    for (size_t i = 0; !status && i < sizeof endings / sizeof *endings; i++)
        status = remove_file(path, endings[i], error);
    return status;
}

/* An empty store in the file at `path`. */
static gpen_status fill(batch_store *store, const char *path, gpen_error *error)
{
    int reserved = STORE_PAGE_SUM_BYTES;
    gpen_status status = connect(store, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
    if (!status)
        status = run(store, "PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8';", error);
    if (!status && sqlite3_file_control(store->database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved))
        status = store_fail_sqlite(store, error);
    if (!status)
        status = run(store, "PRAGMA journal_mode = WAL;", error);
    if (!status)
        status = store_migrate(store, 0, error);
    /* Into the file: it is renamed without its log. */
    if (!status)
        status = run(store, "PRAGMA wal_checkpoint(TRUNCATE);", error);
    disconnect(store);
    return status;
}

/* Makes it under another name and renames it, so that a store's file is never empty or half made. */
static gpen_status make(batch_store *store, gpen_error *error)
{
    char *unfinished = store_path_with(store->path, ".new");
    if (!unfinished)
        return gpen_fail_memory(error, "a path", strlen(store->path));
    gpen_status status = remove_unfinished(unfinished, error);
    if (!status)
        status = fill(store, unfinished, error);
    if (!status && rename(unfinished, store->path))
        status = gpen_fail_write(error, errno, store->path, "renaming");
    if (!status)
        status = folder_flush(store->path, error);
    if (status)
        (void)remove_unfinished(unfinished, NULL); /* if that fails too, the next start does it */
    free(unfinished);
    return status;
}

static gpen_status make_if_missing(batch_store *store, gpen_error *error)
{
    if (!access(store->path, F_OK))
        return GPEN_OK;
    if (errno != ENOENT)
        return gpen_fail_write(error, errno, store->path, "looking for it");
    char *log = store_path_with(store->path, "-wal");
    if (!log)
        return gpen_fail_memory(error, "a path", strlen(store->path));
    bool orphan = !access(log, F_OK);
    free(log);
    if (orphan)
        return gpen_fail(error, GPEN_STORE_DAMAGED,
                         "%s is gone, but its log is there: put the file back, or set the log aside to begin anew",
                         store->path);
    return make(store, error);
}

/* ---------------------------------------------------------------- after a crash */

/* Every running item's supervisor is dead: we have its lock. */
static gpen_status recover(batch_store *store, int64_t now, gpen_error *error)
{
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = query_run(store, "UPDATE attempt SET ended = ?1, outcome = 3 WHERE outcome = 0", &now, 1, error);
    if (!status)
        status = query_run(store,
                           "UPDATE item SET state = 4, reason = 'cancelled', ended = ?1 WHERE state = 1"
                           " AND (SELECT cancelled FROM batch WHERE batch.id = item.batch)",
                           &now, 1, error);
    if (!status)
        status = query_run(store, "UPDATE item SET state = 0, not_before = 0 WHERE state = 1", NULL, 0, error);
    if (!status)
        status = query_run(store,
                           "UPDATE batch SET ended = ?1 WHERE ended = 0 AND items_added > 0"
                           " AND queued_items + running_items = 0",
                           &now, 1, error);
    return store_end(store, status, error);
}

/* ---------------------------------------------------------------- the two ways in */

/* What a person can do about a damaged store is the same whatever the damage. */
static gpen_status say_what_to_do(const batch_store *store, gpen_status status, gpen_error *error)
{
    if (status != GPEN_STORE_DAMAGED || !error)
        return status;
    gpen_error why = *error;
    return gpen_fail(error, status,
                     "%.300s. Bring it back from a backup, or set it aside and begin anew: finished results "
                     "in the output folder are kept (%s)",
                     why.message, path_name(store->path));
}

static gpen_status open_as_supervisor(batch_store *store, const char *folder, int64_t now, gpen_error *error)
{
    int version = 0;
    gpen_status status = store_lock(folder, &store->lock, error);
    if (!status)
        status = make_if_missing(store, error);
    if (!status)
        status = connect(store, store->path, SQLITE_OPEN_READWRITE, error);
    if (!status)
        status = store_check_version(store, &version, error);
    if (!status && version < STORE_VERSION)
        status = store_migrate(store, version, error);
    if (!status)
        status = store_check(store, error);
    if (!status)
        status = recover(store, now, error);
    return status;
}

gpen_status store_open(batch_store **out, const char *folder, int64_t now, gpen_error *error)
{
    *out = NULL;
    batch_store *opened = NULL;
    gpen_status status = folder_make(folder, error);
    if (!status)
        status = prepare(&opened, folder, error);
    if (!status)
        status = open_as_supervisor(opened, folder, now, error);
    if (status && opened) {
        status = say_what_to_do(opened, status, error);
        store_close(opened);
    }
    if (!status)
        *out = opened;
    return status;
}

static gpen_status open_as_reader(batch_store *store, const char *folder, gpen_error *error)
{
    int version = 0;
    if (access(store->path, F_OK))
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: there are no batches here", folder);
    gpen_status status = connect(store, store->path, SQLITE_OPEN_READONLY, error);
    if (!status)
        status = store_check_version(store, &version, error);
    if (!status && version < STORE_VERSION)
        status = gpen_fail(error, GPEN_UNSUPPORTED_FORMAT,
                           "%s was made by an older gpen: it can be read after the next work on it", store->path);
    return status;
}

gpen_status store_open_reader(batch_store **out, const char *folder, gpen_error *error)
{
    *out = NULL;
    batch_store *opened = NULL;
    gpen_status status = prepare(&opened, folder, error);
    if (!status)
        status = open_as_reader(opened, folder, error);
    if (status) {
        if (opened)
            status = say_what_to_do(opened, status, error);
        store_close(opened);
        return status;
    }
    *out = opened;
    return GPEN_OK;
}

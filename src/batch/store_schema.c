/* The tables, as steps from one version to the next. A step that has been released is never changed: a new one follows it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/store_room.h"

/* What brings an empty database to version 1.
 *   batch      counts are kept by triggers, so that a page of batches costs the same however many items they have
 *   item       paths are bytes; *_hash stand for paths in indexes, 8 bytes in place of a hundred
 *   attempt    the history: one row each time that an item was handed out
 *   face_count how many faces of a done item came to which state */
static const char *const version_1[] = {
    "CREATE TABLE batch ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " created INTEGER NOT NULL,"
    " ended INTEGER NOT NULL DEFAULT 0,"
    " settings TEXT NOT NULL,"
    " settings_key TEXT NOT NULL,"
    " output_folder BLOB NOT NULL,"
    " priority INTEGER NOT NULL,"
    " paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),"
    " cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),"
    " cleaning INTEGER NOT NULL DEFAULT 0 CHECK (cleaning IN (0, 1)),"
    " turn INTEGER NOT NULL DEFAULT 0,"
    " items_added INTEGER NOT NULL DEFAULT 0,"
    " queued_items INTEGER NOT NULL DEFAULT 0 CHECK (queued_items >= 0),"
    " running_items INTEGER NOT NULL DEFAULT 0 CHECK (running_items >= 0),"
    " done_items INTEGER NOT NULL DEFAULT 0 CHECK (done_items >= 0),"
    " failed_items INTEGER NOT NULL DEFAULT 0 CHECK (failed_items >= 0),"
    " cancelled_items INTEGER NOT NULL DEFAULT 0 CHECK (cancelled_items >= 0)"
    ") STRICT",
    "CREATE INDEX batch_by_turn ON batch (priority DESC, turn, id)"
    " WHERE queued_items > 0 AND paused = 0 AND cancelled = 0",
    "CREATE INDEX batch_in_cleaning ON batch (id) WHERE cleaning = 1",

    "CREATE TABLE item ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " batch INTEGER NOT NULL REFERENCES batch (id),"
    " position INTEGER NOT NULL CHECK (position > 0),"
    " input BLOB NOT NULL,"
    " input_hash INTEGER NOT NULL,"
    " relative BLOB NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " modified INTEGER NOT NULL,"
    " sha256 TEXT,"
    " output BLOB,"
    " output_hash INTEGER UNIQUE,"
    " output_bytes INTEGER NOT NULL DEFAULT 0,"
    " output_modified INTEGER NOT NULL DEFAULT 0,"
    " output_sha256 TEXT,"
    " state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 4),"
    " reason TEXT,"
    " detail TEXT,"
    " attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),"
    " retries INTEGER NOT NULL DEFAULT 0 CHECK (retries >= 0),"
    " kills INTEGER NOT NULL DEFAULT 0 CHECK (kills >= 0),"
    " shrink INTEGER NOT NULL DEFAULT 0 CHECK (shrink >= 0),"
    " not_before INTEGER NOT NULL DEFAULT 0,"
    " ended INTEGER NOT NULL DEFAULT 0,"
    " decode_seconds REAL NOT NULL DEFAULT 0,"
    " detect_seconds REAL NOT NULL DEFAULT 0,"
    " restore_seconds REAL NOT NULL DEFAULT 0,"
    " finish_seconds REAL NOT NULL DEFAULT 0,"
    " encode_seconds REAL NOT NULL DEFAULT 0,"
    " peak_memory INTEGER NOT NULL DEFAULT 0,"
    " faces TEXT,"
    " receipt TEXT,"
    " UNIQUE (batch, position),"
    " CHECK ((output IS NULL) = (output_hash IS NULL)),"
    " CHECK (CASE state WHEN 2 THEN reason IS NULL WHEN 3 THEN reason IS NOT NULL"
    "        WHEN 4 THEN reason = 'cancelled' ELSE 1 END)"
    ") STRICT",
    "CREATE INDEX item_by_state ON item (batch, state, position)",
    "CREATE INDEX item_by_input ON item (input_hash)",
    "CREATE INDEX item_running ON item (id) WHERE state = 1",

    "CREATE TABLE attempt ("
    " item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,"
    " number INTEGER NOT NULL CHECK (number > 0),"
    " started INTEGER NOT NULL,"
    " ended INTEGER NOT NULL DEFAULT 0,"
    " worker INTEGER NOT NULL,"
    " outcome INTEGER NOT NULL DEFAULT 0 CHECK (outcome BETWEEN 0 AND 3),"
    " reason TEXT,"
    " detail TEXT,"
    " signal INTEGER NOT NULL DEFAULT 0,"
    " worker_died INTEGER NOT NULL DEFAULT 0 CHECK (worker_died IN (0, 1)),"
    " shrink INTEGER NOT NULL CHECK (shrink >= 0),"
    " decode_seconds REAL NOT NULL DEFAULT 0,"
    " detect_seconds REAL NOT NULL DEFAULT 0,"
    " restore_seconds REAL NOT NULL DEFAULT 0,"
    " finish_seconds REAL NOT NULL DEFAULT 0,"
    " encode_seconds REAL NOT NULL DEFAULT 0,"
    " peak_memory INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (item, number),"
    " CHECK ((outcome = 2) = (reason IS NOT NULL))"
    ") STRICT, WITHOUT ROWID",

    "CREATE TABLE face_count ("
    " item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,"
    " state TEXT NOT NULL,"
    " count INTEGER NOT NULL CHECK (count > 0),"
    " PRIMARY KEY (item, state)"
    ") STRICT, WITHOUT ROWID",

    "CREATE TRIGGER item_comes AFTER INSERT ON item BEGIN"
    " UPDATE batch SET items_added = max(items_added, NEW.position),"
    "  queued_items = queued_items + (NEW.state = 0), running_items = running_items + (NEW.state = 1),"
    "  done_items = done_items + (NEW.state = 2), failed_items = failed_items + (NEW.state = 3),"
    "  cancelled_items = cancelled_items + (NEW.state = 4) WHERE id = NEW.batch;"
    "END",
    "CREATE TRIGGER item_moves AFTER UPDATE OF state ON item BEGIN"
    " UPDATE batch SET"
    "  queued_items = queued_items + (NEW.state = 0) - (OLD.state = 0),"
    "  running_items = running_items + (NEW.state = 1) - (OLD.state = 1),"
    "  done_items = done_items + (NEW.state = 2) - (OLD.state = 2),"
    "  failed_items = failed_items + (NEW.state = 3) - (OLD.state = 3),"
    "  cancelled_items = cancelled_items + (NEW.state = 4) - (OLD.state = 4) WHERE id = NEW.batch;"
    "END",
    "CREATE TRIGGER item_goes AFTER DELETE ON item BEGIN"
    " UPDATE batch SET"
    "  queued_items = queued_items - (OLD.state = 0), running_items = running_items - (OLD.state = 1),"
    "  done_items = done_items - (OLD.state = 2), failed_items = failed_items - (OLD.state = 3),"
    "  cancelled_items = cancelled_items - (OLD.state = 4) WHERE id = OLD.batch;"
    "END",
    NULL,
};

/* steps[i] brings version i to i + 1. */
static const char *const *const steps[STORE_VERSION] = {version_1};

static gpen_status run_script(batch_store *store, const char *sql, gpen_error *error)
{
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL) ? store_fail_sqlite(store, error) : GPEN_OK;
}

gpen_status store_migrate_by(batch_store *store, const char *const *const *way, int from, int to, gpen_error *error)
{
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    for (int i = from; !status && i < to; i++)
        for (const char *const *sql = way[i]; !status && *sql; sql++)
            status = run_script(store, *sql, error);
    if (!status) {
        char pragmas[96];
        snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d;", STORE_APPLICATION,
                 to);
        status = run_script(store, pragmas, error);
    }
    return store_end(store, status, error);
}

gpen_status store_migrate(batch_store *store, int from, gpen_error *error)
{
    return store_migrate_by(store, steps, from, STORE_VERSION, error);
}

/* The schema of a database as one text, the caller's. NULL only after a failure. */
static gpen_status read_schema(batch_store *store, char **text, gpen_error *error)
{
    query ask = query_begin(store,
                            "SELECT group_concat(line, char(10)) FROM (SELECT type || ' ' || name || ' ' || tbl_name ||"
                            " ' ' || coalesce(sql, '') AS line FROM sqlite_schema ORDER BY type, name)",
                            error);
    *text = query_row(&ask) ? query_text(&ask) : NULL;
    if (!ask.status && !*text)
        query_fail(&ask, GPEN_STORE_DAMAGED, "there are no tables");
    return query_end(&ask);
}

gpen_status store_schema_same(batch_store *checked, bool *same, gpen_error *error)
{
    *same = false;
    batch_store model = {.path = checked->path, .lock = -1};
    char *expected = NULL, *found = NULL;
    gpen_status status = GPEN_OK;
    if (sqlite3_open_v2(":memory:", &model.database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
        status = store_fail_sqlite(&model, error);
    if (!status)
        status = store_migrate(&model, 0, error);
    if (!status)
        status = read_schema(&model, &expected, error);
    if (!status)
        status = read_schema(checked, &found, error);
    if (!status)
        *same = !strcmp(expected, found);
    free(expected);
    free(found);
    sqlite3_close(model.database);
    return status;
}

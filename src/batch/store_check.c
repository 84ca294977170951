/* Whether a store can be believed: SQLite's own checks, then every promise of store.h as a query that must find nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/store_room.h"

gpen_status store_check_version(batch_store *store, int *version, gpen_error *error)
{
    query ask = query_begin(store, "SELECT * FROM pragma_application_id, pragma_user_version", error);
    int64_t application = 0, found = 0;
    if (query_row(&ask)) {
        application = query_integer(&ask);
        found = query_integer(&ask);
    }
    gpen_status status = query_end(&ask);
    if (status)
        return status;
    if (application != STORE_APPLICATION || found < 1)
        return gpen_fail(error, GPEN_STORE_DAMAGED, "%s is no store of batches", store->path);
    if (found > STORE_VERSION)
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT,
                         "%s was made by a newer gpen (its version is %lld, this gpen knows %d): use that one",
                         store->path, (long long)found, STORE_VERSION);
    *version = (int)found;
    return GPEN_OK;
}

/* The promises; each finds what breaks it. */
static const struct {
    const char *broken, *sql;
} promises[] = {
    {"a batch's counts are wrong",
     "SELECT 1 FROM batch LEFT JOIN (SELECT batch, sum(state = 0) AS q, sum(state = 1) AS r, sum(state = 2) AS d,"
     " sum(state = 3) AS f, sum(state = 4) AS c, max(position) AS p FROM item GROUP BY batch) AS own"
     " ON own.batch = batch.id WHERE queued_items != coalesce(q, 0) OR running_items != coalesce(r, 0)"
     " OR done_items != coalesce(d, 0) OR failed_items != coalesce(f, 0) OR cancelled_items != coalesce(c, 0)"
     " OR items_added < coalesce(p, 0) OR (cleaning = 0 AND items_added != coalesce(p, 0))"},
    {"a batch's end is wrong",
     "SELECT 1 FROM batch WHERE (ended != 0) != (items_added > 0 AND queued_items + running_items = 0)"},
    {"a cancelled batch has queued items", "SELECT 1 FROM batch WHERE cancelled = 1 AND queued_items > 0"},
    {"an item's attempts are wrong",
     "SELECT 1 FROM item LEFT JOIN (SELECT item, count(*) AS all_of, max(number) AS last, sum(outcome = 0) AS open,"
     " max(CASE outcome WHEN 0 THEN number END) AS open_one FROM attempt GROUP BY item) AS own ON own.item = item.id"
     " WHERE attempts != coalesce(all_of, 0) OR attempts != coalesce(last, 0)"
     " OR coalesce(open, 0) != (state = 1) OR (state = 1 AND open_one != attempts)"},
    {"a done item came to its end without an attempt", "SELECT 1 FROM item WHERE state = 2 AND attempts = 0"},
    {"faces belong to an item that is not done",
     "SELECT 1 FROM face_count JOIN item ON item.id = face_count.item WHERE item.state != 2"},
};

/* STORE_DAMAGED when the query gives a row other than `good` (NULL: any row). */
static gpen_status expect(batch_store *store, const char *sql, const char *good, const char *broken, gpen_error *error)
{
    query ask = query_begin(store, sql, error);
    while (query_row(&ask)) {
        char *text = query_text(&ask);
        if (!ask.status && !(good && text && !strcmp(text, good))) {
            char message[300];
            snprintf(message, sizeof message, "it is damaged: %.80s%s%.160s", broken, good && text ? ": " : "",
                     good && text ? text : "");
            query_fail(&ask, GPEN_STORE_DAMAGED, message);
        }
        free(text);
    }
    return query_end(&ask);
}

gpen_status store_check(batch_store *store, gpen_error *error)
{
    bool same = false;
    gpen_status status = expect(store, "PRAGMA integrity_check(1)", "ok", "its structure", error);
    if (!status)
        status = store_schema_same(store, &same, error);
    if (!status && !same)
        status =
            gpen_fail(error, GPEN_STORE_DAMAGED, "%s: it is damaged: its tables are not those of a store", store->path);
    if (!status)
        status = expect(store, "PRAGMA foreign_key_check", NULL, "something belongs to nothing", error);
    for (size_t i = 0; !status && i < sizeof promises / sizeof *promises; i++)
        status = expect(store, promises[i].sql, NULL, promises[i].broken, error);
    return status;
}

/* Batches: added with their items, and what a person wishes of them. */
#include <string.h>

#include "batch/reasons.h"
#include "batch/store_room.h"

static gpen_status fail_no_batch(int64_t batch, gpen_error *error)
{
    return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no batch %lld", (long long)batch);
}

/* ---------------------------------------------------------------- adding */

static bool sum_is_one(const char *sum)
{
    return !*sum || strlen(sum) == 64;
}

/* Puts the fixed columns of one item. */
static void put_item(query *ask, int64_t batch, int64_t position, const store_new_item *item)
{
    query_put_integer(ask, batch);
    query_put_integer(ask, position);
    query_put_path(ask, item->input);
    query_put_integer(ask, store_hash_input(item->input));
    query_put_path(ask, item->relative);
    query_put_integer(ask, item->content.bytes);
    query_put_integer(ask, item->content.modified);
    query_put_text(ask, *item->content.sha256 ? item->content.sha256 : NULL);
    query_put_integer(ask, item->refused ? STORE_FAILED : STORE_QUEUED);
    query_put_text(ask, item->refused ? gpen_status_name(item->refused) : NULL);
    query_put_text(ask, item->refused ? item->detail : NULL);
    query_put_integer(ask, item->refused ? item->failed : 0);
}

static gpen_status check_items(const store_new_item *items, size_t count, gpen_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!items[i].input || !*items[i].input || !items[i].relative || !sum_is_one(items[i].content.sha256) ||
            (items[i].refused && !reason_known(items[i].refused)))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "an item has no path, or a sum or a reason that is none");
    return GPEN_OK;
}

/* Inside a transaction. `position`: of the last item that is there. */
static gpen_status insert_items(batch_store *store, int64_t batch, int64_t position, const store_new_item *items,
                                size_t count, gpen_error *error)
{
    gpen_status status = check_items(items, count, error);
    if (status)
        return status;
    query ask = query_begin(store,
                            "INSERT INTO item (batch, position, input, input_hash, relative, bytes, modified, sha256,"
                            " state, reason, detail, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            error);
    for (size_t i = 0; !ask.status && i < count; i++) {
        put_item(&ask, batch, position + 1 + (int64_t)i, &items[i]);
        (void)query_row(&ask);
        int64_t id = sqlite3_last_insert_rowid(store->database);
        query_again(&ask);
        if (!ask.status && items[i].output)
            ask.status = store_take_output(store, id, batch, items[i].output, items[i].overwrite, error);
    }
    return query_end(&ask);
}

static gpen_status insert_batch(batch_store *store, const store_new_batch *batch, int64_t now, int64_t *id,
                                gpen_error *error)
{
    query ask = query_begin(store,
                            "INSERT INTO batch (created, settings, settings_key, output_folder, priority)"
                            " VALUES (?, ?, ?, ?, ?)",
                            error);
    query_put_integer(&ask, now);
    query_put_text(&ask, batch->settings);
    query_put_text(&ask, batch->settings_key);
    query_put_path(&ask, batch->output_folder);
    query_put_integer(&ask, batch->priority);
    (void)query_row(&ask);
    *id = sqlite3_last_insert_rowid(store->database);
    return query_end(&ask);
}

gpen_status store_batch_add(batch_store *store, const store_new_batch *batch, const store_new_item *items, size_t count,
                            int64_t now, int64_t *id, gpen_error *error)
{
    *id = 0;
    if (!batch->settings || !batch->settings_key || !batch->output_folder || batch->output_folder[0] != '/')
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a batch needs settings and an absolute output folder");
    int64_t made = 0;
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = insert_batch(store, batch, now, &made, error);
    if (!status)
        status = insert_items(store, made, 0, items, count, error);
    if (!status && count)
        status = store_settle(store, made, now, error);
    status = store_end(store, status, error);
    if (!status)
        *id = made;
    return status;
}

/* *position: of the batch's last item. */
static gpen_status check_open(batch_store *store, int64_t batch, int64_t *position, gpen_error *error)
{
    query ask =
        query_begin(store, "SELECT items_added FROM batch WHERE id = ? AND cancelled = 0 AND cleaning = 0", error);
    query_put_integer(&ask, batch);
    bool open = query_row(&ask);
    *position = open ? query_integer(&ask) : 0;
    gpen_status status = query_end(&ask);
    if (!status && !open)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no batch %lld that takes items", (long long)batch);
    return status;
}

gpen_status store_items_add(batch_store *store, int64_t batch, const store_new_item *items, size_t count,
                            gpen_error *error)
{
    int64_t position = 0;
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = check_open(store, batch, &position, error);
    if (!status)
        status = insert_items(store, batch, position, items, count, error);
    if (!status && count)
        status = store_settle(store, batch, items[count - 1].failed, error);
    return store_end(store, status, error);
}

/* ---------------------------------------------------------------- wishes */

/* One statement with the batch as ?1 and a value as ?2 that changes its row. */
static gpen_status change(batch_store *store, const char *sql, int64_t batch, int64_t value, gpen_error *error)
{
    gpen_status status = query_run(store, sql, (int64_t[]){batch, value}, 2, error);
    if (!status && !query_changed(store))
        status = fail_no_batch(batch, error);
    return status;
}

gpen_status store_batch_priority(batch_store *store, int64_t batch, int priority, gpen_error *error)
{
    return change(store, "UPDATE batch SET priority = ?2 WHERE id = ?1", batch, priority, error);
}

gpen_status store_batch_pause(batch_store *store, int64_t batch, bool paused, gpen_error *error)
{
    return change(store, "UPDATE batch SET paused = ?2 WHERE id = ?1", batch, paused, error);
}

gpen_status store_batch_cancel(batch_store *store, int64_t batch, int64_t now, gpen_error *error)
{
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = change(store, "UPDATE batch SET cancelled = ?2 WHERE id = ?1", batch, 1, error);
    if (!status)
        status = query_run(store,
                           "UPDATE item SET state = 4, reason = 'cancelled', detail = NULL, ended = ?2"
                           " WHERE batch = ?1 AND state = 0",
                           (int64_t[]){batch, now}, 2, error);
    if (!status)
        status = store_settle(store, batch, now, error);
    return store_end(store, status, error);
}

gpen_status store_item_cancel(batch_store *store, int64_t item, int64_t now, gpen_error *error)
{
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = query_run(store,
                       "UPDATE item SET state = 4, reason = 'cancelled', detail = NULL, ended = ?2"
                       " WHERE id = ?1 AND state = 0",
                       (int64_t[]){item, now}, 2, error);
    if (!status && !query_changed(store))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "item %lld is not waiting", (long long)item);
    int64_t batch = 0;
    if (!status) {
        query ask = query_begin(store, "SELECT batch FROM item WHERE id = ?", error);
        query_put_integer(&ask, item);
        batch = query_row(&ask) ? query_integer(&ask) : 0;
        status = query_end(&ask);
    }
    if (!status)
        status = store_settle(store, batch, now, error);
    return store_end(store, status, error);
}

/* BAD_ARGUMENT: there is no such batch; IN_USE: something of it is running. */
static gpen_status check_idle(batch_store *store, int64_t batch, gpen_error *error)
{
    query ask = query_begin(store, "SELECT running_items FROM batch WHERE id = ?", error);
    query_put_integer(&ask, batch);
    bool there = query_row(&ask);
    int64_t running = there ? query_integer(&ask) : 0;
    gpen_status status = query_end(&ask);
    if (!status && !there)
        status = fail_no_batch(batch, error);
    if (!status && running)
        status = gpen_fail(error, GPEN_IN_USE, "batch %lld is at work: cancel it first", (long long)batch);
    return status;
}

gpen_status store_batch_delete(batch_store *store, int64_t batch, gpen_error *error)
{
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = check_idle(store, batch, error);
    if (!status)
        status = query_run(store, "DELETE FROM item WHERE batch = ?1", &batch, 1, error);
    if (!status)
        status = query_run(store, "DELETE FROM batch WHERE id = ?1", &batch, 1, error);
    return store_end(store, status, error);
}

/* ---------------------------------------------------------------- retries that a person asks for */

/* Puts failed items back; `which` says which, with ?1. *count: how many. */
static gpen_status put_back(batch_store *store, const char *sql, int64_t value, int64_t *count, gpen_error *error)
{
    gpen_status status = query_run(store, sql, &value, 1, error);
    *count = status ? 0 : query_changed(store);
    return status;
}

/* What a fresh start means for an item; the smaller plan it needs is kept. */
#define FRESH                                                                                                          \
    "UPDATE item SET state = 0, reason = NULL, detail = NULL, retries = 0, kills = 0, not_before = 0, ended = 0"       \
    " WHERE state = 3 AND batch IN (SELECT id FROM batch WHERE cancelled = 0 AND cleaning = 0)"

gpen_status store_retry(batch_store *store, int64_t item, gpen_error *error)
{
    int64_t count = 0;
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = put_back(store, FRESH " AND id = ?1", item, &count, error);
    if (!status && !count)
        status =
            gpen_fail(error, GPEN_BAD_ARGUMENT, "item %lld has not failed, or its batch is cancelled", (long long)item);
    if (!status)
        status = query_run(store, "UPDATE batch SET ended = 0 WHERE id = (SELECT batch FROM item WHERE id = ?1)", &item,
                           1, error);
    return store_end(store, status, error);
}

gpen_status store_retry_failed(batch_store *store, int64_t batch, int64_t *count, gpen_error *error)
{
    int64_t changed = 0;
    if (count)
        *count = 0;
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = put_back(store, FRESH " AND batch = ?1", batch, &changed, error);
    if (!status && changed)
        status = query_run(store, "UPDATE batch SET ended = 0 WHERE id = ?1", &batch, 1, error);
    if (!status && !changed) {
        query ask = query_begin(store, "SELECT 1 FROM batch WHERE id = ?", error);
        query_put_integer(&ask, batch);
        bool there = query_row(&ask);
        status = query_end(&ask);
        if (!status && !there)
            status = fail_no_batch(batch, error);
    }
    status = store_end(store, status, error);
    if (!status && count)
        *count = changed;
    return status;
}

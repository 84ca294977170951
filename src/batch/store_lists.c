/* Looking: one batch, one item, pages of them, and finding the item that did some work already. */
#include <stdlib.h>
#include <string.h>

#include "batch/store_room.h"

static gpen_status check_limit(int limit, gpen_error *error)
{
    if (limit < 1 || limit > STORE_LONGEST_PAGE)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a page has 1 to %d lines", STORE_LONGEST_PAGE);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- one */

gpen_status store_batch_get(batch_store *store, int64_t id, store_batch *batch, gpen_error *error)
{
    *batch = (store_batch){0};
    query ask = store_select_batches(store, "WHERE id = ?", error);
    query_put_integer(&ask, id);
    if (query_row(&ask))
        store_read_batch(&ask, batch);
    gpen_status status = query_end(&ask);
    if (status)
        store_batch_free(batch);
    return status;
}

gpen_status store_item_get(batch_store *store, int64_t id, store_item *item, gpen_error *error)
{
    query ask = store_select_items(store, "WHERE item.id = ?", error);
    query_put_integer(&ask, id);
    return store_only_item(&ask, item);
}

/* ---------------------------------------------------------------- pages */

gpen_status store_batches_list(batch_store *store, int64_t before, int limit, store_batch **batches, size_t *count,
                               gpen_error *error)
{
    *batches = NULL;
    *count = 0;
    gpen_status status = check_limit(limit, error);
    if (status)
        return status;
    size_t filled = 0;
    store_batch *page = calloc((size_t)limit, sizeof *page);
    if (!page)
        return gpen_fail_memory(error, "a page of batches", (size_t)limit * sizeof *page);
    query ask = store_select_batches(store, "WHERE id < ? ORDER BY id DESC LIMIT ?", error);
    query_put_integer(&ask, before > 0 ? before : INT64_MAX);
    query_put_integer(&ask, limit);
    while (filled < (size_t)limit && query_row(&ask))
        store_read_batch(&ask, &page[filled++]);
    status = query_end(&ask);
    if (status) {
        store_batches_free(page, filled);
        return status;
    }
    *batches = page;
    *count = filled;
    return GPEN_OK;
}

static gpen_status read_page(query *ask, store_item *page, size_t limit, size_t *filled)
{
    batch_store *store = ask->store;
    gpen_error *error = ask->error;
    while (*filled < limit && query_row(ask))
        store_read_item(ask, &page[(*filled)++]);
    gpen_status status = query_end(ask);
    for (size_t i = 0; !status && i < *filled; i++)
        if (page[i].state == STORE_DONE)
            status = store_read_faces(store, &page[i], error);
    return status;
}

/* A page of the items that `rest` selects, whose values these are. */
static gpen_status list_items(batch_store *store, const char *rest, const int64_t *values, int value_count, int limit,
                              store_item **items, size_t *count, gpen_error *error)
{
    *items = NULL;
    *count = 0;
    gpen_status status = check_limit(limit, error);
    if (status)
        return status;
    size_t filled = 0;
    store_item *page = calloc((size_t)limit, sizeof *page);
    if (!page)
        return gpen_fail_memory(error, "a page of items", (size_t)limit * sizeof *page);
    query ask = store_select_items(store, rest, error);
    for (int i = 0; i < value_count; i++)
        query_put_integer(&ask, values[i]);
    status = read_page(&ask, page, (size_t)limit, &filled);
    if (status) {
        store_items_free(page, filled);
        return status;
    }
    *items = page;
    *count = filled;
    return GPEN_OK;
}

gpen_status store_items_list(batch_store *store, int64_t batch, store_state state, int64_t after, int limit,
                             store_item **items, size_t *count, gpen_error *error)
{
    bool any = (unsigned)state >= STORE_STATES;
    return list_items(store,
                      any ? "WHERE batch = ? AND position > ? ORDER BY position LIMIT ?"
                          : "WHERE batch = ? AND position > ? AND state = ?4 ORDER BY position LIMIT ?3",
                      (int64_t[]){batch, after, limit, state}, any ? 3 : 4, limit, items, count, error);
}

gpen_status store_interrupted_list(batch_store *store, int64_t after, int limit, store_item **items, size_t *count,
                                   gpen_error *error)
{
    return list_items(
        store,
        "WHERE item.id > ? AND item.state IN (0, 4) AND item.attempts > 0 AND EXISTS (SELECT 1 FROM attempt"
        " WHERE attempt.item = item.id AND attempt.number = item.attempts AND attempt.outcome = 3)"
        " ORDER BY item.id LIMIT ?",
        (int64_t[]){after, limit}, 2, limit, items, count, error);
}

/* ---------------------------------------------------------------- attempts */

static gpen_status count_attempts(batch_store *store, int64_t item, size_t *count, gpen_error *error)
{
    query ask = query_begin(store, "SELECT count(*) FROM attempt WHERE item = ?", error);
    query_put_integer(&ask, item);
    *count = query_row(&ask) ? (size_t)query_integer(&ask) : 0;
    return query_end(&ask);
}

static void read_attempt(query *ask, store_attempt *attempt)
{
    attempt->number = query_integer_within(ask, 1, INT32_MAX);
    attempt->started = query_integer(ask);
    attempt->ended = query_integer(ask);
    attempt->worker = query_integer(ask);
    attempt->outcome = (store_outcome)query_integer_within(ask, 0, STORE_OUTCOMES - 1);
    attempt->reason = query_reason(ask);
    attempt->detail = query_text(ask);
    attempt->signal = query_integer_within(ask, 0, INT32_MAX);
    attempt->worker_died = query_integer_within(ask, 0, 1);
    attempt->shrink = query_integer_within(ask, 0, INT32_MAX);
    query_spent(ask, &attempt->spent);
}

gpen_status store_attempts_list(batch_store *store, int64_t item, store_attempt **attempts, size_t *count,
                                gpen_error *error)
{
    *attempts = NULL;
    *count = 0;
    size_t limit = 0, filled = 0;
    gpen_status status = count_attempts(store, item, &limit, error);
    if (status || !limit)
        return status;
    store_attempt *list = calloc(limit, sizeof *list);
    if (!list)
        return gpen_fail_memory(error, "the attempts of an item", limit * sizeof *list);
    query ask = query_begin(store,
                            "SELECT number, started, ended, worker, outcome, reason, detail, signal, worker_died,"
                            " shrink, " STORE_SPENT_COLUMNS " FROM attempt WHERE item = ? ORDER BY number",
                            error);
    query_put_integer(&ask, item);
    while (filled < limit && query_row(&ask))
        read_attempt(&ask, &list[filled++]);
    status = query_end(&ask);
    if (status) {
        store_attempts_free(list, filled);
        return status;
    }
    *attempts = list;
    *count = filled;
    return GPEN_OK;
}

void store_attempts_free(store_attempt *attempts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(attempts[i].detail);
    free(attempts);
}

/* ---------------------------------------------------------------- the same work */

gpen_status store_find(batch_store *store, const char *input, const store_content *content, const char *settings_key,
                       const char *output_folder, store_item *item, gpen_error *error)
{
    query ask = store_select_items(store,
                                   "WHERE input_hash = ?1 AND input = ?2 AND settings_key = ?3 AND output_folder = ?4"
                                   " AND ((bytes = ?5 AND modified = ?6) OR sha256 = ?7)"
                                   " AND state != 4 AND cleaning = 0 AND NOT (state = 2 AND output IS NULL)"
                                   " ORDER BY CASE state WHEN 2 THEN 0 WHEN 1 THEN 1 WHEN 0 THEN 2 ELSE 3 END,"
                                   " item.id DESC LIMIT 1",
                                   error);
    query_put_integer(&ask, store_hash_input(input));
    query_put_path(&ask, input);
    query_put_text(&ask, settings_key);
    query_put_path(&ask, output_folder);
    query_put_integer(&ask, content->bytes);
    query_put_integer(&ask, content->modified);
    query_put_text(&ask, *content->sha256 ? content->sha256 : NULL);
    return store_only_item(&ask, item);
}

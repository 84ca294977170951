/* Asking the database: queries that remember their first failure, transactions, and SQLite's reasons as ours. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch/reasons.h"
#include "batch/store_room.h"

static gpen_status status_of(int extended, int system_error)
{
    switch (extended) {
    case SQLITE_IOERR_NOMEM: return GPEN_OUT_OF_MEMORY;
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_READ: return GPEN_STORE_DAMAGED;
    default: break;
    }
    switch (extended & 0xff) {
    case SQLITE_NOMEM: return GPEN_OUT_OF_MEMORY;
    case SQLITE_FULL: return GPEN_DISK_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return GPEN_IN_USE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return GPEN_STORE_DAMAGED;
    default: return system_error == ENOSPC || system_error == EDQUOT ? GPEN_DISK_FULL : GPEN_WRITE_FAILED;
    }
}

gpen_status store_fail_sqlite(const batch_store *store, gpen_error *error)
{
    /* Without a handle there was no memory for one. */
    int extended = store->database ? sqlite3_extended_errcode(store->database) : SQLITE_NOMEM;
    gpen_status status = status_of(extended, store->database ? sqlite3_system_errno(store->database) : 0);
    return gpen_fail(error, status, "%s: %s", store->path,
                     store->database ? sqlite3_errmsg(store->database) : "not enough memory");
}

/* ---------------------------------------------------------------- queries */

query query_begin(batch_store *store, const char *sql, gpen_error *error)
{
    query ask = {.store = store, .error = error, .parameter = 1};
    if (sqlite3_prepare_v2(store->database, sql, -1, &ask.statement, NULL) != SQLITE_OK)
        ask.status = store_fail_sqlite(store, error);
    return ask;
}

static void note(query *ask, int code)
{
    if (code != SQLITE_OK && !ask->status)
        ask->status = store_fail_sqlite(ask->store, ask->error);
}

void query_put_integer(query *ask, int64_t value)
{
    if (!ask->status)
        note(ask, sqlite3_bind_int64(ask->statement, ask->parameter++, value));
}

void query_put_number(query *ask, double value)
{
    if (!ask->status)
        note(ask, sqlite3_bind_double(ask->statement, ask->parameter++, isfinite(value) ? value : 0));
}

void query_put_null(query *ask)
{
    if (!ask->status)
        note(ask, sqlite3_bind_null(ask->statement, ask->parameter++));
}

void query_put_text(query *ask, const char *value)
{
    if (!ask->status)
        note(ask, sqlite3_bind_text(ask->statement, ask->parameter++, value, -1, SQLITE_STATIC));
}

void query_put_path(query *ask, const char *value)
{
    if (!value)
        query_put_null(ask);
    else if (!ask->status)
        note(ask, sqlite3_bind_blob64(ask->statement, ask->parameter++, value, strlen(value), SQLITE_STATIC));
}

bool query_row(query *ask)
{
    if (ask->status)
        return false;
    ask->column = 0;
    int code = sqlite3_step(ask->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        note(ask, code);
    return code == SQLITE_ROW;
}

void query_again(query *ask)
{
    if (ask->status)
        return;
    note(ask, sqlite3_reset(ask->statement));
    ask->parameter = 1;
}

int64_t query_integer(query *ask)
{
    return ask->status ? 0 : sqlite3_column_int64(ask->statement, ask->column++);
}

int query_integer_within(query *ask, int64_t least, int64_t most)
{
    int64_t value = query_integer(ask);
    if (!ask->status && (value < least || value > most))
        query_fail(ask, GPEN_STORE_DAMAGED, "a number is outside its range");
    return ask->status ? (int)least : (int)value;
}

double query_number(query *ask)
{
    return ask->status ? 0 : sqlite3_column_double(ask->statement, ask->column++);
}

char *query_text(query *ask)
{
    if (ask->status)
        return NULL;
    int column = ask->column++;
    if (sqlite3_column_type(ask->statement, column) == SQLITE_NULL)
        return NULL;
    const void *bytes = sqlite3_column_blob(ask->statement, column);
    size_t count = (size_t)sqlite3_column_bytes(ask->statement, column);
    if (count && !bytes) {
        ask->status = gpen_fail_memory(ask->error, "a text", count);
        return NULL;
    }
    if (count && memchr(bytes, '\0', count)) {
        query_fail(ask, GPEN_STORE_DAMAGED, "a text has a NUL in it");
        return NULL;
    }
    char *copy = malloc(count + 1);
    if (!copy) {
        ask->status = gpen_fail_memory(ask->error, "a text", count);
        return NULL;
    }
    if (count)
        memcpy(copy, bytes, count);
    copy[count] = '\0';
    return copy;
}

gpen_status query_reason(query *ask)
{
    gpen_status reason = GPEN_OK;
    char *name = query_text(ask);
    if (name && !reason_find(name, &reason))
        query_fail(ask, GPEN_STORE_DAMAGED, "a reason is unknown");
    free(name);
    return reason;
}

void query_sum(query *ask, char sum[65])
{
    sum[0] = '\0';
    char *text = query_text(ask);
    if (text && strlen(text) != 64)
        query_fail(ask, GPEN_STORE_DAMAGED, "a sum has another length than sums have");
    else if (text)
        memcpy(sum, text, 65);
    free(text);
}

void query_fail(query *ask, gpen_status status, const char *message)
{
    if (!ask->status)
        ask->status = gpen_fail(ask->error, status, "%s: %s", ask->store->path, message);
}

gpen_status query_end(query *ask)
{
    /* Its failure, if any, was noted when it happened. */
    (void)sqlite3_finalize(ask->statement);
    ask->statement = NULL;
    return ask->status;
}

gpen_status query_run(batch_store *store, const char *sql, const int64_t *values, int count, gpen_error *error)
{
    query ask = query_begin(store, sql, error);
    for (int i = 0; i < count; i++)
        query_put_integer(&ask, values[i]);
    while (query_row(&ask))
        ;
    return query_end(&ask);
}

int64_t query_changed(const batch_store *store)
{
    return sqlite3_changes(store->database);
}

/* ---------------------------------------------------------------- transactions */

/* After some failures SQLite undoes all of a transaction by itself: then moves that go together are lost together. */
static bool is_lost(const batch_store *store)
{
    return store->together && sqlite3_get_autocommit(store->database);
}

static gpen_status fail_lost(const batch_store *store, gpen_error *error)
{
    return gpen_fail(error, GPEN_WRITE_FAILED, "%s: moves that go together were undone when one of them failed",
                     store->path);
}

gpen_status store_begin(batch_store *store, gpen_error *error)
{
    if (is_lost(store))
        return fail_lost(store, error);
    return query_run(store, store->together ? "SAVEPOINT move" : "BEGIN IMMEDIATE", NULL, 0, error);
}

gpen_status store_end(batch_store *store, gpen_status status, gpen_error *error)
{
    if (!status && is_lost(store))
        status = fail_lost(store, error);
    if (!status)
        status = query_run(store, store->together ? "RELEASE move" : "COMMIT", NULL, 0, error);
    if (!status || sqlite3_get_autocommit(store->database))
        return status;
    /* Where a part cannot be undone, all of it is. When that fails too, nothing was committed either. */
    if (!store->together || query_run(store, "ROLLBACK TO move", NULL, 0, NULL) ||
        query_run(store, "RELEASE move", NULL, 0, NULL))
        (void)query_run(store, "ROLLBACK", NULL, 0, NULL);
    return status;
}

gpen_status store_together_begin(batch_store *store, gpen_error *error)
{
    gpen_status status =
        store->together ? gpen_fail(error, GPEN_BAD_ARGUMENT, "moves go together already") : store_begin(store, error);
    if (!status)
        store->together = true;
    return status;
}

gpen_status store_together_end(batch_store *store, bool keep, gpen_error *error)
{
    if (!store->together)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "no moves go together");
    gpen_status status = keep && is_lost(store) ? fail_lost(store, error) : GPEN_OK;
    store->together = false;
    if (!status && keep)
        status = query_run(store, "COMMIT", NULL, 0, error);
    if (!sqlite3_get_autocommit(store->database))
        (void)query_run(store, "ROLLBACK", NULL, 0, NULL);
    return status;
}

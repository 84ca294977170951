/* store_room.h: what the files of the store share. Private to them and to their tests. */
#ifndef GPEN_BATCH_STORE_ROOM_H
#define GPEN_BATCH_STORE_ROOM_H

#include <sqlite3.h>

#include "base/error.h"
#include "batch/store.h"
#include "batch/store_pages.h"

struct batch_store {
    sqlite3 *database;
    store_pages *pages; /* the layer beneath it that checks pages */
    char *path;         /* of the file, for messages and outputs */
    int lock;           /* descriptor of the supervisor's lock; -1: a reader */
    bool together;      /* between store_together_begin and store_together_end */
};

/* ---------------------------------------------------------------- questions to the database (store_query.c)
 * A query remembers its first failure, does nothing from then on, and says it at its end:
 *     query ask = query_begin(store, "SELECT id FROM item WHERE batch = ? AND state = ?", error);
 *     query_put_integer(&ask, batch);
 *     query_put_integer(&ask, STORE_DONE);
 *     while (query_row(&ask))
 *         id = query_integer(&ask);              columns are taken in order
 *     return query_end(&ask); */
typedef struct query {
    batch_store *store;
    sqlite3_stmt *statement;
    gpen_error *error;
    gpen_status status;
    int parameter, column; /* the next one */
} query;

query query_begin(batch_store *store, const char *sql, gpen_error *error);

/* NULL puts NULL. What is put must live until the query ends or is begun again. */
void query_put_integer(query *ask, int64_t value);
void query_put_number(query *ask, double value); /* 0 when it is none */
void query_put_text(query *ask, const char *value);
void query_put_path(query *ask, const char *value); /* as bytes */
void query_put_null(query *ask);

/* Steps to the next row; false: there is none, or the query failed. */
bool query_row(query *ask);

/* For the same statement with other values. */
void query_again(query *ask);

/* The next column of the row. Texts are copies, the caller's; NULL for NULL. One with a NUL in it is damage. */
int64_t query_integer(query *ask);
double query_number(query *ask);
char *query_text(query *ask);
gpen_status query_reason(query *ask);                              /* a name; NULL: GPEN_OK */
int query_integer_within(query *ask, int64_t least, int64_t most); /* outside: damage */
void query_sum(query *ask, char sum[65]);                          /* NULL: "" */

/* Fails the query. */
void query_fail(query *ask, gpen_status status, const char *message);

gpen_status query_end(query *ask);

/* A statement with up to three integers and no rows. */
gpen_status query_run(batch_store *store, const char *sql, const int64_t *values, int count, gpen_error *error);

/* How many rows the last statement changed. */
int64_t query_changed(const batch_store *store);

/* What SQLite says of its last failure, as a status and in words. */
gpen_status store_fail_sqlite(const batch_store *store, gpen_error *error);

/* A transaction: begin; work; end with the work's status, which commits on GPEN_OK and undoes everything otherwise. Among moves
 * that go together it is a part of theirs, which can be undone by itself. */
gpen_status store_begin(batch_store *store, gpen_error *error);
gpen_status store_end(batch_store *store, gpen_status status, gpen_error *error);

/* ---------------------------------------------------------------- the schema (store_schema.c) */

enum {
    STORE_APPLICATION = 0x6770656e, /* "gpen", in the file's header */
    STORE_VERSION = 1,              /* of the schema, in its header too */
};

/* Brings a database from version `from` (0: empty) to STORE_VERSION, in one transaction. */
gpen_status store_migrate(batch_store *store, int from, gpen_error *error);

/* Likewise by other steps, from version `from` to `to`; way[i] brings version i to i + 1, a list of statements ended by NULL. */
gpen_status store_migrate_by(batch_store *store, const char *const *const *way, int from, int to, gpen_error *error);

/* *same: is the schema, word for word, what the migrations make? */
gpen_status store_schema_same(batch_store *store, bool *same, gpen_error *error);

/* ---------------------------------------------------------------- believing (store_check.c) */

/* Its version; refuses other programs' files and newer versions. */
gpen_status store_check_version(batch_store *store, int *version, gpen_error *error);

/* Everything that store.h says holds. Errors: STORE_DAMAGED. */
gpen_status store_check(batch_store *store, gpen_error *error);

/* ---------------------------------------------------------------- files (store_files.c) */

/* Takes the supervisor's lock of the folder. *descriptor is to be closed. Errors: IN_USE. */
gpen_status store_lock(const char *folder, int *descriptor, gpen_error *error);

char *store_path(const char *folder);                        /* of the store's file; the caller's; NULL: no memory */
char *store_path_with(const char *path, const char *ending); /* path and ending, likewise */

/* ---------------------------------------------------------------- items (store_read.c) */

/* Begins "SELECT (its columns) FROM item JOIN batch rest", and likewise for batches. */
query store_select_items(batch_store *store, const char *rest, gpen_error *error);
query store_select_batches(batch_store *store, const char *rest, gpen_error *error);

/* Read the row; *item, *batch are the caller's also when the query failed meanwhile. */
void store_read_item(query *ask, store_item *item);
void store_read_batch(query *ask, store_batch *batch);

/* The first item of a query whose values are put, with its faces; ends it. None: item->id is 0. */
gpen_status store_only_item(query *ask, store_item *item);

/* Fills in item->faces. */
gpen_status store_read_faces(batch_store *store, store_item *item, gpen_error *error);

/* The five stages and the peak of memory, in the order of "STORE_SPENT_COLUMNS". */
#define STORE_SPENT_COLUMN(identifier, name) #name "_seconds, "
#define STORE_SPENT_COLUMNS                  STORE_STAGE_LIST(STORE_SPENT_COLUMN) "peak_memory"
void query_put_spent(query *ask, const store_spent *spent);
void query_spent(query *ask, store_spent *spent);

/* FNV-1a, as it stands in the file: of an input's bytes; of an output, upper and lower case being the same. */
int64_t store_hash_input(const char *path);
int64_t store_hash_output(const char *folder, const char *name);

/* ---------------------------------------------------------------- moves (store_moves.c, store_outputs.c); inside a transaction */

/* Sets batch.ended as its counts demand. */
gpen_status store_settle(batch_store *store, int64_t batch, int64_t now, gpen_error *error);

/* EXISTS unless the item is running its attempt of that number. *batch (may be NULL): its batch. */
gpen_status store_check_running(batch_store *store, int64_t item, int attempt, int64_t *batch, gpen_error *error);

/* Finds a free name for `wanted` and reserves it for the item. */
gpen_status store_take_output(batch_store *store, int64_t item, int64_t batch, const char *wanted, bool overwrite,
                              gpen_error *error);

#endif

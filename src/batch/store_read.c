/* Rows as structs: how a batch and an item are read, and released. One order of columns for every query. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "batch/retry.h"
#include "batch/store_room.h"

/* ---------------------------------------------------------------- names */

const char *store_state_name(store_state state)
{
    static const char *const names[STORE_STATES] = {"queued", "running", "done", "failed", "cancelled"};
    return (unsigned)state < STORE_STATES ? names[state] : "unknown";
}

const char *store_stage_name(store_stage stage)
{
    static const char *const names[STORE_STAGES] = {
#define STAGE_NAME(identifier, name) #name,
        STORE_STAGE_LIST(STAGE_NAME)
#undef STAGE_NAME
    };
    return (unsigned)stage < STORE_STAGES ? names[stage] : "unknown";
}

const char *store_outcome_name(store_outcome outcome)
{
    static const char *const names[STORE_OUTCOMES] = {"open", "done", "failed", "interrupted"};
    return (unsigned)outcome < STORE_OUTCOMES ? names[outcome] : "unknown";
}

/* ---------------------------------------------------------------- hashes, as they stand in the file: never to be changed */

static uint64_t hash_bytes(uint64_t hash, const char *bytes, bool fold)
{
    for (; *bytes; bytes++) {
        unsigned char byte = (unsigned char)*bytes;
        if (fold && byte >= 'A' && byte <= 'Z')
            byte = (unsigned char)(byte + 'a' - 'A');
        hash = (hash ^ byte) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

int64_t store_hash_input(const char *path)
{
    return (int64_t)hash_bytes(hash_start, path, false);
}

int64_t store_hash_output(const char *folder, const char *name)
{
    uint64_t hash = hash_bytes(hash_start, folder, true);
    return (int64_t)hash_bytes(hash_bytes(hash, "/", true), name, true);
}

/* ---------------------------------------------------------------- batches */

query store_select_batches(batch_store *store, const char *rest, gpen_error *error)
{
    char sql[600];
    snprintf(sql, sizeof sql,
             "SELECT id, created, ended, settings, settings_key, output_folder, priority, paused, cancelled, cleaning,"
             " queued_items, running_items, done_items, failed_items, cancelled_items FROM batch %s",
             rest);
    return query_begin(store, sql, error);
}

void store_read_batch(query *ask, store_batch *batch)
{
    *batch = (store_batch){.id = query_integer(ask)};
    batch->created = query_integer(ask);
    batch->ended = query_integer(ask);
    batch->settings = query_text(ask);
    batch->settings_key = query_text(ask);
    batch->output_folder = query_text(ask);
    batch->priority = query_integer_within(ask, INT32_MIN, INT32_MAX);
    batch->paused = query_integer_within(ask, 0, 1);
    batch->cancelled = query_integer_within(ask, 0, 1);
    batch->cleaning = query_integer_within(ask, 0, 1);
    for (int i = 0; i < STORE_STATES; i++)
        batch->counts[i] = query_integer(ask);
}

void store_batch_free(store_batch *batch)
{
    free(batch->settings);
    free(batch->settings_key);
    free(batch->output_folder);
    *batch = (store_batch){0};
}

void store_batches_free(store_batch *batches, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store_batch_free(&batches[i]);
    free(batches);
}

/* ---------------------------------------------------------------- items */

query store_select_items(batch_store *store, const char *rest, gpen_error *error)
{
    char sql[1200];
    snprintf(sql, sizeof sql,
             "SELECT item.id, item.batch, position, input, relative, bytes, modified, sha256, output_folder, output,"
             " output_bytes, output_modified, output_sha256, state, reason, detail, attempts, retries, kills, shrink,"
             " not_before, item.ended, " STORE_SPENT_COLUMNS ", faces, receipt"
             " FROM item JOIN batch ON batch.id = item.batch %s",
             rest);
    return query_begin(store, sql, error);
}

void query_put_spent(query *ask, const store_spent *spent)
{
    for (int i = 0; i < STORE_STAGES; i++)
        query_put_number(ask, spent->seconds[i]);
    query_put_integer(ask, spent->peak_memory);
}

void query_spent(query *ask, store_spent *spent)
{
    for (int i = 0; i < STORE_STAGES; i++)
        spent->seconds[i] = query_number(ask);
    spent->peak_memory = query_integer(ask);
}

/* The folder and the name below it as one path; NULL without a name. */
static char *read_output(query *ask)
{
    char *folder = query_text(ask), *name = query_text(ask), *path = NULL;
    if (folder && name) {
        path = path_join(folder, name);
        if (!path)
            ask->status = gpen_fail_memory(ask->error, "a path", strlen(folder) + strlen(name));
    }
    free(folder);
    free(name);
    return path;
}

void store_read_item(query *ask, store_item *item)
{
    *item = (store_item){.id = query_integer(ask)};
    item->batch = query_integer(ask);
    item->position = query_integer(ask);
    item->input = query_text(ask);
    item->relative = query_text(ask);
    item->content.bytes = query_integer(ask);
    item->content.modified = query_integer(ask);
    query_sum(ask, item->content.sha256);
    item->output = read_output(ask);
    item->written.bytes = query_integer(ask);
    item->written.modified = query_integer(ask);
    query_sum(ask, item->written.sha256);
    item->state = (store_state)query_integer_within(ask, 0, STORE_STATES - 1);
    item->reason = query_reason(ask);
    item->detail = query_text(ask);
    item->attempts = query_integer_within(ask, 0, INT32_MAX);
    item->retries = query_integer_within(ask, 0, INT32_MAX);
    item->kills = query_integer_within(ask, 0, INT32_MAX);
    item->shrink = query_integer_within(ask, 0, RETRY_MOST_SHRINK);
    item->not_before = query_integer(ask);
    item->ended = query_integer(ask);
    query_spent(ask, &item->spent);
    item->faces_json = query_text(ask);
    item->receipt = query_text(ask);
}

static bool find_face_state(const char *name, gpen_face_state *state)
{
    for (int i = 0; i < GPEN_FACE_STATE_COUNT; i++) {
        if (strcmp(gpen_face_state_name((gpen_face_state)i), name))
            continue;
        *state = (gpen_face_state)i;
        return true;
    }
    return false;
}

gpen_status store_read_faces(batch_store *store, store_item *item, gpen_error *error)
{
    query ask = query_begin(store, "SELECT state, count FROM face_count WHERE item = ?", error);
    query_put_integer(&ask, item->id);
    while (query_row(&ask)) {
        gpen_face_state state;
        char *name = query_text(&ask);
        int64_t count = query_integer(&ask);
        if (name && find_face_state(name, &state))
            item->faces[state] = count;
        else
            query_fail(&ask, GPEN_STORE_DAMAGED, "the state of a face is unknown");
        free(name);
    }
    return query_end(&ask);
}

gpen_status store_only_item(query *ask, store_item *item)
{
    *item = (store_item){0};
    batch_store *store = ask->store;
    gpen_error *error = ask->error;
    if (query_row(ask))
        store_read_item(ask, item);
    gpen_status status = query_end(ask);
    if (!status && item->state == STORE_DONE)
        status = store_read_faces(store, item, error);
    if (status)
        store_item_free(item);
    return status;
}

void store_item_free(store_item *item)
{
    free(item->input);
    free(item->relative);
    free(item->output);
    free(item->detail);
    free(item->faces_json);
    free(item->receipt);
    *item = (store_item){0};
}

void store_items_free(store_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store_item_free(&items[i]);
    free(items);
}

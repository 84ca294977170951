/* The moves of an item at work: handed out, finished, put back. Each is one transaction. */
#include <string.h>

#include "batch/reasons.h"
#include "batch/retry.h"
#include "batch/store_room.h"

/* ---------------------------------------------------------------- what moves share */

gpen_status store_settle(batch_store *store, int64_t batch, int64_t now, gpen_error *error)
{
    return query_run(store,
                     "UPDATE batch SET ended = CASE WHEN items_added > 0 AND queued_items + running_items = 0"
                     " THEN max(?2, 1) ELSE 0 END WHERE id = ?1",
                     (int64_t[]){batch, now}, 2, error);
}

gpen_status store_check_running(batch_store *store, int64_t item, int attempt, int64_t *batch, gpen_error *error)
{
    query ask = query_begin(store, "SELECT batch FROM item WHERE id = ? AND state = 1 AND attempts = ?", error);
    query_put_integer(&ask, item);
    query_put_integer(&ask, attempt);
    bool there = query_row(&ask);
    int64_t found = there ? query_integer(&ask) : 0;
    gpen_status status = query_end(&ask);
    if (!status && !there)
        return gpen_fail(error, GPEN_EXISTS, "item %lld is not running its attempt %d", (long long)item, attempt);
    if (batch)
        *batch = found;
    return status;
}

static gpen_status end_attempt(batch_store *store, int64_t item, int attempt, store_outcome outcome,
                               const store_failure *failure, const store_spent *spent, int64_t now, gpen_error *error)
{
    query ask = query_begin(store,
                            "UPDATE attempt SET outcome = ?, ended = ?, reason = ?, detail = ?, signal = ?,"
                            " worker_died = ?, decode_seconds = ?, detect_seconds = ?, restore_seconds = ?,"
                            " finish_seconds = ?, encode_seconds = ?, peak_memory = ?"
                            " WHERE item = ? AND number = ?",
                            error);
    query_put_integer(&ask, outcome);
    query_put_integer(&ask, now);
    query_put_text(&ask, failure ? gpen_status_name(failure->reason) : NULL);
    query_put_text(&ask, failure ? failure->detail : NULL);
    query_put_integer(&ask, failure ? failure->signal : 0);
    query_put_integer(&ask, failure ? failure->worker_died : 0);
    query_put_spent(&ask, spent);
    query_put_integer(&ask, item);
    query_put_integer(&ask, attempt);
    (void)query_row(&ask);
    return query_end(&ask);
}

/* ---------------------------------------------------------------- handing out */

/* A time far ahead means that the clock was set back: no wait is longer than RETRY_LONGEST_WAIT. */
#define IS_DUE   "(not_before <= ?1 OR not_before > ?1 + ?2)"
#define HAS_TURN "paused = 0 AND cancelled = 0 AND queued_items > 0"

static gpen_status find_next(batch_store *store, int64_t now, int64_t *item, int64_t *batch, gpen_error *error)
{
    query ask = query_begin(store,
                            "SELECT id, (SELECT item.id FROM item WHERE item.batch = batch.id AND state = 0 AND " IS_DUE
                            " ORDER BY position LIMIT 1) AS next FROM batch INDEXED BY batch_by_turn WHERE " HAS_TURN
                            " AND next IS NOT NULL ORDER BY priority DESC, turn, id LIMIT 1",
                            error);
    query_put_integer(&ask, now);
    query_put_integer(&ask, RETRY_LONGEST_WAIT);
    *item = *batch = 0;
    if (query_row(&ask)) {
        *batch = query_integer(&ask);
        *item = query_integer(&ask);
    }
    return query_end(&ask);
}

static gpen_status start(batch_store *store, int64_t item, int64_t batch, int64_t worker, int64_t now,
                         gpen_error *error)
{
    gpen_status status =
        query_run(store, "UPDATE item SET state = 1, attempts = attempts + 1 WHERE id = ?1", &item, 1, error);
    if (!status)
        status = query_run(store,
                           "INSERT INTO attempt (item, number, started, worker, shrink)"
                           " SELECT id, attempts, ?3, ?2, shrink FROM item WHERE id = ?1",
                           (int64_t[]){item, worker, now}, 3, error);
    if (!status)
        status = query_run(
            store,
            "UPDATE batch SET turn = 1 + coalesce((SELECT max(turn) FROM batch INDEXED BY batch_by_turn WHERE " HAS_TURN
            "), turn) WHERE id = ?1",
            &batch, 1, error);
    return status;
}

gpen_status store_claim(batch_store *store, int64_t worker, int64_t now, store_item *item, gpen_error *error)
{
    int64_t id = 0, batch = 0;
    *item = (store_item){0};
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = find_next(store, now, &id, &batch, error);
    if (!status && id)
        status = start(store, id, batch, worker, now, error);
    if (!status && id)
        status = store_item_get(store, id, item, error);
    status = store_end(store, status, error);
    if (status)
        store_item_free(item);
    return status;
}

gpen_status store_next_ready(batch_store *store, int64_t now, int64_t *wait, gpen_error *error)
{
    *wait = -1;
    query ask = query_begin(store,
                            "SELECT min(CASE WHEN " IS_DUE " THEN 0 ELSE not_before - ?1 END) FROM item"
                            " WHERE state = 0 AND batch IN (SELECT id FROM batch WHERE " HAS_TURN ")",
                            error);
    query_put_integer(&ask, now);
    query_put_integer(&ask, RETRY_LONGEST_WAIT);
    if (query_row(&ask) && sqlite3_column_type(ask.statement, 0) != SQLITE_NULL)
        *wait = query_integer(&ask);
    return query_end(&ask);
}

/* ---------------------------------------------------------------- done */

static gpen_status add_faces(batch_store *store, int64_t item, const int64_t *faces, gpen_error *error)
{
    query ask = query_begin(store, "INSERT INTO face_count (item, state, count) VALUES (?, ?, ?)", error);
    for (int i = 0; !ask.status && i < GPEN_FACE_STATE_COUNT; i++) {
        if (faces[i] <= 0)
            continue;
        query_put_integer(&ask, item);
        query_put_text(&ask, gpen_face_state_name((gpen_face_state)i));
        query_put_integer(&ask, faces[i]);
        (void)query_row(&ask);
        query_again(&ask);
    }
    return query_end(&ask);
}

static gpen_status mark_done(batch_store *store, int64_t item, const store_result *result, int64_t now,
                             gpen_error *error)
{
    query ask = query_begin(store,
                            "UPDATE item SET state = 2, reason = NULL, detail = NULL, ended = ?,"
                            " sha256 = coalesce(?, sha256), output_bytes = ?, output_modified = ?, output_sha256 = ?,"
                            " faces = ?, receipt = ?, decode_seconds = ?, detect_seconds = ?, restore_seconds = ?,"
                            " finish_seconds = ?, encode_seconds = ?, peak_memory = ?"
                            " WHERE id = ? AND output IS NOT NULL",
                            error);
    query_put_integer(&ask, now);
    query_put_text(&ask, *result->input_sha256 ? result->input_sha256 : NULL);
    query_put_integer(&ask, result->written.bytes);
    query_put_integer(&ask, result->written.modified);
    query_put_text(&ask, *result->written.sha256 ? result->written.sha256 : NULL);
    query_put_text(&ask, result->faces_json);
    query_put_text(&ask, result->receipt);
    query_put_spent(&ask, &result->spent);
    query_put_integer(&ask, item);
    (void)query_row(&ask);
    gpen_status status = query_end(&ask);
    if (!status && !query_changed(store))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "item %lld is done, but reserved no output", (long long)item);
    return status;
}

gpen_status store_finish_done(batch_store *store, int64_t item, int attempt, const store_result *result, int64_t now,
                              gpen_error *error)
{
    int64_t batch = 0;
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = store_check_running(store, item, attempt, &batch, error);
    if (!status)
        status = mark_done(store, item, result, now, error);
    if (!status)
        status = add_faces(store, item, result->faces, error);
    if (!status)
        status = end_attempt(store, item, attempt, STORE_ATTEMPT_DONE, NULL, &result->spent, now, error);
    if (!status)
        status = store_settle(store, batch, now, error);
    return store_end(store, status, error);
}

/* ---------------------------------------------------------------- failed, or to be tried again */

/* What becomes of an item. */
typedef struct item_fate {
    store_state state;
    gpen_status reason;
    int retries, kills, shrink;
    int64_t not_before, ended;
} item_fate;

static gpen_status decide(batch_store *store, int64_t item, const store_failure *failure, int64_t now, item_fate *out,
                          gpen_error *error)
{
    query ask = query_begin(store,
                            "SELECT retries, kills, shrink, cancelled FROM item JOIN batch ON batch.id = item.batch"
                            " WHERE item.id = ?",
                            error);
    query_put_integer(&ask, item);
    bool cancelled = false;
    *out = (item_fate){.reason = failure->reason, .ended = now};
    out->state = failure->reason == GPEN_CANCELLED ? STORE_CANCELLED : STORE_FAILED;
    if (query_row(&ask)) {
        out->retries = query_integer_within(&ask, 0, INT32_MAX - 1);
        out->kills = query_integer_within(&ask, 0, INT32_MAX - 1) + failure->worker_died;
        out->shrink = query_integer_within(&ask, 0, RETRY_MOST_SHRINK);
        cancelled = query_integer(&ask);
    }
    gpen_status status = query_end(&ask);
    if (status)
        return status;
    retry_verdict verdict = retry_decide(failure->reason, out->retries, out->kills, out->shrink);
    if (verdict == RETRY_GIVEN_UP) {
        out->reason = GPEN_GIVEN_UP;
    } else if (verdict != RETRY_NOT && cancelled) {
        out->state = STORE_CANCELLED;
        out->reason = GPEN_CANCELLED;
    } else if (verdict != RETRY_NOT) {
        out->state = STORE_QUEUED;
        out->ended = 0;
        out->not_before = now + retry_wait(out->retries++);
        out->shrink += verdict == RETRY_SMALLER;
    }
    return GPEN_OK;
}

static gpen_status mark(batch_store *store, int64_t item, const item_fate *fate, const store_failure *failure,
                        gpen_error *error)
{
    query ask = query_begin(
        store,
        "UPDATE item SET state = ?, reason = ?, detail = ?, retries = ?, kills = ?, shrink = ?,"
        " not_before = ?, ended = ?, output_bytes = ?, output_modified = ?, decode_seconds = ?, detect_seconds = ?, restore_seconds = ?,"
        " finish_seconds = ?, encode_seconds = ?, peak_memory = ? WHERE id = ?",
        error);
    query_put_integer(&ask, fate->state);
    query_put_text(&ask, gpen_status_name(fate->reason));
    query_put_text(&ask, failure->detail);
    query_put_integer(&ask, fate->retries);
    query_put_integer(&ask, fate->kills);
    query_put_integer(&ask, fate->shrink);
    query_put_integer(&ask, fate->not_before);
    query_put_integer(&ask, fate->ended);
    query_put_integer(&ask, failure->copy.bytes);
    query_put_integer(&ask, failure->copy.modified);
    query_put_spent(&ask, &failure->spent);
    query_put_integer(&ask, item);
    (void)query_row(&ask);
    return query_end(&ask);
}

gpen_status store_finish_failed(batch_store *store, int64_t item, int attempt, const store_failure *failure,
                                int64_t now, store_state *state, gpen_error *error)
{
    if (!reason_known(failure->reason))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s is no reason an item can fail with",
                         gpen_status_name(failure->reason));
    int64_t batch = 0;
    item_fate fate = {.state = STORE_FAILED};
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = store_check_running(store, item, attempt, &batch, error);
    if (!status)
        status = decide(store, item, failure, now, &fate, error);
    if (!status)
        status = mark(store, item, &fate, failure, error);
    if (!status)
        status = end_attempt(store, item, attempt, STORE_ATTEMPT_FAILED, failure, &failure->spent, now, error);
    if (!status)
        status = store_settle(store, batch, now, error);
    status = store_end(store, status, error);
    if (!status && state)
        *state = fate.state;
    return status;
}

gpen_status store_release(batch_store *store, int64_t item, int attempt, int64_t now, gpen_error *error)
{
    int64_t batch = 0;
    gpen_status status = store_begin(store, error);
    if (status)
        return status;
    status = store_check_running(store, item, attempt, &batch, error);
    if (!status)
        status = end_attempt(store, item, attempt, STORE_ATTEMPT_INTERRUPTED, NULL, &(store_spent){0}, now, error);
    if (!status)
        status =
            query_run(store,
                      "UPDATE item SET (state, reason, detail, ended) = (SELECT CASE cancelled WHEN 1 THEN 4 ELSE 0"
                      " END, CASE cancelled WHEN 1 THEN 'cancelled' ELSE item.reason END, CASE cancelled WHEN 0"
                      " THEN item.detail END, CASE cancelled WHEN 1 THEN ?2 ELSE 0 END FROM batch"
                      " WHERE batch.id = item.batch), not_before = 0 WHERE id = ?1",
                      (int64_t[]){item, now}, 2, error);
    if (!status)
        status = store_settle(store, batch, now, error);
    return store_end(store, status, error);
}

/* store.h: where batches and their items live between crashes.
 *
 * A folder holds one store: batches.db (SQLite in WAL mode, with batches.db-wal and batches.db-shm beside it) and batches.lock.
 *
 *     batch_store *store = NULL;
 *     if (store_open(&store, folder, now, &error))      one supervisor a folder; what was running is queued again
 *         return error.status;
 *     store_batch_add(store, &batch, items, count, now, &batch_id, &error);
 *     while (!store_claim(store, worker, now, &item, &error) && item.id)
 *         ...store_finish_done, or store_finish_failed...
 *     store_close(store);
 *
 * An item's states and moves
 *
 *                            store_claim                    store_finish_done
 *         add --> queued ---------------------> running ------------------------> done
 *                 ^ ^  |                        |  |  |                             |
 *                 | |  |    store_finish_failed |  |  | store_finish_failed         | store_clean_*:
 *                 | |  |    may pass: again,    |  |  | cannot pass, tried often,   | result deleted,
 *                 | |  |    after a wait        |  |  | or killed two workers       | batch forgotten
 *                 | +--|------------------------+  |  v
 *                 |    |    store_release, and     |  failed
 *                 |    |    store_open after a     |  |
 *                 |    |    crash: back in queue --+  | store_retry: a person asks again
 *                 |    |                              |
 *                 +----|------------------------------+
 *                      | store_batch_cancel
 *                      v
 *                  cancelled        (also a running item that would go back to the queue of a cancelled batch)
 *
 * What holds whenever no call is under way, after every crash, kill and power cut
 *   1  Each move is one transaction: it has happened in full or not at all. It is on the disk (WAL flushed, synchronous=FULL)
 *      before the call returns, so the world is told nothing that a power cut takes back.
 *   2  An item that was added is there, in exactly one state, until its batch is deleted or cleaned.
 *   3  A running item has exactly one attempt without an end, numbered item.attempts; no other item has one. A report with
 *      another number comes from a worker that was taken for dead: it is refused (EXISTS), so nothing is finished twice.
 *   4  An item keeps the output it reserved. No two items of a store have the same one, upper and lower case being the same:
 *      an item done twice, as after a crash between writing and finishing, is done into the same file.
 *   5  A batch's counts are those of its items; batch.ended is set exactly while it has items and none is queued or running.
 * store_open proves 3 to 5 and SQLite's own structure before anything is believed, and refuses what fails (STORE_DAMAGED).
 *
 * Damage. Every page carries a checksum over its bytes and its number (store_pages.c), verified at each read, so that a flipped
 * bit is never believed, not even in the middle of a name. The WAL has checksums of its own: where one fails the log ends, and
 * the store is what it was at an earlier moment, as after a power cut. The store's file comes into being by a rename, so an empty
 * or half-made file is damage too. A damaged store is not mended: store_set_aside keeps it under another name, an empty
 * one takes its place, and results that are on the disk are found there.
 *
 * Resume is keyed on path, content and settings: store_find.
 *
 * Paths are bytes as the file system has them, without NUL. Texts are UTF-8. Times are milliseconds since 1970, given by the
 * caller; nothing here reads a clock. JSON is the caller's: it is kept, never read.
 *
 * Errors that every function may return, beside those it names: OUT_OF_MEMORY, DISK_FULL, WRITE_FAILED (also for a reader),
 * IN_USE (someone held the store for seconds), STORE_DAMAGED. After an error the move has not happened, but for one case
 * that no program can exclude: where the disk failed while a move was being flushed, it may be found done after a restart.
 *
 * Threads: one handle serves one thread at a time. Processes: a supervisor holds batches.lock (flock); it must not leave the
 * lock to a child that lives on, so workers are programs of their own (exec). Readers need no lock.
 */
#ifndef GPEN_BATCH_STORE_H
#define GPEN_BATCH_STORE_H

#include <stdbool.h>

#include <gpen.h>

typedef struct batch_store batch_store;

/* ---------------------------------------------------------------- opening */

/* Opens the folder's store as its one supervisor; folder and store are made where they are missing, an older version is
 * brought up to this one. Running items, whose supervisor is dead, go back to the queue (of a cancelled batch: become cancelled); their
 * attempts end as interrupted, which counts against nobody. Release with store_close.
 * Errors: IN_USE (the message names the process), UNSUPPORTED_FORMAT (made by a newer gpen), STORE_DAMAGED (the message says
 * what to do). */
gpen_status store_open(batch_store **out, const char *folder, int64_t now, gpen_error *error);

/* Opens it for looking, whether or not a supervisor is at work. Errors: INPUT_MISSING (there is none), UNSUPPORTED_FORMAT. */
gpen_status store_open_reader(batch_store **out, const char *folder, gpen_error *error);

/* NULL is fine. */
void store_close(batch_store *store);

/* Renames a damaged store to batches.db.damaged-DATE-TIME, so that the next store_open makes an empty one. Takes the lock
 * for it. *kept (may be NULL) is its new path, the caller's (free). Errors: IN_USE, INPUT_MISSING (there is none). */
gpen_status store_set_aside(const char *folder, int64_t now, char **kept, gpen_error *error);

/* ---------------------------------------------------------------- what there is */

typedef enum store_state {
    STORE_QUEUED,
    STORE_RUNNING,
    STORE_DONE,
    STORE_FAILED,
    STORE_CANCELLED,
    STORE_STATES, /* how many; as a filter: any */
} store_state;

const char *store_state_name(store_state state); /* "queued", ...; static, never NULL */

/* The stages of an item's time. One list makes the enum, the names and the columns. X(IDENTIFIER, name) */
#define STORE_STAGE_LIST(X)                                                                                            \
    X(DECODE, decode)   /* reading the picture */                                                                      \
    X(DETECT, detect)   /* finding faces */                                                                            \
    X(RESTORE, restore) /* faces: aligned, restored, pasted */                                                         \
    X(FINISH, finish)   /* the look of the whole picture */                                                            \
    X(ENCODE, encode)   /* writing the result */

typedef enum store_stage {
#define STORE_STAGE_ENUM(identifier, name) STORE_STAGE_##identifier,
    STORE_STAGE_LIST(STORE_STAGE_ENUM)
#undef STORE_STAGE_ENUM
        STORE_STAGES
} store_stage;

const char *store_stage_name(store_stage stage); /* "decode", ...; static, never NULL */

/* What an attempt took. */
typedef struct store_spent {
    double seconds[STORE_STAGES]; /* 0: not reached */
    int64_t peak_memory;          /* bytes; 0: not known */
} store_spent;

/* A file as it was when it was looked at; what is not known is 0, or "" for the sum. */
typedef struct store_content {
    int64_t bytes;
    int64_t modified; /* nanoseconds since 1970 */
    char sha256[65];
} store_content;

typedef struct store_batch {
    int64_t id;                   /* from 1; never given twice */
    int64_t created;              /* when */
    int64_t ended;                /* when its last item came to its end; 0: there is work left, or no item */
    char *settings;               /* JSON */
    char *settings_key;           /* equal for settings that give the same pixels */
    char *output_folder;          /* absolute */
    int priority;                 /* higher ones go first */
    bool paused;                  /* none of its items is handed out */
    bool cancelled;               /* nor ever will be */
    bool cleaning;                /* its results are being deleted */
    int64_t counts[STORE_STATES]; /* its items by state */
} store_batch;

typedef struct store_item {
    int64_t id;       /* from 1; never given twice */
    int64_t batch;    /* its id */
    int64_t position; /* in the batch, from 1 */
    char *input;      /* absolute path */
    char *relative;   /* the path below the folder that the person named, or the bare name: what people call it by */
    store_content content; /* of the input */
    char *output; /* absolute path, reserved; NULL: none yet, or taken over by a later item that may overwrite */
    store_content written; /* of the output, once done; failed: of the photo that was put in its place, if it was */
    store_state state;
    gpen_status reason;                   /* why it failed, or why the last attempt did; GPEN_OK: it did not */
    char *detail;                         /* what the reason alone does not say; NULL: nothing */
    int attempts;                         /* so far, the running one too; also the number of the newest */
    int retries, kills;                   /* since a person last asked: see retry.h */
    int shrink;                           /* how small a plan it needs: 0..RETRY_MOST_SHRINK */
    int64_t not_before;                   /* queued: when it may be handed out */
    int64_t ended;                        /* done, failed, cancelled: when */
    store_spent spent;                    /* by the last attempt that ended */
    int64_t faces[GPEN_FACE_STATE_COUNT]; /* done: how many came to which state */
    char *faces_json;                     /* done: as the caller gave it; NULL: nothing */
    char *receipt;                        /* done: JSON, as the caller gave it; NULL: nothing */
} store_item;

/* How an attempt ended. */
typedef enum store_outcome {
    STORE_ATTEMPT_OPEN, /* not yet */
    STORE_ATTEMPT_DONE,
    STORE_ATTEMPT_FAILED,
    STORE_ATTEMPT_INTERRUPTED, /* the supervisor stopped or died, or the batch was cancelled */
    STORE_OUTCOMES
} store_outcome;

const char *store_outcome_name(store_outcome outcome); /* "open", "done", "failed", "interrupted"; static, never NULL */

typedef struct store_attempt {
    int number; /* from 1 */
    int64_t started, ended;
    int64_t worker; /* process id */
    store_outcome outcome;
    gpen_status reason; /* of a failed one */
    char *detail;       /* NULL: nothing */
    int signal;         /* that ended the worker; 0: none */
    bool worker_died;
    int shrink; /* of its plan */
    store_spent spent;
} store_attempt;

/* Release what they hold and zero them. Zeroed ones are fine. */
void store_batch_free(store_batch *batch);
void store_item_free(store_item *item);

/* Release an array as the lists below give it. NULL is fine. */
void store_batches_free(store_batch *batches, size_t count);
void store_items_free(store_item *items, size_t count);
void store_attempts_free(store_attempt *attempts, size_t count);

/* ---------------------------------------------------------------- adding */

typedef struct store_new_batch {
    const char *settings, *settings_key, *output_folder;
    int priority;
} store_new_batch;

typedef struct store_new_item {
    const char *input, *relative;
    store_content content;
    const char *output; /* wanted, relative to the batch's output folder; NULL: store_reserve_output will say */
    bool overwrite;     /* the output may be that of an older item, which loses it */
    gpen_status
        refused; /* it failed before it came here, with this reason of reasons.h: it is there for a person to see. OK: it did not */
    const char *detail; /* of that; may be NULL */
    int64_t failed;     /* when */
} store_new_item;

/* Adds a batch and its first items (0 is fine), all of it or nothing. An item whose output is taken gets NAME-2, NAME-3 and
 * so on, before the ending. *id: the batch. Errors: BAD_ARGUMENT. */
gpen_status store_batch_add(batch_store *store, const store_new_batch *batch, const store_new_item *items, size_t count,
                            int64_t now, int64_t *id, gpen_error *error);

/* Adds items to the end of a batch, all or none. Errors: BAD_ARGUMENT (there is no such batch, or it is cancelled or being
 * cleaned). */
gpen_status store_items_add(batch_store *store, int64_t batch, const store_new_item *items, size_t count,
                            gpen_error *error);

/* Reserves an output for a running item whose name was not known when it was added. The first reservation stands: an item that
 * has one keeps it. wanted, overwrite: as in store_new_item. *output is the absolute path, the caller's (free).
 * Errors: BAD_ARGUMENT; EXISTS (not its running attempt). */
gpen_status store_reserve_output(batch_store *store, int64_t item, int attempt, const char *wanted, bool overwrite,
                                 char **output, gpen_error *error);

/* ---------------------------------------------------------------- working; attempt: the item's number of attempts when claimed */

/* Hands out the next item: of the batches with the highest priority that have one ready, the one that waited longest for
 * its turn; of that, the first by position. It is running from then on. item->id 0: none is ready. Release with store_item_free. */
gpen_status store_claim(batch_store *store, int64_t worker, int64_t now, store_item *item, gpen_error *error);

/* *wait: milliseconds until an item may be ready; 0: one is; -1: none will be, as things stand. */
gpen_status store_next_ready(batch_store *store, int64_t now, int64_t *wait, gpen_error *error);

/* What a finished item leaves. The strings may be NULL. */
typedef struct store_result {
    store_spent spent;
    char input_sha256[65]; /* "": not known */
    store_content written;
    int64_t faces[GPEN_FACE_STATE_COUNT];
    const char *faces_json, *receipt;
} store_result;

/* running -> done. The output must be whole on the disk. Errors: EXISTS (not its running attempt), BAD_ARGUMENT (it reserved
 * no output). */
gpen_status store_finish_done(batch_store *store, int64_t item, int attempt, const store_result *result, int64_t now,
                              gpen_error *error);

typedef struct store_failure {
    gpen_status reason; /* one of reasons.h */
    const char *detail; /* may be NULL */
    int signal;         /* that ended the worker; 0: none */
    bool worker_died;   /* by itself or for want of memory; not: stopped by us when its time was up */
    store_spent spent;
    store_content copy; /* the photo itself, put where its result would be; 0: it was not */
} store_failure;

/* running -> failed, or back to the queue as retry_decide says. *state (may be NULL): which. Errors: EXISTS (not its running
 * attempt), BAD_ARGUMENT (no reason an item can have). */
gpen_status store_finish_failed(batch_store *store, int64_t item, int attempt, const store_failure *failure,
                                int64_t now, store_state *state, gpen_error *error);

/* running -> queued, counted against nobody: the supervisor stops, or took the worker away. Of a cancelled batch: cancelled.
 * Errors: EXISTS (not its running attempt). */
gpen_status store_release(batch_store *store, int64_t item, int attempt, int64_t now, gpen_error *error);

/* Moves that go together: all that follow are on the disk, with one flush for all, once store_together_end has returned
 * GPEN_OK, and none before; the world is told no sooner. A move that fails is undone by itself, the others stay, unless
 * memory or disk failed: then all are, and store_together_end says so. keep false: undoes all. Finishing an item and claiming the next is
 * the use. Errors: BAD_ARGUMENT (begun twice, or not begun). */
gpen_status store_together_begin(batch_store *store, gpen_error *error);
gpen_status store_together_end(batch_store *store, bool keep, gpen_error *error);

/* ---------------------------------------------------------------- a person's wishes; errors: BAD_ARGUMENT (there is no such one) */

gpen_status store_batch_priority(batch_store *store, int64_t batch, int priority, gpen_error *error);
gpen_status store_batch_pause(batch_store *store, int64_t batch, bool paused, gpen_error *error);

/* Cancels what is queued. Running items go on until they finish or are released: see store_release. */
gpen_status store_batch_cancel(batch_store *store, int64_t batch, int64_t now, gpen_error *error);

/* queued -> cancelled, of a single item. Also BAD_ARGUMENT: it is not queued. */
gpen_status store_item_cancel(batch_store *store, int64_t item, int64_t now, gpen_error *error);

/* failed -> queued, at once and with fresh retries. Also BAD_ARGUMENT: it has not failed, or its batch is cancelled. */
gpen_status store_retry(batch_store *store, int64_t item, gpen_error *error);

/* Likewise all failed items of a batch. *count (may be NULL): how many. */
gpen_status store_retry_failed(batch_store *store, int64_t batch, int64_t *count, gpen_error *error);

/* Forgets a batch and its items; results stay on the disk. Also IN_USE: an item of it is running. */
gpen_status store_batch_delete(batch_store *store, int64_t batch, gpen_error *error);

/* ---------------------------------------------------------------- looking */

/* One batch, one item. batch->id, item->id 0: there is no such one. Release with store_batch_free, store_item_free. */
gpen_status store_batch_get(batch_store *store, int64_t id, store_batch *batch, gpen_error *error);
gpen_status store_item_get(batch_store *store, int64_t id, store_item *item, gpen_error *error);

enum { STORE_LONGEST_PAGE = 1000 };

/* A page of batches, newest first, older than `before` (0: from the newest), at most `limit` (1..STORE_LONGEST_PAGE).
 * Release with store_batches_free. */
gpen_status store_batches_list(batch_store *store, int64_t before, int limit, store_batch **batches, size_t *count,
                               gpen_error *error);

/* A page of a batch's items by position, behind position `after` (0: from the first), in one state or in any (STORE_STATES).
 * Release with store_items_free. */
gpen_status store_items_list(batch_store *store, int64_t batch, store_state state, int64_t after, int limit,
                             store_item **items, size_t *count, gpen_error *error);

/* Queued and cancelled items, by id behind `after`, whose newest attempt was interrupted: it may have left a half-written file behind.
 * At most `limit` (1..STORE_LONGEST_PAGE). Release with store_items_free. */
gpen_status store_interrupted_list(batch_store *store, int64_t after, int limit, store_item **items, size_t *count,
                                   gpen_error *error);

/* All attempts of an item, in order. Release with store_attempts_free. */
gpen_status store_attempts_list(batch_store *store, int64_t item, store_attempt **attempts, size_t *count,
                                gpen_error *error);

/* The item that did, or will do, this work: same path, same content, same settings_key, same output folder. Content is the same
 * when the length and the time of the last change are, or when both sums are known and equal. A done one before a running,
 * a queued, a failed one; then the newest; cancelled ones never. item->id 0: none. Release with store_item_free. */
gpen_status store_find(batch_store *store, const char *input, const store_content *content, const char *settings_key,
                       const char *output_folder, store_item *item, gpen_error *error);

/* ---------------------------------------------------------------- cleaning
 * Old batches go with their results, in steps that survive a crash at any of them:
 *     store_clean_begin;
 *     while store_clean_next gives an item: delete its result, or the copy of a photo that failed, if there is one and it is still
 *         item.written, then store_clean_forget;
 *     store_clean_end.
 * A file that is gone already is as good as deleted. */

/* Marks the batches that ended before `before`. A marked batch takes no items and no retries. *count (may be NULL): how many were
 * marked. */
gpen_status store_clean_begin(batch_store *store, int64_t before, int64_t *count, gpen_error *error);

/* The next item of a marked batch, whatever became of it. item->id 0: no more. Release with store_item_free. */
gpen_status store_clean_next(batch_store *store, store_item *item, gpen_error *error);

/* Forgets the item: its output is gone, or stays because a person changed it. Errors: BAD_ARGUMENT (not an item that is
 * being cleaned). */
gpen_status store_clean_forget(batch_store *store, int64_t item, gpen_error *error);

/* Forgets the marked batches that have no items left. */
gpen_status store_clean_end(batch_store *store, gpen_error *error);

#endif

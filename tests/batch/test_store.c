/* Opening a store, cleaning it, and what is refused: one promise of store.h a test. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "../base/scratch.h"
#include "base/file.h"
#include "batch/retry.h"
#include "batch/store_room.h"
#include "steps.h"

/* ---------------------------------------------------------------- opening */

static void the_file_has_sums_a_version_and_a_log(void **state)
{
    batch_store *store = open_store(state);
    char *log = store_path_with(store->path, "-wal"), *unfinished = store_path_with(store->path, ".new");
    add(store, "/out", 1);
    assert_true(path_is_file(log));
    assert_false(path_is_file(unfinished));
    size_t length = 0;
    unsigned char *bytes = kit_read(store->path, &length);
    assert_non_null(bytes);
    assert_int_equal(length % STORE_PAGE_BYTES, 0);
    assert_int_equal(bytes[20], STORE_PAGE_SUM_BYTES); /* SQLite's header: bytes it leaves free in a page */
    assert_int_equal(bytes[18], 2);                    /* WAL */
    assert_int_equal(bytes[63], STORE_VERSION);
    assert_memory_equal(bytes + 68, "gpen", 4);
    free(bytes);
    store_close(store);
    assert_false(path_is_file(log));
    free(log);
    free(unfinished);
}

static void what_was_added_is_there_after_opening_again(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 5);
    char *before = kit_digest(store, &error);
    store_close(store);
    store = open_store(state);
    char *after = kit_digest(store, &error);
    assert_non_null(before);
    assert_non_null(strstr(before, "item 5 at 5 /in/5.jpg 5.jpg -> /out/5.jpg queued"));
    assert_string_equal(before, after);
    free(before);
    free(after);
    store_close(store);
}

static void a_second_supervisor_is_told_who_has_it(void **state)
{
    batch_store *store = open_store(state), *second = NULL;
    char number[32];
    snprintf(number, sizeof number, "process %ld", (long)getpid());
    assert_int_equal(store_open(&second, *state, KIT_NOW, &error), GPEN_IN_USE);
    assert_null(second);
    assert_non_null(strstr(error.message, number));
    assert_int_equal(store_set_aside(*state, KIT_NOW, NULL, &error), GPEN_IN_USE);
    store_close(store);
    store_close(open_store(state));
}

static void a_reader_looks_while_a_supervisor_works(void **state)
{
    batch_store *reader = NULL, *store = NULL;
    assert_int_equal(store_open_reader(&reader, *state, &error), GPEN_INPUT_MISSING);
    assert_null(reader);
    store = open_store(state);
    int64_t batch = add(store, "/out", 3);
    GOOD(store_open_reader(&reader, *state, &error));
    store_item item = claim(store, KIT_NOW);
    assert_int_equal(state_of(reader, item.id), STORE_RUNNING);
    assert_int_equal(store_batch_pause(reader, batch, true, &error), GPEN_WRITE_FAILED);
    finish(store, &item, KIT_NOW);
    assert_int_equal(state_of(reader, item.id), STORE_DONE);
    store_item_free(&item);
    store_close(store);
    assert_int_equal(state_of(reader, 1), STORE_DONE);
    store_close(reader);
}

static void running_items_of_a_dead_supervisor_are_queued_again(void **state)
{
    batch_store *store = open_store(state);
    int64_t cancelled = add(store, "/out", 1), batch = add(store, "/out2", 2);
    store_item gone = claim(store, KIT_NOW), kept = claim(store, KIT_NOW);
    assert_int_equal(gone.batch, cancelled);
    assert_int_equal(kept.batch, batch);
    GOOD(store_batch_cancel(store, cancelled, KIT_NOW, &error));
    store_close(store); /* what a death leaves is the same: nothing is undone by closing */
    store = open_store(state);
    assert_int_equal(state_of(store, gone.id), STORE_CANCELLED);
    store_item again = get(store, kept.id);
    assert_int_equal(again.state, STORE_QUEUED);
    assert_int_equal(again.attempts, 1);
    assert_int_equal(again.kills, 0);
    assert_int_equal(again.retries, 0);
    store_attempt *attempts;
    size_t count;
    GOOD(store_attempts_list(store, kept.id, &attempts, &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(attempts[0].outcome, STORE_ATTEMPT_INTERRUPTED);
    assert_int_equal(attempts[0].worker, 77);
    store_attempts_free(attempts, count);
    store_result result = kit_result();
    assert_int_equal(store_finish_done(store, kept.id, 1, &result, KIT_NOW, &error), GPEN_EXISTS);
    store_item_free(&again);
    store_item_free(&gone);
    store_item_free(&kept);
    store_close(store);
}

/* ---------------------------------------------------------------- cleaning, damage */

static void cleaning_goes_on_where_it_stopped(void **state)
{
    batch_store *store = open_store(state);
    int64_t old = add(store, "/old", 4), count = 0;
    store_item item = claim(store, KIT_NOW);
    fail_item(store, &item, GPEN_UNREADABLE, false, KIT_NOW);
    store_item_free(&item);
    finish_all(store, KIT_NOW);
    int64_t recent = add(store, "/recent", 1);
    finish_all(store, KIT_NOW + 1000);
    int64_t unfinished = add(store, "/unfinished", 1);
    GOOD(store_clean_begin(store, KIT_NOW + 1, &count, &error));
    assert_int_equal(count, 1);
    int steps = 0;
    for (;; steps++) {
        GOOD(store_clean_next(store, &item, &error));
        if (!item.id)
            break;
        assert_int_equal(item.batch, old);
        assert_memory_equal(item.output, "/old/", 5);
        assert_int_equal(item.written.bytes, item.state == STORE_DONE ? 77 : 0);
        store_item_free(&item);
        store_close(store); /* before it is forgotten: it comes again */
        store = open_store(state);
        GOOD(store_clean_end(store, &error));
        GOOD(store_clean_next(store, &item, &error));
        GOOD(store_clean_forget(store, item.id, &error));
        assert_int_equal(store_clean_forget(store, item.id, &error), GPEN_BAD_ARGUMENT);
        store_item_free(&item);
    }
    assert_int_equal(steps, 4); /* the failed one too: its upload, or copy, goes */
    GOOD(store_clean_end(store, &error));
    store_batch batch;
    GOOD(store_batch_get(store, old, &batch, &error));
    assert_int_equal(batch.id, 0);
    GOOD(store_batch_get(store, recent, &batch, &error));
    assert_int_equal(batch.id, recent);
    store_batch_free(&batch);
    GOOD(store_batch_get(store, unfinished, &batch, &error));
    assert_int_equal(batch.counts[STORE_QUEUED], 1);
    store_batch_free(&batch);
    assert_int_equal(store_clean_forget(store, 6, &error), GPEN_BAD_ARGUMENT); /* not being cleaned */
    store_close(store);
    store_close(open_store(state));
}

static void a_damaged_store_is_refused_with_advice_and_can_be_set_aside(void **state)
{
    store_close(open_store(state));
    char *path = store_path(*state), *kept = NULL;
    assert_true(kit_write(path, (const unsigned char *)"This is no store.", 17));
    batch_store *store = NULL;
    assert_int_equal(store_open(&store, *state, KIT_NOW, &error), GPEN_STORE_DAMAGED);
    assert_non_null(strstr(error.message, "set it aside"));
    assert_int_equal(store_open_reader(&store, *state, &error), GPEN_STORE_DAMAGED);
    GOOD(store_set_aside(*state, KIT_NOW, &kept, &error));
    assert_non_null(strstr(kept, ".damaged-19700101-001640"));
    assert_true(scratch_holds(kept, "This is no store."));
    assert_int_equal(store_set_aside(*state, KIT_NOW, NULL, &error), GPEN_INPUT_MISSING);
    store = open_store(state);
    add(store, "/out", 1);
    store_close(store);
    assert_int_equal(store_set_aside(*state, KIT_NOW, NULL, &error), GPEN_EXISTS); /* that name is taken */
    free(kept);
    free(path);
}

static void a_log_without_its_store_is_not_believed(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    char *path = store_path(*state), *log = store_path_with(path, "-wal");
    size_t length = 0;
    unsigned char *bytes = kit_read(log, &length);
    assert_non_null(bytes);
    store_close(store);
    assert_true(kit_write(log, bytes, length));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(&store, *state, KIT_NOW, &error), GPEN_STORE_DAMAGED);
    GOOD(store_set_aside(*state, KIT_NOW, NULL, &error));
    store = open_store(state);
    char *digest = kit_digest(store, &error);
    assert_string_equal(digest, "");
    free(digest);
    free(bytes);
    free(path);
    free(log);
    store_close(store);
}

static void a_store_of_a_newer_program_is_refused(void **state)
{
    batch_store *store = open_store(state);
    assert_int_equal(sqlite3_exec(store->database, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    store_close(store);
    assert_int_equal(store_open(&store, *state, KIT_NOW, &error), GPEN_UNSUPPORTED_FORMAT);
    assert_non_null(strstr(error.message, "newer"));
    assert_int_equal(store_open_reader(&store, *state, &error), GPEN_UNSUPPORTED_FORMAT);
}

/* The next version, made up: what a store of this one has stays, or, where a statement fails, all stays as it was. */
static void a_store_comes_to_the_next_version_whole_or_not_at_all(void **state)
{
    static const char *const wrong[] = {"ALTER TABLE item ADD COLUMN stars INTEGER NOT NULL DEFAULT 3",
                                        "CREATE TABLE item (id)", NULL};
    static const char *const right[] = {"ALTER TABLE item ADD COLUMN stars INTEGER NOT NULL DEFAULT 3", NULL};
    const char *const *steps[STORE_VERSION + 1] = {NULL};
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    char *before = kit_digest(store, &error);
    steps[STORE_VERSION] = wrong;
    assert_int_not_equal(store_migrate_by(store, steps, STORE_VERSION, STORE_VERSION + 1, &error), GPEN_OK);
    store_close(store);
    store = open_store(state);
    char *after = kit_digest(store, &error);
    assert_string_equal(before, after);
    free(after);
    steps[STORE_VERSION] = right;
    GOOD(store_migrate_by(store, steps, STORE_VERSION, STORE_VERSION + 1, &error));
    after = kit_digest(store, &error);
    assert_string_equal(before, after);
    query ask = query_begin(store, "SELECT count(*), sum(stars), user_version FROM item, pragma_user_version", &error);
    assert_true(query_row(&ask));
    assert_int_equal(query_integer(&ask), 2);
    assert_int_equal(query_integer(&ask), 6);
    assert_int_equal(query_integer(&ask), STORE_VERSION + 1);
    GOOD(query_end(&ask));
    store_close(store);
    assert_int_equal(store_open(&store, *state, KIT_NOW, &error), GPEN_UNSUPPORTED_FORMAT);
    free(before);
    free(after);
}

/* What someone could do to a store by way of SQL, with sums that are right. */
static void a_store_that_breaks_a_promise_is_refused(void **state)
{
    static const char *const breaks[] = {
        "UPDATE batch SET queued_items = 7",
        "UPDATE batch SET ended = 5",
        "UPDATE item SET attempts = 3 WHERE id = 1",
        "UPDATE item SET state = 1 WHERE id = 2",
        "INSERT INTO attempt (item, number, started, worker, shrink) VALUES (2, 1, 0, 0, 0)",
        "INSERT INTO face_count VALUES (2, 'restored', 1)",
        "PRAGMA foreign_keys = OFF; INSERT INTO attempt (item, number, started, worker, shrink) VALUES (99, 1, 0, 0, 0)",
        "CREATE TABLE stranger (x)",
        "DROP INDEX item_by_state",
        "CREATE TRIGGER evil AFTER UPDATE ON item BEGIN DELETE FROM item; END",
        "PRAGMA application_id = 5",
        "PRAGMA user_version = 0",
    };
    char *path = store_path(*state);
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    store_item item = claim(store, KIT_NOW);
    finish(store, &item, KIT_NOW);
    store_item_free(&item);
    store_close(store);
    size_t length = 0;
    unsigned char *bytes = kit_read(path, &length);
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        assert_true(kit_write(path, bytes, length));
        store = open_store(state);
        if (sqlite3_exec(store->database, breaks[i], NULL, NULL, NULL))
            fail_msg("%s: %s", breaks[i], sqlite3_errmsg(store->database));
        store_close(store);
        if (store_open(&store, *state, KIT_NOW, &error) != GPEN_STORE_DAMAGED)
            fail_msg("believed: %s", breaks[i]);
    }
    free(bytes);
    free(path);
}

static void a_folder_that_may_not_be_written_is_said(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 1);
    store_close(store);
    assert_int_equal(chmod(*state, 0755), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) { /* root may write everywhere: be nobody */
        if (!getuid() && (setgid(65534) || setuid(65534)))
            _exit(3);
        if (getuid() == geteuid() && getuid() != 65534 && chmod(*state, 0555))
            _exit(3);
        gpen_status status = store_open(&store, *state, KIT_NOW, &error);
        _exit(status == GPEN_WRITE_FAILED && !store && *error.message ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(*state, 0755), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void no_descriptor_and_no_memory_is_kept(void **state)
{
    store_close(open_store(state));
    int before = open("/dev/null", O_RDONLY);
    close(before);
    for (int i = 0; i < 10; i++) {
        batch_store *store = open_store(state), *second = NULL;
        assert_int_equal(store_open(&second, *state, KIT_NOW, &error), GPEN_IN_USE);
        add(store, "/out", 1);
        store_close(store);
    }
    int after = open("/dev/null", O_RDONLY);
    close(after);
    assert_int_equal(after, before);
    assert_int_equal(sqlite3_memory_used(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_file_has_sums_a_version_and_a_log),
        STORE_TEST(what_was_added_is_there_after_opening_again),
        STORE_TEST(a_second_supervisor_is_told_who_has_it),
        STORE_TEST(a_reader_looks_while_a_supervisor_works),
        STORE_TEST(running_items_of_a_dead_supervisor_are_queued_again),
        STORE_TEST(cleaning_goes_on_where_it_stopped),
        STORE_TEST(a_damaged_store_is_refused_with_advice_and_can_be_set_aside),
        STORE_TEST(a_log_without_its_store_is_not_believed),
        STORE_TEST(a_store_of_a_newer_program_is_refused),
        STORE_TEST(a_store_comes_to_the_next_version_whole_or_not_at_all),
        STORE_TEST(a_store_that_breaks_a_promise_is_refused),
        STORE_TEST(a_folder_that_may_not_be_written_is_said),
        STORE_TEST(no_descriptor_and_no_memory_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

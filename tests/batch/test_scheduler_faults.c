/* Allocations, calls to files and system calls of the scheduler, its store and its pool fail once, the n-th for every n, while a batch is
 * worked through. Whatever fails: no crash, no descriptor or half-written file is left, and the next scheduler brings every item to its end,
 * into its own file.
 *
 *     test_scheduler_faults FAKE_WORKER [all]      every n, which takes a while; without, the first 20 and then some */
#include "scheduler_kit.h"

#include <errno.h>
#include <stdlib.h>

#include "faulty.h"

static const char *const photos[] = {"ok1", "fail2", "ok3", NULL};

static int open_descriptors(void)
{
    return scratch_count("/proc/self/fd");
}

static int count_temporary(const char *folder)
{
    DIR *listing = opendir(folder);
    int count = 0;
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        count += strstr(entry->d_name, ".part") != NULL;
    if (listing)
        closedir(listing);
    return count;
}

/* As kit_add, but it may fail. */
static gpen_status add(kit *k)
{
    store_new_item items[3] = {{.input = NULL}};
    char paths[3][4200], outputs[3][64];
    for (int i = 0; i < 3; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", k->folder, photos[i]);
        snprintf(outputs[i], sizeof outputs[i], "%s.png", photos[i]);
        items[i] = (store_new_item){.input = paths[i], .relative = photos[i], .output = outputs[i]};
        if (content_read(&items[i].content, paths[i]))
            return GPEN_INPUT_MISSING;
    }
    const scheduler_batch batch = {.settings = &k->settings, .output_folder = k->out};
    return scheduler_add(k->s, &batch, items, 3, &k->batch, NULL);
}

static bool run(kit *k, double most_seconds)
{
    double begun = clock_seconds();
    while (!scheduler_finished(k->s) && clock_seconds() - begun < most_seconds)
        if (scheduler_turn(k->s, 0.05, NULL))
            return false;
    return scheduler_finished(k->s);
}

static void work_with_faults(kit *k)
{
    k->options.store_patience = 5;
    if (!scheduler_new(&k->s, &k->options, &k->events, NULL) && !add(k))
        (void)run(k, 20);
    scheduler_free(k->s);
    k->s = NULL;
}

static void check_items(kit *k, int64_t n)
{
    batch_store *store;
    store_item *items;
    size_t count;
    assert_int_equal(store_open_reader(&store, k->store, NULL), GPEN_OK);
    assert_int_equal(store_items_list(store, k->batch, STORE_STATES, 0, 100, &items, &count, NULL), GPEN_OK);
    store_close(store);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        const store_item *item = &items[i];
        bool ended = item->state == STORE_DONE || item->state == STORE_FAILED,
             whole = scratch_holds(item->output, "done\n");
        if (!ended || (item->state == STORE_DONE && !whole))
            fail_msg("call %lld failed: %s is %s", (long long)n, photos[i], store_state_name(item->state));
        /* An item may fail for what failed; it is then to be done when a person asks again. */
        if (i == 1 ? item->state != STORE_FAILED : item->state == STORE_FAILED && item->reason == GPEN_UNREADABLE)
            fail_msg("call %lld failed: %s is %s", (long long)n, photos[i], gpen_status_name(item->reason));
    }
    store_items_free(items, count);
}

/* Without faults: what is there is continued, and what is missing is added. */
static void finish(kit *k, fault_kind kind, int64_t n)
{
    gpen_error error;
    k->options.store_patience = 0;
    if (scheduler_new(&k->s, &k->options, &k->events, &error))
        fail_msg("call %lld failed: %s", (long long)n, error.message);
    store_batch *batches;
    size_t count;
    batch_store *store;
    assert_int_equal(store_open_reader(&store, k->store, NULL), GPEN_OK);
    assert_int_equal(store_batches_list(store, 0, 10, &batches, &count, NULL), GPEN_OK);
    store_close(store);
    assert_true(count <= 1);
    if (count)
        k->batch = batches[0].id;
    store_batches_free(batches, count);
    if (!count)
        assert_int_equal(add(k), GPEN_OK);
    if (!run(k, 30))
        fail_msg("call %lld failed: not finished", (long long)n);
    check_items(k, n);
    kit_close(k);
    if (kind != FAULT_SYSTEM) /* what could not be removed stays */
        assert_int_equal(count_temporary(k->out), 0);
    assert_true(!k->ended[1] || k->ended[1] <= 2);
}

static bool all; /* of the n, not every so many */

enum { SANITIZED_IS_SLOWER = 3 }; /* and takes so much longer steps */

static void each_fails_once(fault_kind kind, int error_number, int64_t step, const char *name)
{
    bool happened = true;
    int64_t n = 0;
    int before = open_descriptors();
    if (all)
        step = 1;
    else if (getenv("GPEN_SANITIZED"))
        step *= SANITIZED_IS_SLOWER;
    while (happened) {
        kit *k = kit_new(1);
        for (int i = 0; i < 3; i++) {
            char *path = kit_path(k->folder, photos[i]);
            kit_write(path, "a photo");
            free(path);
        }
        n += n < 20 ? 1 : step;
        faulty_fail(kind, n, error_number);
        work_with_faults(k);
        happened = faulty_end();
        finish(k, kind, n);
        kit_free(k);
        if (open_descriptors() != before)
            fail_msg("call %lld failed: %d descriptors are open, not %d", (long long)n, open_descriptors(), before);
    }
    print_message("%s up to the %lldth failed once each, step %lld\n", name, (long long)n, (long long)step);
    assert_true(n > 20);
}

static void allocations_fail(void **state)
{
    (void)state;
    each_fails_once(FAULT_MEMORY, ENOMEM, 29, "allocations");
}

static void files_fail(void **state)
{
    (void)state;
    each_fails_once(FAULT_DISK, EIO, 7, "calls to files");
}

static void full_disks_fail(void **state)
{
    (void)state;
    each_fails_once(FAULT_DISK, ENOSPC, 7, "calls to files of a full disk");
}

static void system_calls_fail(void **state)
{
    (void)state;
    each_fails_once(FAULT_SYSTEM, EIO, 1, "system calls");
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    kit_worker = argv[1];
    all = argc > 2 && !strcmp(argv[2], "all");
    faulty_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_calls_fail),
        cmocka_unit_test(files_fail),
        cmocka_unit_test(full_disks_fail),
        cmocka_unit_test(allocations_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

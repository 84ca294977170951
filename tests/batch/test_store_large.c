/* Ten thousand items in one batch: they all get done, in order, and the store stays small. It says how long things take,
 * which a test must not judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../base/scratch.h"
#include "base/clock.h"
#include "base/file.h"
#include "kit.h"

enum { ITEMS = 10000, LIMIT_BYTES = 20 << 20 };

static gpen_error error;

#define GOOD(call)                                                                                                     \
    do {                                                                                                               \
        if (call)                                                                                                      \
            fail_msg("%s: %s", #call, error.message);                                                                  \
    } while (0)

/* Adds the batch as a person's folder would give it: long paths, in folders. */
static int64_t add(batch_store *store)
{
    char(*names)[2][160] = calloc(ITEMS, sizeof *names);
    store_new_item *items = calloc(ITEMS, sizeof *items);
    int64_t id = 0;
    assert_true(names && items);
    for (int i = 0; i < ITEMS; i++) {
        snprintf(names[i][1], 100, "summer %d/IMG_2026%04d.jpg", i / 500, i);
        snprintf(names[i][0], 160, "/home/person/Pictures/family and friends/%.99s", names[i][1]);
        items[i] = (store_new_item){.input = names[i][0],
                                    .relative = names[i][1],
                                    .content = {.bytes = 4000000 + i, .modified = 1700000000000000000},
                                    .output = names[i][1]};
    }
    store_new_batch batch = {.settings = "{\"mode\": \"natural\", \"strength\": 80}",
                             .settings_key = "6e1f0b",
                             .output_folder = "/home/person/Pictures/restored"};
    GOOD(store_batch_add(store, &batch, items, ITEMS, KIT_NOW, &id, &error));
    free(names);
    free(items);
    return id;
}

/* What a photo with two faces leaves. */
static store_result result_of_a_photo(void)
{
    store_result result = kit_result();
    result.faces_json =
        "[{\"box\": [812.4, 391.0, 1044.8, 702.1], \"score\": 0.9993, \"state\": \"restored\", \"seconds\": 0.182},"
        "{\"box\": [212.4, 91.0, 244.8, 132.1], \"score\": 0.9913, \"state\": \"too_small\", \"seconds\": 0}]";
    result.receipt =
        "{\"program\": \"gpen\", \"version\": \"0.1.0\", \"restorer\": {\"name\": \"GPEN-BFR-512\", \"sha256\":"
        " \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}, \"mode\": \"natural\","
        " \"strength\": 80, \"level\": \"avx512\", \"altered_by_model\": true}";
    return result;
}

static int64_t bytes_in(const char *folder)
{
    static const char *const names[] = {"batches.db", "batches.db-wal", "batches.db-shm"};
    int64_t bytes = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat status;
        char *path = path_join(folder, names[i]);
        bytes += path && !stat(path, &status) ? status.st_size : 0;
        free(path);
    }
    return bytes;
}

/* Seconds that the slowest of all pages took. */
static double look_at_all_pages(batch_store *store, int64_t batch, store_state state, int expected)
{
    double slowest = 0;
    int seen = 0;
    for (int64_t after = 0;;) {
        store_item *items;
        size_t count;
        double begun = clock_seconds();
        GOOD(store_items_list(store, batch, state, after, 100, &items, &count, &error));
        double seconds = clock_seconds() - begun;
        slowest = seconds > slowest ? seconds : slowest;
        seen += (int)count;
        after = count ? items[count - 1].position : 0;
        store_items_free(items, count);
        if (!count)
            break;
    }
    assert_int_equal(seen, expected);
    return slowest;
}

static void ten_thousand_items_stay_small(void **state)
{
    batch_store *store = NULL;
    GOOD(store_open(&store, *state, KIT_NOW, &error));
    double begun = clock_seconds();
    int64_t batch = add(store);
    print_message("adding: %.3f s\n", clock_seconds() - begun);
    store_result result = result_of_a_photo();
    begun = clock_seconds();
    store_item item, next;
    GOOD(store_claim(store, 1, KIT_NOW, &item, &error));
    for (int i = 1; i <= ITEMS; i++) {
        assert_int_equal(item.position, i);
        GOOD(store_together_begin(store, &error));
        GOOD(store_finish_done(store, item.id, item.attempts, &result, KIT_NOW, &error));
        GOOD(store_claim(store, 1, KIT_NOW, &next, &error));
        GOOD(store_together_end(store, true, &error));
        store_item_free(&item);
        item = next;
    }
    assert_int_equal(item.id, 0);
    print_message("claiming and finishing: %.3f ms an item\n", (clock_seconds() - begun) * 1000 / ITEMS);
    int64_t working = bytes_in(*state);
    print_message("slowest page of 100: %.2f ms any state, %.2f ms done\n",
                  1000 * look_at_all_pages(store, batch, STORE_STATES, ITEMS),
                  1000 * look_at_all_pages(store, batch, STORE_DONE, ITEMS));
    store_batch *batches;
    size_t count;
    begun = clock_seconds();
    GOOD(store_batches_list(store, 0, 100, &batches, &count, &error));
    print_message("page of batches: %.2f ms\n", 1000 * (clock_seconds() - begun));
    store_batches_free(batches, count);
    store_close(store);
    begun = clock_seconds();
    GOOD(store_open(&store, *state, KIT_NOW, &error));
    print_message("opening and checking: %.3f s\n", clock_seconds() - begun);
    store_close(store);
    print_message("size: %.2f MiB at work, %.2f MiB closed\n", (double)working / 1048576,
                  (double)bytes_in(*state) / 1048576);
    assert_true(working < LIMIT_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_thousand_items_stay_small, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names of outputs, and looking: one promise of store.h a test. */
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

/* ---------------------------------------------------------------- outputs */

static void no_two_items_have_one_output(void **state)
{
    batch_store *store = open_store(state);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/out"};
    enum { SAME = 300 };
    store_new_item items[SAME];
    for (int i = 0; i < SAME; i++)
        items[i] =
            (store_new_item){.input = "/in/a", .relative = "a", .output = i % 2 ? "d.x/Photo.PNG" : "d.x/photo.png"};
    int64_t id = 0;
    GOOD(store_batch_add(store, &batch, items, SAME, KIT_NOW, &id, &error));
    store_item *list;
    size_t count;
    GOOD(store_items_list(store, id, STORE_STATES, 0, SAME, &list, &count, &error));
    assert_int_equal(count, SAME);
    assert_string_equal(list[0].output, "/out/d.x/photo.png");
    assert_string_equal(list[1].output, "/out/d.x/Photo-2.PNG");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(strcasecmp(list[i].output, list[k].output) != 0);
    store_items_free(list, count);
    store_close(store);
}

static void an_output_may_be_taken_over_only_with_leave_and_after_its_end(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    store_item item = claim(store, KIT_NOW);
    finish(store, &item, KIT_NOW);
    store_item_free(&item);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/out"};
    store_new_item items[] = {{.input = "/in/1.jpg", .relative = "1.jpg", .output = "1.jpg", .overwrite = true},
                              {.input = "/in/2.jpg", .relative = "2.jpg", .output = "2.jpg", .overwrite = true}};
    int64_t id = 0;
    GOOD(store_batch_add(store, &batch, items, 2, KIT_NOW, &id, &error));
    store_item old = get(store, 1), taker = get(store, 3), numbered = get(store, 4);
    assert_null(old.output);
    assert_string_equal(taker.output, "/out/1.jpg");
    assert_string_equal(numbered.output, "/out/2-2.jpg"); /* item 2 is still to be done */
    store_item_free(&old);
    store_item_free(&taker);
    store_item_free(&numbered);
    store_close(store);
}

static void a_name_found_late_is_reserved_once(void **state)
{
    batch_store *store = open_store(state);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/out"};
    store_new_item item = {.input = "/in/1", .relative = "1"};
    int64_t id = 0;
    char *output = NULL;
    GOOD(store_batch_add(store, &batch, &item, 1, KIT_NOW, &id, &error));
    store_item claimed = claim(store, KIT_NOW);
    assert_null(claimed.output);
    store_result result = kit_result();
    assert_int_equal(store_finish_done(store, 1, 1, &result, KIT_NOW, &error), GPEN_BAD_ARGUMENT);
    static const char *const bad[] = {"", "/x.png", "../x.png", "a/../x.png", "a/..", ".", "a/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(store_reserve_output(store, 1, 1, bad[i], false, &output, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(store_reserve_output(store, 1, 2, "x.png", false, &output, &error), GPEN_EXISTS);
    assert_null(output);
    GOOD(store_reserve_output(store, 1, 1, "a/..x.png", false, &output, &error));
    assert_string_equal(output, "/out/a/..x.png");
    free(output);
    GOOD(store_reserve_output(store, 1, 1, "other.png", false, &output, &error));
    assert_string_equal(output, "/out/a/..x.png");
    free(output);
    store_item_free(&claimed);
    store_close(store);
}

static void names_of_any_bytes_come_back_as_they_were(void **state)
{
    batch_store *store = open_store(state);
    store_new_batch batch = {.settings = "{}", .settings_key = "", .output_folder = "/o\xff't\n"};
    char longest[256];
    memset(longest, 'x', 255);
    longest[255] = '\0';
    const char *names[] = {"/in/\xff\xfe.jpg", "/in/'; DROP TABLE item; --", "/in/\n<b>\"", longest};
    int64_t id = 0;
    for (size_t i = 0; i < 4; i++) {
        store_new_item item = {.input = names[i], .relative = names[i], .output = path_name(names[i])};
        GOOD(store_batch_add(store, &batch, &item, 1, KIT_NOW, &id, &error));
        store_item claimed = claim(store, KIT_NOW);
        assert_string_equal(claimed.input, names[i]);
        assert_string_equal(claimed.relative, names[i]);
        assert_memory_equal(claimed.output, "/o\xff't\n/", 7);
        assert_string_equal(claimed.output + 7, path_name(names[i]));
        store_item_free(&claimed);
    }
    store_close(store);
}

/* ---------------------------------------------------------------- looking */

static void pages_follow_each_other_without_gaps(void **state)
{
    batch_store *store = open_store(state);
    int64_t batch = add(store, "/out", 25), after = 0;
    int seen = 0;
    for (;;) {
        store_item *items;
        size_t count;
        GOOD(store_items_list(store, batch, STORE_STATES, after, 10, &items, &count, &error));
        for (size_t i = 0; i < count; i++)
            assert_int_equal(items[i].position, ++seen);
        after = count ? items[count - 1].position : 0;
        store_items_free(items, count);
        if (!count)
            break;
    }
    assert_int_equal(seen, 25);
    for (int i = 0; i < 4; i++) {
        store_item item = claim(store, KIT_NOW);
        if (i % 2)
            finish(store, &item, KIT_NOW);
        else
            fail_item(store, &item, GPEN_UNREADABLE, false, KIT_NOW);
        store_item_free(&item);
    }
    store_item *items;
    size_t count;
    GOOD(store_items_list(store, batch, STORE_FAILED, 0, 10, &items, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(items[0].position, 1);
    assert_int_equal(items[1].position, 3);
    store_items_free(items, count);
    assert_int_equal(store_items_list(store, batch, STORE_STATES, 0, 0, &items, &count, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(store_items_list(store, batch, STORE_STATES, 0, 1001, &items, &count, &error), GPEN_BAD_ARGUMENT);
    for (int i = 0; i < 4; i++)
        add(store, "/more", 1);
    store_batch *batches;
    GOOD(store_batches_list(store, 0, 3, &batches, &count, &error));
    assert_int_equal(count, 3);
    assert_int_equal(batches[0].id, 5);
    store_batches_free(batches, count);
    GOOD(store_batches_list(store, 3, 3, &batches, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(batches[1].counts[STORE_QUEUED], 21);
    store_batches_free(batches, count);
    store_close(store);
}

static void the_same_work_is_found_by_path_content_and_settings(void **state)
{
    batch_store *store = open_store(state);
    add(store, "/out", 2);
    store_item item = claim(store, KIT_NOW), found;
    finish(store, &item, KIT_NOW);
    store_item_free(&item);
    store_content same = {.bytes = 1000, .modified = 5}, touched = {.bytes = 1000, .modified = 6};
    GOOD(store_find(store, "/in/1.jpg", &same, "key", "/out", &found, &error));
    assert_int_equal(found.id, 1);
    assert_int_equal(found.state, STORE_DONE);
    assert_int_equal(found.faces[GPEN_FACE_RESTORED], 2);
    store_item_free(&found);
    GOOD(store_find(store, "/in/1.jpg", &touched, "key", "/out", &found, &error));
    assert_int_equal(found.id, 0);
    strcpy(touched.sha256, kit_result().input_sha256);
    GOOD(store_find(store, "/in/1.jpg", &touched, "key", "/out", &found, &error));
    assert_int_equal(found.id, 1);
    store_item_free(&found);
    GOOD(store_find(store, "/in/1.jpg", &same, "other", "/out", &found, &error));
    assert_int_equal(found.id, 0);
    GOOD(store_find(store, "/in/1.jpg", &same, "key", "/elsewhere", &found, &error));
    assert_int_equal(found.id, 0);
    store_content second = {.bytes = 1001, .modified = 5};
    GOOD(store_find(store, "/in/2.jpg", &second, "key", "/out", &found, &error));
    assert_int_equal(found.state, STORE_QUEUED);
    store_item_free(&found);
    GOOD(store_batch_cancel(store, 1, KIT_NOW, &error));
    GOOD(store_find(store, "/in/2.jpg", &second, "key", "/out", &found, &error));
    assert_int_equal(found.id, 0);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(no_two_items_have_one_output),
        STORE_TEST(an_output_may_be_taken_over_only_with_leave_and_after_its_end),
        STORE_TEST(a_name_found_late_is_reserved_once),
        STORE_TEST(names_of_any_bytes_come_back_as_they_were),
        STORE_TEST(pages_follow_each_other_without_gaps),
        STORE_TEST(the_same_work_is_found_by_path_content_and_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Small pictures in a folder: each item's under its number, and gone with it, and nothing else there touched. */
#include "scheduler_kit.h"

static bool has(const kit *k, int64_t item, bool after, const char *text)
{
    char *beginning = job_thumbnails(k->options.thumbnails, (uint64_t)item),
         *path = job_thumbnail_path(beginning, after);
    bool found = text ? scratch_holds(path, text) : !path_is_file(path);
    free(path);
    free(beginning);
    return found;
}

static void put_file(const kit *k, const char *name)
{
    char *path = kit_path(k->options.thumbnails, name);
    assert_int_equal(folder_make(k->options.thumbnails, NULL), GPEN_OK);
    kit_write(path, "x");
    free(path);
}

static void they_come_and_go_with_their_items(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    gpen_error error;
    char *folder = kit_path(k->folder, "small");
    k->options.thumbnails = folder;
    k->options.thumbnail_edge = 100;
    put_file(k, "notes.txt");
    put_file(k, "777-before.jpg.txt");
    put_file(k, ".777-before.jpg.12.0.part");
    put_file(k, "777-before.jpg");
    put_file(k, "99999999999999999999-after.jpg");
    kit_open(k);
    assert_int_equal(scratch_count(folder), 3); /* what was half-written, and what no item is known for, is gone */
    const int64_t first = kit_add(k, (const char *const[]){"small1", "lost2", "ok3", NULL}, 0), old = k->batch;
    kit_run(k, 60);
    assert_true(has(k, first, false, "before\n") && has(k, first, true, "after\n"));
    assert_true(has(k, first + 1, false, "before\n") && has(k, first + 1, true, NULL));
    assert_true(has(k, first + 2, false, NULL) && has(k, first + 2, true, NULL));
    const int64_t second = kit_add(k, (const char *const[]){"small4", NULL}, 0);
    kit_run(k, 60);
    assert_int_equal(scratch_count(folder), 3 + 3 + 2);
    if (scheduler_delete(k->s, old, &error))
        fail_msg("%s", error.message);
    assert_int_equal(scratch_count(folder), 3 + 2);
    assert_true(has(k, second, false, "before\n") && has(k, second, true, "after\n"));
    kit_close(k);
    kit_open(k);
    assert_int_equal(scratch_count(folder), 3 + 2);
    free(folder);
    k->options.thumbnails = NULL;
    kit_free(k);
}

static void none_are_made_unasked(void **state)
{
    (void)state;
    kit *k = kit_new(1);
    kit_open(k);
    const int64_t first = kit_add(k, (const char *const[]){"small1", NULL}, 0);
    int before = scratch_count(k->folder);
    kit_run(k, 60);
    assert_int_equal(k->state[first], STORE_DONE);
    assert_int_equal(scratch_count(k->folder), before + 1); /* the folder of results */
    kit_free(k);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    kit_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_and_go_with_their_items),
        cmocka_unit_test(none_are_made_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

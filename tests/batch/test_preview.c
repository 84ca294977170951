/* Photos on a person's table, in real workers with the bundled models. */
#include "pool_kit.h"

#include <pthread.h>
#include <sys/stat.h>

#include "batch/preview.h"

static const char *program, *restorer, *detector, *photo;

enum { PHOTO_SIDE_LEAST = 200 };

static previews_options real_options(int most)
{
    previews_options options = previews_options_default();
    options.program = program;
    options.most = most;
    options.setup.sandbox = getenv("GPEN_SANITIZED") == NULL;
    snprintf(options.setup.restorer.path, sizeof options.setup.restorer.path, "%s", restorer);
    snprintf(options.setup.detector.path, sizeof options.setup.detector.path, "%s", detector);
    return options;
}

static previews *open_table(int most)
{
    const previews_options options = real_options(most);
    previews *table;
    assert_int_equal(previews_new(&table, &options, NULL), GPEN_OK);
    return table;
}

static preview_wish wish_for(int64_t number, int strength)
{
    preview_wish wish = {.photo = number, .input = photo, .look = gpen_settings_default(), .edge = 256, .quality = 90};
    wish.look.strength = strength;
    return wish;
}

/* The length of the JPEG, and a sum of its bytes in *sum; 0: there is none. */
static long jpeg_at(const char *path, uint64_t *sum)
{
    FILE *file = fopen(path, "rb");
    long length = 0;
    *sum = UINT64_C(0xcbf29ce484222325);
    if (!file)
        return 0;
    for (int byte; (byte = fgetc(file)) != EOF; length++) {
        if ((length == 0 && byte != 0xFF) || (length == 1 && byte != 0xD8))
            fail_msg("%s is no JPEG", path);
        *sum = (*sum ^ (uint64_t)byte) * UINT64_C(0x100000001b3);
    }
    fclose(file);
    return length;
}

static uint64_t render(previews *table, const preview_wish *wish, const char *output, size_t *restored)
{
    gpen_error error = {0};
    job_result result;
    uint64_t sum;
    if (previews_render(table, wish, output, &result, &error))
        fail_msg("%s", error.message);
    assert_true(jpeg_at(output, &sum) > 1000);
    assert_true(result.width >= PHOTO_SIDE_LEAST && result.height >= PHOTO_SIDE_LEAST);
    *restored = result.restored;
    job_result_free(&result);
    return sum;
}

static void test_looks_differ_and_come_back(void **state)
{
    const char *scratch = *state;
    char *output = kit_text(scratch, "preview", ".jpg");
    previews *table = open_table(2);
    const preview_wish whole = wish_for(1, 100), half = wish_for(1, 50), none = wish_for(1, 0);
    size_t restored;
    uint64_t first = render(table, &whole, output, &restored);
    assert_true(restored >= 1);
    assert_true(render(table, &half, output, &restored) != first);
    assert_true(render(table, &none, output, &restored) != first);
    assert_int_equal(restored, 0);
    assert_true(render(table, &whole, output, &restored) == first);
    previews_forget(table, 1);
    assert_true(render(table, &whole, output, &restored) == first);
    previews_free(table);
    free(output);
}

/* More photos than places: each comes in its turn, and is what it was. */
static void test_places_are_shared(void **state)
{
    const char *scratch = *state;
    char *output = kit_text(scratch, "preview", ".jpg");
    previews *table = open_table(1);
    size_t restored;
    const preview_wish one = wish_for(1, 100), two = wish_for(2, 30);
    uint64_t first = render(table, &one, output, &restored), second = render(table, &two, output, &restored);
    assert_true(first != second);
    assert_true(render(table, &one, output, &restored) == first);
    assert_true(render(table, &two, output, &restored) == second);
    previews_free(table);
    free(output);
}

static void test_what_cannot_be_seen(void **state)
{
    const char *scratch = *state;
    char *output = kit_text(scratch, "preview", ".jpg"), *damaged = kit_text(scratch, "damaged", ".jpg");
    FILE *file = fopen(damaged, "wb");
    assert_non_null(file);
    assert_true(fputs("\xFF\xD8\xFF\xE0 no picture", file) >= 0);
    assert_int_equal(fclose(file), 0);
    previews *table = open_table(1);
    job_result result;
    gpen_error error;
    uint64_t sum;
    preview_wish wish = wish_for(1, 100);
    wish.input = damaged;
    assert_int_equal(previews_render(table, &wish, output, &result, &error), GPEN_UNREADABLE);
    assert_string_not_equal(error.message, "");
    job_result_free(&result);
    wish.input = "/nowhere/at/all.jpg";
    assert_int_equal(previews_render(table, &wish, output, &result, &error), GPEN_INPUT_MISSING);
    job_result_free(&result);
    wish = wish_for(1, 100);
    wish.edge = PREVIEWS_LEAST_EDGE - 1;
    assert_int_equal(previews_render(table, &wish, output, &result, &error), GPEN_BAD_ARGUMENT);
    wish.edge = 128;
    wish.look.strength = 101;
    assert_int_equal(previews_render(table, &wish, output, &result, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(jpeg_at(output, &sum), 0);
    size_t restored;
    wish.look.strength = 100;
    (void)render(table, &wish, output, &restored); /* after all that, one that can */
    previews_free(table);
    free(damaged);
    free(output);
}

static void test_no_model(void **state)
{
    const char *scratch = *state;
    char *output = kit_text(scratch, "preview", ".jpg");
    previews_options options = real_options(1);
    previews *table;
    snprintf(options.setup.restorer.path, sizeof options.setup.restorer.path, "%s/none.safetensors", scratch);
    assert_int_equal(previews_new(&table, &options, NULL), GPEN_OK);
    job_result result;
    const preview_wish wish = wish_for(1, 100);
    assert_int_not_equal(previews_render(table, &wish, output, &result, NULL), GPEN_OK);
    job_result_free(&result);
    const previews_options right = real_options(1);
    previews_renew(table, &right.setup);
    size_t restored;
    (void)render(table, &wish, output, &restored);
    previews_free(table);
    options.most = 0;
    assert_int_equal(previews_new(&table, &options, NULL), GPEN_BAD_ARGUMENT);
    assert_null(table);
    free(output);
}

/* ---------------------------------------------------------------- several callers */

typedef struct caller {
    previews *table;
    char output[4096];
    int64_t number;
    int done, cancelled;
} caller;

static void *call_often(void *argument)
{
    caller *c = argument;
    for (int i = 0; i < 4; i++) {
        job_result result;
        const preview_wish wish = wish_for(c->number, 20 * i + 10);
        gpen_status status = previews_render(c->table, &wish, c->output, &result, NULL);
        c->done += status == GPEN_OK;
        c->cancelled += status == GPEN_CANCELLED;
        job_result_free(&result);
    }
    return NULL;
}

static void test_callers_take_turns(void **state)
{
    enum { CALLERS = 4 };
    const char *scratch = *state;
    caller callers[CALLERS];
    pthread_t threads[CALLERS];
    previews *table = open_table(2);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.table = table, .number = 1 + i % 3};
        snprintf(callers[i].output, sizeof callers[i].output, "%s/%d.jpg", scratch, i);
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].done, 4);
    }
    previews_free(table);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_looks_differ_and_come_back, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_places_are_shared, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_seen, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_no_model, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_callers_take_turns, scratch_setup, scratch_teardown),
    };
    if (argc != 5)
        return fprintf(stderr, "usage: test_preview PROGRAM RESTORER DETECTOR PHOTO\n"), 2;
    program = argv[1];
    restorer = argv[2];
    detector = argv[3];
    photo = argv[4];
    return cmocka_run_group_tests(tests, NULL, NULL);
}

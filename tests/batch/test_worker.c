/* Real workers on real pictures: the program's own, with the bundled model, shut in as far as this system can. */
#include "pool_kit.h"

#include <sys/resource.h>

#include "batch/photo_job.h"
#include "batch/sandbox.h"

static const char *program, *model_path, *example, *pictures;

static bool is_sanitized(void)
{
    return getenv("GPEN_SANITIZED") != NULL;
}

static pool_options real_options(int workers)
{
    pool_options options = pool_options_default();
    options.program = program;
    options.workers = workers;
    options.setup.sandbox = !is_sanitized(); /* the sanitizer looks for leaks in ways that are forbidden there */
    snprintf(options.setup.restorer.path, sizeof options.setup.restorer.path, "%s", model_path);
    snprintf(options.setup.restorer.name, sizeof options.setup.restorer.name, "gpen-mini");
    return options;
}

static void copy_in(pool_kit *kit, const char *from, const char *name)
{
    char *path = kit_text(kit->folder, name, "");
    FILE *in = fopen(from, "rb"), *out = fopen(path, "wb");
    if (!in || !out)
        fail_msg("%s cannot be copied", from);
    for (int byte; (byte = fgetc(in)) != EOF;)
        (void)fputc(byte, out);
    fclose(in);
    fclose(out);
    free(path);
    kit->names[kit->count++] = name;
}

static void run_all(pool_kit *kit, const pool_options *options)
{
    worker_pool *pool;
    gpen_error error = {0};
    const pool_events events = kit_events(kit);
    assert_int_equal(pool_new(&pool, options, &events, &error), GPEN_OK);
    if (kit_run(pool, kit, 100, &error))
        fail_msg("%s", error.message);
    pool_stop(pool, false);
    while (!pool_idle(pool))
        assert_int_equal(pool_turn(pool, 0.1, &error), GPEN_OK);
    pool_free(pool);
}

static unsigned char *read_whole(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *length = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

/* The same photo in this process, through the same parts. */
static void make_expected(const char *input, const char *output, const char *level)
{
    gpen_error error = {0};
    gpen_model *model;
    atomic_file file;
    photo_job job;
    int descriptor;
    const gpen_options one_thread = {.threads = 1};
    const photo_job_watch nobody = {.context = NULL};
    receipt made = {.restorer = {.name = "gpen-mini"}, .level = level};
    gpen_model_info info;
    job_order order = {.look = gpen_settings_default(), .format = PICTURE_PNG, .aligned = true};
    assert_int_equal(gpen_model_open(&model, model_path, &one_thread, &error), GPEN_OK);
    gpen_model_describe(model, &info);
    made.precision = gpen_precision_name(info.precision);
    assert_int_equal(picture_open(input, &descriptor, &error), GPEN_OK);
    assert_int_equal(atomic_file_begin(&file, output, &error), GPEN_OK);
    photo_job_begin(&job, &order, &nobody);
    assert_int_equal(photo_job_decode(&job, descriptor), GPEN_OK);
    assert_int_equal(photo_job_compute(&job, model), GPEN_OK);
    assert_int_equal(photo_job_encode(&job, &made, file.descriptor), GPEN_OK);
    assert_int_equal(atomic_file_commit(&file, true, &error), GPEN_OK);
    photo_job_end(&job);
    close(descriptor);
    gpen_model_close(model);
}

static char level[32];

static void note_level(void *context, pid_t worker, const worker_ready *ready)
{
    (void)context, (void)worker;
    snprintf(level, sizeof level, "%s", ready->level);
    assert_int_equal(ready->system_calls, !is_sanitized() && sandbox_has_system_calls());
    assert_int_equal(ready->files, !is_sanitized() && sandbox_landlock_version() > 0);
    assert_int_equal(ready->size, 256);
}

static void a_worker_does_what_the_command_line_does(void **state)
{
    worker_pool *pool;
    gpen_error error = {0};
    pool_kit kit = {.folder = *state, .aligned = true, .format = PICTURE_PNG};
    pool_events events = kit_events(&kit);
    events.started = note_level;
    const pool_options options = real_options(1);
    copy_in(&kit, example, "face.png");
    assert_int_equal(pool_new(&pool, &options, &events, &error), GPEN_OK);
    if (kit_run(pool, &kit, 100, &error))
        fail_msg("%s", error.message);
    pool_free(pool);
    if (kit.errors[0].status)
        fail_msg("%s", kit.errors[0].message);
    char *input = kit_text(*state, "face.png", ""), *result = kit_text(*state, "face.png", ".out"),
         *expected = kit_text(*state, "expected", "");
    make_expected(input, expected, level);
    size_t length, expected_length;
    unsigned char *bytes = read_whole(result, &length), *expected_bytes = read_whole(expected, &expected_length);
    assert_int_equal(length, expected_length);
    assert_memory_equal(bytes, expected_bytes, length);
    free(bytes);
    free(expected_bytes);
    free(input);
    free(result);
    free(expected);
}

static void check_small_picture(const pool_kit *kit, const char *name, const char *ending, int edge)
{
    picture small;
    gpen_error error;
    char *path = kit_text(kit->folder, name, ending);
    if (picture_load(&small, path, &(picture_limits){0}, &error))
        fail_msg("%s", error.message);
    assert_int_equal(small.format, PICTURE_JPEG);
    assert_int_equal(small.image.width > small.image.height ? small.image.width : small.image.height, edge);
    picture_free(&small);
    free(path);
}

/* A photo too small for a face is decoded and then fails; one that is cut is never decoded. */
static void small_pictures_are_made_on_the_way(void **state)
{
    pool_kit kit = {.folder = *state, .aligned = true, .format = PICTURE_PNG, .thumbnail_edge = 96};
    gpen_image image = {0};
    gpen_error error = {0};
    char *tiny = kit_text(*state, "tiny.png", ""), *cut = kit_text(*state, "cut.png", "");
    const picture_save_options png = {.format = PICTURE_PNG};
    copy_in(&kit, example, "good.png");
    assert_int_equal(image_new(&image, 12, 9, 4, 16, &error), GPEN_OK);
    assert_int_equal(picture_save(&image, NULL, tiny, &png, NULL, &error), GPEN_OK);
    gpen_image_free(&image);
    kit.names[kit.count++] = "tiny.png";
    copy_in(&kit, example, "cut.png");
    assert_int_equal(truncate(cut, 20000), 0);
    const pool_options options = real_options(1);
    run_all(&kit, &options);
    assert_int_equal(kit.errors[0].status, GPEN_OK);
    assert_int_equal(kit.errors[1].status, GPEN_BAD_ARGUMENT);
    assert_int_equal(kit.errors[2].status, GPEN_UNREADABLE);
    check_small_picture(&kit, "good.png", ".small-before.jpg", 96);
    check_small_picture(&kit, "good.png", ".small-after.jpg", 96);
    check_small_picture(&kit, "tiny.png", ".small-before.jpg", 12);
    assert_int_equal(scratch_count(*state), 3 + 1 + 3);
    free(tiny);
    free(cut);
}

/* All that pictures need must be there in a worker that can open nothing. */
static void every_kind_of_picture_can_be_read_and_written(void **state)
{
    static const char *const kinds[] = {"jpeg",           "jpeg-cmyk", "jpeg-progressive", "png",  "png-16-alpha",
                                        "png-interlaced", "tiff",      "tiff-lzw",         "webp", "avif",
                                        "webp-animated"};
    static const picture_format formats[] = {PICTURE_JPEG, PICTURE_PNG, PICTURE_WEBP, PICTURE_TIFF};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        pool_kit kit = {.folder = *state, .aligned = true, .format = formats[i]};
        static char names[sizeof kinds / sizeof *kinds][64];
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", pictures, kinds[k]);
            snprintf(names[k], sizeof names[k], "%s-%zu", kinds[k], i);
            copy_in(&kit, path, names[k]);
        }
        const pool_options options = real_options(1);
        run_all(&kit, &options);
        for (int k = 0; k < kit.count; k++) {
            /* Some are smaller than a face may be; that is the worker's own word. */
            if (kit.errors[k].status && kit.errors[k].status != GPEN_BAD_ARGUMENT)
                fail_msg("%s: %s", kit.names[k], kit.errors[k].message);
            assert_int_equal(kit.ends[k], KIT_ONE_EACH);
        }
        assert_int_equal(kit.deaths, 0);
    }
}

static void damaged_pictures_fail_alone(void **state)
{
    pool_kit kit = {.folder = *state, .aligned = true, .format = PICTURE_PNG};
    copy_in(&kit, example, "good1.png");
    kit_add(&kit, "text.jpg");
    copy_in(&kit, example, "good2.png");
    char *cut = kit_text(*state, "cut.png", "");
    copy_in(&kit, example, "cut.png");
    assert_int_equal(truncate(cut, 20000), 0);
    free(cut);
    copy_in(&kit, example, "good3.png");
    const pool_options options = real_options(2);
    run_all(&kit, &options);
    assert_int_equal(kit.errors[0].status, GPEN_OK);
    assert_int_equal(kit.errors[1].status, GPEN_UNSUPPORTED_FORMAT);
    assert_int_equal(kit.errors[2].status, GPEN_OK);
    assert_int_equal(kit.errors[3].status, GPEN_UNREADABLE);
    assert_int_equal(kit.errors[4].status, GPEN_OK);
    assert_int_equal(kit.deaths, 0);
}

static void a_model_that_is_none_is_said_once(void **state)
{
    worker_pool *pool;
    gpen_error error = {0};
    pool_kit kit = {.folder = *state};
    const pool_events events = kit_events(&kit);
    pool_options options = real_options(2);
    kit_add(&kit, "photo");
    char *path = kit_text(*state, "photo", "");
    snprintf(options.setup.restorer.path, sizeof options.setup.restorer.path, "%s", path);
    free(path);
    assert_int_equal(pool_new(&pool, &options, &events, &error), GPEN_OK);
    assert_int_equal(kit_run(pool, &kit, 30, &error), GPEN_MODEL_INVALID);
    pool_free(pool);
}

/* The worker's memory is limited before any picture is read: the photo fails, not the machine. */
static void too_little_memory_is_said(void **state)
{
    if (is_sanitized()) /* it takes terabytes of address space for itself */
        skip();
    pool_kit kit = {.folder = *state, .aligned = true, .format = PICTURE_PNG};
    char *large = kit_text(*state, "large.png", "");
    gpen_image image = {0};
    gpen_error error = {0};
    assert_int_equal(image_new(&image, 8000, 4000, 3, 8, &error), GPEN_OK);
    const picture_save_options options = {.format = PICTURE_PNG};
    assert_int_equal(picture_save(&image, NULL, large, &options, NULL, &error), GPEN_OK);
    gpen_image_free(&image);
    free(large);
    kit.names[kit.count++] = "large.png";
    copy_in(&kit, example, "good.png");
    pool_options pool = real_options(1);
    pool.setup.memory_mebibytes = 150;
    run_all(&kit, &pool);
    if (kit.errors[0].status != GPEN_OUT_OF_MEMORY)
        fail_msg("%s: %s", gpen_status_name(kit.errors[0].status), kit.errors[0].message);
    if (kit.errors[1].status)
        fail_msg("%s", kit.errors[1].message);
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_worker_does_what_the_command_line_does),
        SCRATCH_TEST(small_pictures_are_made_on_the_way),
        SCRATCH_TEST(every_kind_of_picture_can_be_read_and_written),
        SCRATCH_TEST(damaged_pictures_fail_alone),
        SCRATCH_TEST(a_model_that_is_none_is_said_once),
        SCRATCH_TEST(too_little_memory_is_said),
    };
    if (argc < 5 || pictures_begin(argv[0], NULL))
        return 2;
    program = argv[1];
    model_path = argv[2];
    example = argv[3];
    pictures = argv[4];
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pictures_end();
    return failed;
}

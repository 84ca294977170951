/* Models kept in the cache folder, in the form the processor wants: the same numbers from there, whatever became of the file. */
#include <dirent.h>
#include <fcntl.h>
#include <gpen.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "weights/weights.h"

enum { NUMBERS = 3 * 64 * 64 };

static char folder[64], kept[512];

static const char *model_path(void)
{
    static char path[512];
    const char *fixtures = getenv("GPEN_FIXTURES");
    snprintf(path, sizeof path, "%s/gpen64.safetensors", fixtures ? fixtures : "tests/fixtures");
    return path;
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/gpen-kept-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

/* How many files the folder has; `kept` becomes the path of one. */
static int count_kept(void)
{
    int count = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));)
        if (entry->d_name[0] != '.') {
            snprintf(kept, sizeof kept, "%s/%.200s", folder, entry->d_name);
            count++;
        }
    closedir(entries);
    return count;
}

static void remove_folder(void)
{
    while (count_kept())
        assert_int_equal(unlink(kept), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* What the network makes of a fixed input, the weights kept in `cache` or nowhere. */
static void run(const char *cache, gpen_precision precision, float *output)
{
    static float input[NUMBERS];
    for (int i = 0; i < NUMBERS; i++)
        input[i] = (float)(i * 37 % 256) / 127.5f - 1;
    gpen_error error;
    gpen_model *model;
    if (gpen_model_open(&model, model_path(), &(gpen_options){.threads = 1, .precision = precision, .cache = cache},
                        &error) ||
        gpen_model_run(model, input, output, &error))
        fail_msg("%s", error.message);
    gpen_model_close(model);
}

static void expect_same(const float *expected)
{
    static float output[NUMBERS];
    run(folder, GPEN_PRECISION_FP32, output);
    assert_memory_equal(expected, output, sizeof output);
}

/* What comes without the folder, and the folder's one file, made and looked at. */
static const float *make_kept(struct stat *facts)
{
    static float expected[NUMBERS];
    make_folder();
    run(NULL, GPEN_PRECISION_FP32, expected);
    expect_same(expected);
    assert_int_equal(count_kept(), 1);
    assert_int_equal(stat(kept, facts), 0);
    return expected;
}

static void from_the_folder_comes_the_same(void **state)
{
    (void)state;
    make_folder();
    static float expected[NUMBERS];
    run(NULL, GPEN_PRECISION_FP32, expected);
    assert_int_equal(count_kept(), 0);
    expect_same(expected);
    assert_int_equal(count_kept(), 1);
    struct stat before, after;
    assert_int_equal(stat(kept, &before), 0);
    expect_same(expected);
    assert_int_equal(count_kept(), 1);
    assert_int_equal(stat(kept, &after), 0);
    assert_true(before.st_ino == after.st_ino); /* read, not made anew */
    remove_folder();
}

static void each_precision_has_a_file_of_its_own(void **state)
{
    (void)state;
    make_folder();
    static float expected[NUMBERS], output[NUMBERS];
    run(NULL, GPEN_PRECISION_AUTO, expected);
    for (int i = 0; i < 2; i++) {
        run(folder, GPEN_PRECISION_AUTO, output);
        assert_memory_equal(expected, output, sizeof output);
    }
    run(NULL, GPEN_PRECISION_FP32, expected);
    expect_same(expected);
    remove_folder();
}

/* A byte changed at `place`. */
static void damage(off_t place)
{
    unsigned char byte;
    int file = open(kept, O_RDWR);
    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, place), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(file, &byte, 1, place), 1);
    close(file);
}

static void a_damaged_file_is_not_believed(void **state)
{
    (void)state;
    struct stat facts;
    const float *expected = make_kept(&facts);
    for (off_t place = 0; place < 32; place++) {
        damage(place);
        expect_same(expected);
    }
    for (off_t place = 4096; place < facts.st_size; place += facts.st_size / 61 + 1) {
        damage(place);
        expect_same(expected);
    }
    damage(facts.st_size - 1);
    expect_same(expected);
    assert_int_equal(count_kept(), 1);
    remove_folder();
}

static void a_cut_or_grown_file_is_not_believed(void **state)
{
    (void)state;
    struct stat facts;
    const float *expected = make_kept(&facts);
    const off_t lengths[] = {0, 7, 4096, facts.st_size - 1, facts.st_size + 4};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(truncate(kept, lengths[i]), 0);
        expect_same(expected);
        assert_int_equal(stat(kept, &facts), 0);
    }
    remove_folder();
}

static void a_folder_that_cannot_be_is_done_without(void **state)
{
    (void)state;
    make_folder();
    static float expected[NUMBERS], output[NUMBERS];
    run(NULL, GPEN_PRECISION_FP32, expected);
    run("/dev/null/nowhere", GPEN_PRECISION_FP32, output);
    assert_memory_equal(expected, output, sizeof output);
    remove_folder();
}

static void what_nobody_used_for_a_month_goes(void **state)
{
    (void)state;
    make_folder();
    static float expected[NUMBERS];
    run(NULL, GPEN_PRECISION_FP32, expected);
    char old[128], other[128];
    snprintf(old, sizeof old, "%s/old-0-avx2-1.packed", folder);
    snprintf(other, sizeof other, "%s/letter.txt", folder);
    const char *paths[] = {old, other};
    for (int i = 0; i < 2; i++) {
        int file = open(paths[i], O_CREAT | O_WRONLY, 0600);
        assert_true(file >= 0);
        const struct timespec long_ago[2] = {{time(NULL) - 31 * 86400, 0}, {time(NULL) - 31 * 86400, 0}};
        assert_int_equal(futimens(file, long_ago), 0);
        close(file);
    }
    expect_same(expected);
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(other, F_OK), 0);
    remove_folder();
}

/* A sum comes from the folder while the file is as it was, and is computed anew when it is not. */
static void a_sum_is_kept_until_the_file_changes(void **state)
{
    (void)state;
    make_folder();
    char path[128], expected[65], digest[65];
    snprintf(path, sizeof path, "%s.model", folder);
    FILE *file = fopen(path, "w");
    assert_true(file && fputs("weights", file) >= 0 && !fclose(file));
    gpen_status status = file_sha256(path, expected, NULL);
    if (status == GPEN_UNSUPPORTED_FORMAT) {
        assert_int_equal(unlink(path), 0);
        remove_folder();
        skip();
    }
    assert_int_equal(file_sha256_kept(path, folder, digest, NULL), GPEN_OK);
    assert_memory_equal(digest, expected, sizeof expected);
    assert_int_equal(count_kept(), 1);
    FILE *sum = fopen(kept, "r+"); /* a mark, to see where the answer comes from */
    assert_true(sum && fputc(expected[0] == '0' ? '1' : '0', sum) != EOF && !fclose(sum));
    assert_int_equal(file_sha256_kept(path, folder, digest, NULL), GPEN_OK);
    assert_memory_equal(digest + 1, expected + 1, sizeof expected - 1);
    assert_true(digest[0] != expected[0]);
    file = fopen(path, "a");
    assert_true(file && fputs(" more", file) >= 0 && !fclose(file));
    assert_int_equal(file_sha256(path, expected, NULL), GPEN_OK);
    assert_int_equal(file_sha256_kept(path, folder, digest, NULL), GPEN_OK);
    assert_memory_equal(digest, expected, sizeof expected);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(file_sha256_kept(path, folder, digest, NULL), GPEN_INPUT_MISSING);
    remove_folder();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_folder_comes_the_same),
        cmocka_unit_test(each_precision_has_a_file_of_its_own),
        cmocka_unit_test(a_damaged_file_is_not_believed),
        cmocka_unit_test(a_cut_or_grown_file_is_not_believed),
        cmocka_unit_test(a_folder_that_cannot_be_is_done_without),
        cmocka_unit_test(what_nobody_used_for_a_month_goes),
        cmocka_unit_test(a_sum_is_kept_until_the_file_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

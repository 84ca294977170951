/* The models folder: names, list, resolve, import, verify. GPEN_HOME and GPEN_ASSETS point into a scratch folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "builder.h"
#include "scratch.h"
#include "weights/private.h"

static char path_buffer[4][512];
static int path_turn;

/* folder/name, good until the fourth call from here. */
static char *in(const char *folder, const char *name)
{
    char *path = path_buffer[path_turn++ % 4];
    (void)snprintf(path, sizeof path_buffer[0], "%s/%s", folder, name);
    return path;
}

/* A safetensors file with one tensor of that value. */
static void make_model(const char *path, float value)
{
    bytes content = {0};
    safetensors_file(&content, "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", &value, 4);
    write_scratch(path, &content);
    bytes_free(&content);
}

static void write_text(const char *path, const char *text)
{
    bytes content = {0};
    add_text(&content, text);
    write_scratch(path, &content);
    bytes_free(&content);
}

static int set_up(void **state)
{
    if (make_scratch(state))
        return -1;
    const char *folder = *state;
    int failed = mkdir_scratch(folder, "assets") || setenv("GPEN_HOME", in(folder, "home"), 1) ||
                 setenv("GPEN_ASSETS", in(folder, "assets"), 1);
    return failed ? -1 : 0;
}

static gpen_status import(const char *path, bool overwrite, gpen_error *error)
{
    char *name;
    gpen_status status = models_import(path, overwrite, NULL, NULL, &name, error);
    assert_true((name != NULL) == (status == GPEN_OK));
    free(name);
    return status;
}

static void import_good(const char *path)
{
    gpen_error error;
    if (import(path, false, &error))
        fail_msg("%s", error.message);
}

static void test_names(void **state)
{
    (void)state;
    assert_true(model_name_valid("gpen-mini"));
    assert_true(model_name_valid("GPEN-BFR-512 v2.1"));
    assert_true(model_name_valid("\xE4\xBA\xBA\xE8\x84\xB8"));
    assert_false(model_name_valid(""));
    assert_false(model_name_valid("a/b"));
    assert_false(model_name_valid("../x"));
    assert_false(model_name_valid(".hidden"));
    assert_false(model_name_valid("a\\b"));
    assert_false(model_name_valid("a\nb"));
    assert_false(model_name_valid("a\x7f"));
    assert_false(model_name_valid("a\xff"));
    char longest[202];
    memset(longest, 'n', sizeof longest);
    longest[201] = '\0';
    assert_false(model_name_valid(longest));
    longest[200] = '\0';
    assert_true(model_name_valid(longest));
}

static void test_nothing_installed(void **state)
{
    (void)state;
    gpen_error error;
    installed_model *models;
    size_t count;
    char *path;
    assert_int_equal(models_list(&models, &count, &error), GPEN_OK);
    assert_int_equal(count, 0);
    models_list_free(models, count);
    assert_int_equal(models_resolve("no-such-model", &path, &error), GPEN_MODEL_MISSING);
    assert_null(path);
    assert_non_null(strstr(error.message, "no model is installed"));
}

/* Installed ones first, each group sorted; a name installed hides a bundled one; strange files are no models. */
static void test_list(void **state)
{
    const char *folder = *state;
    gpen_error error;
    installed_model *models;
    size_t count;
    make_model(in(folder, "zebra.safetensors"), 1);
    make_model(in(folder, "mini.safetensors"), 2);
    import_good(in(folder, "zebra.safetensors"));
    import_good(in(folder, "mini.safetensors"));
    make_model(in(folder, "home/data/models/.part.safetensors"), 3);
    assert_int_equal(mkdir_scratch(folder, "home/data/models/folder.safetensors"), 0);
    make_model(in(folder, "assets/mini.safetensors"), 4);
    make_model(in(folder, "assets/other.safetensors"), 5);
    make_model(in(folder, "assets/any.safetensors"), 5);
    write_text(in(folder, "assets/card.md"), "card");
    assert_int_equal(models_list(&models, &count, &error), GPEN_OK);
    static const char *const expected[] = {"mini", "zebra", "any", "other"};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        assert_string_equal(models[i].name, expected[i]);
        assert_int_equal(models[i].bundled, i >= 2);
        assert_int_equal(models[i].path[0], '/');
        assert_int_equal(stat(models[i].path, &status), 0);
        assert_int_equal(status.st_size, models[i].bytes);
    }
    models_list_free(models, count);
}

static void test_resolve(void **state)
{
    const char *folder = *state;
    gpen_error error;
    char *path;
    make_model(in(folder, "mini.safetensors"), 1);
    make_model(in(folder, "assets/bundled.safetensors"), 2);
    import_good(in(folder, "mini.safetensors"));

    assert_int_equal(models_resolve("mini", &path, &error), GPEN_OK);
    assert_non_null(strstr(path, "/home/data/models/mini.safetensors"));
    free(path);
    assert_int_equal(models_resolve("bundled", &path, &error), GPEN_OK);
    assert_non_null(strstr(path, "/assets/bundled.safetensors"));
    free(path);
    assert_int_equal(models_resolve(in(folder, "mini.safetensors"), &path, &error), GPEN_OK);
    assert_string_equal(path, in(folder, "mini.safetensors"));
    free(path);

    assert_int_equal(models_resolve("nothing", &path, &error), GPEN_MODEL_MISSING);
    assert_non_null(strstr(error.message, "there are: mini, bundled"));
    assert_int_equal(models_resolve("../models/mini", &path, &error), GPEN_MODEL_MISSING);
    assert_int_equal(models_resolve("", &path, &error), GPEN_MODEL_MISSING);
    assert_int_equal(models_resolve(folder, &path, &error), GPEN_MODEL_MISSING);
}

static void test_import(void **state)
{
    const char *folder = *state;
    gpen_error error;
    char *source = strdup(in(folder, "mini.safetensors"));
    make_model(source, 1);
    import_good(source);
    import_good(source); /* the same again */
    make_model(source, 2);
    assert_int_equal(import(source, false, &error), GPEN_EXISTS);
    assert_int_equal(import(source, true, &error), GPEN_OK);
    assert_int_equal(import(in(folder, "absent.pth"), false, &error), GPEN_INPUT_MISSING);
    write_text(in(folder, "text.pth"), "text");
    assert_int_equal(import(in(folder, "text.pth"), false, &error), GPEN_MODEL_INVALID);
    make_model(in(folder, ".hidden"), 1);
    assert_int_equal(import(in(folder, ".hidden"), false, &error), GPEN_BAD_ARGUMENT);

    bytes sum = {0};
    read_scratch(in(folder, "home/data/models/mini.sha256"), &sum);
    assert_int_equal(sum.length, 64 + 2 + strlen("mini.safetensors") + 1);
    assert_memory_equal(sum.data + 64, "  mini.safetensors\n", 19);
    bytes_free(&sum);
    assert_int_not_equal(access(in(folder, "home/data/models/text.safetensors"), F_OK), 0);
    free(source);
}

static gpen_status refuse(const weights *file, void *context, gpen_error *error)
{
    assert_string_equal(context, "context");
    assert_int_equal(weights_count(file), 1);
    return gpen_fail(error, GPEN_MODEL_INVALID, "no network we know");
}

static void test_import_asks(void **state)
{
    const char *folder = *state;
    gpen_error error;
    char context[] = "context", *name;
    make_model(in(folder, "mini.safetensors"), 1);
    assert_int_equal(models_import(in(folder, "mini.safetensors"), false, refuse, context, &name, &error),
                     GPEN_MODEL_INVALID);
    assert_string_equal(error.message, "no network we know");
    assert_null(name);
    assert_int_not_equal(access(in(folder, "home"), F_OK), 0); /* nothing was written, not even a folder */
}

/* Each tensor's own precision stays, float64 becomes float32; metadata comes along. */
static void test_import_precision(void **state)
{
    const char *folder = *state;
    bytes content = {0};
    gpen_error error;
    weights *file;
    const double third = 1.0 / 3;
    uint8_t data[14] = {0x00, 0x3C, 0x80, 0x3F, 7, 0};
    memcpy(data + 6, &third, sizeof third);
    safetensors_file(&content,
                     "{\"__metadata__\":{\"license\":\"MIT\"},"
                     "\"half\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},"
                     "\"brain\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[2,4]},"
                     "\"whole\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[4,6]},"
                     "\"double\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[6,14]}}",
                     data, sizeof data);
    write_scratch(in(folder, "mixed.safetensors"), &content);
    import_good(in(folder, "mixed.safetensors"));
    assert_int_equal(weights_open(&file, in(folder, "home/data/models/mixed.safetensors"), &error), GPEN_OK);
    assert_string_equal(weights_metadata(file, "license"), "MIT");
    static const weights_dtype dtypes[] = {WEIGHTS_F16, WEIGHTS_BF16, WEIGHTS_I16, WEIGHTS_F32};
    static const float values[] = {1.0f, 1.0f, 7.0f, 1.0f / 3};
    for (size_t i = 0; i < 4; i++) {
        float value;
        assert_int_equal(weights_at(file, i)->dtype, dtypes[i]);
        assert_int_equal(weights_read_f32(file, weights_at(file, i), &value, &error), GPEN_OK);
        assert_true(value == values[i]);
    }
    weights_close(file);
    bytes_free(&content);
}

static gpen_status verify(const char *name, gpen_error *error)
{
    installed_model *models;
    size_t count;
    gpen_status status = GPEN_UNREADABLE;
    assert_int_equal(models_list(&models, &count, error), GPEN_OK);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(models[i].name, name))
            status = models_verify(&models[i], error);
    models_list_free(models, count);
    return status;
}

static void test_verify_installed(void **state)
{
    const char *folder = *state;
    gpen_error error;
    make_model(in(folder, "mini.safetensors"), 1);
    import_good(in(folder, "mini.safetensors"));
    assert_int_equal(verify("mini", &error), GPEN_OK);
    make_model(in(folder, "home/data/models/mini.safetensors"), 2);
    assert_int_equal(verify("mini", &error), GPEN_MODEL_INVALID);
    assert_non_null(strstr(error.message, "has changed"));
    assert_int_equal(import(in(folder, "mini.safetensors"), true, &error), GPEN_OK); /* importing again heals */
    assert_int_equal(verify("mini", &error), GPEN_OK);
    assert_int_equal(unlink(in(folder, "home/data/models/mini.sha256")), 0);
    assert_int_equal(verify("mini", &error), GPEN_MODEL_INVALID);
    assert_non_null(strstr(error.message, "no SHA-256 is recorded"));
    import_good(in(folder, "mini.safetensors")); /* the same tensors, and the sum is back */
    assert_int_equal(verify("mini", &error), GPEN_OK);
    char name[] = "gone";
    installed_model gone = {.name = name, .path = in(folder, "gone.safetensors")};
    assert_int_equal(models_verify(&gone, &error), GPEN_MODEL_MISSING);
}

static void test_verify_bundled(void **state)
{
    const char *folder = *state;
    char digest[65], list[512];
    gpen_error error;
    make_model(in(folder, "assets/mini.safetensors"), 1);
    assert_int_equal(verify("mini", &error), GPEN_MODEL_INVALID);
    assert_int_equal(file_sha256(in(folder, "assets/mini.safetensors"), digest, &error), GPEN_OK);
    (void)snprintf(list, sizeof list, "%064d  other.safetensors\n%s *mini.safetensors\r\n", 0, digest);
    write_text(in(folder, "assets/SHA256SUMS"), list);
    assert_int_equal(verify("mini", &error), GPEN_OK);
    (void)snprintf(list, sizeof list, "%s  other-mini.safetensors\nshort mini.safetensors\n", digest);
    write_text(in(folder, "assets/SHA256SUMS"), list);
    assert_int_equal(verify("mini", &error), GPEN_MODEL_INVALID);
    assert_non_null(strstr(error.message, "no SHA-256 is recorded"));
}

/* The test vectors of FIPS 180-2. */
static void test_sha256(void **state)
{
    const char *folder = *state;
    char digest[65];
    gpen_error error;
    write_text(in(folder, "abc"), "abc");
    assert_int_equal(file_sha256(in(folder, "abc"), digest, &error), GPEN_OK);
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    write_text(in(folder, "empty"), "");
    assert_int_equal(file_sha256(in(folder, "empty"), digest, &error), GPEN_OK);
    assert_string_equal(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(file_sha256(in(folder, "absent"), digest, &error), GPEN_INPUT_MISSING);
    assert_string_equal(digest, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, remove_scratch)
    const struct CMUnitTest tests[] = {
        TEST(test_names),   TEST(test_nothing_installed), TEST(test_list),
        TEST(test_resolve), TEST(test_import_asks),       TEST(test_import_precision),
    };
    const struct CMUnitTest with_sums[] = {
        TEST(test_import),
        TEST(test_verify_installed),
        TEST(test_verify_bundled),
        TEST(test_sha256),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    if (sha256_available())
        failures += cmocka_run_group_tests(with_sums, NULL, NULL);
    return failures;
}

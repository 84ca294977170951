/* safetensors: what the reader takes and refuses, and that the writer's files come back as they were. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "builder.h"
#include "scratch.h"
#include "weights/private.h"

static void refuses_bytes(const void *data, size_t length, const char *reason)
{
    gpen_error error;
    weights *file;
    assert_int_equal(weights_open_memory(&file, data, length, "test", &error), GPEN_MODEL_INVALID);
    assert_null(file);
    if (!strstr(error.message, reason))
        fail_msg("\"%s\" does not say \"%s\"", error.message, reason);
}

static void refuses(const char *header, size_t data_length, const char *reason)
{
    uint8_t data[64] = {0};
    bytes content = {0};
    safetensors_file(&content, header, data, data_length);
    refuses_bytes(content.data, content.length, reason);
    bytes_free(&content);
}

static void test_bad_headers(void **state)
{
    (void)state;
    refuses("{", 0, "a string must begin here");
    refuses("{\"a\"}", 0, "a colon is missing");
    refuses("{\"a\":1}", 0, "an object must begin here");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}", 1, "a bracket is missing");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},}", 1, "a string must begin here");
    refuses("{}x", 0, "something follows the end");
    refuses("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
            "tensor a: the dtype F8_E4M3 is not supported");
    refuses("{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "is missing");
    refuses("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
            "dtype is given twice");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "shape is given twice");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":[]}}", 1, "x does not belong");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1, "a bracket is missing");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1, "a whole number");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[[[[[1]]]]],\"data_offsets\":[0,1]}}", 1, "a whole number");
    refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1, "more than 8");
    refuses("{\"\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "a name of 0 bytes");
    refuses("{\"__metadata__\":{\"a\":1}}", 0, "a string must begin here");
    refuses("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "__metadata__ has a twice");
    refuses("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ is there twice");
}

static void test_bad_offsets(void **state)
{
    (void)state;
#define TENSOR(name, shape, offsets) "\"" name "\":{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
    refuses("{" TENSOR("a", "[4]", "[0,4]") "," TENSOR("a", "[4]", "[4,8]") "}", 8, "two tensors are named a");
    refuses("{" TENSOR("a", "[4]", "[0,4]") "," TENSOR("b", "[4]", "[2,6]") "}", 6, "overlaps");
    refuses("{" TENSOR("a", "[4]", "[0,4]") "," TENSOR("b", "[4]", "[0,4]") "}", 4, "overlaps");
    refuses("{" TENSOR("a", "[4]", "[0,4]") "," TENSOR("b", "[4]", "[5,9]") "}", 9, "after a gap");
    refuses("{" TENSOR("a", "[4]", "[1,5]") "}", 5, "after a gap");
    refuses("{" TENSOR("a", "[4]", "[0,4]") "}", 5, "1 bytes at the end");
    refuses("{" TENSOR("a", "[4]", "[0,4]") "}", 3, "outside the file");
    refuses("{" TENSOR("a", "[4]", "[4,0]") "}", 4, "outside the file");
    refuses("{" TENSOR("a", "[4]", "[0,9223372036854775807]") "}", 4, "outside the file");
    refuses("{" TENSOR("a", "[5]", "[0,4]") "}", 4, "does not fit");
    refuses("{" TENSOR("a", "[1000000000,1000000000]", "[0,4]") "}", 4, "does not fit");
    refuses("{" TENSOR("a", "[4294967296,4294967296]", "[0,0]") "}", 0, "does not fit");
    refuses("{" TENSOR("a", "[9223372036854775807,9223372036854775807,2]", "[0,2]") "}", 2, "does not fit");
#undef TENSOR
    refuses("{}", 1, "1 bytes at the end");
}

static void test_bad_lengths(void **state)
{
    (void)state;
    bytes content = {0};
    add_number(&content, 100000001, 8);
    add_text(&content, "{}");
    refuses_bytes(content.data, content.length, "is too much");
    content.length = 0;
    add_number(&content, UINT64_MAX, 8);
    add_text(&content, "{}");
    refuses_bytes(content.data, content.length, "is too much");
    content.length = 0;
    add_number(&content, 3, 8);
    add_text(&content, "{}");
    refuses_bytes(content.data, content.length, "more than the file");
    bytes_free(&content);
    refuses_bytes("\2\0\0\0\0\0\0\0", 8, "neither safetensors nor");
    refuses_bytes("hello", 5, "neither safetensors nor");
    refuses_bytes("version https://git-lfs.github.com/spec/v1\n", 43, "Git LFS");
    refuses_bytes("<!DOCTYPE html>", 15, "a web page");
}

static void test_long_name(void **state)
{
    (void)state;
    char header[512], name[257];
    memset(name, 'n', 256);
    name[256] = '\0';
    (void)snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", name);
    refuses(header, 1, "a name longer than 255 bytes");
}

/* Entries in any order, empty tensors anywhere, white space, escapes. */
static void test_reading(void **state)
{
    (void)state;
    bytes content = {0};
    gpen_error error;
    weights *file;
    float values[2];
    const float data[3] = {1.5f, -2.5f, 3.5f};
    safetensors_file(&content,
                     "{ \"late\" : {\"data_offsets\":[4,12],\"shape\":[2,1],\"dtype\":\"F32\"},\n"
                     "\"nothing\":{\"dtype\":\"I64\",\"shape\":[3,0],\"data_offsets\":[4,4]},"
                     "\"__metadata__\":{\"a\\tb\":\"\\u4eba\"},"
                     "\"early\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]} }  ",
                     data, sizeof data);
    assert_int_equal(weights_open_memory(&file, content.data, content.length, "test", &error), GPEN_OK);
    assert_int_equal(weights_count(file), 3);
    assert_string_equal(weights_at(file, 0)->name, "late");
    assert_string_equal(weights_at(file, 1)->name, "nothing");
    assert_null(weights_at(file, 3));
    assert_null(weights_find(file, "neither"));
    assert_string_equal(weights_metadata(file, "a\tb"), "\xE4\xBA\xBA");
    assert_null(weights_metadata(file, "b"));
    const weights_tensor *late = weights_find(file, "late"), *early = weights_find(file, "early");
    assert_int_equal(late->rank, 2);
    assert_int_equal(late->count, 2);
    assert_int_equal(weights_read_f32(file, late, values, &error), GPEN_OK);
    assert_true(values[0] == -2.5f && values[1] == 3.5f);
    assert_int_equal(early->rank, 0);
    assert_int_equal(early->count, 1);
    assert_int_equal(weights_read_f32(file, early, values, &error), GPEN_OK);
    assert_true(values[0] == 1.5f);
    assert_int_equal(weights_read_raw(file, weights_find(file, "nothing"), values, &error), GPEN_OK);
    weights_close(file);
    bytes_free(&content);
}

/* `module.` goes when every name has it and something is left of each. */
static void test_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *second, *expected;
    } cases[] = {{"module.b", "a"}, {"b", "module.a"}, {"module.", "module.a"}, {"modul.b", "module.a"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[256];
        bytes content = {0};
        gpen_error error;
        weights *file;
        (void)snprintf(header, sizeof header,
                       "{\"module.a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                       "\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                       cases[i].second);
        safetensors_file(&content, header, "ab", 2);
        assert_int_equal(weights_open_memory(&file, content.data, content.length, "test", &error), GPEN_OK);
        assert_string_equal(weights_at(file, 0)->name, cases[i].expected);
        assert_ptr_equal(weights_find(file, cases[i].expected), weights_at(file, 0));
        weights_close(file);
        bytes_free(&content);
    }
}

static void open_path(weights **file, const char *path)
{
    gpen_error error;
    if (weights_open(file, path, &error))
        fail_msg("%s", error.message);
}

/* Names that need escapes, all dtypes, metadata: written, read, written again: the same bytes. */
static void test_round_trip(void **state)
{
    const char *folder = *state;
    char source[256], first[256], second[256];
    bytes content = {0}, one = {0}, two = {0};
    gpen_error error;
    weights *file, *copy;
    (void)snprintf(source, sizeof source, "%s/source.safetensors", folder);
    (void)snprintf(first, sizeof first, "%s/first.safetensors", folder);
    (void)snprintf(second, sizeof second, "%s/second.safetensors", folder);
    safetensors_file(&content,
                     "{\"b\\u0001\\\"\\\\\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]},"
                     "\"\xE6\x9D\x83\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[3,11]},"
                     "\"i\":{\"dtype\":\"I16\",\"shape\":[],\"data_offsets\":[11,13]}}",
                     "\1\0\1\0\0\x80\x3f\0\0\0\x40\x34\x12", 13);
    write_scratch(source, &content);
    open_path(&file, source);
    const weights_pair metadata[] = {{"kind", "te\"st"}, {"\xE4\xBA\xBA", "line\nline"}};
    assert_int_equal(weights_save(file, first, WEIGHTS_F32, metadata, 2, &error), GPEN_OK);
    open_path(&copy, first);
    assert_int_equal(weights_save(copy, second, WEIGHTS_F32, metadata, 2, &error), GPEN_OK);
    read_scratch(first, &one);
    read_scratch(second, &two);
    assert_int_equal(one.length, two.length);
    assert_memory_equal(one.data, two.data, one.length);

    assert_int_equal(weights_count(copy), 3);
    assert_string_equal(weights_at(copy, 0)->name, "b\x01\"\\");
    assert_string_equal(weights_at(copy, 1)->name, "\xE6\x9D\x83");
    assert_string_equal(weights_metadata(copy, "\xE4\xBA\xBA"), "line\nline");
    for (size_t i = 0; i < 3; i++) {
        uint8_t before[8] = {0}, after[8] = {0};
        const weights_tensor *tensor = weights_at(file, i), *same = weights_at(copy, i);
        assert_int_equal(tensor->dtype, same->dtype);
        assert_int_equal(tensor->rank, same->rank);
        assert_int_equal(weights_read_raw(file, tensor, before, &error), GPEN_OK);
        assert_int_equal(weights_read_raw(copy, same, after, &error), GPEN_OK);
        assert_memory_equal(before, after, sizeof before);
    }
    weights_close(copy);
    weights_close(file);
    bytes_free(&content);
    bytes_free(&one);
    bytes_free(&two);
}

/* float16 has no 70000; nothing may be left of a file that could not be written. */
static void test_save_refuses(void **state)
{
    const char *folder = *state;
    char path[256];
    bytes content = {0};
    gpen_error error;
    weights *file;
    const float data[2] = {1.0f, 70000.0f};
    (void)snprintf(path, sizeof path, "%s/refused/x.safetensors", folder);
    assert_int_equal(mkdir_scratch(folder, "refused"), 0);
    safetensors_file(&content, "{\"big\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data, 8);
    assert_int_equal(weights_open_memory(&file, content.data, content.length, "test", &error), GPEN_OK);
    assert_int_equal(weights_save(file, path, WEIGHTS_F16, NULL, 0, &error), GPEN_MODEL_INVALID);
    assert_non_null(strstr(error.message, "tensor big: its value number 1 is too large for F16"));
    assert_int_equal(weights_save(file, path, WEIGHTS_F64, NULL, 0, &error), GPEN_BAD_ARGUMENT);
    const weights_pair twice[] = {{"a", "1"}, {"a", "2"}};
    assert_int_equal(weights_save(file, path, WEIGHTS_F32, twice, 2, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(weights_save(file, "/nowhere/x.safetensors", WEIGHTS_F32, NULL, 0, &error), GPEN_WRITE_FAILED);
    (void)snprintf(path, sizeof path, "%s/refused", folder);
    assert_int_equal(rmdir(path), 0); /* it is empty */
    weights_close(file);
    bytes_free(&content);
}

static void test_open_errors(void **state)
{
    const char *folder = *state;
    char path[256];
    gpen_error error;
    weights *file;
    bytes empty = {0};
    (void)snprintf(path, sizeof path, "%s/absent", folder);
    assert_int_equal(weights_open(&file, path, &error), GPEN_INPUT_MISSING);
    assert_int_equal(weights_open(&file, folder, &error), GPEN_INPUT_MISSING);
    assert_non_null(strstr(error.message, "not a file"));
    (void)snprintf(path, sizeof path, "%s/empty", folder);
    write_scratch(path, &empty);
    assert_int_equal(weights_open(&file, path, &error), GPEN_MODEL_INVALID);
    assert_non_null(strstr(error.message, "empty"));
    assert_int_equal(weights_open(&file, path, NULL), GPEN_MODEL_INVALID);
    weights_close(NULL);
}

/* Reading a mapping beyond the end of its file would kill the program. */
static void test_cut_after_opening(void **state)
{
    const char *folder = *state;
    char path[256];
    float values[2];
    bytes content = {0};
    gpen_error error;
    weights *file;
    (void)snprintf(path, sizeof path, "%s/cut.safetensors", folder);
    safetensors_file(&content, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "abcdefgh", 8);
    write_scratch(path, &content);
    open_path(&file, path);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(weights_read_f32(file, weights_at(file, 0), values, &error), GPEN_MODEL_INVALID);
    assert_int_equal(weights_read_raw(file, weights_at(file, 0), values, &error), GPEN_MODEL_INVALID);
    assert_non_null(strstr(error.message, "cut after it was opened"));
    weights_close(file);
    bytes_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_bad_offsets),
        cmocka_unit_test(test_bad_lengths),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test_setup_teardown(test_round_trip, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(test_save_refuses, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(test_open_errors, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(test_cut_after_opening, make_scratch, remove_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The stream form: its five pickles, its storages, what the object in it may be; and the forms that are refused at
 * first sight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "builder.h"
#include "weights/private.h"

static const float numbers[6] = {0, 1, 2, 3, 4, 5};
static const storage_spec six = {"0", 6, numbers, sizeof numbers};
static const tensor_spec matrix = {"FloatStorage", "0", 6, 0, 2, {2, 3}, {3, 1}};

static void says(const gpen_error *error, const char *reason)
{
    if (!strstr(error->message, reason))
        fail_msg("\"%s\" does not say \"%s\"", error->message, reason);
}

static gpen_status open_stream(weights **file, const bytes *object, const storage_spec *storages, size_t count,
                               bytes *content, gpen_error *error)
{
    stream_file(content, object, storages, count);
    return weights_open_memory(file, content->data, content->length, "test", error);
}

static void stream_refused(const bytes *object, const storage_spec *storages, size_t count, const char *reason)
{
    bytes content = {0};
    gpen_error error;
    weights *file;
    assert_int_equal(open_stream(&file, object, storages, count, &content, &error), GPEN_MODEL_INVALID);
    assert_null(file);
    says(&error, reason);
    bytes_free(&content);
}

static void one_tensor(bytes *object, const tensor_spec *tensor)
{
    put_dict(object);
    put_dict_tensor(object, FORM_STREAM, "matrix", tensor);
    put_stop(object);
}

static void test_stream_storages(void **state)
{
    (void)state;
    bytes object = {0};
    one_tensor(&object, &matrix);
    const storage_spec too_few = {"0", 5, numbers, 20}, lying = {"0", 6, numbers, 20}, other = {"1", 6, numbers, 24};
    const storage_spec vast = {"0", INT64_MAX, numbers, 24}, negative = {"0", -6, numbers, 24};
    const storage_spec twice[2] = {six, six}, extra[2] = {six, other};
    stream_refused(&object, &too_few, 1, "does not have the 6 elements");
    stream_refused(&object, &vast, 1, "does not have the 6 elements");
    stream_refused(&object, &negative, 1, "does not have the 6 elements");
    stream_refused(&object, &lying, 1, "ends in the middle of storage 0");
    stream_refused(&object, &other, 1, "its list of storages");
    stream_refused(&object, twice, 2, "its list of storages");
    stream_refused(&object, extra, 2, "its list of storages");
    stream_refused(&object, NULL, 0, "its list of storages");
    const storage_spec longer = {"0", 6, "aaaabbbbccccddddeeeeffffg", 25};
    stream_refused(&object, &longer, 1, "1 bytes at the end");
    bytes_free(&object);
}

/* 300 bytes that claim 10^18 elements, by a stride of 0. */
static void test_vast_claim(void **state)
{
    (void)state;
    static const tensor_spec vast = {"FloatStorage", "0", 6, 0, 2, {1000000000, 1000000000}, {0, 0}};
    static const tensor_spec overflowing = {"FloatStorage", "0", 6, 0, 3, {INT64_MAX, INT64_MAX, 7}, {0, 0, 0}};
    bytes object = {0};
    one_tensor(&object, &vast);
    stream_refused(&object, &six, 1, "tensor matrix: its 1000000000000000000 elements are far more");
    object.length = 0;
    one_tensor(&object, &overflowing);
    stream_refused(&object, &six, 1, "tensor matrix: its shape is not possible");
    bytes_free(&object);
}

static void test_objects(void **state)
{
    (void)state;
    bytes object = {0};
    add_text(&object, "\x80\x02].");
    stream_refused(&object, NULL, 0, "no dict of tensors");
    object.length = 0;
    add_text(&object, "\x80\x02}.");
    stream_refused(&object, NULL, 0, "there are no tensors in it");
    object.length = 0;
    add_text(&object, "\x80\x02}");
    put_text(&object, "generator");
    add_text(&object, "}s.");
    stream_refused(&object, NULL, 0, "outermost dict, which begins with generator");
    object.length = 0;
    put_dict(&object);
    add_text(&object, "K\5");
    put_tensor(&object, FORM_STREAM, &matrix);
    add_text(&object, "s.");
    stream_refused(&object, &six, 1, "a tensor whose name is no text");
    object.length = 0;
    put_dict(&object);
    put_dict_tensor(&object, FORM_STREAM, "a", &matrix);
    put_dict_tensor(&object, FORM_STREAM, "a", &matrix);
    put_stop(&object);
    stream_refused(&object, &six, 1, "two tensors are named a");
    object.length = 0;
    put_dict(&object);
    put_dict_tensor(&object, FORM_STREAM, "a\xff", &matrix);
    put_stop(&object);
    stream_refused(&object, &six, 1, "not valid UTF-8");
    bytes_free(&object);
}

/* A storage that is a part of another one: elements 2 to 5 of six. */
static void test_storage_view(void **state)
{
    (void)state;
    bytes object = {0}, content = {0};
    gpen_error error;
    weights *file;
    float values[2];
    static const int64_t size[1] = {2}, stride[1] = {2};
    for (int64_t first = 2; first <= 3; first++) {
        object.length = content.length = 0;
        put_dict(&object);
        put_text(&object, "view");
        put_global(&object, "torch._utils", "_rebuild_tensor_v2");
        add_text(&object, "((");
        put_text(&object, "storage");
        put_global(&object, "torch", "FloatStorage");
        put_text(&object, "0");
        put_text(&object, "cpu");
        put_integer(&object, 6);
        add_text(&object, "(");
        put_text(&object, "view key");
        put_integer(&object, first);
        put_integer(&object, 4);
        add_text(&object, "ttQ");
        put_integer(&object, 1);
        put_tuple(&object, size, 1);
        put_tuple(&object, stride, 1);
        add_text(&object, "\x89}tRs.");
        if (first == 3) { /* 3 + 4 > 6 */
            stream_refused(&object, &six, 1, "view lies outside");
            continue;
        }
        assert_int_equal(open_stream(&file, &object, &six, 1, &content, &error), GPEN_OK);
        assert_int_equal(weights_read_f32(file, weights_find(file, "view"), values, &error), GPEN_OK);
        assert_true(values[0] == 3.0f && values[1] == 5.0f);
        weights_close(file);
    }
    bytes_free(&object);
    bytes_free(&content);
}

static void test_other_forms(void **state)
{
    (void)state;
    gpen_error error;
    weights *file;
    uint8_t tar[512] = "storages";
    memcpy(tar + 257, "ustar", 5);
    assert_int_equal(weights_open_memory(&file, tar, sizeof tar, "test", &error), GPEN_MODEL_INVALID);
    says(&error, "a tar archive");
    static const uint8_t other[] = "\x80\x04\x95\0\0\0\0\0\0\0\0N.";
    assert_int_equal(weights_open_memory(&file, other, sizeof other, "test", &error), GPEN_MODEL_INVALID);
    says(&error, "not one that torch.save writes");
}

static void test_big_endian(void **state)
{
    (void)state;
    bytes object = {0}, content = {0};
    gpen_error error;
    weights *file;
    one_tensor(&object, &matrix);
    stream_file(&content, &object, &six, 1);
    static const char little[] = "little_endian\x88";
    for (size_t i = 0; i + sizeof little < content.length; i++)
        if (!memcmp(content.data + i, little, sizeof little - 1))
            content.data[i + sizeof little - 2] = 0x89;
    assert_int_equal(weights_open_memory(&file, content.data, content.length, "test", &error), GPEN_MODEL_INVALID);
    says(&error, "big-endian");
    bytes_free(&object);
    bytes_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_storages), cmocka_unit_test(test_vast_claim),  cmocka_unit_test(test_objects),
        cmocka_unit_test(test_storage_view),    cmocka_unit_test(test_other_forms), cmocka_unit_test(test_big_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

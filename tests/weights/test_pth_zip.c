/* The zip form: what libarchive and the rules about names, kinds and lengths refuse, and what is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "builder.h"
#include "weights/private.h"

static const float numbers[6] = {0, 1, 2, 3, 4, 5};
static const tensor_spec matrix = {"FloatStorage", "0", 6, 0, 2, {2, 3}, {3, 1}};

/* data.pkl with one dict; the caller frees it. */
static bytes one_tensor(const tensor_spec *tensor)
{
    bytes object = {0};
    put_dict(&object);
    put_dict_tensor(&object, FORM_ZIP, "matrix", tensor);
    put_stop(&object);
    return object;
}

static void refuses_bytes(const bytes *content, const char *reason)
{
    gpen_error error;
    weights *file;
    assert_int_equal(weights_open_memory(&file, content->data, content->length, "test", &error), GPEN_MODEL_INVALID);
    assert_null(file);
    if (!strstr(error.message, reason))
        fail_msg("\"%s\" does not say \"%s\"", error.message, reason);
}

static void refuses(zip_builder *zip, const char *reason)
{
    bytes content = {0};
    zip_finish(zip, &content);
    refuses_bytes(&content, reason);
    bytes_free(&content);
}

/* A good file so far: object, storage, version. */
static void good_entries(zip_builder *zip)
{
    bytes object = one_tensor(&matrix);
    zip_entry(zip, "archive/data.pkl", object.data, object.length);
    zip_entry(zip, "archive/data/0", numbers, sizeof numbers);
    zip_entry(zip, "archive/version", "3\n", 2);
    bytes_free(&object);
}

static void test_good(void **state)
{
    (void)state;
    zip_builder zip = {0};
    bytes content = {0};
    gpen_error error;
    weights *file;
    float values[6];
    good_entries(&zip);
    zip_entry(&zip, "archive/byteorder", "little", 6);
    zip_entry(&zip, "archive/.data/serialization_id", "0", 1);
    zip_entry(&zip, "__MACOSX/archive/data.pkl", "x", 1);
    zip_finish(&zip, &content);
    if (weights_open_memory(&file, content.data, content.length, "test", &error))
        fail_msg("%s", error.message);
    assert_int_equal(weights_count(file), 1);
    assert_int_equal(weights_read_f32(file, weights_find(file, "matrix"), values, &error), GPEN_OK);
    assert_memory_equal(values, numbers, sizeof numbers);
    weights_close(file);
    bytes_free(&content);
}

/* torch calls the archive's folder after the file, which may be called anything. */
static void test_foreign_root(void **state)
{
    (void)state;
    zip_builder zip = {0};
    bytes content = {0}, object = one_tensor(&matrix);
    gpen_error error;
    weights *file;
    zip_entry(&zip, "\xE4\xBA\xBA\xE8\x84\xB8/data.pkl", object.data, object.length);
    zip_entry(&zip, "\xE4\xBA\xBA\xE8\x84\xB8/data/0", numbers, sizeof numbers);
    zip_finish(&zip, &content);
    if (weights_open_memory(&file, content.data, content.length, "test", &error))
        fail_msg("%s", error.message);
    assert_int_equal(weights_count(file), 1);
    weights_close(file);
    bytes_free(&object);
    bytes_free(&content);
}

static void test_wrong_crc(void **state)
{
    (void)state;
    for (int forged = 0; forged < 3; forged++) {
        zip_builder zip = {0};
        bytes object = one_tensor(&matrix);
        zip_entry_forged(&zip, "archive/data.pkl", object.data, object.length, forged == 0, 0);
        zip_entry_forged(&zip, "archive/data/0", numbers, sizeof numbers, forged == 1, 0);
        zip_entry_forged(&zip, "archive/version", "3\n", 2, forged == 2, 0);
        bytes_free(&object);
        refuses(&zip, "bad CRC");
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = {"archive/../data/1", "../x", "archive/..", "/etc/passwd", "\\x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        zip_builder zip = {0};
        good_entries(&zip);
        zip_entry(&zip, names[i], "x", 1);
        refuses(&zip, "leads out of the archive");
    }
    zip_builder zip = {0};
    good_entries(&zip);
    zip_entry(&zip, "archive/data/0", numbers, sizeof numbers);
    refuses(&zip, "two entries are named archive/data/0");
    good_entries(&zip);
    zip_entry(&zip, "archive/..data", "x", 1); /* dots alone do no harm */
    zip_entry(&zip, "archive/version", "3\n", 2);
    refuses(&zip, "two entries are named archive/version");
}

static void test_kinds(void **state)
{
    (void)state;
    zip_builder zip = {0};
    good_entries(&zip);
    zip_entry(&zip, "archive/constants.pkl", "x", 1);
    refuses(&zip, "TorchScript");
    good_entries(&zip);
    zip_entry(&zip, "archive/byteorder", "big", 3);
    refuses(&zip, "big-endian");
    zip_entry(&zip, "word/document.xml", "x", 1);
    refuses(&zip, "it has no data.pkl");
    zip_entry(&zip, "archive/version", "3\n", 2);
    zip_entry(&zip, "other/data.pkl", "\x80\x02}.", 4);
    refuses(&zip, "it has no data.pkl");
    refuses(&zip, "the archive"); /* without any entry */
    zip_entry(&zip, "archive/data.pkl", "", 0);
    refuses(&zip, "in the middle of an instruction");
    zip_entry(&zip, "archive/data.pkl",
              "\x80\x02"
              "cos\nsystem\n",
              13);
    refuses(&zip, "os.system");
}

static void test_lengths(void **state)
{
    (void)state;
    static const tensor_spec larger = {"FloatStorage", "0", 7, 0, 2, {2, 3}, {3, 1}};
    static const tensor_spec doubles = {"DoubleStorage", "0", 6, 0, 2, {2, 3}, {3, 1}};
    static const tensor_spec absent = {"FloatStorage", "1", 6, 0, 2, {2, 3}, {3, 1}};
    static const struct {
        const tensor_spec *tensor;
        const char *reason;
    } cases[] = {
        {&larger, "storage 0 has 24 bytes where it should have 28"},
        {&doubles, "storage 0 has 24 bytes where it should have 48"},
        {&absent, "storage 1 is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zip_builder zip = {0};
        bytes object = one_tensor(cases[i].tensor);
        zip_entry(&zip, "archive/data.pkl", object.data, object.length);
        zip_entry(&zip, "archive/data/0", numbers, sizeof numbers);
        bytes_free(&object);
        refuses(&zip, cases[i].reason);
    }
}

/* Sizes in the headers that the file does not have. */
static void test_forged_sizes(void **state)
{
    (void)state;
    static const uint32_t errors[] = {1, 0x10000, 0x7FFFFF00, 0xFFFFFFF0};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        zip_builder zip = {0};
        bytes object = one_tensor(&matrix);
        zip_entry(&zip, "archive/data.pkl", object.data, object.length);
        zip_entry_forged(&zip, "archive/data/0", numbers, sizeof numbers, 0, errors[i]);
        bytes_free(&object);
        refuses(&zip, "archive/data/0");
    }
}

static void test_truncated(void **state)
{
    (void)state;
    bytes content = {0};
    zip_builder zip = {0};
    good_entries(&zip);
    zip_finish(&zip, &content);
    content.length -= 30; /* its directory is broken */
    refuses_bytes(&content, "archive");
    bytes_free(&content);
    bytes only_magic = {0};
    add_text(&only_magic, "PK\003\004");
    refuses_bytes(&only_magic, "archive");
    bytes_free(&only_magic);
}

/* One storage, tensors in all the ways that strides allow. */
static void test_strides(void **state)
{
    (void)state;
    static const struct {
        tensor_spec tensor;
        size_t count;
        float values[8];
    } cases[] = {
        {{"FloatStorage", "0", 6, 0, 2, {3, 2}, {1, 3}}, 6, {0, 3, 1, 4, 2, 5}},
        {{"FloatStorage", "0", 6, 1, 1, {3}, {2}}, 3, {1, 3, 5}},
        {{"FloatStorage", "0", 6, 5, 2, {2, 3}, {0, 0}}, 6, {5, 5, 5, 5, 5, 5}},
        {{"FloatStorage", "0", 6, 2, 3, {2, 1, 2}, {1, 77, 2}}, 4, {2, 4, 3, 5}},
        {{"FloatStorage", "0", 6, 4, 0, {0}, {0}}, 1, {4}},
        {{"FloatStorage", "0", 6, 99, 2, {0, 5}, {5, 1}}, 0, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zip_builder zip = {0};
        bytes object = one_tensor(&cases[i].tensor), content = {0};
        gpen_error error;
        weights *file;
        float values[8] = {0};
        zip_entry(&zip, "a/data.pkl", object.data, object.length);
        zip_entry(&zip, "a/data/0", numbers, sizeof numbers);
        zip_finish(&zip, &content);
        if (weights_open_memory(&file, content.data, content.length, "test", &error))
            fail_msg("%s", error.message);
        assert_int_equal(weights_at(file, 0)->count, cases[i].count);
        assert_int_equal(weights_read_f32(file, weights_at(file, 0), values, &error), GPEN_OK);
        assert_memory_equal(values, cases[i].values, sizeof values);
        weights_close(file);
        bytes_free(&object);
        bytes_free(&content);
    }
}

/* Ten thousand tensors of a whole large storage each: each is possible, all together they are too much. */
static void test_shared_too_often(void **state)
{
    (void)state;
    static float many[50000];
    static const tensor_spec whole = {"FloatStorage", "0", 50000, 0, 1, {50000}, {1}};
    zip_builder zip = {0};
    bytes object = {0};
    put_dict(&object);
    for (int i = 0; i < 400; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "t%d", i);
        put_dict_tensor(&object, FORM_ZIP, name, &whole);
    }
    put_stop(&object);
    zip_entry(&zip, "a/data.pkl", object.data, object.length);
    zip_entry(&zip, "a/data/0", many, sizeof many);
    bytes_free(&object);
    refuses(&zip, "far more than the file can hold");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_foreign_root),
        cmocka_unit_test(test_wrong_crc),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_kinds),        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_forged_sizes), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_strides),      cmocka_unit_test(test_shared_too_often),
    };
    return WITH_ARCHIVE ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}

/* The JSON tokens of a safetensors header: what is taken, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "weights/json_pull.h"
#include "weights/utf8.h"

static json_cursor cursor_over(const char *text, size_t length)
{
    return (json_cursor){.start = text, .at = text, .end = text + length};
}

static void accepts(const char *json, const char *expected)
{
    arena memory = {.budget = 4096};
    json_text string;
    json_cursor cursor = cursor_over(json, strlen(json));
    assert_true(json_pull_string(&cursor, &memory, &string));
    assert_true(json_end(&cursor));
    assert_string_equal(string.text, expected);
    assert_int_equal(string.length, strlen(expected));
    arena_free(&memory);
}

static void refuses_bytes(const char *json, size_t length)
{
    arena memory = {.budget = 4096};
    json_text string;
    json_cursor cursor = cursor_over(json, length);
    assert_false(json_pull_string(&cursor, &memory, &string));
    assert_non_null(cursor.problem);
    arena_free(&memory);
}

static void refuses(const char *json)
{
    refuses_bytes(json, strlen(json));
}

static void test_strings(void **state)
{
    (void)state;
    accepts(" \t\r\n\"\"  ", "");
    accepts("\"conv.weight\"", "conv.weight");
    accepts("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    accepts("\"\\u0041\\u00e9\\u6743\\uD83D\\uDE00\"", "A\xC3\xA9\xE6\x9D\x83\xF0\x9F\x98\x80");
    accepts("\"\xE6\x9D\x83\xE9\x87\x8D\"", "\xE6\x9D\x83\xE9\x87\x8D");
}

static void test_bad_strings(void **state)
{
    (void)state;
    refuses("");
    refuses("x");
    refuses("\"");
    refuses("\"abc");
    refuses("\"abc\\\"");
    refuses("\"a\nb\"");
    refuses("\"\\x41\"");
    refuses("\"\\u12\"");
    refuses("\"\\u12g4\"");
    refuses("\"\\u0000\"");
    refuses("\"\\ud83d\"");
    refuses("\"\\ud83dxx\"");
    refuses("\"\\ud83d\\u0041\"");
    refuses("\"\\ude00\"");
    refuses("\"\xC0\x80\"");
    refuses("\"\xED\xA0\x80\"");
    refuses("\"\xF4\x90\x80\x80\"");
    refuses("\"\xE6\x9D\"");
    refuses_bytes("\"a\0b\"", 5);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t number;
    } cases[] = {
        {"0", true, 0},      {" 42,", true, 42}, {"9223372036854775807", true, INT64_MAX},
        {"", false, 0},      {"-1", false, 0},   {"9223372036854775808", false, 0},
        {"01", false, 0},    {"1.0", false, 0},  {"1e3", false, 0},
        {"\"1\"", false, 0}, {"null", false, 0}, {"99999999999999999999999999", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_cursor cursor = cursor_over(cases[i].text, strlen(cases[i].text));
        int64_t number = -1;
        assert_int_equal(json_whole_number(&cursor, &number), cases[i].good);
        if (cases[i].good)
            assert_true(number == cases[i].number);
    }
}

static void test_budget(void **state)
{
    (void)state;
    arena memory = {.budget = 32};
    json_text string;
    const char *json = "\"a text of more than thirty-two bytes in all\"";
    json_cursor cursor = cursor_over(json, strlen(json));
    assert_false(json_pull_string(&cursor, &memory, &string));
    assert_true(memory.over_budget);
    assert_false(memory.no_memory);
    arena_free(&memory);
}

/* A text in a message is whole characters, whatever the file holds. */
static void test_shown_text(void **state)
{
    (void)state;
    char text[400];
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xE6\x9D\x83", 4);
    for (size_t length = 0; length < 300; length++) {
        shown_text shown = text_shown(text, length);
        assert_true(utf8_valid(shown.text, strlen(shown.text)));
    }
    assert_string_equal(text_shown("a\xFF"
                                   "b\0c",
                                   5)
                            .text,
                        "a?b?c");
    assert_string_equal(text_shown("", 0).text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings), cmocka_unit_test(test_bad_strings), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_budget),  cmocka_unit_test(test_shown_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

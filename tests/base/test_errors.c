/* Status names and sentences, and what gpen_fail leaves in the caller's error. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

static void every_status_has_its_own_name(void **state)
{
    (void)state;
    for (int a = 0; a < GPEN_STATUS_COUNT; a++) {
        const char *name = gpen_status_name((gpen_status)a);
        assert_true(strlen(name) > 0);
        assert_string_not_equal(name, "unknown");
        for (int b = 0; b < a; b++)
            assert_string_not_equal(name, gpen_status_name((gpen_status)b));
    }
    assert_int_equal(GPEN_OK, 0);
    assert_string_equal(gpen_status_name(GPEN_OUT_OF_MEMORY), "out_of_memory");
}

static void a_status_outside_the_list_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(gpen_status_name(GPEN_STATUS_COUNT), "unknown");
    assert_string_equal(gpen_status_name((gpen_status)-1), "unknown");
    assert_string_equal(gpen_status_sentence((gpen_status)9999, GPEN_ENGLISH), "Unknown error.");
    assert_true(strlen(gpen_status_sentence((gpen_status)9999, GPEN_CHINESE)) > 0);
}

static void every_status_has_a_sentence_in_both_languages(void **state)
{
    (void)state;
    for (int i = 0; i < GPEN_STATUS_COUNT; i++) {
        const char *english = gpen_status_sentence((gpen_status)i, GPEN_ENGLISH);
        const char *chinese = gpen_status_sentence((gpen_status)i, GPEN_CHINESE);
        assert_int_equal(english[strlen(english) - 1], '.');
        assert_true((unsigned char)chinese[0] >= 0xE0);
    }
}

static void the_message_is_formatted_and_the_status_returned(void **state)
{
    (void)state;
    gpen_error error;
    assert_int_equal(gpen_fail(&error, GPEN_UNREADABLE, "%s: line %d", "a.png", 7), GPEN_UNREADABLE);
    assert_int_equal(error.status, GPEN_UNREADABLE);
    assert_string_equal(error.message, "a.png: line 7");
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    assert_int_equal(gpen_fail(NULL, GPEN_TOO_LARGE, "%d", 1), GPEN_TOO_LARGE);
    assert_int_equal(gpen_fail_memory(NULL, "x", 1), GPEN_OUT_OF_MEMORY);
    assert_int_equal(gpen_fail_write(NULL, EIO, "x", "writing"), GPEN_WRITE_FAILED);
    gpen_error_clear(NULL);
}

static void control_characters_cannot_forge_a_line(void **state)
{
    (void)state;
    gpen_error error;
    gpen_fail(&error, GPEN_UNREADABLE, "%s", "a\nb\r\tc\033[31m\x7F");
    assert_string_equal(error.message, "a?b??c?[31m?");
}

static void utf8_is_kept(void **state)
{
    (void)state;
    gpen_error error;
    gpen_fail(&error, GPEN_UNREADABLE, "%s", "é 图 😀");
    assert_string_equal(error.message, "é 图 😀");
}

/* True when the text is nothing but whole repetitions of the character. */
static bool is_repetition(const char *text, const char *character)
{
    size_t length = strlen(character);
    while (!strncmp(text, character, length))
        text += length;
    return *text == '\0';
}

/* Every character at every offset against the end of the buffer: none is ever cut in two, and at
 * most one that would have fitted is lost. */
static void a_long_message_ends_with_a_whole_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "é", "图", "😀"};
    enum { CAPACITY = sizeof((gpen_error *)0)->message };
    for (size_t c = 0; c < sizeof characters / sizeof *characters; c++) {
        size_t length = strlen(characters[c]);
        for (size_t offset = 0; offset < length; offset++) {
            char text[2 * CAPACITY] = "";
            memset(text, '.', offset);
            while (strlen(text) < CAPACITY + 8)
                strcat(text, characters[c]);
            gpen_error error;
            gpen_fail(&error, GPEN_UNREADABLE, "%s", text);
            size_t kept = strlen(error.message);
            assert_true(kept < CAPACITY);
            assert_true(kept + 2 * length >= CAPACITY);
            assert_true(is_repetition(error.message + offset, characters[c]));
        }
    }
}

/* A text that fits to the last byte keeps its last character. */
static void a_message_that_just_fits_is_whole(void **state)
{
    (void)state;
    gpen_error error;
    char text[sizeof error.message];
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 4, "图", 4);
    gpen_fail(&error, GPEN_UNREADABLE, "%s", text);
    assert_string_equal(error.message, text);
}

static void memory_messages_say_what_and_how_much(void **state)
{
    (void)state;
    gpen_error error;
    assert_int_equal(gpen_fail_memory(&error, "the picture", 3u << 20), GPEN_OUT_OF_MEMORY);
    assert_string_equal(error.message, "not enough memory for the picture (3 MiB)");
}

static void write_failures_tell_a_full_disk_apart(void **state)
{
    (void)state;
    gpen_error error;
    assert_int_equal(gpen_fail_write(&error, ENOSPC, "out.png", "writing"), GPEN_DISK_FULL);
    assert_int_equal(gpen_fail_write(&error, EDQUOT, "out.png", "writing"), GPEN_DISK_FULL);
    assert_int_equal(gpen_fail_write(&error, ENOMEM, "out.png", "writing"), GPEN_OUT_OF_MEMORY);
    assert_int_equal(gpen_fail_write(&error, EACCES, "out.png", "renaming"), GPEN_WRITE_FAILED);
    assert_int_equal(error.status, GPEN_WRITE_FAILED);
    assert_non_null(strstr(error.message, "out.png"));
    assert_non_null(strstr(error.message, "renaming"));
}

static void clearing_forgets(void **state)
{
    (void)state;
    gpen_error error;
    gpen_fail(&error, GPEN_UNREADABLE, "x");
    gpen_error_clear(&error);
    assert_int_equal(error.status, GPEN_OK);
    assert_string_equal(error.message, "");
}

static void the_version_has_three_parts(void **state)
{
    (void)state;
    int major, minor, patch;
    char rest;
    assert_int_equal(sscanf(gpen_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_name),
        cmocka_unit_test(a_status_outside_the_list_is_unknown),
        cmocka_unit_test(every_status_has_a_sentence_in_both_languages),
        cmocka_unit_test(the_message_is_formatted_and_the_status_returned),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(control_characters_cannot_forge_a_line),
        cmocka_unit_test(utf8_is_kept),
        cmocka_unit_test(a_long_message_ends_with_a_whole_character),
        cmocka_unit_test(a_message_that_just_fits_is_whole),
        cmocka_unit_test(memory_messages_say_what_and_how_much),
        cmocka_unit_test(write_failures_tell_a_full_disk_apart),
        cmocka_unit_test(clearing_forgets),
        cmocka_unit_test(the_version_has_three_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

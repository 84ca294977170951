/* Log lines: the level decides, each is one line, and a long one is cut and still ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"

static char captured[8192];

/* Standard error goes into a pipe while a line is logged. */
static const char *capture(log_level level, const char *text)
{
    int ends[2], kept = dup(STDERR_FILENO);
    assert_true(kept >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    log_line(level, "%s", text);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    ssize_t count = read(ends[0], captured, sizeof captured - 1);
    close(ends[0]);
    assert_true(count >= 0);
    captured[count] = '\0';
    return captured;
}

static void warnings_are_the_default(void **state)
{
    (void)state;
    unsetenv("GPEN_LOG");
    assert_non_null(strstr(capture(LOG_ERROR, "one"), " error one\n"));
    assert_non_null(strstr(capture(LOG_WARNING, "two"), " warning two\n"));
    assert_string_equal(capture(LOG_INFO, "three"), "");
    assert_string_equal(capture(LOG_DEBUG, "four"), "");
}

static void the_variable_sets_the_level(void **state)
{
    (void)state;
    setenv("GPEN_LOG", "debug", 1);
    assert_non_null(strstr(capture(LOG_DEBUG, "x"), " debug x\n"));
    setenv("GPEN_LOG", "error", 1);
    assert_string_equal(capture(LOG_WARNING, "x"), "");
    setenv("GPEN_LOG", "nonsense", 1);
    assert_non_null(strstr(capture(LOG_WARNING, "x"), " warning x\n"));
}

static void a_line_begins_with_its_time(void **state)
{
    (void)state;
    unsetenv("GPEN_LOG");
    int year, month, day, hour, minute, second;
    assert_int_equal(sscanf(capture(LOG_ERROR, "x"), "%4d-%2d-%2dT%2d:%2d:%2dZ error x", &year, &month, &day, &hour,
                            &minute, &second),
                     6);
}

static void a_long_line_is_cut_and_ends(void **state)
{
    (void)state;
    unsetenv("GPEN_LOG");
    char text[5000];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *line = capture(LOG_ERROR, text);
    size_t length = strlen(line);
    assert_in_range(length, 500, 1024);
    assert_int_equal(line[length - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + length - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings_are_the_default),
        cmocka_unit_test(the_variable_sets_the_level),
        cmocka_unit_test(a_line_begins_with_its_time),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

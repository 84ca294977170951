/* The log: which lines are written, that each is one whole JSON object whatever it holds, and what a full disk costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/characters.h"
#include "base/file.h"
#include "base/log.h"

#include "scratch.h"

static char captured[65536];

static void read_all(int descriptor)
{
    size_t used = 0;
    ssize_t count;
    while (used < sizeof captured - 1 && (count = read(descriptor, captured + used, sizeof captured - 1 - used)) > 0)
        used += (size_t)count;
    captured[used] = '\0';
}

/* Standard error goes into a pipe while a line is logged. */
static const char *capture(log_level level, const log_about *about, const char *text)
{
    int ends[2], kept = dup(STDERR_FILENO);
    assert_true(kept >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    log_event(level, "tested", about, "%s", text);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    read_all(ends[0]);
    close(ends[0]);
    return captured;
}

static const char *file_text(const char *path)
{
    int file = open(path, O_RDONLY);
    captured[0] = '\0';
    if (file >= 0) {
        read_all(file);
        close(file);
    }
    return captured;
}

static void forget_settings(void)
{
    unsetenv("GPEN_LOG");
    unsetenv("GPEN_LOG_FILE");
}

static void expect_in(const char *line, const char *part)
{
    if (!strstr(line, part))
        fail_msg("'%s' is not in '%s'", part, line);
}

/* ---------------------------------------------------------------- which lines */

static void warnings_are_the_default(void **state)
{
    (void)state;
    forget_settings();
    expect_in(capture(LOG_ERROR, NULL, "one"), "\"message\":\"one\"}\n");
    expect_in(capture(LOG_WARNING, NULL, "two"), "\"level\":\"warning\",\"event\":\"tested\",");
    assert_string_equal(capture(LOG_INFO, NULL, "three"), "");
    assert_string_equal(capture(LOG_DEBUG, NULL, "four"), "");
}

static void the_variable_sets_the_level(void **state)
{
    (void)state;
    forget_settings();
    setenv("GPEN_LOG", "debug", 1);
    expect_in(capture(LOG_DEBUG, NULL, "x"), "\"level\":\"debug\"");
    setenv("GPEN_LOG", "error", 1);
    assert_string_equal(capture(LOG_WARNING, NULL, "x"), "");
    setenv("GPEN_LOG", "off", 1);
    assert_string_equal(capture(LOG_ERROR, NULL, "x"), "");
    setenv("GPEN_LOG", "nonsense", 1);
    expect_in(capture(LOG_WARNING, NULL, "x"), "\"level\":\"warning\"");
}

static void a_terminal_stays_quiet(void **state)
{
    (void)state;
    forget_settings();
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), kept = dup(STDERR_FILENO);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
        skip();
    int person = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(person >= 0 && kept >= 0);
    assert_true(dup2(person, STDERR_FILENO) >= 0);
    log_event(LOG_ERROR, "tested", NULL, "unasked");
    setenv("GPEN_LOG", "info", 1);
    log_event(LOG_INFO, "tested", NULL, "asked for");
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    ssize_t count = read(terminal, captured, sizeof captured - 1);
    captured[count > 0 ? count : 0] = '\0';
    close(person);
    close(terminal);
    close(kept);
    assert_null(strstr(captured, "unasked"));
    expect_in(captured, "\"message\":\"asked for\"");
}

/* ---------------------------------------------------------------- what is in a line */

static void a_line_begins_with_its_time(void **state)
{
    (void)state;
    forget_settings();
    int year, month, day, hour, minute, second, millisecond, length = 0;
    assert_int_equal(sscanf(capture(LOG_ERROR, NULL, "x"), "{\"time\":\"%4d-%2d-%2dT%2d:%2d:%2d.%3dZ\",%n", &year,
                            &month, &day, &hour, &minute, &second, &millisecond, &length),
                     7);
    assert_int_equal(length, 35);
}

static void ids_and_fields_follow(void **state)
{
    (void)state;
    forget_settings();
    const log_about about = {.batch = 3,
                             .item = INT64_C(9007199254740993), /* more than a double holds */
                             .fields = {{"path", .text = "/a"},
                                        {"status", .number = 200},
                                        {"seconds", .number = 0.25},
                                        {"none", .number = NAN}}};
    const char *line = capture(LOG_ERROR, &about, "m");
    char process[64];
    snprintf(process, sizeof process, "\"process\":%ld,", (long)getpid());
    expect_in(line, process);
    expect_in(line,
              "\"batch\":3,\"item\":9007199254740993,\"message\":\"m\",\"path\":\"/a\",\"status\":200,\"seconds\":0.25,"
              "\"none\":null}\n");
    assert_null(strstr(line, "\"worker\""));
}

static void what_is_said_cannot_forge_a_line(void **state)
{
    (void)state;
    forget_settings();
    const char *line = capture(LOG_ERROR, NULL,
                               "a\"b\\c\nd\x01"
                               "e\x7F"
                               "f\xFF"
                               "g\xC3\xA9\xE2\x28\xED\xA0\x80");
    expect_in(line, "\"message\":\"a\\\"b\\\\c\\nd\\u0001e\\u007ff\\ufffdg\xC3\xA9\\ufffd(\\ufffd\\ufffd\\ufffd\"}\n");
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_true(text_is_utf8(line));
}

/* Long texts of characters of each length, in each field: cut, and still one object of whole characters. */
static void a_long_line_is_cut_and_ends(void **state)
{
    (void)state;
    forget_settings();
    static const char *const characters[] = {"y", "\xC3\xA9", "\xE4\xBA\xBA", "\xF0\x9F\x98\x80", "\"", "\x01", "\xFF"};
    static char text[9000];
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        for (int shift = 0; shift < 7; shift++) {
            memset(text, 'x', (size_t)shift);
            text[shift] = '\0';
            while (strlen(text) + 4 < sizeof text)
                strcat(text, characters[i]);
            log_about about = {.item = 1};
            for (int k = 0; k < LOG_MOST_FIELDS; k++)
                about.fields[k] = (log_field){"field", .text = k ? text : "short"};
            const char *line = capture(LOG_ERROR, &about, text);
            size_t length = strlen(line);
            assert_in_range(length, LOG_MOST_LINE - 64, LOG_MOST_LINE);
            assert_true(length > 2 && !strcmp(line + length - 3, "\"}\n"));
            assert_ptr_equal(strchr(line, '\n'), line + length - 1);
            assert_true(text_is_utf8(line));
            expect_in(line, "\"field\":\"short\"");
            assert_true(characters[i][0] == '\xFF' || !strstr(line, "ufffd"));
        }
}

static void errno_stays(void **state)
{
    (void)state;
    forget_settings();
    setenv("GPEN_LOG_FILE", "/nowhere/at/all", 1);
    errno = ENOTTY;
    (void)capture(LOG_ERROR, NULL, "x");
    forget_settings();
    int kept = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ERANGE;
    log_event(LOG_ERROR, "tested", NULL, "x");
    int after = errno;
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    assert_int_equal(after, ERANGE);
}

/* ---------------------------------------------------------------- files */

static void a_file_takes_more(void **state)
{
    forget_settings();
    char *path = path_join(*state, "gpen.log");
    gpen_error error;
    assert_int_equal(log_to_file(path, &error), GPEN_OK);
    assert_string_equal(capture(LOG_INFO, NULL, "into the file"), "");
    expect_in(file_text(path), "\"message\":\"into the file\"}\n");
    assert_int_equal(unlink(path), 0); /* as a log that is moved away */
    log_event(LOG_INFO, "tested", NULL, "into a new one");
    expect_in(file_text(path), "\"message\":\"into a new one\"}\n");
    forget_settings();
    free(path);
}

static void a_file_that_cannot_be_opened(void **state)
{
    forget_settings();
    char *path = path_join(*state, "missing/gpen.log");
    gpen_error error;
    assert_int_equal(log_to_file(path, &error), GPEN_WRITE_FAILED);
    assert_null(getenv("GPEN_LOG_FILE"));
    assert_int_equal(log_to_file(NULL, &error), GPEN_OK);
    setenv("GPEN_LOG_FILE", path, 1);
    expect_in(capture(LOG_ERROR, NULL, "still said"), "still said");
    forget_settings();
    free(path);
}

enum { WRITERS = 4, LINES = 200 };

static void *write_lines(void *argument)
{
    static char text[3000];
    memset(text, 'z', sizeof text - 1);
    for (int i = 0; i < LINES; i++)
        log_event(LOG_INFO, "tested", &(log_about){.item = i + 1}, "%s %.*s", (const char *)argument, i * 7 % 1900,
                  text);
    return NULL;
}

/* Two processes of two threads each. */
static void lines_of_many_writers_are_whole(void **state)
{
    forget_settings();
    char *path = path_join(*state, "gpen.log");
    gpen_error error;
    assert_int_equal(log_to_file(path, &error), GPEN_OK);
    pid_t child = fork();
    pthread_t threads[2];
    const char *names[2] = {child ? "first" : "second", child ? "third" : "fourth"};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)(uintptr_t)names[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    if (!child)
        _exit(0);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static char line[LOG_MOST_LINE + 8];
    int count = 0;
    for (; fgets(line, sizeof line, file); count++) {
        assert_int_equal(strncmp(line, "{\"time\":\"", 9), 0);
        assert_true(!strcmp(line + strlen(line) - 3, "\"}\n"));
        assert_null(strstr(line + 1, "{"));
    }
    fclose(file);
    assert_int_equal(count, WRITERS * LINES);
    forget_settings();
    free(path);
}

/* A file that may not grow takes the beginning of a line, as a full disk does: it is taken back. */
static void a_full_disk_loses_the_line_only(void **state)
{
    forget_settings();
    char *path = path_join(*state, "gpen.log");
    gpen_error error;
    assert_int_equal(log_to_file(path, &error), GPEN_OK);
    log_event(LOG_INFO, "tested", NULL, "before");
    const struct rlimit full = {strlen(file_text(path)) + 40, RLIM_INFINITY};
    pid_t child = fork();
    if (!child) {
        (void)signal(SIGXFSZ, SIG_IGN);
        int failed = setrlimit(RLIMIT_FSIZE, &full);
        log_event(LOG_INFO, "tested", NULL, "lost");
        _exit(failed);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    log_event(LOG_INFO, "tested", NULL, "after");
    const char *text = file_text(path);
    expect_in(text, "\"before\"}\n{\"time\"");
    expect_in(text, "\"after\"}\n");
    assert_null(strstr(text, "lost"));
    forget_settings();
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings_are_the_default),
        cmocka_unit_test(the_variable_sets_the_level),
        cmocka_unit_test(a_terminal_stays_quiet),
        cmocka_unit_test(a_line_begins_with_its_time),
        cmocka_unit_test(ids_and_fields_follow),
        cmocka_unit_test(what_is_said_cannot_forge_a_line),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
        cmocka_unit_test(errno_stays),
        cmocka_unit_test_setup_teardown(a_file_takes_more, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(lines_of_many_writers_are_whole, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_the_line_only, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

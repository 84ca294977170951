/* Where crashes are told, and what: addresses that anyone may have written, and traces of processes that had gone wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "batch/crash_send.h"

static void addresses_are_taken_apart(void **state)
{
    (void)state;
    static const char *const good[][3] = {
        {"https://abc123@o1.ingest.example.org/42", "https://o1.ingest.example.org/api/42/envelope/", "abc123"},
        {"http://k@localhost:9000/7", "http://localhost:9000/api/7/envelope/", "k"},
        {"https://key:secret@host/deep/er/1", "https://host/deep/er/api/1/envelope/", "key"},
        {"https://key:sec/ret@host/1", "https://host/api/1/envelope/", "key"},
        {"https://key@[::1]:8443/1", "https://[::1]:8443/api/1/envelope/", "key"},
        {"https://key@[fe80::1]/1", "https://[fe80::1]/api/1/envelope/", "key"},
        {"https://key@127.0.0.1:65535/a-b_c", "https://127.0.0.1:65535/api/a-b_c/envelope/", "key"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        sentry_dsn dsn;
        gpen_error error = {0};
        if (sentry_dsn_read(&dsn, good[i][0], &error))
            fail_msg("%s: %s", good[i][0], error.message);
        assert_string_equal(dsn.address, good[i][1]);
        assert_string_equal(dsn.key, good[i][2]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static char long_key[200], long_host[400], long_all[2000];
    snprintf(long_key, sizeof long_key, "https://%0140d@host/1", 0);
    snprintf(long_host, sizeof long_host, "https://key@%0300d/1", 0);
    snprintf(long_all, sizeof long_all, "https://key:%01500d@host/1", 0);
    const char *const bad[] = {"",
                               "https://",
                               "key@host/1",
                               "https://host/1",
                               "https://@host/1",
                               "https://key@/1",
                               "https://key@host",
                               "https://key@host/",
                               "https://key@host/path/",
                               "ftp://key@host/1",
                               "file://key@host/1",
                               "HTTPS://key@host/1",
                               "https://key@host:/1",
                               "https://key@host:0/1",
                               "https://key@host:65536/1",
                               "https://key@host:99999999999/1",
                               "https://key@host:12a/1",
                               "https://key@host:1:2/1",
                               "https://key@[::1/1",
                               "https://key@[::1]x/1",
                               "https://key@[]/1",
                               "https://key@::1/1",
                               "https://key@a@b/1",
                               "https://key@ho st/1",
                               "https://key@host\r\nX: y/1",
                               "https://key\r\nX: y@host/1",
                               "https://k,ey@host/1",
                               "https://key@host/../1",
                               "https://key@ho../1",
                               "https://key@host/a?b/1",
                               "https://key@host/a#b/1",
                               "https://key@host/a%2e/1",
                               "https://key@host/1?x=y",
                               "https://key@host/1\n",
                               "https://k\xC3\xA9y@host/1",
                               long_key,
                               long_host,
                               long_all};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sentry_dsn dsn;
        gpen_error error = {0};
        if (sentry_dsn_read(&dsn, bad[i], &error) != GPEN_BAD_ARGUMENT)
            fail_msg("'%s' was taken: %s", bad[i], dsn.address);
        assert_string_equal(dsn.address, "");
        assert_null(strstr(error.message, "key"));
    }
}

/* ---------------------------------------------------------------- envelopes */

static char envelope[CRASH_MOST_ENVELOPE + 1];

static const char *write_envelope(const crash_record *record)
{
    size_t length = crash_envelope_write(envelope, "00112233445566778899aabbccddeeff", INT64_C(1777889472345),
                                         GPEN_CRASHED, record);
    assert_in_range(length, 1, CRASH_MOST_ENVELOPE);
    envelope[length] = '\0';
    return envelope;
}

static void expect(const char *text, const char *part, bool there)
{
    if ((strstr(text, part) != NULL) != there)
        fail_msg("'%s' is %s in %s", part, there ? "not" : "still", text);
}

static void only_names_of_functions_are_sent(void **state)
{
    (void)state;
    static crash_record record = {.signal = SIGBUS,
                                  .knows_item = true,
                                  .item = 12345,
                                  .stage = JOB_RESTORE,
                                  .resident_bytes = INT64_C(300) << 20};
    snprintf(record.trace, sizeof record.trace, "%s",
             "/home/alice/holiday/gpen(winograd_run+0x1c) [0x55d1]\n"
             "/usr/lib/libvips.so.42(+0x9af0) [0x7f00]\n"
             "/home/alice/her photo.jpg(x+0x1) [0x1]\n"
             "alice.jpg\n"
             "gpen(steal<alice>+0x1) [0x1]\n"
             "gpen(a+0xalice) [0x1]\n"
             "gpen(a+1) [0x1]\n"
             "gpen(+) gpen() gpen( (+0x\n"
             "\n");
    const char *text = write_envelope(&record);
    expect(text, "{\"event_id\":\"00112233445566778899aabbccddeeff\",\"sent_at\":\"2026-05-04T10:11:12.345Z\"}\n",
           true);
    expect(text, "\"timestamp\":1777889472,", true);
    expect(text, "\"type\":\"SIGBUS\",\"value\":\"crashed in restore\"", true);
    expect(text,
           "{\"package\":\"libvips.so.42\",\"function\":\"0x9af0\",\"vars\":{\"offset\":\"0x9af0\"}},"
           "{\"package\":\"gpen\",\"function\":\"winograd_run\",\"vars\":{\"offset\":\"0x1c\"}}]",
           true);
    expect(text, "\"memory_mib\":300", true);
    expect(text, "alice", false);
    expect(text, "12345", false);
    expect(text, "home", false);
}

static void the_longest_trace_fits(void **state)
{
    (void)state;
    static crash_record record = {.signal = SIGSEGV};
    size_t used = 0;
    for (int i = 0; used + 256 < sizeof record.trace; i++)
        used += (size_t)snprintf(record.trace + used, sizeof record.trace - used,
                                 "%064d(%0128d+0xffffffffffffffff) [0x1]\n", i, i);
    const char *text = write_envelope(&record);
    expect(text, "\"offset\":\"0xffffffffffffffff\"", true);
    const char *payload = strchr(strchr(text, '\n') + 1, '\n') + 1;
    char length[32];
    snprintf(length, sizeof length, "\"length\":%zu}\n", strlen(payload) - 1);
    expect(text, length, true);
    assert_ptr_equal(strchr(payload, '\n'), payload + strlen(payload) - 1);
}

static void without_a_record_the_reason_is_said(void **state)
{
    (void)state;
    static const crash_record none = {.signal = 0};
    const char *text = write_envelope(&none);
    expect(text, "\"type\":\"crashed\",\"value\":\"crashed\"", true);
    expect(text, "stacktrace", false);
    expect(text, "\"stage\":\"unknown\"", true);
}

/* ---------------------------------------------------------------- configuration */

static void a_wrong_configuration_is_said_without_the_key(void **state)
{
    (void)state;
    crash_sender *sender;
    gpen_error error = {0};
    setenv("GPEN_SENTRY_DSN", "https://topsecret@host", 1);
    assert_int_equal(crash_sender_from_environment(&sender, &error), GPEN_BAD_ARGUMENT);
    assert_null(sender);
    assert_null(strstr(error.message, "topsecret"));
    assert_null(getenv("GPEN_SENTRY_DSN"));
    setenv("GPEN_SENTRY_DSN_FILE", "/nowhere/at/all", 1);
    assert_int_equal(crash_sender_from_environment(&sender, &error), GPEN_INPUT_MISSING);
    unsetenv("GPEN_SENTRY_DSN_FILE");
    assert_int_equal(crash_sender_from_environment(&sender, &error), GPEN_OK);
    assert_null(sender);
    crash_sender_add(sender, 1, GPEN_CRASHED, &(const crash_record){.signal = SIGSEGV});
    crash_sender_free(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(only_names_of_functions_are_sent),
        cmocka_unit_test(the_longest_trace_fits),
        cmocka_unit_test(without_a_record_the_reason_is_said),
        cmocka_unit_test(a_wrong_configuration_is_said_without_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The worker's small parts, without a server: base64, moments, addresses, paths beneath roots, which addresses are public. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "celery/address.h"
#include "celery/base64.h"
#include "celery/moment.h"
#include "celery/queue.h"
#include "celery/roots.h"
#include "weights/http_get.h"

#include "../base/scratch.h"

/* ---------------------------------------------------------------- base64 */

static void base64_there_and_back(void **state)
{
    static const char *const known[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}}; /* RFC 4648, 10 */
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[16];
        unsigned char bytes[16];
        size_t count = 99;
        base64_encode((const unsigned char *)known[i][0], strlen(known[i][0]), text);
        assert_string_equal(text, known[i][1]);
        assert_true(base64_decode(text, strlen(text), bytes, &count));
        assert_int_equal(count, strlen(known[i][0]));
        assert_memory_equal(bytes, known[i][0], count);
    }
}

static void what_is_no_base64(void **state)
{
    static const char *const wrong[] = {"Z",     "Zg",   "Zg=",   "Z===", "Zg==Zg==", "Zg=x",
                                        "Zm9v!", "====", "Zm9v=", "-_-_", " Zg=="};
    unsigned char bytes[64];
    size_t count;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(base64_decode(wrong[i], strlen(wrong[i]), bytes, &count));
    assert_true(base64_decode("Zm9v\r\nYmFy\n", 11, bytes, &count));
    assert_int_equal(count, 6);
}

/* ---------------------------------------------------------------- moments */

static void moments_are_read(void **state)
{
    static const struct {
        const char *text;
        double seconds;
    } known[] = {{"1970-01-01T00:00:00", 0},
                 {"1970-01-01", 0},
                 {"2000-02-29T12:00:00Z", 951825600},
                 {"2026-11-20T14:30:00+02:00", 1795177800},
                 {"2026-11-20T12:30:00.25+00:00", 1795177800.25},
                 {"2026-11-20 07:30:00-0500", 1795177800},
                 {"2026-11-20T12:30", 1795177800},
                 {"9999-12-31T23:59:59Z", 253402300799}};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double seconds = -1;
        assert_true(moment_read(known[i].text, &seconds));
        assert_true(seconds == known[i].seconds);
    }
}

static void what_is_no_moment(void **state)
{
    static const char *const wrong[] = {"",
                                        "now",
                                        "1969-12-31T00:00:00",
                                        "2026-00-01",
                                        "2026-13-01",
                                        "2026-02-29",
                                        "2026-1-1",
                                        "2026-01-01T24:00:00",
                                        "2026-01-01T00:60:00",
                                        "2026-01-01T00",
                                        "2026-01-01T00:00:00.",
                                        "2026-01-01T00:00:00+25:00",
                                        "2026-01-01T00:00:00Zx",
                                        "2026-01-01X00:00:00",
                                        "2026-01-01T00:00:00+0"};
    double seconds;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(moment_read(wrong[i], &seconds));
}

static void moments_are_written_as_they_are_read(void **state)
{
    char text[MOMENT_TEXT];
    double seconds;
    (void)state;
    moment_write(1795177800.5, text);
    assert_string_equal(text, "2026-11-20T12:30:00.500000+00:00");
    assert_true(moment_read(text, &seconds));
    assert_true(seconds == 1795177800.5);
}

/* ---------------------------------------------------------------- addresses */

static void addresses_of_redis(void **state)
{
    redis_address a;
    char shown[512];
    (void)state;
    assert_int_equal(redis_address_read("redis://", &a, NULL), GPEN_OK);
    assert_string_equal(a.host, "localhost");
    assert_int_equal(a.port, 6379);
    assert_int_equal(redis_address_read("rediss://me:p%40ss:w@queue.example:7000/3", &a, NULL), GPEN_OK);
    assert_true(a.tls);
    assert_string_equal(a.user, "me");
    assert_string_equal(a.password, "p@ss:w");
    assert_string_equal(a.host, "queue.example");
    assert_int_equal(a.port, 7000);
    assert_int_equal(a.database, 3);
    redis_address_write(&a, shown, sizeof shown);
    assert_string_equal(shown, "rediss://queue.example:7000/3");
    assert_int_equal(redis_address_read("redis://:secret@[::1]:6380", &a, NULL), GPEN_OK);
    assert_string_equal(a.host, "::1");
    assert_string_equal(a.password, "secret");
    assert_int_equal(redis_address_read("redis+socket:///run/redis.sock?virtual_host=2", &a, NULL), GPEN_OK);
    assert_true(a.unix_socket && a.database == 2);
    assert_string_equal(a.host, "/run/redis.sock");
}

static void addresses_that_are_none(void **state)
{
    static const char *const wrong[] = {"",
                                        "queue:6379",
                                        "http://queue",
                                        "redis://queue:99999",
                                        "redis://queue:x",
                                        "redis://queue/x",
                                        "redis://queue/1/2",
                                        "redis://a%zz@queue",
                                        "redis://a%00@queue",
                                        "redis://[::1",
                                        "redis+socket://run",
                                        "redis+socket:///x?y=1"};
    redis_address a;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        gpen_error error = {0};
        assert_int_equal(redis_address_read(wrong[i], &a, &error), GPEN_BAD_ARGUMENT);
    }
    char long_one[2000] = "redis://";
    memset(long_one + 8, 'a', sizeof long_one - 9);
    long_one[sizeof long_one - 1] = '\0';
    assert_int_equal(redis_address_read(long_one, &a, NULL), GPEN_BAD_ARGUMENT);
}

static void lists_of_a_queue(void **state)
{
    char list[QUEUE_MOST_LIST];
    (void)state;
    queue_list("gpen", 0, list);
    assert_string_equal(list, "gpen");
    queue_list("gpen", 2, list);
    assert_string_equal(list, "gpen");
    queue_list("gpen", 5, list);
    assert_string_equal(list, "gpen\x06\x16"
                              "3");
    queue_list("gpen", 9, list);
    assert_string_equal(list, "gpen\x06\x16"
                              "9");
}

/* ---------------------------------------------------------------- the public internet */

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return http_address_is_public((const struct sockaddr *)&v4, sizeof v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return http_address_is_public((const struct sockaddr *)&v6, sizeof v6);
}

static void addresses_of_the_internet(void **state)
{
    static const char *const public[] = {"8.8.8.8",        "1.1.1.1",         "172.15.0.1",      "172.32.0.1",
                                         "100.63.0.1",     "192.167.0.1",     "2606:4700::1111", "2002:0808:0808::1",
                                         "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"};
    static const char *const private[] = {"0.0.0.0",
                                          "10.1.2.3",
                                          "127.0.0.1",
                                          "127.255.255.255",
                                          "169.254.169.254",
                                          "172.16.0.1",
                                          "172.31.255.255",
                                          "192.168.1.1",
                                          "100.64.0.1",
                                          "224.0.0.1",
                                          "255.255.255.255",
                                          "192.0.2.1",
                                          "198.18.0.1",
                                          "203.0.113.9",
                                          "::",
                                          "::1",
                                          "fe80::1",
                                          "fc00::1",
                                          "fd12::1",
                                          "ff02::1",
                                          "::ffff:127.0.0.1",
                                          "::ffff:10.0.0.1",
                                          "64:ff9b::127.0.0.1",
                                          "2002:7f00:0001::",
                                          "2001::1",
                                          "2001:db8::1",
                                          "::127.0.0.1"};
    (void)state;
    for (size_t i = 0; i < sizeof public / sizeof *public; i++)
        assert_true(is_public(public[i]));
    for (size_t i = 0; i < sizeof private / sizeof *private; i++)
        assert_false(is_public(private[i]));
}

/* ---------------------------------------------------------------- roots */

static void make_file(const char *folder, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("x\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void paths_stay_beneath_their_root(void **state)
{
    static const struct {
        const char *path;
        gpen_status expected;
    } cases[] = {{"a", GPEN_OK},
                 {"./a", GPEN_OK},
                 {"in//a", GPEN_OK},
                 {"in/./a", GPEN_OK},
                 {"", GPEN_BAD_ARGUMENT},
                 {".", GPEN_BAD_ARGUMENT},
                 {"in/", GPEN_BAD_ARGUMENT},
                 {"..", GPEN_BAD_ARGUMENT},
                 {"../a", GPEN_BAD_ARGUMENT},
                 {"in/../a", GPEN_BAD_ARGUMENT},
                 {"in/..", GPEN_BAD_ARGUMENT},
                 {"/etc/passwd", GPEN_BAD_ARGUMENT},
                 {"in", GPEN_INPUT_MISSING},
                 {"out/passwd", GPEN_INPUT_MISSING},
                 {"link", GPEN_INPUT_MISSING},
                 {"a/a", GPEN_INPUT_MISSING},
                 {"..a", GPEN_INPUT_MISSING}};
    char *folder = *state, path[4200];
    make_file(folder, "a");
    snprintf(path, sizeof path, "%s/in", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    make_file(folder, "in/a");
    snprintf(path, sizeof path, "%s/out", folder);
    assert_int_equal(symlink("/etc", path), 0);
    snprintf(path, sizeof path, "%s/link", folder);
    assert_int_equal(symlink("a", path), 0);
    const root_folders roots = {.paths = {folder}, .count = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int file = 0;
        assert_int_equal(roots_open_file(&roots, cases[i].path, &file, NULL), cases[i].expected);
        assert_true(cases[i].expected ? file < 0 : file >= 0);
        if (file >= 0)
            close(file);
    }
    const char *name;
    int out;
    assert_int_equal(roots_open_folder(&roots, "new/deep/b.png", &out, &name, NULL), GPEN_OK);
    assert_string_equal(name, "b.png");
    close(out);
    assert_int_equal(roots_open_folder(&roots, "out/b.png", &out, &name, NULL), GPEN_WRITE_FAILED);
    const root_folders none = {.count = 0};
    assert_int_equal(roots_open_folder(&none, "b.png", &out, &name, NULL), GPEN_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_there_and_back),
        cmocka_unit_test(what_is_no_base64),
        cmocka_unit_test(moments_are_read),
        cmocka_unit_test(what_is_no_moment),
        cmocka_unit_test(moments_are_written_as_they_are_read),
        cmocka_unit_test(addresses_of_redis),
        cmocka_unit_test(addresses_that_are_none),
        cmocka_unit_test(lists_of_a_queue),
        cmocka_unit_test(addresses_of_the_internet),
        cmocka_unit_test_setup_teardown(paths_stay_beneath_their_root, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

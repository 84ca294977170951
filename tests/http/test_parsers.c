/* What strangers write, taken apart: ranges, tags, cookies, hosts, names, languages, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/cookie.h"
#include "http/language.h"
#include "http/names.h"
#include "http/origin.h"
#include "http/pace.h"
#include "http/range.h"
#include "http/routes.h"
#include "http/secret.h"
#include "http/sniff.h"

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t length;
        range_kind kind;
        int64_t first, last;
    } cases[] = {
        {NULL, 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-0", 10, RANGE_PART, 0, 0},
        {"Bytes= 2 -5", 10, RANGE_WHOLE, 0, 0},
        {"bytes=2-5", 10, RANGE_PART, 2, 5},
        {"bytes=2-500", 10, RANGE_PART, 2, 9},
        {"bytes=9-", 10, RANGE_PART, 9, 9},
        {"bytes=10-", 10, RANGE_BEYOND, 0, 0},
        {"bytes=-3", 10, RANGE_PART, 7, 9},
        {"bytes=-30", 10, RANGE_PART, 0, 9},
        {"bytes=-0", 10, RANGE_BEYOND, 0, 0},
        {"bytes=-1", 0, RANGE_BEYOND, 0, 0},
        {"bytes=0-", 0, RANGE_BEYOND, 0, 0},
        {"bytes=5-2", 10, RANGE_WHOLE, 0, 0},
        {"bytes=1-2,4-5", 10, RANGE_WHOLE, 0, 0},
        {"bytes=9223372036854775807-", 10, RANGE_BEYOND, 0, 0},
        {"bytes=9223372036854775808-", 10, RANGE_WHOLE, 0, 0},
        {"bytes=1-9223372036854775808", 10, RANGE_WHOLE, 0, 0},
        {"items=1-2", 10, RANGE_WHOLE, 0, 0},
        {"bytes=", 10, RANGE_WHOLE, 0, 0},
        {"bytes=-", 10, RANGE_WHOLE, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_range range = {0, 0};
        assert_int_equal(range_parse(cases[i].header, cases[i].length, &range), cases[i].kind);
        if (cases[i].kind == RANGE_PART)
            assert_true(range.first == cases[i].first && range.last == cases[i].last);
    }
}

static void tags(void **state)
{
    (void)state;
    assert_true(etag_listed("\"a\"", "\"a\""));
    assert_true(etag_listed("\"b\", W/\"a\"", "\"a\""));
    assert_true(etag_listed("*", "\"a\""));
    assert_false(etag_listed(NULL, "\"a\""));
    assert_false(etag_listed("\"ab\"", "\"a\""));
    assert_false(etag_listed("a", "\"a\""));
    assert_false(etag_listed("\"a", "\"a\""));
    assert_true(range_still_valid(NULL, "\"a\""));
    assert_false(range_still_valid("W/\"a\"", "\"a\""));
}

static void cookies(void **state)
{
    (void)state;
    char value[8];
    assert_true(cookie_find("a=1; b=2", "b", value, sizeof value));
    assert_string_equal(value, "2");
    assert_true(cookie_find(" b=\"x y\" ;a=1", "b", value, sizeof value));
    assert_string_equal(value, "x y");
    assert_true(cookie_find("b=", "b", value, sizeof value));
    assert_false(cookie_find("bb=2; ab=3", "b", value, sizeof value));
    assert_false(cookie_find("b=1; b=2", "b", value, sizeof value)); /* which of them is meant? */
    assert_false(cookie_find("b=12345678", "b", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(cookie_find(NULL, "b", value, sizeof value));
    assert_false(cookie_find(";;; ", "b", value, sizeof value));
}

static void hosts(void **state)
{
    (void)state;
    authority parts;
    assert_true(authority_parse("Example.ORG:80", &parts));
    assert_string_equal(parts.host, "example.org");
    assert_int_equal(parts.port, 80);
    assert_true(authority_parse("[::1]:7860", &parts));
    assert_string_equal(parts.host, "::1");
    assert_true(authority_parse("localhost.", &parts));
    assert_string_equal(parts.host, "localhost");
    static const char *const bad[] = {"",    ":80", "a:",     "a:0", "a:65536", "a:8x",   "[::1", "[]", "a b",
                                      "a/b", "a@b", "[::1]x", "a\"", "a:80:80", "[a]b:1", "a#b",  "a?b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(authority_parse(bad[i], &parts));
    assert_true(host_is_loopback("localhost") && host_is_loopback("a.localhost") && host_is_loopback("127.0.0.1") &&
                host_is_loopback("127.9.9.9") && host_is_loopback("::1"));
    assert_false(host_is_loopback("127.0.0.1.evil.example") || host_is_loopback("127.evil") ||
                 host_is_loopback("localhost.evil") || host_is_loopback("127.0.0") || host_is_loopback(".localhost") ||
                 host_is_loopback("128.0.0.1"));
    assert_true(origin_is_host("http://a:81", "a:81") && origin_is_host("https://a", "a:443") &&
                origin_is_host("http://a:80", "A") && origin_is_host("https://a", "a"));
    assert_false(origin_is_host("http://a", "b") || origin_is_host("null", "null") ||
                 origin_is_host("http://a:81", "a") || origin_is_host("ftp://a", "a") ||
                 origin_is_host("http://a.b", "a") || origin_is_host("http://a/b", "a"));
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *given, *cleaned;
    } cases[] = {
        {"a.jpg", "a.jpg"},
        {"a/b c/d.jpg", "a/b c/d.jpg"},
        {"../../etc/passwd", "etc/passwd"},
        {"C:\\photos\\..\\a.jpg", "C:/photos/a.jpg"},
        {"/abs//./x.png", "abs/x.png"},
        {"", "photo"},
        {"..", "photo"},
        {"///", "photo"},
        {".hidden", "_hidden"},
        {"...", "_.."},
        {"a\nb\tc", "a_b_c"},
        {"a\xFF\xFE.png", "a__.png"},
        {"\xE7\xA5\x96\xE6\xAF\x8D.png", "\xE7\xA5\x96\xE6\xAF\x8D.png"},
    };
    char cleaned[NAMES_LONGEST_PATH], long_name[3000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        name_clean(cases[i].given, cleaned);
        assert_string_equal(cleaned, cases[i].cleaned);
    }
    memset(long_name, 'n', sizeof long_name);
    memcpy(long_name + 300, ".jpeg", 6);
    name_clean(long_name, cleaned);
    assert_int_equal(strlen(cleaned), 200);
    assert_string_equal(cleaned + 195, ".jpeg");
    for (size_t i = 0; i < sizeof long_name - 1; i++)
        long_name[i] = i % 2 ? '/' : 'd';
    long_name[sizeof long_name - 1] = '\0';
    name_clean(long_name, cleaned);
    assert_int_equal(strlen(cleaned), 63); /* the innermost 32 */
}

static void dispositions(void **state)
{
    (void)state;
    static const struct {
        bool attachment;
        const char *path, *expected;
    } cases[] = {
        {true, "/a/b.png", "attachment; filename=\"b.png\""},
        {false, "b c.png", "inline; filename=\"b c.png\""},
        {true, "a\"b\r\n.png", "attachment; filename=\"a_b__.png\"; filename*=UTF-8''a%22b%0D%0A.png"},
        {true, "\xE7\xA5\x96.png", "attachment; filename=\"___.png\"; filename*=UTF-8''%E7%A5%96.png"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = disposition(cases[i].attachment, cases[i].path);
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
}

static void parts(void **state)
{
    (void)state;
    static const char *const bad[] = {"%", "%1", "%zz", "%00", "a%2Fb", "a%5Cb", "%FF"};
    char good[] = "a%20b%E7%A5%96+";
    assert_true(part_decode(good));
    assert_string_equal(good, "a b\xE7\xA5\x96+");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[32];
        strcpy(text, bad[i]);
        assert_false(part_decode(text));
    }
}

static void languages(void **state)
{
    (void)state;
    assert_int_equal(language_choose(NULL, NULL), GPEN_ENGLISH);
    assert_int_equal(language_choose("zh", "en"), GPEN_CHINESE);
    assert_int_equal(language_choose("en", "zh"), GPEN_ENGLISH);
    assert_int_equal(language_choose("xx", "zh-CN,zh;q=0.9,en;q=0.8"), GPEN_CHINESE);
    assert_int_equal(language_choose(NULL, "en;q=0.3, zh;q=0.5"), GPEN_CHINESE);
    assert_int_equal(language_choose(NULL, "fr, en;q=0.5, zh;q=0.4"), GPEN_ENGLISH);
    assert_int_equal(language_choose(NULL, "zhuang"), GPEN_ENGLISH);
}

static route_match match(const char *method, const char *path, int64_t *id, const char **name, char text[128])
{
    const http_route *route;
    strcpy(text, path);
    return route_find(method, text, &route, id, name);
}

static void addresses(void **state)
{
    (void)state;
    char text[128];
    int64_t id = 0;
    const char *name = NULL;
    assert_int_equal(match("GET", "/api/v1/items/42/output", &id, &name, text), ROUTE_FOUND);
    assert_int_equal(id, 42);
    assert_int_equal(match("HEAD", "/api/v1/items/42", &id, &name, text), ROUTE_FOUND);
    assert_int_equal(match("PUT", "/api/v1/presets/a%20b", &id, &name, text), ROUTE_FOUND);
    assert_string_equal(name, "a b");
    assert_int_equal(match("GET", "/assets/x/y%20z.js", &id, &name, text), ROUTE_FOUND);
    assert_string_equal(name, "x/y z.js");
    assert_int_equal(match("GET", "/", &id, &name, text), ROUTE_FOUND);
    assert_int_equal(match("POST", "/api/v1/items/42", &id, &name, text), ROUTE_NO_METHOD);
    assert_int_equal(match("POST", "/assets/x", &id, &name, text), ROUTE_NO_PATH);
    static const char *const none[] = {"",
                                       "x",
                                       "//",
                                       "/api/v1/items/",
                                       "/api/v1/items/0",
                                       "/api/v1/items/1/",
                                       "/api/v1/items/1/x/y/z/a/b/c/d",
                                       "/api/v1/items/9999999999999999999",
                                       "/api/v1/items/%31%",
                                       "/api/v1/presets/"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(match("GET", none[i], &id, &name, text), ROUTE_NO_PATH);
}

static void secrets(void **state)
{
    (void)state;
    secret known, other;
    gpen_error error;
    assert_int_equal(secret_read(&known, NULL, NULL, &error), GPEN_OK);
    assert_string_equal(known.token, "");
    assert_false(secret_is_token(&known, ""));
    assert_false(secret_is_cookie(&known, ""));
    assert_int_equal(secret_read(&known, NULL, "short", &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(secret_read(&known, NULL, "with a blank in it", &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(secret_read(&known, "/not/there", "long-enough", &error), GPEN_INPUT_MISSING);
    assert_int_equal(secret_read(&known, NULL, "long-enough", &error), GPEN_OK);
    assert_int_equal(secret_read(&other, NULL, "long-enougi", &error), GPEN_OK);
    assert_true(secret_is_token(&known, "long-enough"));
    assert_false(secret_is_token(&known, "long-enougi") || secret_is_token(&known, "long-enoug") ||
                 secret_is_token(&known, "long-enoughlong-enough") || secret_is_token(&known, ""));
    assert_int_equal(strlen(known.cookie), SECRET_COOKIE_LENGTH);
    assert_true(secret_is_cookie(&known, known.cookie));
    assert_false(secret_is_cookie(&known, other.cookie));
    secret_clear(&known);
    assert_string_equal(known.token, "");
}

static void kinds_of_files(void **state)
{
    (void)state;
    assert_string_equal(sniff_type((const unsigned char *)"\xFF\xD8\xFF\xE0", 4), "image/jpeg");
    assert_string_equal(sniff_type((const unsigned char *)"RIFF1234WEBPVP8 ", 16), "image/webp");
    assert_string_equal(sniff_type((const unsigned char *)"XXXX1234WEBPVP8 ", 16), "application/octet-stream");
    assert_string_equal(sniff_type((const unsigned char *)"<svg xmlns=", 11), "application/octet-stream");
    assert_string_equal(sniff_type((const unsigned char *)"\xFF\xD8", 2), "application/octet-stream");
    assert_string_equal(sniff_type(NULL, 0), "application/octet-stream");
}

static void paces(void **state)
{
    (void)state;
    pace_table table = {0};
    assert_true(pace_of(&table, 1) == 0);
    pace_begin(&table, 1, 100);
    pace_end(&table, 1, 102);
    assert_true(pace_of(&table, 1) == 2);
    pace_end(&table, 1, 109);
    assert_true(pace_of(&table, 1) > 2.9 && pace_of(&table, 1) < 3.1);
    pace_begin(&table, 1, 1000); /* after a pause */
    pace_end(&table, 1, 1003);
    assert_true(pace_of(&table, 1) > 2.9 && pace_of(&table, 1) < 3.1);
    for (int64_t batch = 2; batch < 2 + PACE_BATCHES; batch++)
        pace_begin(&table, batch, 2000);
    assert_true(pace_of(&table, 1) == 0); /* others took its place */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),  cmocka_unit_test(tags),           cmocka_unit_test(cookies),
        cmocka_unit_test(hosts),   cmocka_unit_test(names),          cmocka_unit_test(dispositions),
        cmocka_unit_test(parts),   cmocka_unit_test(languages),      cmocka_unit_test(addresses),
        cmocka_unit_test(secrets), cmocka_unit_test(kinds_of_files), cmocka_unit_test(paces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

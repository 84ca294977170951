/* What downloads rest on and a server is not needed for: the catalogue, the note beside a part, headers, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "weights/download_note.h"
#include "weights/private.h"

/* ---------------------------------------------------------------- the catalogue */

static bool is_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static void test_catalogue(void **state)
{
    (void)state;
    size_t count;
    const published_model *models = published_models(&count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const published_model *model = &models[i];
        assert_ptr_equal(published_find(model->name), model); /* so no name is there twice */
        assert_true(model_name_valid(model->name));
        assert_null(strchr(model->file, '/'));
        assert_true(*model->license && *model->purpose);
        assert_true(!model->sha256 || is_digest(model->sha256));
        assert_true((model->size > 0) == !strcmp(model->kind, "restorer"));
        assert_non_null(model->addresses[0]);
        for (size_t k = 0; model->addresses[k]; k++) {
            assert_memory_equal(model->addresses[k], "https://", 8);
            assert_string_equal(path_name(model->addresses[k]), model->file);
        }
        for (size_t k = 0; k < i; k++) /* a mirror has them all in one folder */
            assert_string_not_equal(models[k].file, model->file);
    }
    assert_true(published_usable(published_find("GPEN-BFR-512")));
    assert_false(published_usable(published_find("RealESRNet-x2")));
    assert_null(published_find("gpen-bfr-512"));
}

/* The same facts as in the list that the catalogue was made from, where that is at hand. */
static bool mentions(const char *list, const char *text)
{
    char quoted[512];
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", text);
    return strstr(list, quoted) != NULL;
}

static void test_catalogue_against_its_source(void **state)
{
    (void)state;
    const char *shared = getenv("GPEN_SHARED");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/models.json", shared ? shared : "");
    if (!shared || access(path, R_OK))
        skip();
    bytes list = {0};
    read_scratch(path, &list);
    add(&list, "", 1);
    const char *text = (const char *)list.data;
    size_t count, names = 0;
    const published_model *models = published_models(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(mentions(text, models[i].name) && mentions(text, models[i].file));
        assert_true(mentions(text, models[i].license));
        assert_true(!models[i].sha256 || mentions(text, models[i].sha256));
        for (size_t k = 0; models[i].addresses[k]; k++)
            assert_true(mentions(text, models[i].addresses[k]));
    }
    for (const char *at = text; (at = strstr(at, "{\"name\"")); at++)
        names++;
    assert_int_equal(names, count);
    bytes_free(&list);
}

/* ---------------------------------------------------------------- notes */

static const char good_note[] = "gpen download 1\naddress https://host/a.pth\netag \"x\"\nmodified Tue, 01 Jun 2021\n"
                                "length 284085738\nend\n";

static void test_note_there_and_back(void **state)
{
    char path[512];
    download_note note = {.address = "https://host/file.pth", .etag = "\"5f-1\"", .length = (int64_t)5 << 30}, read;
    gpen_error error;
    (void)snprintf(path, sizeof path, "%s/a.note", (const char *)*state);
    assert_int_equal(download_note_write(&note, path, &error), GPEN_OK);
    download_note_read(&read, path);
    assert_string_equal(read.address, note.address);
    assert_string_equal(read.etag, note.etag);
    assert_string_equal(read.modified, "");
    assert_true(read.length == note.length);
    note.length = -1;
    assert_int_equal(download_note_write(&note, path, &error), GPEN_OK);
    download_note_read(&read, path);
    assert_true(read.length == -1 && *read.address);
    (void)snprintf(path, sizeof path, "%s/nowhere.note", (const char *)*state);
    download_note_read(&read, path);
    assert_string_equal(read.address, "");
}

/* The longest that can be written can be read. */
static void test_longest_note(void **state)
{
    char path[512];
    download_note note = {.length = INT64_MAX >> 13}, read;
    memset(note.address, 'a', sizeof note.address - 1);
    memset(note.etag, 'e', sizeof note.etag - 1);
    memset(note.modified, 'm', sizeof note.modified - 1);
    (void)snprintf(path, sizeof path, "%s/long.note", (const char *)*state);
    assert_int_equal(download_note_write(&note, path, NULL), GPEN_OK);
    download_note_read(&read, path);
    assert_string_equal(read.address, note.address);
    assert_string_equal(read.modified, note.modified);
    assert_true(read.length == note.length);
}

/* Cut anywhere, or with a byte wrong in its frame, it is no note. */
static void test_broken_notes(void **state)
{
    (void)state;
    download_note note;
    size_t length = strlen(good_note);
    assert_true(download_note_parse(&note, good_note, length));
    assert_true(note.length == 284085738);
    for (size_t cut = 0; cut < length; cut++) {
        assert_false(download_note_parse(&note, good_note, cut));
        assert_true(!*note.address && note.length == -1);
    }
    static const char *const broken[] = {
        "gpen download 2\naddress a\netag \nmodified \nlength 1\nend\n",
        "gpen download 1\naddress \netag \nmodified \nlength 1\nend\n",
        "gpen download 1\netag \naddress a\nmodified \nlength 1\nend\n",
        "gpen download 1\naddress a\netag \x01\nmodified \nlength 1\nend\n",
        "gpen download 1\naddress a\netag \xC3\xA9\nmodified \nlength 1\nend\n",
        "gpen download 1\naddress a\netag \nmodified \nlength -2\nend\n",
        "gpen download 1\naddress a\netag \nmodified \nlength \nend\n",
        "gpen download 1\naddress a\netag \nmodified \nlength 99999999999999999\nend\n",
        "gpen download 1\naddress a\netag \nmodified \nlength 1\nend\nmore\n",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_false(download_note_parse(&note, broken[i], strlen(broken[i])));
}

static void test_validators(void **state)
{
    (void)state;
    download_note note = {.etag = "\"a\"", .modified = "Tue"};
    assert_string_equal(download_note_validator(&note), "\"a\"");
    strcpy(note.etag, "W/\"a\""); /* a weak one proves nothing about bytes */
    assert_string_equal(download_note_validator(&note), "Tue");
    *note.modified = '\0';
    assert_null(download_note_validator(&note));
}

/* ---------------------------------------------------------------- headers */

static http_answer read_headers(const char *lines)
{
    http_answer answer;
    http_answer_clear(&answer);
    while (*lines) {
        size_t length = strcspn(lines, "\n") + 1;
        http_answer_read(&answer, lines, length);
        lines += length;
    }
    return answer;
}

static void test_headers(void **state)
{
    (void)state;
    http_answer a = read_headers("HTTP/1.1 206 Partial Content\r\nETAG:\"x\" \r\nlast-modified:  Tue\r\n"
                                 "Content-Length: 100\r\nContent-Range: bytes 100-199/200\r\nLocation: /y\r\n");
    assert_int_equal(a.code, 206);
    assert_string_equal(a.etag, "\"x\"");
    assert_string_equal(a.modified, "Tue");
    assert_string_equal(a.location, "/y");
    assert_true(a.length == 100 && a.first == 100 && a.total == 200 && !a.compressed);
    a = read_headers("HTTP/1.1 301 Moved\r\nETag: \"old\"\r\nLocation: /y\r\nHTTP/2 200\r\nContent-Encoding: br\r\n");
    assert_int_equal(a.code, 200);
    assert_string_equal(a.etag, "");
    assert_true(a.length == -1 && a.first == -1 && a.total == -1 && a.compressed);
    assert_false(read_headers("HTTP/2 200\r\nContent-Encoding: identity\r\n").compressed);
}

static void test_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        int64_t first, total;
    } cases[] = {
        {"bytes 0-0/1", 0, 1},
        {"bytes */77", -1, 77},
        {"bytes 5-9/*", 5, -1},
        {"BYTES 5-9/10", 5, 10},
        {"bytes 9-5/10", -1, -1},
        {"bytes 5-9/9", -1, -1},
        {"bytes 5-9", -1, -1},
        {"bytes -9/10", -1, -1},
        {"bits 5-9/10", -1, -1},
        {"bytes", -1, -1},
        {"bytes 5-/10", -1, -1},
        {"bytes 5/10", -1, -1},
        {"bytes 5-9/-1", -1, -1},
        {"bytes x/10", -1, -1},
        {"bytes */", -1, -1},
        {"", -1, -1},
        {"bytes 5-99999999999999999999999/*", -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[128];
        http_answer answer;
        http_answer_clear(&answer);
        int length = snprintf(line, sizeof line, "Content-Range: %s\r\n", cases[i].range);
        http_answer_read(&answer, line, (size_t)length);
        if (answer.first != cases[i].first || answer.total != cases[i].total)
            fail_msg("%s: %lld, %lld", cases[i].range, (long long)answer.first, (long long)answer.total);
    }
}

static void test_hostile_headers(void **state)
{
    (void)state;
    http_answer answer;
    static const char *const lines[] = {"",
                                        ":",
                                        "HTTP/",
                                        "HTTP/1.1",
                                        "HTTP/1.1 ",
                                        "HTTP/1.1 99999999999999999999",
                                        "HTTP/1.1 -1",
                                        "HTTP/1.1 42 x",
                                        "\r\n",
                                        "Content-Length: -5",
                                        "Content-Length: 5 5",
                                        "Content-Length: 99999999999999999999",
                                        "ETag: a\tb",
                                        "ETag: \x80",
                                        "no colon"};
    http_answer_clear(&answer);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *exact = strndup(lines[i], strlen(lines[i])); /* at its end the sanitizer stands guard */
        assert_non_null(exact);
        http_answer_read(&answer, exact, strlen(exact));
        free(exact);
        assert_true(answer.code == 0 && answer.length == -1 && !*answer.etag);
    }
    char line[2 * HTTP_MAX_VALIDATOR] = "ETag: ";
    memset(line + 6, 'x', sizeof line - 6);
    http_answer_read(&answer, line, 6 + HTTP_MAX_VALIDATOR);
    assert_string_equal(answer.etag, "");
    http_answer_read(&answer, line, 6 + HTTP_MAX_VALIDATOR - 1);
    assert_int_equal(strlen(answer.etag), HTTP_MAX_VALIDATOR - 1);
}

/* ---------------------------------------------------------------- addresses */

static void test_public_addresses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"https://host/a/b.pth", "https://host/a/b.pth"},
        {"https://me:secret@host:8080/b?token=x#y", "https://host:8080/b"},
        {"https://me:sec@ret@host/b", "https://host/b"},
        {"https://host/a@b", "https://host/a@b"},
        {"https://host?x=@y", "https://host"},
        {"me@host", "host"},
        {"", ""},
        {"https://host/a b\n", "https://host/a?b?"},
    };
    char out[HTTP_MAX_ADDRESS], longest[HTTP_MAX_ADDRESS + 10];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        address_public(out, cases[i][0]);
        assert_string_equal(out, cases[i][1]);
    }
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    address_public(out, longest);
    assert_int_equal(strlen(out), HTTP_MAX_ADDRESS - 1);
}

static void test_redirects(void **state)
{
    (void)state;
    static const struct {
        const char *from, *location, *to; /* to NULL: refused */
    } cases[] = {
        {"http://host/a/b", "c", "http://host/a/c"},
        {"http://host/a/b", "/c?x=1", "http://host/c?x=1"},
        {"http://host/a", "https://other/b", "https://other/b"},
        {"https://host/a", "//other/b", "https://other/b"},
        {"https://host/a", "http://host/a", NULL},
        {"HTTPS://host/a", "http://host/a", NULL},
        {"https://host/a", "HTTP://host/a", NULL},
        {"http://host/a", "file:///etc/passwd", NULL},
        {"http://host/a", "ftp://host/a", NULL},
        {"http://host/a", "javascript:alert(1)", NULL},
        {"http://host/a", "http://", NULL},
    };
    if (!http_available())
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char address[HTTP_MAX_ADDRESS];
        strcpy(address, cases[i].from);
        gpen_status status = http_follow(address, cases[i].location, NULL);
        assert_int_equal(status, cases[i].to ? GPEN_OK : GPEN_FETCH_REFUSED);
        assert_string_equal(address, cases[i].to ? cases[i].to : cases[i].from);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_catalogue_against_its_source),
        cmocka_unit_test_setup_teardown(test_note_there_and_back, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(test_longest_note, make_scratch, remove_scratch),
        cmocka_unit_test(test_broken_notes),
        cmocka_unit_test(test_validators),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_hostile_headers),
        cmocka_unit_test(test_public_addresses),
        cmocka_unit_test(test_redirects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

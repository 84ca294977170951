/* What goes to clients bit by bit: the ring of events, and zips made while they are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include "http/ring.h"
#include "http/zip.h"

enum { ROOM = 4096 };

static char text[ROOM];

static const char *read_all(event_ring *ring, event_cursor *cursor, int64_t batch, gpen_language language)
{
    size_t length = ring_read(ring, cursor, batch, language, text, sizeof text - 1);
    text[length] = '\0';
    return text;
}

static void followers_get_what_is_theirs(void **state)
{
    (void)state;
    event_ring *ring;
    bool resync;
    assert_int_equal(ring_new(&ring, 8, 10000, 0xAB, NULL), GPEN_OK);
    event_cursor cursor = ring_begin(ring, NULL, &resync);
    assert_false(resync || ring_has_news(ring, cursor));
    ring_add(ring, "item", 1, "{\"a\":1}", "{\"a\":\"\xE4\xB8\x80\"}");
    ring_add(ring, "item", 2, "{\"b\":2}", NULL);
    ring_add(ring, "system", 0, "{}", NULL);
    event_cursor other = cursor;
    assert_string_equal(read_all(ring, &cursor, 0, GPEN_ENGLISH),
                        "id: ab-1\nevent: item\ndata: {\"a\":1}\n\nid: ab-2\nevent: item\ndata: {\"b\":2}\n\n"
                        "id: ab-3\nevent: system\ndata: {}\n\n");
    assert_string_equal(
        read_all(ring, &other, 1, GPEN_CHINESE),
        "id: ab-1\nevent: item\ndata: {\"a\":\"\xE4\xB8\x80\"}\n\nid: ab-3\nevent: system\ndata: {}\n\n");
    assert_string_equal(read_all(ring, &cursor, 0, GPEN_ENGLISH), "");
    ring_free(ring);
}

static void who_comes_back_goes_on_or_begins_anew(void **state)
{
    (void)state;
    static const char *const foreign[] = {
        "ac-1", "ab-9", "ab", "1", "", "ab-1x", "ab-99999999999999999999999999999999999999999999999999999999"};
    event_ring *ring;
    bool resync;
    assert_int_equal(ring_new(&ring, 4, 10000, 0xAB, NULL), GPEN_OK);
    for (int i = 0; i < 3; i++)
        ring_add(ring, "item", 1, "{}", NULL);
    event_cursor cursor = ring_begin(ring, "ab-2", &resync);
    assert_false(resync);
    assert_string_equal(read_all(ring, &cursor, 0, GPEN_ENGLISH), "id: ab-3\nevent: item\ndata: {}\n\n");
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        (void)ring_begin(ring, foreign[i], &resync);
        assert_true(resync);
    }
    for (int i = 0; i < 4; i++)
        ring_add(ring, "item", 1, "{}", NULL);
    (void)ring_begin(ring, "ab-2", &resync);
    assert_true(resync); /* ab-3 is gone */
    (void)ring_begin(ring, "ab-3", &resync);
    assert_false(resync);
    ring_free(ring);
}

static void who_falls_behind_is_told(void **state)
{
    (void)state;
    event_ring *ring;
    bool resync;
    char large[3000];
    assert_int_equal(ring_new(&ring, 100, 8000, 1, NULL), GPEN_OK);
    event_cursor cursor = ring_begin(ring, NULL, &resync);
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (int i = 0; i < 5; i++)
        ring_add(ring, "item", 1, large, NULL); /* bounded by bytes */
    assert_string_equal(read_all(ring, &cursor, 0, GPEN_ENGLISH), "id: 1-5\nevent: resync\ndata: {}\n\n");
    ring_add(ring, "item", 1, "{}", NULL);
    assert_string_equal(read_all(ring, &cursor, 0, GPEN_ENGLISH), "id: 1-6\nevent: item\ndata: {}\n\n");
    ring_add(ring, "item", 1, large, NULL); /* larger than the reader's room */
    size_t length = ring_read(ring, &cursor, 0, GPEN_ENGLISH, text, 300);
    text[length] = '\0';
    assert_string_equal(text, "id: 1-7\nevent: resync\ndata: {}\n\n");
    ring_free(ring);
}

/* ---------------------------------------------------------------- zips */

typedef struct file_source {
    const char *folder;
    int next, count;
    bool ended;
} file_source;

static bool next_file(void *context, char **path, char **name)
{
    file_source *source = context;
    *path = *name = NULL;
    if (source->next == source->count)
        return false;
    if (asprintf(path, "%s/%d", source->folder, source->next) < 0 ||
        asprintf(name, "\xE7\xA5\x96/%d.bin", source->next) < 0)
        return false;
    source->next++;
    return true;
}

static void end_source(void *context)
{
    file_source *source = context;
    source->ended = true;
}

/* File n has n * 70000 bytes of n; number 2 is not there. */
static void a_zip_has_all_files_whatever_the_pieces(void **state)
{
    (void)state;
    char folder[] = "/tmp/gpen-zip-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        FILE *file = i == 2 ? NULL : fopen(path, "wb");
        for (int n = 0; file && n < i * 70000; n++)
            assert_int_equal(fputc(i, file), i);
        if (file)
            assert_int_equal(fclose(file), 0);
    }
    static const size_t pieces[] = {1, 333, 65536, 1 << 20};
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        file_source files = {folder, 0, 4, false};
        const zip_source source = {&files, next_file, end_source};
        zip_maker *zip = zip_new(&source);
        char *made = malloc(1 << 20);
        size_t length = 0;
        ssize_t count;
        while ((count = zip_read(zip, made + length, pieces[p])) > 0)
            length += (size_t)count;
        assert_int_equal(count, 0);
        zip_free(zip);
        assert_true(files.ended);
        struct archive *reader = archive_read_new();
        struct archive_entry *entry;
        static const int numbers[] = {0, 1, 3};
        assert_int_equal(archive_read_support_format_zip(reader), ARCHIVE_OK);
        assert_int_equal(archive_read_open_memory(reader, made, length), ARCHIVE_OK);
        for (int i = 0; i < 3; i++) {
            assert_true(archive_read_next_header(reader, &entry) >= ARCHIVE_WARN);
            char *bytes = malloc(300000);
            assert_int_equal(archive_read_data(reader, bytes, 300000), numbers[i] * 70000);
            for (int n = 0; n < numbers[i] * 70000; n++)
                assert_int_equal(bytes[n], numbers[i]);
            free(bytes);
        }
        assert_int_equal(archive_read_next_header(reader, &entry), ARCHIVE_EOF);
        archive_read_free(reader);
        free(made);
    }
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void a_zip_that_nobody_fetched_to_its_end(void **state)
{
    (void)state;
    file_source files = {"/not/there", 0, 3, false};
    const zip_source source = {&files, next_file, end_source};
    zip_maker *zip = zip_new(&source);
    zip_free(zip);
    assert_true(files.ended);
    files = (file_source){"/not/there", 0, 3, false};
    zip = zip_new(&source);
    assert_true(zip_read(zip, text, 5) >= 0);
    zip_free(zip);
    assert_true(files.ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(followers_get_what_is_theirs),
        cmocka_unit_test(who_comes_back_goes_on_or_begins_anew),
        cmocka_unit_test(who_falls_behind_is_told),
        cmocka_unit_test(a_zip_has_all_files_whatever_the_pieces),
        cmocka_unit_test(a_zip_that_nobody_fetched_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

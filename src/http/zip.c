/* Zips on their way. Their own file because libarchive writes when it likes, and the connection asks when it likes. */
#include "http/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536 };

struct zip_maker {
    zip_source source;
    struct archive *archive;
    char *made; /* bytes that libarchive wrote and nobody took yet: made[taken .. length) */
    size_t length, taken, capacity;
    int file;     /* that is being written; -1: none */
    int64_t left; /* of it */
    bool ended, failed;
    char piece[PIECE];
};

/* libarchive's: keeps what it writes. */
static la_ssize_t keep(struct archive *archive, void *context, const void *bytes, size_t count)
{
    zip_maker *zip = context;
    (void)archive;
    if (zip->length + count > zip->capacity) {
        size_t capacity = (zip->length + count) * 2;
        char *grown = realloc(zip->made, capacity);
        if (!grown)
            return -1;
        zip->made = grown;
        zip->capacity = capacity;
    }
    memcpy(zip->made + zip->length, bytes, count);
    zip->length += count;
    return (la_ssize_t)count;
}

zip_maker *zip_new(const zip_source *source)
{
    zip_maker *zip = calloc(1, sizeof *zip);
    if (!zip) {
        source->end(source->context);
        return NULL;
    }
    zip->source = *source;
    zip->file = -1;
    zip->archive = archive_write_new();
    if (zip->archive && !archive_write_set_format_zip(zip->archive) &&
        !archive_write_zip_set_compression_store(zip->archive) &&
        !archive_write_set_option(zip->archive, "zip", "hdrcharset", "UTF-8") &&
        !archive_write_set_bytes_per_block(zip->archive, 0) && !archive_write_open(zip->archive, zip, NULL, keep, NULL))
        return zip;
    zip_free(zip);
    return NULL;
}

void zip_free(zip_maker *zip)
{
    if (!zip)
        return;
    if (zip->archive)
        (void)archive_write_free(zip->archive); /* may still write its end */
    if (zip->file >= 0)
        (void)close(zip->file);
    zip->source.end(zip->source.context);
    free(zip->made);
    free(zip);
}

/* Writes an entry's head. False: the file is left out. */
static bool begin_entry(zip_maker *zip, const char *name, const struct stat *facts)
{
    struct archive_entry *entry = archive_entry_new();
    if (!entry)
        return false;
    archive_entry_update_pathname_utf8(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, facts->st_size);
    archive_entry_set_mtime(entry, facts->st_mtime, 0);
    int written = archive_write_header(zip->archive, entry);
    archive_entry_free(entry);
    if (written <= ARCHIVE_FATAL)
        zip->failed = true;
    return written >= ARCHIVE_WARN;
}

static void open_next(zip_maker *zip)
{
    char *path, *name;
    struct stat facts;
    if (!zip->source.next(zip->source.context, &path, &name)) {
        zip->ended = true;
        zip->failed |= archive_write_close(zip->archive) != ARCHIVE_OK;
        return;
    }
    int file = path && name ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (file >= 0 && !fstat(file, &facts) && S_ISREG(facts.st_mode) && begin_entry(zip, name, &facts)) {
        zip->file = file;
        zip->left = facts.st_size;
    } else if (file >= 0) {
        (void)close(file);
    }
    free(path);
    free(name);
}

static void write_piece(zip_maker *zip)
{
    size_t count = zip->left < PIECE ? (size_t)zip->left : PIECE;
    ssize_t there = count ? read(zip->file, zip->piece, count) : 0;
    if (there <= 0) {
        memset(zip->piece, 0, count);
        there = (ssize_t)count;
    }
    if (there && archive_write_data(zip->archive, zip->piece, (size_t)there) != there)
        zip->failed = true;
    zip->left -= there;
    if (zip->left > 0)
        return;
    zip->failed |= archive_write_finish_entry(zip->archive) < ARCHIVE_WARN;
    (void)close(zip->file);
    zip->file = -1;
}

ssize_t zip_read(zip_maker *zip, char *bytes, size_t capacity)
{
    if (zip->taken == zip->length)
        zip->taken = zip->length = 0;
    while (!zip->length && !zip->ended && !zip->failed)
        if (zip->file < 0)
            open_next(zip);
        else
            write_piece(zip);
    if (zip->failed)
        return -1;
    size_t count = zip->length - zip->taken < capacity ? zip->length - zip->taken : capacity;
    if (count)
        memcpy(bytes, zip->made + zip->taken, count);
    zip->taken += count;
    return (ssize_t)count;
}

/* ---------------------------------------------------------------- the answer */

static ssize_t give(void *context, uint64_t position, char *bytes, size_t capacity)
{
    (void)position;
    ssize_t count = zip_read(context, bytes, capacity);
    if (count < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return count ? count : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end(void *context)
{
    zip_free(context);
}

void zip_answer(http_request *request, const zip_source *source, int64_t number)
{
    char place[96];
    zip_maker *zip = zip_new(source);
    if (!zip)
        return;
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, give, zip, end);
    if (!response)
        zip_free(zip);
    snprintf(place, sizeof place, "attachment; filename=\"gpen-%" PRId64 ".zip\"", number);
    answer_stream(request, "application/zip", response);
    answer_header(request, MHD_HTTP_HEADER_CONTENT_DISPOSITION, place);
}

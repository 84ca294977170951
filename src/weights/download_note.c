/* The note beside a part of a file. Its own file because it is read back from a disk that may have kept half of it.
 *
 *     gpen download 1
 *     address https://host/file.pth
 *     etag "5f3c-1a2b"
 *     modified Tue, 01 Jun 2021 08:00:00 GMT
 *     length 284085738
 *     end
 *
 * Every line is there; what is unknown is empty, a length -1. */
#include "weights/download_note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { MAX_NOTE = HTTP_MAX_ADDRESS + 2 * HTTP_MAX_VALIDATOR + 128 };

static const char heading[] = "gpen download 1";

/* The value of the line "KEY VALUE" at *at, which is moved to the next. */
static bool take_line(const char **at, const char *end, const char *key, char *value, size_t capacity)
{
    const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
    size_t key_length = strlen(key);
    if (!stop || (size_t)(stop - line) < key_length + 1 || memcmp(line, key, key_length) != 0 ||
        line[key_length] != ' ')
        return false;
    const char *text = line + key_length + 1;
    if ((size_t)(stop - text) >= capacity)
        return false;
    for (const char *p = text; p < stop; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7E)
            return false;
    memcpy(value, text, (size_t)(stop - text));
    value[stop - text] = '\0';
    *at = stop + 1;
    return true;
}

static bool take_text(const char **at, const char *end, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(end - *at) <= length || memcmp(*at, text, length) != 0 || (*at)[length] != '\n')
        return false;
    *at += length + 1;
    return true;
}

static bool parse_length(const char *digits, int64_t *length)
{
    if (!strcmp(digits, "-1")) {
        *length = -1;
        return true;
    }
    size_t count = strlen(digits);
    if (!count || count > 16 || strspn(digits, "0123456789") != count)
        return false;
    *length = strtoll(digits, NULL, 10);
    return true;
}

bool download_note_parse(download_note *note, const char *text, size_t length)
{
    const char *end = text + length;
    char digits[32];
    *note = (download_note){.length = -1};
    bool good = take_text(&text, end, heading) &&
                take_line(&text, end, "address", note->address, sizeof note->address) &&
                take_line(&text, end, "etag", note->etag, sizeof note->etag) &&
                take_line(&text, end, "modified", note->modified, sizeof note->modified) &&
                take_line(&text, end, "length", digits, sizeof digits) && take_text(&text, end, "end") && text == end &&
                *note->address && parse_length(digits, &note->length);
    if (!good)
        *note = (download_note){.length = -1};
    return good;
}

void download_note_read(download_note *note, const char *path)
{
    char text[MAX_NOTE];
    *note = (download_note){.length = -1};
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    size_t length = fread(text, 1, sizeof text, file);
    if (!ferror(file))
        (void)download_note_parse(note, text, length);
    (void)fclose(file);
}

gpen_status download_note_write(const download_note *note, const char *path, gpen_error *error)
{
    char text[MAX_NOTE];
    int length = snprintf(text, sizeof text, "%s\naddress %s\netag %s\nmodified %s\nlength %lld\nend\n", heading,
                          note->address, note->etag, note->modified, (long long)note->length);
    return file_replace(path, text, (size_t)length, error);
}

const char *download_note_validator(const download_note *note)
{
    if (*note->etag == '"')
        return note->etag;
    return *note->modified ? note->modified : NULL;
}

/* Where the host's name begins, behind "user:password@". */
static const char *host_of(const char *authority)
{
    const char *host = authority, *end = authority + strcspn(authority, "/?#");
    for (const char *p = authority; p < end; p++)
        if (*p == '@')
            host = p + 1;
    return host;
}

void address_public(char out[HTTP_MAX_ADDRESS], const char *address)
{
    const char *scheme = strstr(address, "://"), *authority = scheme ? scheme + 3 : address;
    const char *host = host_of(authority), *end = host + strcspn(host, "?#");
    size_t used = 0;
    for (const char *p = address; p < end && used < HTTP_MAX_ADDRESS - 1; p++)
        if (p < authority || p >= host)
            out[used++] = (char)(*p > 0x20 && *p < 0x7F ? *p : '?');
    out[used] = '\0';
}

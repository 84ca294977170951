/* Reading the headers of an answer. Its own file because they are hostile text, and need no network to be tested. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "weights/http_get.h"

/* No file is longer; anything beyond would only overflow later. */
static const int64_t most = (int64_t)1 << 50;

void http_answer_clear(http_answer *answer)
{
    *answer = (http_answer){.length = -1, .first = -1, .total = -1};
}

/* A number in digits from *at, which is moved behind it; -1, and not moved, when there is none that can be meant. */
static int64_t take_number(const char **at, const char *end)
{
    const char *p = *at;
    int64_t number = 0;
    for (; p < end && *p >= '0' && *p <= '9' && number <= most; p++)
        number = number * 10 + (*p - '0');
    if (p == *at || number > most)
        return -1;
    *at = p;
    return number;
}

static bool take_character(const char **at, const char *end, char wanted)
{
    if (*at == end || **at != wanted)
        return false;
    ++*at;
    return true;
}

static void copy_text(char *out, size_t capacity, const char *text, const char *end)
{
    size_t length = (size_t)(end - text);
    bool good = length < capacity;
    for (const char *p = text; good && p < end; p++)
        good = (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7F;
    if (!good)
        length = 0;
    memcpy(out, text, length);
    out[length] = '\0';
}

/* "HTTP/1.1 206 Partial Content" */
static void read_status(http_answer *answer, const char *line, const char *end)
{
    const char *space = memchr(line, ' ', (size_t)(end - line));
    http_answer_clear(answer);
    if (!space)
        return;
    const char *at = space + 1;
    int64_t code = take_number(&at, end);
    if (code >= 100 && code <= 999)
        answer->code = (int)code;
}

/* "bytes 100-199/200", with a star in place of either side of the slash */
static void read_range(http_answer *answer, const char *at, const char *end)
{
    static const char unit[] = "bytes ";
    if ((size_t)(end - at) < strlen(unit) || strncasecmp(at, unit, strlen(unit)) != 0)
        return;
    at += strlen(unit);
    int64_t first = take_number(&at, end), last = -1, total = -1;
    if (first >= 0) {
        if (!take_character(&at, end, '-') || (last = take_number(&at, end)) < first)
            return;
    } else if (!take_character(&at, end, '*')) {
        return;
    }
    if (!take_character(&at, end, '/'))
        return;
    if (!take_character(&at, end, '*') && (total = take_number(&at, end)) <= last)
        return;
    answer->first = first;
    answer->total = total;
}

static void read_field(http_answer *answer, const char *name, size_t name_length, const char *value, const char *end)
{
#define IS(text) (name_length == strlen(text) && !strncasecmp(name, text, name_length))
    if (IS("etag")) {
        copy_text(answer->etag, sizeof answer->etag, value, end);
    } else if (IS("last-modified")) {
        copy_text(answer->modified, sizeof answer->modified, value, end);
    } else if (IS("location")) {
        copy_text(answer->location, sizeof answer->location, value, end);
    } else if (IS("content-range")) {
        read_range(answer, value, end);
    } else if (IS("content-length")) {
        const char *at = value;
        int64_t length = take_number(&at, end);
        answer->length = at == end ? length : -1;
    } else if (IS("content-encoding")) {
        answer->compressed = (size_t)(end - value) != strlen("identity") || strncasecmp(value, "identity", 8) != 0;
    }
#undef IS
}

void http_answer_read(http_answer *answer, const char *line, size_t length)
{
    const char *end = line + length;
    while (end > line && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (end - line > 5 && !memcmp(line, "HTTP/", 5)) {
        read_status(answer, line, end);
        return;
    }
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon)
        return;
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    read_field(answer, line, (size_t)(colon - line), value, end);
}

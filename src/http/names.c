/* Names of files on their way in and out. Their own file because no path from a request may reach the file system but
 * through here. */
#include "http/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/characters.h"

enum { LONGEST_PART = 200, LONGEST_ENDING = 16, MOST_PARTS = 32 };

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* The length of the character at p that may stand in a name; 0: it may not. */
static size_t good_character(const char *p)
{
    const char *next = p;
    int32_t character = text_next(&next);
    bool bad = character < 0x20 || character == 0x7F || (character >= 0x80 && character < 0xA0);
    return bad ? 0 : (size_t)(next - p);
}

/* Cuts a part that is too long between two characters, before its ending. */
static size_t shorten(char *part, size_t length)
{
    size_t ending = 0, kept;
    if (length <= LONGEST_PART)
        return length;
    for (size_t i = 1; i <= LONGEST_ENDING && !ending; i++)
        if (part[length - i] == '.')
            ending = i;
    kept = LONGEST_PART - ending;
    while (kept && ((unsigned char)part[kept] & 0xC0) == 0x80)
        kept--;
    memmove(part + kept, part + length - ending, ending);
    return kept + ending;
}

/* One part of the path, cleaned, at `to`, which has room for as many bytes. Returns its length, 0: nothing is left of it. */
static size_t clean_part(const char *given, size_t length, char *to)
{
    size_t written = 0;
    if (length <= 2 && !strncmp(given, "..", length))
        return 0;
    for (size_t i = 0; i < length;) {
        size_t good = good_character(given + i);
        if (!good || (i == 0 && *given == '.')) {
            to[written++] = '_';
            i++;
        } else {
            memcpy(to + written, given + i, good);
            written += good;
            i += good;
        }
    }
    return shorten(to, written);
}

/* Drops parts from the front until the rest fits. */
static void keep_innermost(const char *cleaned, char out[NAMES_LONGEST_PATH])
{
    const char *start = cleaned;
    size_t parts = 1;
    for (const char *p = cleaned; *p; p++)
        parts += *p == '/';
    while (parts > MOST_PARTS || strlen(start) >= NAMES_LONGEST_PATH) {
        start = strchr(start, '/') + 1;
        parts--;
    }
    memcpy(out, start, strlen(start) + 1);
}

void name_clean(const char *given, char cleaned[NAMES_LONGEST_PATH])
{
    /* A request's header line is limited, but not by this file. */
    size_t length = strlen(given), written = 0;
    char *work = length < 65536 ? malloc(length + 2) : NULL;
    for (const char *p = given; work && *p;) {
        size_t part_length = 0;
        while (p[part_length] && !is_separator(p[part_length]))
            part_length++;
        size_t cleaned_length = clean_part(p, part_length, work + written);
        if (cleaned_length) {
            written += cleaned_length;
            work[written++] = '/';
        }
        p += part_length;
        p += is_separator(*p);
    }
    if (written) {
        work[written - 1] = '\0';
        keep_innermost(work, cleaned);
    } else {
        memcpy(cleaned, "photo", sizeof "photo");
    }
    free(work);
}

/* Characters that RFC 8187 leaves as they are. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$&+-.^_`|~", c));
}

char *disposition(bool attachment, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path,
               *kind = attachment ? "attachment" : "inline";
    size_t length = strlen(name);
    char *simple = malloc(length + 1), *full = malloc(3 * length + 1), *text = NULL, *f = full;
    if (simple && full) {
        bool same = true;
        for (size_t i = 0; i <= length; i++) {
            bool good = !name[i] || (name[i] >= ' ' && name[i] < 0x7F && !strchr("\"\\%", name[i]));
            simple[i] = good ? name[i] : '_';
            same = same && good;
        }
        for (size_t i = 0; i < length; i++)
            f += is_plain(name[i]) ? snprintf(f, 2, "%c", name[i])
                                   : snprintf(f, 4, "%%%02X", (unsigned)(unsigned char)name[i]);
        *f = '\0';
        int written = same ? asprintf(&text, "%s; filename=\"%s\"", kind, simple)
                           : asprintf(&text, "%s; filename=\"%s\"; filename*=UTF-8''%s", kind, simple, full);
        if (written < 0)
            text = NULL;
    }
    free(simple);
    free(full);
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool part_decode(char *part)
{
    char *to = part;
    for (const char *p = part; *p; p++) {
        if (*p == '%') {
            int high = hex_digit(p[1]), low = high < 0 ? -1 : hex_digit(p[2]);
            if (low < 0)
                return false;
            *to = (char)(high * 16 + low);
            p += 2;
        } else {
            *to = *p;
        }
        if (!*to || is_separator(*to))
            return false;
        to++;
    }
    *to = '\0';
    return text_is_utf8(part);
}

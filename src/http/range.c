/* Ranges and entity tags. Their own file because they are numbers from strangers, and nothing here needs a server. */
#include "http/range.h"

#include <string.h>
#include <strings.h>

/* Reads digits at *text. False: there is none, or the number does not fit. */
static bool take_number(const char **text, int64_t *number)
{
    const char *p = *text;
    int64_t value = 0;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
            return false;
    *text = p;
    *number = value;
    return true;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* The last `count` bytes. */
static range_kind take_suffix(int64_t count, int64_t length, byte_range *range)
{
    if (count == 0 || length == 0)
        return RANGE_BEYOND;
    *range = (byte_range){count < length ? length - count : 0, length - 1};
    return RANGE_PART;
}

range_kind range_parse(const char *header, int64_t length, byte_range *range)
{
    static const char unit[] = "bytes=";
    int64_t first, last = length - 1;
    if (!header || strncasecmp(header, unit, sizeof unit - 1) != 0)
        return RANGE_WHOLE;
    const char *p = skip_blanks(header + sizeof unit - 1);
    if (*p == '-') {
        p++;
        if (!take_number(&p, &first) || *skip_blanks(p))
            return RANGE_WHOLE;
        return take_suffix(first, length, range);
    }
    if (!take_number(&p, &first) || *p != '-')
        return RANGE_WHOLE;
    p = skip_blanks(p + 1);
    if (*p && (!take_number(&p, &last) || last < first || *skip_blanks(p)))
        return RANGE_WHOLE;
    if (first >= length)
        return RANGE_BEYOND;
    *range = (byte_range){first, last < length ? last : length - 1};
    return RANGE_PART;
}

bool etag_listed(const char *list, const char *etag)
{
    size_t length = strlen(etag);
    for (const char *p = list; p && *p;) {
        p += strspn(p, " \t,");
        if (*p == '*')
            return true;
        if (!strncmp(p, "W/", 2))
            p += 2;
        if (*p != '"')
            return false;
        const char *end = strchr(p + 1, '"');
        if (!end)
            return false;
        if ((size_t)(end + 1 - p) == length && !memcmp(p, etag, length))
            return true;
        p = end + 1;
    }
    return false;
}

bool range_still_valid(const char *if_range, const char *etag)
{
    return !if_range || !strcmp(if_range, etag);
}

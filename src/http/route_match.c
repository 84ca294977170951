/* Addresses to routes. Its own file because what a stranger wrote is taken apart here, away from what the routes do. */
#include <string.h>

#include "http/names.h"
#include "http/routes.h"

enum { MOST_PARTS = 8, MOST_DIGITS = 18 };

/* Cuts "/a/b" into its parts, in place. -1: too many. */
static int split(char *path, char *parts[MOST_PARTS])
{
    int count = 0;
    for (char *p = path; *p == '/';) {
        if (count == MOST_PARTS)
            return -1;
        *p++ = '\0';
        parts[count++] = p;
        p += strcspn(p, "/");
    }
    return count;
}

/* A number as the API writes it: digits, no zero in front. */
static bool take_id(const char *text, int64_t *id)
{
    size_t digits = strspn(text, "0123456789");
    if (!digits || digits > MOST_DIGITS || text[digits] || *text == '0')
        return false;
    *id = 0;
    for (; *text; text++)
        *id = *id * 10 + (*text - '0');
    return true;
}

/* The parts as one path again; split and part_decode left them one behind the other. */
static const char *join(char *const *parts, int count)
{
    char *end = parts[0] + strlen(parts[0]);
    for (int i = 1; i < count; i++) {
        size_t length = strlen(parts[i]);
        *end++ = '/';
        memmove(end, parts[i], length + 1);
        end += length;
    }
    return parts[0];
}

/* Does the pattern "/a/{item}" fit the parts? {rest}, which stands last, takes all that are left. */
static bool fits(const char *pattern, char *const *parts, int count, int64_t *id, const char **name)
{
    int64_t number = 0;
    const char *text = NULL;
    for (int i = 0; i < count; i++) {
        if (*pattern != '/')
            return false;
        size_t length = strcspn(++pattern, "/");
        if (!strcmp(pattern, "{rest}")) {
            *name = join(parts + i, count - i);
            return true;
        }
        if (*pattern != '{') {
            if (strlen(parts[i]) != length || strncmp(pattern, parts[i], length) != 0)
                return false;
        } else if (!strncmp(pattern, "{name}", 6)) {
            if (!*parts[i])
                return false;
            text = parts[i];
        } else if (!take_id(parts[i], &number)) {
            return false;
        }
        pattern += length;
    }
    if (*pattern)
        return false;
    *id = number;
    *name = text;
    return true;
}

route_match route_find(const char *method, char *below, const http_route **route, int64_t *id, const char **name)
{
    char *parts[MOST_PARTS];
    route_match match = ROUTE_NO_PATH;
    int count = split(below, parts);
    *route = NULL;
    for (int i = 0; i < count; i++)
        if (!part_decode(parts[i]))
            return ROUTE_NO_PATH;
    if (!strcmp(method, MHD_HTTP_METHOD_HEAD))
        method = MHD_HTTP_METHOD_GET;
    for (const http_route *candidate = routes; count > 0 && candidate->pattern; candidate++) {
        bool same_method = !strcmp(candidate->method, method);
        if ((strstr(candidate->pattern, "{rest}") && !same_method) || !fits(candidate->pattern, parts, count, id, name))
            continue;
        if (same_method) {
            *route = candidate;
            return ROUTE_FOUND;
        }
        match = ROUTE_NO_METHOD;
    }
    return match;
}

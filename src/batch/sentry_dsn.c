/* Reading a DSN. Its own file because it is text from outside that becomes an address and a header, and needs no network to be
 * tested. */
#include "batch/sentry_dsn.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MOST_DSN = 1024, MOST_KEY = 128, MOST_HOST = 253, MOST_PATH = 200, MOST_PROJECT = 64 };

#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* A part of the text. */
typedef struct dsn_part {
    const char *text;
    size_t length;
} dsn_part;

static bool consists_of(dsn_part part, const char *allowed, size_t most)
{
    return part.length && part.length <= most && strspn(part.text, allowed) >= part.length;
}

/* "KEY" or "KEY:PASSWORD" */
static bool read_key(sentry_dsn *dsn, dsn_part user)
{
    const char *colon = memchr(user.text, ':', user.length);
    dsn_part key = {user.text, colon ? (size_t)(colon - user.text) : user.length};
    if (!consists_of(key, DIGITS LETTERS, MOST_KEY))
        return false;
    memcpy(dsn->key, key.text, key.length);
    dsn->key[key.length] = '\0';
    return true;
}

static bool port_is_good(dsn_part port)
{
    int number = 0;
    if (!consists_of(port, DIGITS, 5))
        return false;
    for (size_t i = 0; i < port.length; i++)
        number = number * 10 + (port.text[i] - '0');
    return number >= 1 && number <= 65535;
}

/* "HOST", "HOST:PORT", "[::1]:PORT" */
static bool place_is_good(dsn_part place)
{
    dsn_part host = place, port = {NULL, 0};
    const char *end = place.text + place.length, *closing = NULL;
    if (place.length && place.text[0] == '[') {
        closing = memchr(place.text, ']', place.length);
        if (!closing)
            return false;
        host = (dsn_part){place.text + 1, (size_t)(closing - place.text) - 1};
    }
    const char *rest = closing ? closing + 1 : place.text;
    const char *colon = memchr(rest, ':', (size_t)(end - rest));
    if (closing && rest != end && colon != rest)
        return false;
    if (colon)
        port = (dsn_part){colon + 1, (size_t)(end - colon) - 1};
    if (colon && !closing)
        host.length = (size_t)(colon - place.text);
    return consists_of(host, closing ? DIGITS "ABCDEFabcdef:." : DIGITS LETTERS "-._", MOST_HOST) &&
           (!colon || port_is_good(port));
}

static bool scheme_is_good(dsn_part scheme)
{
    return (scheme.length == 5 && !memcmp(scheme.text, "https", 5)) ||
           (scheme.length == 4 && !memcmp(scheme.text, "http", 4));
}

static bool path_is_good(dsn_part path)
{
    return !path.length || consists_of(path, DIGITS LETTERS "-._~/", MOST_PATH);
}

/* No step upwards in a path, no host without a name. */
static bool has_two_dots(dsn_part part)
{
    for (size_t i = 0; i + 1 < part.length; i++)
        if (part.text[i] == '.' && part.text[i + 1] == '.')
            return true;
    return false;
}

static bool read_parts(sentry_dsn *dsn, const char *text)
{
    const char *scheme_end = strstr(text, "://");
    const char *user = scheme_end ? scheme_end + 3 : NULL;
    const char *at = user ? strchr(user, '@') : NULL;
    const char *slash = at ? strchr(at, '/') : NULL;
    const char *last = slash ? strrchr(slash, '/') : NULL;
    if (!last)
        return false;
    const dsn_part scheme = {text, (size_t)(scheme_end - text)}, place = {at + 1, (size_t)(slash - at) - 1},
                   path = {slash, (size_t)(last - slash)}, project = {last + 1, strlen(last + 1)};
    if (!scheme_is_good(scheme) || !read_key(dsn, (dsn_part){user, (size_t)(at - user)}) || !place_is_good(place) ||
        !path_is_good(path) || has_two_dots(place) || has_two_dots(path) ||
        !consists_of(project, DIGITS LETTERS "-_", MOST_PROJECT))
        return false;
    int length = snprintf(dsn->address, sizeof dsn->address, "%.*s://%.*s%.*s/api/%s/envelope/", (int)scheme.length,
                          scheme.text, (int)place.length, place.text, (int)path.length, path.text, project.text);
    return length > 0 && (size_t)length < sizeof dsn->address;
}

gpen_status sentry_dsn_read(sentry_dsn *dsn, const char *text, gpen_error *error)
{
    if (strnlen(text, MOST_DSN + 1) <= MOST_DSN && read_parts(dsn, text))
        return GPEN_OK;
    *dsn = (sentry_dsn){.key = ""};
    return gpen_fail(error, GPEN_BAD_ARGUMENT,
                     "the address that crashes are sent to is not of the form https://KEY@HOST/PROJECT");
}

/* HOST:PORT. Its own file because both who listens there and who asks there read it. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/watch.h"

static bool read_port(const char *text, int *port)
{
    char *end;
    long number = strtol(text, &end, 10);
    *port = (int)number;
    return *text >= '0' && *text <= '9' && !*end && number >= 0 && number <= 65535;
}

gpen_status watch_place(const char *where, char host[WATCH_HOST], int *port, gpen_error *error)
{
    const char *colon = strrchr(where, ':'), *first = where;
    size_t length = colon ? (size_t)(colon - where) : 0;
    if (!read_port(colon ? colon + 1 : where, port))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: numbers are shown at HOST:PORT or PORT", where);
    if (length >= 2 && where[0] == '[' && where[length - 1] == ']') { /* IPv6 */
        first++;
        length -= 2;
    }
    if (!length) {
        first = "127.0.0.1";
        length = strlen(first);
    }
    if (length >= WATCH_HOST)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: the name is too long", where);
    memcpy(host, first, length);
    host[length] = '\0';
    return GPEN_OK;
}

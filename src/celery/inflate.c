/* Compressed message bodies, by zlib. Its own file because a small message may expand to anything. */
#include "celery/inflate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FIRST_ROOM = 65536 };

/* Grows the room, up to `most` bytes and one to see that there is more. False: no memory. */
static bool grow(char **room, size_t *capacity, size_t most)
{
    size_t wanted = *capacity ? *capacity * 2 : FIRST_ROOM;
    if (wanted > most + 1)
        wanted = most + 1;
    char *larger = realloc(*room, wanted + 1);
    if (!larger)
        return false;
    *room = larger;
    *capacity = wanted;
    return true;
}

static gpen_status expand(z_stream *stream, size_t most, char **room, size_t *length, gpen_error *error)
{
    size_t capacity = 0;
    int outcome = Z_OK;
    while (outcome == Z_OK) {
        if (*length == capacity && !grow(room, &capacity, most))
            return gpen_fail_memory(error, "a message", capacity);
        size_t left = capacity - *length;
        stream->next_out = (unsigned char *)*room + *length;
        stream->avail_out = (uInt)left;
        outcome = inflate(stream, Z_NO_FLUSH);
        *length += left - stream->avail_out;
        if (*length > most)
            return gpen_fail(error, GPEN_TOO_LARGE, "a compressed message of more than %zu bytes", most);
    }
    if (outcome != Z_STREAM_END || stream->avail_in)
        return gpen_fail(error, GPEN_UNREADABLE, "a compressed message that is damaged");
    (*room)[*length] = '\0';
    return GPEN_OK;
}

gpen_status inflate_body(const char *kind, const unsigned char *bytes, size_t count, size_t most, char **out,
                         size_t *length, gpen_error *error)
{
    z_stream stream = {.next_in = (unsigned char *)bytes, .avail_in = (uInt)count};
    *out = NULL;
    *length = 0;
    /* kombu calls it gzip, and means zlib's own format. */
    if (strcmp(kind, "application/x-gzip") != 0)
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "a message compressed as %.60s: only zlib is understood",
                         kind);
    if (count > most || inflateInit(&stream) != Z_OK)
        return gpen_fail(error, GPEN_TOO_LARGE, "a compressed message of %zu bytes", count);
    char *room = NULL;
    gpen_status status = expand(&stream, most, &room, length, error);
    (void)inflateEnd(&stream);
    if (status) {
        free(room);
        *length = 0;
    } else {
        *out = room;
    }
    return status;
}

/* zip.h: files as a zip that is made while it is sent, without compression: photos are compressed already. */
#ifndef GPEN_HTTP_ZIP_H
#define GPEN_HTTP_ZIP_H

#include "http/room.h"

/* Where the files come from. */
typedef struct zip_source {
    void *context;
    /* The next file, its path and its name in the zip, the zip's then (free). False: there is no more. NULL where memory is short: it
     * is left out. */
    bool (*next)(void *context, char **path, char **name);
    void (*end)(void *context);
} zip_source;

typedef struct zip_maker zip_maker;

/* Takes over the source. NULL: no memory. Release with zip_free. */
zip_maker *zip_new(const zip_source *source);
void zip_free(zip_maker *zip);

/* The next bytes, at most `capacity`. 0: the zip is at its end; -1: it could not be made, and what was given is no zip. A file that cannot
 * be read is left out; one that becomes shorter meanwhile ends in zeroes. */
ssize_t zip_read(zip_maker *zip, char *bytes, size_t capacity);

/* Answers with it, as "gpen-NUMBER.zip". Takes over the source. */
void zip_answer(http_request *request, const zip_source *source, int64_t number);

#endif

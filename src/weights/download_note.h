/* download_note.h: what is remembered of a file that is not whole yet. Private to src/weights. */
#ifndef GPEN_WEIGHTS_DOWNLOAD_NOTE_H
#define GPEN_WEIGHTS_DOWNLOAD_NOTE_H

#include "weights/http_get.h"

typedef struct download_note {
    char address[HTTP_MAX_ADDRESS]; /* public form; "": nothing is known */
    char etag[HTTP_MAX_VALIDATOR];  /* "": none */
    char modified[HTTP_MAX_VALIDATOR];
    int64_t length; /* of the whole file; -1: unknown */
} download_note;

/* The text of a note; false, and a note without an address, when it is not one. */
bool download_note_parse(download_note *note, const char *text, size_t length);

/* A file that is not there, or is no note, leaves a note without an address. */
void download_note_read(download_note *note, const char *path);

/* Replaces the file. Errors: WRITE_FAILED, DISK_FULL, OUT_OF_MEMORY. */
gpen_status download_note_write(const download_note *note, const char *path, gpen_error *error);

/* What proves to a server that its file is still the one begun (RFC 9110, If-Range): a strong ETag, else a date; NULL:
 * nothing does. Points into note. */
const char *download_note_validator(const download_note *note);

/* The address without user, password, query and fragment, which are nobody else's business and may change. */
void address_public(char out[HTTP_MAX_ADDRESS], const char *address);

#endif

/* http_put.h: one PUT, over http or https, as to an address that a storage service has signed. It stands in this room because the
 * room knows libcurl; as http_get.h and http_post.h, the floors above may include it. */
#ifndef GPEN_WEIGHTS_HTTP_PUT_H
#define GPEN_WEIGHTS_HTTP_PUT_H

#include <stdbool.h>

#include "base/error.h"

typedef struct http_upload {
    const char *address;
    int file;         /* open; sent from its beginning to its end */
    const char *kind; /* its Content-Type */
    bool public_only; /* as in http_request */
    /* Several times a second. false: stop. */
    bool (*go_on)(void *context);
    void *context;
} http_upload;

/* GPEN_OK: the server answered 200 to 299. *code: what it answered; 0: nothing. Redirects are not followed: the address was signed.
 * Errors: FETCH_FAILED, FETCH_REFUSED, CANCELLED (go_on), WRITE_FAILED (the file), OUT_OF_MEMORY, UNSUPPORTED_FORMAT (a build
 * without libcurl). */
gpen_status http_put(const http_upload *upload, int *code, gpen_error *error);

#endif

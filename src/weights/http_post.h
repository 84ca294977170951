/* http_post.h: one POST, over http or https. It stands in this room because the room knows libcurl, and has nothing to do with
 * weights: as http_put.h and http_get.h, beside weights.h, the floors above may include it. */
#ifndef GPEN_WEIGHTS_HTTP_POST_H
#define GPEN_WEIGHTS_HTTP_POST_H

#include <stdbool.h>

#include "base/error.h"

typedef struct http_letter {
    const char *address;
    const char *const *headers; /* "Name: value", ended by NULL; without line ends */
    const void *body;
    size_t length;
    int seconds; /* the most that all of it may take */
    /* Several times a second. false: stop. */
    bool (*go_on)(void *context);
    void *context;
} http_letter;

/* Sends it once. GPEN_OK: the server answered 200 to 299; *code is its answer, 0: none came. What else it says is not kept, and
 * redirects are not followed.
 * Errors: FETCH_FAILED, FETCH_REFUSED (a wrong kind of address), CANCELLED (go_on), OUT_OF_MEMORY, UNSUPPORTED_FORMAT (a build
 * without libcurl). Safe from several threads. */
gpen_status http_post(const http_letter *letter, int *code, gpen_error *error);

#endif

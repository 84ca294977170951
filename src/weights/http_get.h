/* http_get.h: one GET, over http or https. For downloads of models (src/weights) and of pictures (src/celery). */
#ifndef GPEN_WEIGHTS_HTTP_GET_H
#define GPEN_WEIGHTS_HTTP_GET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    HTTP_MAX_ADDRESS = 8192, /* bytes; signed addresses of storage services have some 1500 */
    HTTP_MAX_VALIDATOR = 256,
};

/* What the headers of the last answer say. */
typedef struct http_answer {
    int code;       /* 0: none came */
    int64_t length; /* of the body; -1: not said */
    int64_t first;  /* Content-Range, "bytes first-last/total", in which a star stands for what is not known: then -1 */
    int64_t total;  /* of the whole file, as Content-Range says it */
    bool compressed;                   /* the body is not the file itself, although nobody asked for that */
    char etag[HTTP_MAX_VALIDATOR];     /* "": none */
    char modified[HTTP_MAX_VALIDATOR]; /* Last-Modified; "": none */
    char location[HTTP_MAX_ADDRESS];   /* of a redirect, as it was sent */
} http_answer;

void http_answer_clear(http_answer *answer);

/* Takes one header line, with or without its line end; one that is malformed or too long counts as not sent. */
void http_answer_read(http_answer *answer, const char *line, size_t length);

typedef struct http_request {
    const char *address;
    int64_t offset;       /* ask for what follows so many bytes; 0: for everything */
    const char *if_range; /* a strong ETag or a date: continue only if it still holds; or NULL */
    int stall_seconds;    /* less than a kilobyte a second for so long is as good as nothing */
    bool direct;          /* without a proxy, whatever the environment says */
    bool public_only;     /* FETCH_REFUSED where it leads to a private network or this machine, by whatever name */

    /* Asked once, before the first byte of a body: is that what is wanted? Only with codes 200 to 299. */
    gpen_status (*begin)(void *context, const http_answer *answer, gpen_error *error);
    /* The body, in order. */
    gpen_status (*take)(void *context, const void *bytes, size_t count, gpen_error *error);
    /* Several times a second. false: stop. */
    bool (*go_on)(void *context);
    void *context;
} http_request;

/* GPEN_OK: a body came, as long as announced. Redirects are followed, at most 8, only to http and https, and never from
 * https to http. Passwords are not taken from .netrc. `answer` says how far it got, also after a failure.
 * Errors: FETCH_FAILED (no connection, an answer that is no file: answer->code, a body that ended early or stalled),
 * FETCH_REFUSED (a wrong kind of address, or a redirect to one), CANCELLED (go_on), UNSUPPORTED_FORMAT (a build without
 * libcurl), and what begin and take return. */
gpen_status http_get(const http_request *request, http_answer *answer, gpen_error *error);

/* Where a redirect leads, written over `address`. Errors: FETCH_REFUSED, UNSUPPORTED_FORMAT; the address is as it was. */
gpen_status http_follow(char address[HTTP_MAX_ADDRESS], const char *location, gpen_error *error);

/* Does an address (a struct sockaddr of so many bytes) belong to the public internet? Not: this machine, private and
 * link-local networks, those for tests and for many receivers, and IPv6's ways of writing such. */
struct sockaddr;
bool http_address_is_public(const struct sockaddr *address, size_t length);

/* Is there a libcurl in this build? */
bool http_available(void);

#endif

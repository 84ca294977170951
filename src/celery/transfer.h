/* transfer.h: pictures by http. Private to src/celery. */
#ifndef GPEN_CELERY_TRANSFER_H
#define GPEN_CELERY_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct transfer_rules {
    bool private_addresses;       /* may be talked to */
    size_t most_bytes;            /* of a picture */
    const atomic_bool *cancelled; /* looked at several times a second */
} transfer_rules;

/* Fetches into an open file. Errors: FETCH_REFUSED (a private address, neither http nor https), FETCH_FAILED (no connection, no
 * end, a server out of order: it may pass), INPUT_MISSING (the server does not have it, or does not give it), TOO_LARGE, CANCELLED,
 * WRITE_FAILED, DISK_FULL, UNSUPPORTED_FORMAT (a build without libcurl). */
gpen_status transfer_get(const transfer_rules *rules, const char *address, int file, gpen_error *error);

/* PUTs the file, which is read from its beginning; kind: its Content-Type. Redirects are not followed: the address was signed.
 * Errors: as above; WRITE_FAILED too where the server does not take it. */
gpen_status transfer_put(const transfer_rules *rules, const char *address, int file, const char *kind,
                         gpen_error *error);

/* The address without what follows '?': signatures are nobody else's business. Static text length: the caller prints so many bytes. */
int transfer_shown(const char *address);

#endif

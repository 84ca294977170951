/* inflate.h: compressed message bodies. Private to src/celery. */
#ifndef GPEN_CELERY_INFLATE_H
#define GPEN_CELERY_INFLATE_H

#include "base/error.h"

/* Expands what kombu's compression `kind` made. *out is malloc'ed (free) and followed by a zero. Errors: UNSUPPORTED_FORMAT (another
 * kind), TOO_LARGE (over `most` bytes, found before more is made), UNREADABLE, OUT_OF_MEMORY. */
gpen_status inflate_body(const char *kind, const unsigned char *bytes, size_t count, size_t most, char **out,
                         size_t *length, gpen_error *error);

#endif

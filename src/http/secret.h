/* secret.h: the token that lets people and programs in, and the cookie that stands for it in a browser. */
#ifndef GPEN_HTTP_SECRET_H
#define GPEN_HTTP_SECRET_H

#include <stdbool.h>

#include "base/error.h"

#define SECRET_COOKIE "gpen_session"

enum { SECRET_LEAST = 8, SECRET_LONGEST = 512, SECRET_COOKIE_LENGTH = 64 };

typedef struct secret {
    char token[SECRET_LONGEST + 1]; /* "": none is asked for */
    char cookie[SECRET_COOKIE_LENGTH +
                1]; /* what a browser gets: made from the token, so that it outlives a restart, and not
                                               leading back to it */
} secret;

/* From the first line of a file, or from `text` where path is NULL; NULL both: none is asked for. Errors: INPUT_MISSING,
 * BAD_ARGUMENT (shorter than SECRET_LEAST characters, too long, or with blanks or control characters). */
gpen_status secret_read(secret *out, const char *path, const char *text, gpen_error *error);

/* Compares without saying by its time how much of it is right. */
bool secret_is_token(const secret *known, const char *given);
bool secret_is_cookie(const secret *known, const char *given);

/* Forgets it, in memory too. */
void secret_clear(secret *known);

#endif

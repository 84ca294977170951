/* cookie.h: one cookie of a request. */
#ifndef GPEN_HTTP_COOKIE_H
#define GPEN_HTTP_COOKIE_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the cookie `name` in the value of a Cookie header and copies its value. False: it is not there, there are two of
 * them, or it does not fit in `capacity` bytes with its zero; value is "" then. header NULL is fine. */
bool cookie_find(const char *header, const char *name, char *value, size_t capacity);

#endif

/* base64.h: bytes as text, as message bodies and small pictures travel. Private to src/celery. */
#ifndef GPEN_CELERY_BASE64_H
#define GPEN_CELERY_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that `length` characters become at most, and characters that `length` bytes become, the zero behind them not counted. */
static inline size_t base64_most_bytes(size_t length)
{
    return length / 4 * 3 + 3;
}

static inline size_t base64_length(size_t length)
{
    return (length + 2) / 3 * 4;
}

/* Strict: the standard alphabet with its padding, line ends between characters allowed. `bytes` has room for
 * base64_most_bytes(length). False: it is none. */
bool base64_decode(const char *text, size_t length, unsigned char *bytes, size_t *count);

/* text has room for base64_length(count) + 1; ends with a zero. */
void base64_encode(const unsigned char *bytes, size_t count, char *text);

#endif

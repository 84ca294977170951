/* json_pull.h: reads JSON one token at a time, for a caller that knows what must come next.
 *
 * A strict reader for a grammar of fixed shape (a safetensors header): nothing is built, nothing is skipped, and since
 * the caller descends by its own calls, nesting is as deep as the caller goes. Each function moves past leading white
 * space, and on failure leaves the position and what was expected there.
 */
#ifndef GPEN_WEIGHTS_JSON_PULL_H
#define GPEN_WEIGHTS_JSON_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weights/arena.h"

typedef struct json_cursor {
    const char *start, *at, *end;
    const char *problem; /* what is wrong at `at`; static text */
} json_cursor;

typedef struct json_text {
    const char *text; /* UTF-8 without zero bytes, terminated */
    size_t length;
} json_text;

/* Passes the one character if it comes next; no failure if not. */
bool json_passes(json_cursor *cursor, char character);

/* Passes the one character, which must come next. */
bool json_expect(json_cursor *cursor, char character);

/* A string, its escapes resolved. Bad UTF-8, half surrogate pairs and U+0000 are refused. */
bool json_pull_string(json_cursor *cursor, arena *memory, json_text *string);

/* A whole number from 0 to INT64_MAX, written without fraction, exponent or leading zero. */
bool json_whole_number(json_cursor *cursor, int64_t *number);

/* Nothing but white space is left. */
bool json_end(json_cursor *cursor);

#endif

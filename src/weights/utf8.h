/* utf8.h: is this text well-formed UTF-8, how a code point is written in it, and how a foreign text is shown in a
 * message. */
#ifndef GPEN_WEIGHTS_UTF8_H
#define GPEN_WEIGHTS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No stray or missing continuation bytes, no overlong forms, no surrogates, nothing above U+10FFFF, no zero byte. */
bool utf8_valid(const char *text, size_t length);

/* Writes one code point (below 0x110000) and returns how many bytes, 1 to 4, it took. */
size_t utf8_write(uint32_t code_point, char bytes[4]);

/* A text from a file, made fit for a message: cut to whole characters, bytes that are not UTF-8 shown as '?'.
 *     gpen_fail(error, GPEN_MODEL_INVALID, "unknown key %s", text_shown(key, length).text); */
typedef struct shown_text {
    char text[100];
} shown_text;

shown_text text_shown(const char *text, size_t length);

#endif

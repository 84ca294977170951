/* The characters of a text that anyone may have written: a file's name, a message from elsewhere. */
#ifndef GPEN_BASE_CHARACTERS_H
#define GPEN_BASE_CHARACTERS_H

#include <stdbool.h>
#include <stdint.h>

/* The character at *at, which is moved behind it; -1, and one byte on, when it is not UTF-8. At the end: 0. */
int32_t text_next(const char **at);

bool text_is_utf8(const char *text);

#endif

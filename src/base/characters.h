/* The characters of a text that anyone may have written: a file's name, a message from elsewhere. */
#ifndef GPEN_BASE_CHARACTERS_H
#define GPEN_BASE_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at *at, which is moved behind it; -1, and one byte on, when it is not UTF-8. At the end: 0. */
int32_t text_next(const char **at);

bool text_is_utf8(const char *text);

typedef struct text_range {
    int32_t first, last;
} text_range;

bool text_in_ranges(int32_t character, const text_range *ranges, size_t count);
#define TEXT_IN_RANGES(character, ranges) text_in_ranges(character, ranges, sizeof(ranges) / sizeof *(ranges))

/* No UTF-8, a control character, or one that turns the direction of what follows: a name with it can pretend to be another. */
bool text_is_unsafe(int32_t character);

#endif

/* text.h: text for terminals. Private to src/cli.
 *
 * Names of files are bytes that anyone may have chosen. What reaches a terminal is valid UTF-8 without control characters, so
 * that a name can neither move the cursor nor forge a line; each byte or character that is not wanted is shown as '?'. */
#ifndef GPEN_CLI_TEXT_H
#define GPEN_CLI_TEXT_H

#include <gpen.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/characters.h"

/* Prints text safely. */
void text_print(FILE *out, const char *text);

/* Columns that the text takes on a terminal: East Asian wide characters two, combining ones none. */
int text_columns(const char *text);

/* The same text, safe, in at most `columns`: the middle of a longer one is left out ("holi...0042.jpg"), so that its ending can
 * be seen. capacity: 4 * columns + 1 is always enough. */
void text_fit(char *out, size_t capacity, const char *text, int columns);

/* The language that LC_ALL, LC_MESSAGES or LANG (the first that is set) asks for. */
gpen_language text_language(void);

/* "0.41 s", "2 min 05 s", "3 h 20 min". */
void text_duration(char *out, size_t capacity, double seconds);

#endif

/* nearest.h: which word was meant. Private to src/cli. */
#ifndef GPEN_CLI_NEAREST_H
#define GPEN_CLI_NEAREST_H

#include <stddef.h>

/* The one of names[0 .. count - 1] that a person who wrote `word` may have meant, or NULL when none is near. */
const char *nearest_word(const char *word, const char *const *names, size_t count);

#endif

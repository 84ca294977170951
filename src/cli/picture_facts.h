/* picture_facts.h: what the doctor says about pictures. Private to src/cli. */
#ifndef GPEN_CLI_PICTURE_FACTS_H
#define GPEN_CLI_PICTURE_FACTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct picture_facts {
    char library[64]; /* its name and version; "" in a build without pictures */
    char read[128];   /* the formats, separated by ", " */
    char written[128];
    char unread[128]; /* formats that this program knows and this machine's library does not */
} picture_facts;

/* False when the library does not work, and why in *problem. */
bool picture_facts_find(picture_facts *facts, char *problem, size_t capacity);

#endif

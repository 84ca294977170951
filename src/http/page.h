/* page.h: the files of the page, as the build put them into the program. */
#ifndef GPEN_HTTP_PAGE_H
#define GPEN_HTTP_PAGE_H

#include <stddef.h>

typedef struct page_file {
    const char *name; /* "code/main.js"; NULL: the end */
    const char *type;
    const unsigned char *bytes;
    size_t length;
} page_file;

/* Made by scripts/embed-page.py. */
extern const page_file page_files[];
extern const char page_hash[]; /* of all of them */

#endif

/* sniff.h: the kind of a file by its first bytes, as browsers are told it. */
#ifndef GPEN_HTTP_SNIFF_H
#define GPEN_HTTP_SNIFF_H

#include <stddef.h>

enum { SNIFF_BYTES = 16 };

/* "image/jpeg", ...; "application/octet-stream" for all that is no picture a browser may show, SVG above all. Static. */
const char *sniff_type(const unsigned char *bytes, size_t count);

#endif

/* names.h: file names that come from strangers, and file names in answers. */
#ifndef GPEN_HTTP_NAMES_H
#define GPEN_HTTP_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_LONGEST_PATH = 1024 }; /* bytes of a relative path, and the zero behind it */

/* Makes of an uploaded file's name ("Holiday\\..\\2019/a b.jpg") a relative path that is safe below any folder: folders are
 * kept, \ counts as /, empty parts, "." and ".." are dropped, bytes that are no UTF-8 and control characters become '_', a leading dot
 * too; a part has at most 200 bytes, cut in its middle so that the ending stays, and of too many folders the innermost are
 * kept. A name of which nothing is left is "photo". Never fails. */
void name_clean(const char *given, char cleaned[NAMES_LONGEST_PATH]);

/* A Content-Disposition for the bare name of `path`: `inline` or `attachment`, the name in ASCII, and in full as RFC 8187 writes it
 * where that differs. The caller's (free); NULL: no memory. */
char *disposition(bool attachment, const char *path);

/* Undoes %XX in place, for one part of a request's path. False: it is malformed, holds a zero, a slash or a backslash, or is no
 * UTF-8. */
bool part_decode(char *part);

#endif

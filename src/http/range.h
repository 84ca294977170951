/* range.h: which part of a file a request asks for, and whether it has it already. Pure functions over header values. */
#ifndef GPEN_HTTP_RANGE_H
#define GPEN_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum range_kind {
    RANGE_WHOLE,  /* no range, several, or one that makes no sense: all of it is sent, as RFC 9110 allows */
    RANGE_PART,   /* first..last */
    RANGE_BEYOND, /* none of it is there: 416 */
} range_kind;

typedef struct byte_range {
    int64_t first, last; /* inclusive, 0 <= first <= last < length */
} byte_range;

/* header: the value of Range, or NULL. length: of the file, from 0. *range is set for RANGE_PART. */
range_kind range_parse(const char *header, int64_t length, byte_range *range);

/* Does a list of entity tags, as If-None-Match has it, name `etag` ("..." with its quotes)? "*" names each; W/ is no
 * difference. list NULL: no. */
bool etag_listed(const char *list, const char *etag);

/* May a range be answered in part: If-Range is absent (NULL), or is exactly this tag? */
bool range_still_valid(const char *if_range, const char *etag);

#endif

/* Moments as programs write them. */
#ifndef GPEN_BASE_DATE_H
#define GPEN_BASE_DATE_H

#include <stdint.h>

enum { DATE_TEXT = 32 };

/* Milliseconds since 1970, now. */
int64_t date_now(void);

/* RFC 3339 in universal time: "2026-05-04T10:11:12.345Z"; "" for a moment that no calendar has. */
void date_text(int64_t milliseconds, char text[DATE_TEXT]);

#endif

/* moment.h: moments of the calendar as Celery writes them (ISO 8601). Private to src/celery. */
#ifndef GPEN_CELERY_MOMENT_H
#define GPEN_CELERY_MOMENT_H

#include <stdbool.h>

enum { MOMENT_TEXT = 40 };

/* Seconds since 1970 now, by the machine's calendar clock, which other machines share. */
double moment_now(void);

/* "2026-11-20T14:30:00.5+02:00", the fraction and the offset may be missing (then UTC), 'T' may be a space, 'Z' is UTC.
 * False: it is no moment between the years 1970 and 9999. */
bool moment_read(const char *text, double *seconds);

/* "2026-11-20T12:30:00.500000+00:00" */
void moment_write(double seconds, char text[MOMENT_TEXT]);

#endif

/* absence.h: a broker that is away for a while. Private to src/celery.
 *
 * It is said when it begins and when it ends, not each time that it is tried; and it is tried less and less often. */
#ifndef GPEN_CELERY_ABSENCE_H
#define GPEN_CELERY_ABSENCE_H

#include <stdbool.h>

#include "base/error.h"

typedef struct broker_absence {
    double since;        /* 0: it is there. Times are of the monotonic clock */
    double next_attempt; /* not before */
    double wait;         /* after the next failure */
} broker_absence;

/* The connection was lost, or could not be made. */
void absence_begins(broker_absence *absence, const gpen_error *why);

/* It could. */
void absence_ends(broker_absence *absence);

/* May it be tried (again)? */
bool absence_may_try(const broker_absence *absence);

#endif

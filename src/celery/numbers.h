/* numbers.h: counting for celery_numbers. Private to src/celery. NULL for the numbers: nobody looks. */
#ifndef GPEN_CELERY_NUMBERS_H
#define GPEN_CELERY_NUMBERS_H

#include "batch/photo_numbers.h"
#include "celery/celery.h"

struct work;

/* How a worker is just now. */
typedef struct numbers_look {
    bool broker_up, stopping, paused;
    int planned, ready; /* processes */
    size_t active, reserved, scheduled;
    int64_t memory; /* bytes, of its processes */
    unsigned deaths;
} numbers_look;

/* The worker has turned once more. */
void numbers_turn(celery_numbers *numbers, const numbers_look *look);

/* A task ended, or is to be tried again. */
void numbers_end(celery_numbers *numbers, const struct work *w);

#endif

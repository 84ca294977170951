/* pace.h: how fast batches come on, for telling people how long it will take. Plain data. */
#ifndef GPEN_HTTP_PACE_H
#define GPEN_HTTP_PACE_H

#include <stdint.h>

enum { PACE_BATCHES = 32 };

typedef struct pace {
    int64_t batch;
    double last;    /* when a photo last came to its end, or the first was begun; clock_seconds */
    double seconds; /* from one end to the next, as it was lately; 0: none came yet */
} pace;

/* The batches that were worked on lately; zeroed: none. */
typedef struct pace_table {
    pace rows[PACE_BATCHES];
} pace_table;

/* A photo of the batch was begun, came to its end. */
void pace_begin(pace_table *table, int64_t batch, double now);
void pace_end(pace_table *table, int64_t batch, double now);

/* Seconds a photo; 0: not known. */
double pace_of(const pace_table *table, int64_t batch);

#endif

/* photo_numbers.h: what became of photos since a program's start, counted, for a server and for a worker in a fleet alike. Plain data:
 * who shares it among threads has a lock. Zeroed: nothing yet. */
#ifndef GPEN_BATCH_PHOTO_NUMBERS_H
#define GPEN_BATCH_PHOTO_NUMBERS_H

#include "base/metrics_text.h"
#include "batch/job.h"
#include "batch/store.h"

typedef struct photo_numbers {
    long long attempts[STORE_STATES], reasons[GPEN_STATUS_COUNT];
    metrics_histogram stages[STORE_STAGES];
    long long restored, skipped, failed_faces;
} photo_numbers;

/* An attempt at a photo ended in this state; reason: of a failed one. */
void photo_numbers_count(photo_numbers *numbers, store_state state, gpen_status reason, const job_result *result);

/* Writes PREFIX_attempts_total by state, PREFIX_failures_total by reason, PREFIX_stage_seconds and PREFIX_faces_total. */
void photo_numbers_write(const photo_numbers *numbers, const char *prefix, FILE *out);

#endif

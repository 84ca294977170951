/* metrics.h: numbers for operators, counted as things happen, written as Prometheus reads them. Any thread may call any function. */
#ifndef GPEN_HTTP_METRICS_H
#define GPEN_HTTP_METRICS_H

#include "batch/photo_numbers.h"

typedef struct metrics metrics;

gpen_status metrics_new(metrics **out, gpen_error *error);
void metrics_free(metrics *numbers);

/* A request was answered. route: a pattern of routes.h. */
void metrics_answer(metrics *numbers, const char *route, unsigned status, double seconds);

/* An attempt at an item ended in this state; reason: of a failed one. */
void metrics_item(metrics *numbers, store_state state, gpen_status reason, const job_result *result);

void metrics_slow_client(metrics *numbers, int count);
void metrics_upload(metrics *numbers, long long bytes);

/* Writes what was counted. */
void metrics_write(metrics *numbers, FILE *out);

#endif

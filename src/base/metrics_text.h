/* Numbers for operators, written as Prometheus reads them (its text format, version 0.0.4). */
#ifndef GPEN_BASE_METRICS_TEXT_H
#define GPEN_BASE_METRICS_TEXT_H

#include <stdio.h>

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What a number is, for people and for Prometheus; kind: "counter", "gauge" or "histogram". */
void metrics_about(FILE *out, const char *name, const char *help, const char *kind);

/* One number: its help, kind and value. labels: "" or "{a=\"b\"}". help NULL: a further line of the name before. */
void metrics_value(FILE *out, const char *name, const char *help, const char *kind, const char *labels, double value);

/* How long things took, in seconds. Zeroed: none yet. */
enum { METRICS_BUCKETS = 15 };
typedef struct metrics_histogram {
    long long counts[METRICS_BUCKETS + 1]; /* the last has no upper bound */
    double sum;
} metrics_histogram;

void metrics_observe(metrics_histogram *of, double seconds);

/* label: "stage=\"decode\"". metrics_about stands before the first of a name. */
void metrics_histogram_write(FILE *out, const char *name, const char *label, const metrics_histogram *of);

#endif

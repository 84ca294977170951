/* report.h: what is said about a batch while it runs and behind it. Private to src/cli.
 *
 * For people: a progress line on standard error when that is a terminal; a line an item on standard output when no progress
 * line is shown, or when standard output goes elsewhere than to a terminal; at the end a summary on standard output, and the
 * failures with their reasons on standard error. Quiet leaves only the failures.
 * For programs (json): a line an item and one summary, JSON, on standard output, and nothing else. */
#ifndef GPEN_CLI_REPORT_H
#define GPEN_CLI_REPORT_H

#include "batch/job.h"
#include "batch/receipt.h"
#include "cli/progress.h"

typedef enum item_state {
    ITEM_DONE,
    ITEM_FAILED,
    ITEM_SKIPPED, /* its result is there already */
    ITEM_PLANNED, /* a dry run: it would be done */
    ITEM_STOPPED, /* interrupted before it was done; not reported, it remains */
    ITEM_STATES,
} item_state;

/* What it points to is not its own. */
typedef struct item_outcome {
    item_state state;
    size_t number; /* its place among the photos, from 1; 0: not known */
    const char *input;
    const char *output; /* may be NULL */
    const char *copy;   /* of a failed one: where the photo itself was put, or NULL */
    gpen_error error;   /* why it failed, or was skipped */
    const char *notes;  /* what was lost on the way, one sentence a line, or NULL */
    double load_seconds, enhance_seconds, save_seconds;
    int width, height; /* of the photo as it came, upright; 0 before it was read */
    bool aligned;      /* it is one face, and all of it */
    gpen_faces faces;  /* else: those in it */
    size_t restored;   /* how many faces were */
    const receipt *made;
    const gpen_settings *look;
} item_outcome;

/* How many faces it has; a crop is one. */
size_t item_faces(const item_outcome *outcome);

double item_seconds(const item_outcome *outcome);

/* A failure, kept to be listed at the end. */
typedef struct report_failure {
    char *input;
    gpen_error error;
} report_failure;

typedef struct batch_report {
    bool json, quiet;
    bool lines; /* a line an item on standard output */
    gpen_language language;
    progress_line progress;
    size_t total, counts[ITEM_STATES];
    double begun;
    size_t faces_restored;
    size_t faceless;                                    /* photos that were done and have none */
    char current[JOB_MOST_NAME];                        /* the name of what is worked on; "": nothing yet */
    size_t reasons[GPEN_STATUS_COUNT];                  /* why how many failed */
    const char *model, *model_path, *detector, *parser; /* may be NULL; not owned */
    report_failure *failures;
    size_t failure_count, failure_capacity;
} batch_report;

/* Release with report_free. */
batch_report report_begin(size_t total, bool json, bool quiet);
void report_free(batch_report *report);

/* While it is worked on: it is the newest of those. Several may be. */
void report_item_begin(batch_report *report, const char *input);

/* Its end, whether or not it was begun. */
void report_item_end(batch_report *report, const item_outcome *outcome);

/* While a photo with several faces is worked on: so many of them are through. */
void report_faces(batch_report *report, const char *input, size_t ended, size_t total);

/* A sentence about the whole, that must not wait for the end. */
void report_say(batch_report *report, const char *sentence);

/* Why nothing could start. Returns CLI_NOTHING_STARTED. */
int report_nothing(bool json, const gpen_error *error);

/* As report_end, of a run that could not go on, after some of it was done or nothing was. */
int report_broken(batch_report *report, const gpen_error *error);

/* The summary; signal: what ended it early, or 0. Returns the exit status. */
int report_end(batch_report *report, int signal);

#endif

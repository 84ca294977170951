/* pull_report.h: what is said about a download while it runs and behind it. Private to src/cli. */
#ifndef GPEN_CLI_PULL_REPORT_H
#define GPEN_CLI_PULL_REPORT_H

#include "cli/progress.h"
#include "weights/weights.h"

typedef struct pull_report {
    bool json, quiet;
    gpen_language language;
    progress_line progress;
    const char *name;     /* of the model; not owned */
    gpen_error failed;    /* what the last address failed with, said when the next one's turn comes */
    char *failed_address; /* NULL: nothing is to be said */
    double rate_since;    /* when this address began to deliver, */
    int64_t rate_from;    /* and how much there was then; -1: it has not */
    double told;          /* when the last line of progress was written (json) */
    bool waiting;         /* that it waits was said */
} pull_report;

/* Release with pull_report_end or pull_report_failed, one for each model. */
pull_report pull_report_begin(const char *name, bool json, bool quiet);

/* While it runs. */
void pull_report_event(pull_report *report, const pull_event *event);

/* It is installed; present: it was before. */
void pull_report_end(pull_report *report, bool present);

/* It is not, for this reason. */
void pull_report_failed(pull_report *report, const gpen_error *error);

#endif

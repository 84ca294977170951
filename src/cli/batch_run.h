/* batch_run.h: items of a store are worked through, and what becomes of them goes into a report. What `gpen enhance` and
 * `gpen batch retry` have in common. Private to src/cli. */
#ifndef GPEN_CLI_BATCH_RUN_H
#define GPEN_CLI_BATCH_RUN_H

#include "batch/scheduler.h"
#include "cli/report.h"

/* The folder of small pictures, in the store's. */
#define STORE_THUMBNAILS "small"

/* What is said of a report's name with another ending, which follows. */
#define REPORT_NAMES "--report takes a name that ends with .html, .json or .csv, not '%s'"

typedef struct batch_run {
    /* The caller's */
    const batch_settings *settings;
    const char *out;    /* the output folder: absolute, there */
    const char *single; /* the name of one result there, which has a store of its own; NULL: the folder's */
    const char *store;  /* its folder, where it is another than that of OUT; NULL: that */
    int workers, photos;
    worker_setup setup;
    batch_report *report;
    bool quiet; /* nothing is said but through the report */
    int thumbnail_edge; /* of small pictures of the photos, kept beside the store until the batch is cleaned; 0: none are made */
    void *context;
    /* How a person knows the item: its place in the list (from 1; 0: in none), its path, its result's. NULL: as the store has it. */
    size_t (*name)(void *context, const store_item *item, const char **input, const char **output);
    char *(*crops)(void *context, const store_item *item);   /* as in scheduler_events */
    bool (*may_write)(void *context, const char *path);      /* likewise */
    void (*ready)(void *context, const worker_ready *ready); /* the first worker is */

    /* Its own */
    char *folder;     /* of the store */
    char *thumbnails; /* folder of small pictures, or NULL */
    crash_sender *crash_sender;
    int64_t batch; /* that this run is about; who adds it sets it */
    bool passing;  /* the folder goes when the run is over */
    char *records; /* folder of crashes' records */
    scheduler *scheduler;
    receipt made;
    char level[32];
} batch_run;

/* Where the store of an output folder, or of a single result there, is, below the state folder. The caller's (free); NULL: no memory, or no
 * home is known. */
char *batch_store_folder(const char *out, const char *single);

/* Sets run->setup to the models and the precision of the settings, with the folder of packed weights. */
void batch_run_models(batch_run *run);

/* Opens the store and its scheduler. A damaged store is put aside and said to be. Release with batch_run_close. Errors: those of
 * scheduler_new. */
gpen_status batch_run_open(batch_run *run, gpen_error *error);

/* Works until everything in the store has come to its end, or a person stops it. Errors: those of scheduler_turn. */
gpen_status batch_run_go(batch_run *run, gpen_error *error);

void batch_run_close(batch_run *run); /* zeroed ones are fine */

#endif

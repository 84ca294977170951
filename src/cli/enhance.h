/* enhance.h: what the files of `gpen enhance` share. Private to them. */
#ifndef GPEN_CLI_ENHANCE_H
#define GPEN_CLI_ENHANCE_H

#include "batch/batch_settings.h"
#include "cli/batch_run.h"
#include "cli/output_names.h"
#include "cli/photo_list.h"
#include "cli/report.h"

/* What a person chose. */
typedef struct enhance_settings {
    const char *model, *detector, *parser; /* NULL: the best there is */
    const char *out;
    const char *report;   /* NULL: none */
    const char *log_file; /* NULL: as the environment says */
    gpen_settings look;   /* how faces are chosen and restored */
    int format;           /* index of the option's choices */
    int max_edge;         /* pixels; 0: as large as it came */
    int quality, max_megapixels;
    int workers, threads; /* 0: as the machine allows */
    int memory_limit;     /* MiB a worker; 0: as the machine allows */
    int timeout;          /* seconds a photo */
    int precision;        /* index of the option's choices, which are in the order of gpen_precision */
    int on_failure;       /* likewise of failure_policy */
    bool aligned, save_faces, require_face, overwrite, dry_run, json, quiet;
    bool out_is_file; /* `out` is the one result's own name, not a folder */
} enhance_settings;

/* The choices of --format, in their order. */
enum { WRITE_KEEP, WRITE_PNG, WRITE_JPEG, WRITE_WEBP, WRITE_TIFF };

/* Reads the arguments and refuses what cannot be meant (enhance_options.c). The photos are moved to argv[1 .. *count].
 * Returns CLI_GO_ON, or the exit status. */
int enhance_options_read(int argc, char **argv, enhance_settings *settings, int *count);

/* One of the photos, with what there is to do about it. */
typedef struct planned_photo {
    const photo_item *photo;
    char *output;     /* as a person writes it */
    char *crops;      /* what the names of its saved faces begin with, or NULL */
    item_state state; /* ITEM_STOPPED: it is to be done; else what it has come to without any work */
    gpen_error error; /* of a failed or skipped one */
    store_content content;
    int64_t item; /* in the store; 0: not there */
} planned_photo;

/* All of them, in the order in which they were found. */
typedef struct enhance_plan {
    const enhance_settings *settings;
    photo_list photos;
    planned_photo *planned;  /* one for each */
    size_t to_do;            /* how many of them are to be done */
    planned_photo **by_item; /* those that are in the store, by number */
    size_t item_count;
} enhance_plan;

/* Names each photo's result and says what is to be done about it; opens no picture but for its first bytes (enhance_plan.c). `photos` is
 * filled before. Release with enhance_plan_free. Errors: OUT_OF_MEMORY. */
gpen_status enhance_plan_make(enhance_plan *plan, gpen_error *error);
void enhance_plan_free(enhance_plan *plan);

/* Puts what is to be done into the store of the run, continuing the batch that an earlier run of the same command left unfinished
 * (enhance_store.c). Errors: those of the store. */
gpen_status enhance_store(enhance_plan *plan, batch_run *run, const batch_settings *settings, gpen_error *error);

/* The report that settings->report asks for (enhance_report.c). Whether it can be written, asked before work begins: errors as of
 * folder_make and atomic_file_check. */
gpen_status enhance_report_prepare(const enhance_settings *settings, gpen_error *error);

/* The edge of small pictures that it wants; 0: none. */
int enhance_report_edge(const enhance_settings *settings);

/* Writes it, if one is wanted: after the work, and before the run is closed; run NULL: there was nothing to do. False: it could not
 * be written, which was said. */
bool enhance_report(const enhance_plan *plan, const batch_run *run);

/* The planned photo of an item, or NULL. */
const planned_photo *enhance_find(const enhance_plan *plan, int64_t item);

#endif

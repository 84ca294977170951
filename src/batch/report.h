/* report.h: what became of batches, as one file for people (HTML), for programs (JSON) or for spreadsheets (CSV).
 *
 *     const report_options options = {.batches = &id, .batch_count = 1, .thumbnails = folder, .language = GPEN_ENGLISH,
 *                                     .now = date_now()};
 *     gpen_status status = report_write(store, &options, "report.html", &error);
 *
 * The page needs nothing but itself: no script, no address, small pictures in it. What the fields of the other two mean stands in
 * docs/REPORTS.md; they are an interface. All texts in all three are escaped: a photo may be called anything. */
#ifndef GPEN_BATCH_REPORT_H
#define GPEN_BATCH_REPORT_H

#include "batch/store.h"

typedef enum report_format { REPORT_HTML, REPORT_JSON, REPORT_CSV } report_format;

typedef struct report_options {
    const int64_t *batches; /* which, in this order */
    size_t batch_count;
    const store_item
        *others; /* photos that are in no store, behind the others: FAILED with a reason before they were added;
                               * CANCELLED for the reason EXISTS, left because their results were there; QUEUED, not begun. Not owned */
    size_t other_count;
    const char *thumbnails; /* the folder of small pictures (job_thumbnails); NULL: none */
    gpen_language language; /* of what people read */
    int64_t now;            /* milliseconds since 1970 */
    bool interrupted;       /* the work was stopped before its end */
} report_options;

/* The format by the name's ending (.html, .htm, .json, .csv, in any case); false: another one. */
bool report_format_of_name(const char *path, report_format *format);

/* Writes the report to `path`, whose ending says which kind; what was there is replaced at once, or not at all. Small pictures are
 * taken from options->thumbnails as far as they are there, up to REPORT_MOST_PICTURES bytes of them, failed photos first.
 * store may be NULL without a batch. Errors: BAD_ARGUMENT (ending, or no such batch), those of the store and of atomic_file. */
gpen_status report_write(batch_store *store, const report_options *options, const char *path, gpen_error *error);

enum { REPORT_MOST_PICTURES = 64 << 20, REPORT_MOST_PICTURE = 1 << 20 /* of one */ };

#endif

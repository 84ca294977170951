/* What the files of the report share. Private to them. */
#ifndef GPEN_BATCH_REPORT_ROOM_H
#define GPEN_BATCH_REPORT_ROOM_H

#include <stdio.h>

#include "base/json_write.h"
#include "batch/batch_settings.h"
#include "batch/report.h"

/* Sums over all items. */
typedef struct report_totals {
    int64_t items, states[STORE_STATES];
    int64_t there;                      /* left, because their results were there; in none of the states */
    int64_t reasons[GPEN_STATUS_COUNT]; /* of the failed ones */
    int64_t faces[GPEN_FACE_STATE_COUNT];
    int64_t faceless;     /* done, and no face was found */
    double seconds;       /* of work, by those that are done */
    int64_t begun, ended; /* the first batch's beginning, the last one's end or now */
} report_totals;

typedef struct report {
    batch_store *store;
    const report_options *options;
    FILE *out;
    store_batch *batches;     /* as many as options->batch_count */
    batch_settings *settings; /* likewise */
    report_totals totals;
    int64_t picture_bytes;  /* that may still go in */
    bool pictures_left_out; /* there was no room for all */
    bool follows;           /* an item was written before */
} report;

typedef enum report_choice { REPORT_ALL, REPORT_FAILED, REPORT_NOT_FAILED } report_choice;

/* Calls visit for the chosen items, batch by batch and by position, then for those that are in no store. */
typedef void report_visit(report *r, const store_item *item);
gpen_status report_each(report *r, report_choice choice, report_visit *visit, gpen_error *error);

/* Seconds of its last attempt; faces that were found in it, and those of them that were restored, left as they were, failed. */
typedef struct report_faces {
    int64_t found, restored, left, failed;
} report_faces;

double report_seconds(const store_item *item);
report_faces report_count_faces(const int64_t faces[GPEN_FACE_STATE_COUNT]);

/* Was it left because its result was there? Its state's name, that one included. */
bool report_was_there(const store_item *item);
const char *report_state_name(const store_item *item);

/* Where the photo itself was put because it failed; the caller's (free). NULL: nowhere. */
char *report_copy(const store_item *item);

/* The settings of the item's batch, which it must have. */
const batch_settings *report_settings_of(const report *r, const store_item *item);

/* Each writes the whole of its format to r->out. */
gpen_status report_html(report *r, gpen_error *error);
gpen_status report_json(report *r, gpen_error *error);
gpen_status report_csv(report *r, gpen_error *error);

/* ---------------------------------------------------------------- the page */

extern const char report_style[]; /* report_style.c */

/* The page's words in one language; all are HTML already. */
typedef struct report_words {
    const char *tag; /* of the language */
    const char *title, *interrupted, *states[STORE_STATES], *there;
    const char *photos, *restored, *faceless, *each;  /* behind a number */
    const char *reasons, *failed, *others, *settings; /* headings */
    const char *before, *after, *advice, *detail, *no_face, *attempts, *result, *copy, *folder, *made;
    const char *pictures_left_out, *altered, *keep;
} report_words;

const report_words *report_words_in(gpen_language language);

/* What people call a setting that a receipt names so. */
const char *report_setting_name(const char *key, gpen_language language);

/* Any text, escaped for contents and attributes; NULL: nothing. */
void html_text(FILE *out, const char *text);
void html_seconds(FILE *out, double seconds);

/* One photo (report_photo.c). */
void report_photo(report *r, const store_item *item);

#endif

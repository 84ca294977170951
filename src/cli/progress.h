/* progress.h: the line on a terminal that says how far it is. Private to src/cli. */
#ifndef GPEN_CLI_PROGRESS_H
#define GPEN_CLI_PROGRESS_H

#include <gpen.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct progress_line {
    bool shown; /* standard error is a terminal that can redraw a line */
    gpen_language language;
    size_t total;
    size_t ended, failed;
    size_t timed;   /* of those ended, the ones that were worked on; what was there already took no time */
    double seconds; /* they took together */
    size_t faces_ended, faces_total; /* of the photo that is worked on; 0: not worth saying */
} progress_line;

/* Decides whether a line can be shown at all. */
progress_line progress_begin(size_t total, bool wanted, gpen_language language);

/* Draws the line anew, with the name of what is worked on now. */
void progress_draw(const progress_line *progress, const char *name);

/* How far a download is. */
typedef struct progress_bytes {
    int64_t ended, total; /* total -1: unknown */
    double rate;          /* bytes a second; 0: not known yet */
} progress_bytes;

/* The same for a download. */
void progress_draw_bytes(const progress_line *progress, const progress_bytes *bytes, const char *name);

/* Takes the line away, so that something else can be printed. */
void progress_clear(const progress_line *progress);

#endif

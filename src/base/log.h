/* log.h: what operators and their programs read about the running of this one: one JSON object a line.
 *
 *     log_event(LOG_WARNING, "worker_died", &(log_about){.batch = 3, .item = 17, .worker = pid},
 *               "the worker crashed (%s)", "SIGSEGV");
 *     log_event(LOG_INFO, "request", &(log_about){.fields = {{"path", .text = "/api/v1/items"}, {"status", .number = 200}}},
 *               "GET %s", path);
 *
 *     {"time":"2026-05-04T10:11:12.345Z","level":"warning","event":"worker_died","process":41,"batch":3,"item":17,
 *      "worker":99,"message":"the worker crashed (SIGSEGV)"}
 *
 * Where to   Appended to the file that GPEN_LOG_FILE names, which is opened for each line: it may be moved away at any time. Where
 *            that cannot be, and without that variable, standard error.
 * Which      Lines above the level in GPEN_LOG (off, error, warning, info, debug) are dropped. Without it: info in a file;
 *            warning on standard error; nothing there when it is a terminal, where the commands' own words are for people.
 * How        A line is whole under many writers: at most LOG_MOST_LINE bytes, written by one write. Longer texts are cut between
 *            characters. A full disk loses the line and nothing else.
 *
 * Never in a line: what is secret (tokens, passwords, a DSN's key). From any thread; errno is as it was. */
#ifndef GPEN_BASE_LOG_H
#define GPEN_BASE_LOG_H

#include <stdint.h>

#include "base/error.h"

typedef enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG } log_level;

enum { LOG_MOST_FIELDS = 12, LOG_MOST_LINE = 4096 /* what a pipe takes at once */ };

/* A further fact: its text, or without one its number. */
typedef struct log_field {
    const char *name; /* lower case and underscores, as all names here; NULL: the end */
    const char *text;
    double number; /* no number (NaN, infinite): null */
} log_field;

/* What a line is about; 0: of none. */
typedef struct log_about {
    int64_t batch, item; /* as the store numbers them */
    int64_t worker;      /* process number */
    log_field fields[LOG_MOST_FIELDS];
} log_about;

/* One line. event: what happened, a name for programs ("item_failed"); the message (printf style) is for people. about may be
 * NULL. */
void log_event(log_level level, const char *event, const log_about *about, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* From now on this process, and those that it starts, log to the file (NULL: as the environment says), which is made when it is
 * not there. Before other threads are started. Errors: WRITE_FAILED, DISK_FULL, OUT_OF_MEMORY. */
gpen_status log_to_file(const char *path, gpen_error *error);

#endif

/* crash.h: what is left of a worker that crashed. Private to src/batch.
 *
 * The worker's half runs in a signal handler: it only writes, with what was prepared, to a pipe that was open before. The
 * supervisor's half reads the pipe when the worker is dead, and believes nothing of it that it cannot check. */
#ifndef GPEN_BATCH_CRASH_H
#define GPEN_BATCH_CRASH_H

#include "batch/job.h"

enum { CRASH_MOST_BYTES = 32768 }; /* of a record in the pipe */

typedef struct crash_record {
    int signal;      /* 0: there is no record */
    bool knows_item; /* it came from work on the item */
    uint64_t item;
    job_stage stage;
    bool out_of_memory;           /* an allocation had just failed for good */
    int64_t resident_bytes;       /* the worker's memory at that moment; 0: unknown */
    char trace[CRASH_MOST_BYTES]; /* functions, innermost first, a line each; "" where the system cannot tell */
} crash_record;

/* ---------------------------------------------------------------- in the worker */

/* From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP and SIGSYS leave a record in the pipe's end `descriptor`, and
 * then end the process as they would have. Once a process, before it shuts itself in. */
gpen_status crash_watch(int descriptor, gpen_error *error);

/* Gives the calling thread a stack of its own for the handler, so that running out of stack is recorded too. Release with
 * crash_thread_end. Errors: OUT_OF_MEMORY. */
gpen_status crash_thread_begin(gpen_error *error);
void crash_thread_end(void);

/* The calling thread works on the item now; stage JOB_WAITING: on none. Threads that never say so count as helpers of the one
 * that computes. */
void crash_mark(uint64_t item, job_stage stage);

/* The next thing may well be abort(): memory ran out where nobody can give up gracefully. */
void crash_mark_memory(void);

/* ---------------------------------------------------------------- in the supervisor */

/* Makes a record of what stood in the pipe. Nothing, or what makes no sense: record->signal is 0. */
void crash_record_read(crash_record *record, const unsigned char *bytes, size_t length);

/* "SIGSEGV". Static, never NULL. */
const char *crash_signal_name(int signal);

/* Writes a record as text: worker, what happened, item, stage, trace. photo may be NULL: no item. Errors: those of
 * atomic_file. */
gpen_status crash_record_save(const crash_record *record, const char *what, const char *photo, const char *path,
                              gpen_error *error);

#endif

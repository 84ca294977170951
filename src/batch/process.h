/* process.h: starting and ending worker processes. Private to src/batch. */
#ifndef GPEN_BATCH_PROCESS_H
#define GPEN_BATCH_PROCESS_H

#include <sys/types.h>

#include "batch/channel.h"

typedef struct process {
    pid_t number; /* 0: there is none */
    channel channel;
    int crash_pipe; /* the end that is read */
    bool killed;
} process;

/* Starts program with the arguments (ended by NULL): in a process group of its own, so that a terminal's Ctrl-C does not reach
 * it; nothing but standard error and its two descriptors (worker.h) open; no signal blocked or caught. The channel's end here
 * does not block. Errors: OUT_OF_MEMORY (descriptors and processes too), INPUT_MISSING (no such program). */
gpen_status process_start(process *p, const char *program, const char *const *arguments, gpen_error *error);

void process_kill(process *p);

/* Has it ended? *how is what waitpid says of it; it is no more then, but channel and pipe are still to be read. Never waits. */
bool process_ended(process *p, int *how);

/* Reads what stands in the crash pipe; the number of bytes. Never waits. */
size_t process_crash_bytes(const process *p, unsigned char *bytes, size_t capacity);

/* Closes what is open. */
void process_release(process *p);

#endif

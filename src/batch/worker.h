/* worker.h: a process that turns orders into results (`gpen internal-worker`, started by pool.h and by nobody else). */
#ifndef GPEN_BATCH_WORKER_H
#define GPEN_BATCH_WORKER_H

#include "base/error.h"

#define WORKER_COMMAND "internal-worker"

/* What a worker finds open: its end of the channel, and the pipe for a crash's record. */
enum { WORKER_CHANNEL = 3, WORKER_CRASH_PIPE = 4 };

/* Serves until it is told to quit or its supervisor is gone. Returns the process's exit status. */
int worker_main(void);

#endif

/* worker_line.h: a worker's side of the channel. Private to src/batch.
 *
 * Several threads send; one listens, and between two orders lets the supervisor know that the process is alive. */
#ifndef GPEN_BATCH_WORKER_LINE_H
#define GPEN_BATCH_WORKER_LINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "batch/channel.h"
#include "batch/pipeline.h"

typedef struct worker_line {
    channel channel;
    pthread_mutex_t sending;
    pthread_t listener;
    pipeline *work;
    int heartbeat_milliseconds;
    atomic_bool ending;
} worker_line;

/* Takes over the descriptor. Release with worker_line_close. Errors: OUT_OF_MEMORY. */
gpen_status worker_line_open(worker_line *line, int descriptor, gpen_error *error);

/* Sends a message; the process ends when that fails, because nobody is left to work for. */
void worker_line_send(worker_line *line, const message *m, const int *files);

/* Waits for one message, before listening begins. False: the supervisor is gone, or makes no sense. */
bool worker_line_wait(worker_line *line, message *m);

/* Begins to listen: orders go into `work`, QUIT closes it; the process ends when the supervisor is gone. Errors: OUT_OF_MEMORY. */
gpen_status worker_line_listen(worker_line *line, pipeline *work, int heartbeat_milliseconds, gpen_error *error);

/* Stops listening and releases everything. */
void worker_line_close(worker_line *line);

#endif

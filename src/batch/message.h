/* message.h: what a supervisor and a worker say to each other. Private to src/batch.
 *
 *     supervisor                       worker
 *     START (models, limits)      ->
 *                                 <-   READY, or REFUSED with the reason
 *     ORDER + photo + result's file -> (as many as it may hold)
 *                                 <-   STAGE, FACES, CROP + file, THUMBNAIL + file, ..., RESULT of each order
 *                                 <-   HEARTBEAT, all the time
 *     TAKE_BACK                   ->   an order that was not begun: its RESULT says CANCELLED; another goes on as if nothing was said
 *     QUIT                        ->   finishes what it computes and writes, returns the others as cancelled, ends
 */
#ifndef GPEN_BATCH_MESSAGE_H
#define GPEN_BATCH_MESSAGE_H

#include "batch/job.h"

enum {
    MOST_PATH = 4096,
    MOST_MODEL_NAME = 256,
    MOST_RESULT_FACES = 1000, /* the detector reports 750 at most */
    MOST_NOTES = 16384,
};

typedef enum message_kind {
    MESSAGE_START = 1,
    MESSAGE_READY,
    MESSAGE_REFUSED,
    MESSAGE_ORDER,
    MESSAGE_STAGE,
    MESSAGE_FACES,
    MESSAGE_CROP,
    MESSAGE_HEARTBEAT,
    MESSAGE_RESULT,
    MESSAGE_QUIT,
    MESSAGE_THUMBNAIL,
    MESSAGE_TAKE_BACK, /* the last one: fuzz_protocol.c counts on it */
} message_kind;

/* A model that a worker opens. path "": none. */
typedef struct worker_model {
    char path[MOST_PATH], name[MOST_MODEL_NAME], sha256[65];
} worker_model;

typedef struct worker_setup {
    worker_model restorer, detector, parser;
    int threads;          /* that compute, 1..256 */
    int memory_mebibytes; /* it may take no more than this; 0: no limit */
    int heartbeat_milliseconds;
    gpen_precision precision;
    char cache[MOST_PATH]; /* folder of packed weights, shared by all workers; "": each has its own */
    int64_t supervisor;    /* its process number */
    bool sandbox;          /* shut itself in, as far as the system can */
} worker_setup;

/* How a worker is shut in (sandbox.h). */
typedef struct worker_ready {
    bool system_calls, files; /* narrowed by seccomp, by Landlock */
    char level[32];           /* of instructions */
    int size;                 /* of the restorer's square, pixels */
    gpen_precision precision; /* FP32 or BF16 */
    int64_t weight_bytes;     /* memory of the packed weights, shared among workers where they have a cache */
    int64_t arena_bytes;      /* memory of the activations: the most that a face touches */
    int64_t resident_bytes;   /* memory of the worker with its models */
} worker_ready;

typedef struct worker_stage {
    uint64_t id;
    job_stage stage;
} worker_stage;

typedef struct worker_faces {
    uint64_t id;
    uint32_t ended, chosen;
} worker_faces;

typedef struct worker_result {
    uint64_t id;
    job_result result;
} worker_result;

typedef struct message {
    message_kind kind;
    union {
        worker_setup start;
        worker_ready ready;
        gpen_error refused;
        job_order order; /* with two open files: the photo to read, the result to write */
        worker_stage stage;
        worker_faces faces;
        job_crop crop;           /* with an open file: a PNG */
        job_thumbnail thumbnail; /* with an open file: a JPEG */
        worker_result result;    /* owned */
        uint64_t unwanted;       /* TAKE_BACK: the order's id */
    };
} message;

/* Releases what a message owns, and zeroes it. */
void message_free(message *m);

/* How many open files go with a kind of message: 0, 1 or 2; -1: there is no such kind. */
int message_files(message_kind kind);

/* Writes what the kind says into bytes. False: it does not fit. */
bool message_write(const message *m, unsigned char *bytes, size_t capacity, size_t *length);

/* The other way: checks every field, whoever wrote it. Errors: UNREADABLE (no such message), OUT_OF_MEMORY; *m is zeroed then.
 * Release with message_free. */
gpen_status message_read(message *m, message_kind kind, const unsigned char *bytes, size_t length, gpen_error *error);

#endif

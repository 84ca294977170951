/* pipeline.h: a worker's photos in four threads. Private to src/batch.
 *
 * While one photo is computed, the next is decoded, the last encoded and the one before that flushed. There is never more than one photo
 * between two threads, and the next is not decoded while it might not fit into memory beside the others. */
#ifndef GPEN_BATCH_PIPELINE_H
#define GPEN_BATCH_PIPELINE_H

#include "batch/photo_job.h"

typedef struct pipeline pipeline;

/* What the pipeline says, from any of its threads. */
typedef struct pipeline_watch {
    void *context;
    void (*stage)(void *context, const job_order *order, job_stage stage);
    void (*faces)(void *context, const job_order *order, size_t ended, size_t chosen);
    gpen_status (*crop)(void *context, const job_crop *which, const gpen_image *pixels, gpen_error *error);
    gpen_status (*thumbnail)(void *context, const job_thumbnail *which, const gpen_image *pixels, gpen_error *error);
    void (*ended)(void *context, const job_order *order, job_result *result); /* stays the pipeline's */
} pipeline_watch;

typedef struct pipeline_options {
    gpen_model *model;
    const receipt *made;
    int64_t memory_bytes; /* for photos; 0: no limit */
    pipeline_watch watch;
} pipeline_options;

/* Release with pipeline_free. Errors: OUT_OF_MEMORY. */
gpen_status pipeline_new(pipeline **out, const pipeline_options *options, gpen_error *error);
void pipeline_free(pipeline *line); /* after pipeline_run */

/* Takes over the open files. Never fails: an order that cannot be taken ends with that reason. From any thread. */
void pipeline_add(pipeline *line, const job_order *order, int input, int output);

/* An order that is not computed yet ends as CANCELLED, however long the one before it takes; any other goes on. From any thread. */
void pipeline_take_back(pipeline *line, uint64_t id);

/* No more orders come: what is computed or written is finished, the others end as CANCELLED. From any thread. */
void pipeline_quit(pipeline *line);

/* Computes in the calling thread until pipeline_quit and all is finished. */
void pipeline_run(pipeline *line);

#endif

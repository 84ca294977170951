/* photo_job.h: the work on one photo, in three parts that may run in different threads: decode, compute, encode. What
 * `gpen enhance` and a worker process both do with a photo, and nothing of how they come by it.
 *
 *     photo_job job;
 *     photo_job_begin(&job, &order, &watch);
 *     if (!photo_job_decode(&job, input) && !photo_job_compute(&job, model) && !photo_job_encode(&job, &made, output))
 *         ...
 *     photo_job_end(&job);
 *
 * Each part returns job->result.error.status, and does nothing when a part before it failed. The parts of one job run one
 * after another; of two jobs, at the same time, but for photo_job_compute with the same model. */
#ifndef GPEN_BATCH_PHOTO_JOB_H
#define GPEN_BATCH_PHOTO_JOB_H

#include "batch/job.h"
#include "batch/kept_photo.h"
#include "batch/receipt.h"
#include "portrait/portrait.h"

/* What a caller may want to see or take. Each may be NULL; all are called by the thread that runs the part. */
typedef struct photo_job_watch {
    void *context;
    void (*stage)(void *context, job_stage stage); /* it begins */
    /* So many of the chosen faces are through. false: stop, the photo is CANCELLED. */
    bool (*faces)(void *context, size_t ended, size_t chosen);
    /* A restored face, when the order says save_faces: as it came, then as it was pasted; valid during the call. What goes
     * wrong becomes a note. */
    gpen_status (*crop)(void *context, const job_crop *which, const gpen_image *pixels, gpen_error *error);
    /* A small picture, when the order has a thumbnail_edge; valid during the call. What goes wrong is forgotten. */
    gpen_status (*thumbnail)(void *context, const job_thumbnail *which, const gpen_image *pixels, gpen_error *error);
} photo_job_watch;

typedef struct photo_job {
    const job_order *order; /* not owned */
    const photo_job_watch *watch;
    kept_photo *kept; /* not owned; NULL: this worker keeps none, and order->keep is not heeded */
    picture photo;
    gpen_image after;  /* the result's small picture, from when it is computed until it is written */
    job_result result; /* may be taken over by copying it and zeroing it here */
    job_stage stage;   /* in which the job is */
    double since;      /* when that began */
    size_t chosen, ended;
} photo_job;

void photo_job_begin(photo_job *job, const job_order *order, const photo_job_watch *watch);

/* Reads the photo from an open file. Errors: those of picture_load_open. */
gpen_status photo_job_decode(photo_job *job, int input);

/* Restores its faces in its own pixels; of an aligned photo, all of it. Errors: NO_FACE (when one is required), CANCELLED, and
 * those of photo_enhance and picture_put. */
gpen_status photo_job_compute(photo_job *job, gpen_model *model);

/* Writes the result with its receipt into an open file, and verifies it; flushing it to the disk and giving it its name is
 * the caller's. Errors: those of picture_write. */
gpen_status photo_job_encode(photo_job *job, const receipt *made, int output);

/* The stage that begins now; for a caller's own parts (JOB_WAITING, JOB_SAVE). */
void photo_job_enter(photo_job *job, job_stage stage);

/* Releases everything. */
void photo_job_end(photo_job *job);

#endif

/* batch_settings.h: what a person chose for a batch, as plain data, and as the JSON that the store keeps. */
#ifndef GPEN_BATCH_SETTINGS_H
#define GPEN_BATCH_SETTINGS_H

#include "batch/message.h"

typedef enum failure_policy {
    FAILURE_SKIP, /* nothing is put in the output folder */
    FAILURE_COPY, /* the photo as it came, under the result's name with its own ending; the item is failed all the same */
} failure_policy;

enum { BATCH_LONGEST_NAME = 200 }; /* bytes */

typedef struct batch_settings {
    char name[BATCH_LONGEST_NAME + 1];       /* what a person calls the batch, UTF-8; "": nothing */
    worker_model restorer, detector, parser; /* path "": those that the scheduler's workers have */
    gpen_precision precision;
    gpen_settings look;
    picture_format format; /* of results; PICTURE_OTHER: each keeps its own, as picture_format_kept has it */
    int quality, max_edge; /* as in picture_save_options */
    int64_t max_pixels;    /* as in picture_limits */
    bool aligned, require_face, save_faces;
    bool single; /* one photo that somebody works on by itself, rather than a batch of theirs: lists may leave it out */
    bool overwrite; /* results, and saved faces, that are there already */
    failure_policy on_failure;
    double seconds; /* the most time that work on a photo may take; 0: the scheduler's */
} batch_settings;

/* The defaults of `gpen enhance`: no models named, keep, quality 95. */
batch_settings batch_settings_default(void);

/* The precision they ask for. Mode plain promises the published arithmetic to within a grey level in each pixel: only fp32 keeps that. */
gpen_precision batch_settings_precision(const batch_settings *settings);

/* As JSON, and the part of it that decides about pixels: a key as store.h wants it. The caller's (free). Errors: OUT_OF_MEMORY. */
gpen_status batch_settings_write(const batch_settings *settings, char **json, char **key, gpen_error *error);

/* The other way. What is not said is as batch_settings_default has it; names that this version does not know are left out of
 * account. Errors: BAD_ARGUMENT (no JSON, or a value outside its range: the message names it), OUT_OF_MEMORY. */
gpen_status batch_settings_read(batch_settings *settings, const char *json, gpen_error *error);

#endif

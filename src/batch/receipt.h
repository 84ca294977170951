/* receipt.h: what made a result.
 *
 * The same facts go into a result's XMP and into the report for programs, so that anyone who has the one or the other can
 * tell that a model altered the picture, which, and how it was set. */
#ifndef GPEN_BATCH_RECEIPT_H
#define GPEN_BATCH_RECEIPT_H

#include "batch/job.h"

typedef struct receipt_model {
    const char *name; /* NULL: none was used. Not owned */
    char sha256[65];  /* "" where this build cannot compute it */
} receipt_model;

/* The same for all photos that the same models restore. */
typedef struct receipt {
    receipt_model restorer, detector, parser;
    const char *level;     /* of instructions: the last bits may depend on it */
    const char *precision; /* "fp32", "bf16" */
} receipt;

#define RECEIPT_CONTROL(field, least, most) RECEIPT_CONTROL_##field,
enum { GPEN_CONTROL_LIST(RECEIPT_CONTROL) RECEIPT_CONTROLS, MOST_RECEIPT_LINES = 28 + RECEIPT_CONTROLS };
#undef RECEIPT_CONTROL

/* The facts of one result, as its XMP takes them. Holds text that the lines point to: not to be copied. */
typedef struct receipt_text {
    picture_receipt_line lines[MOST_RECEIPT_LINES];
    int count;
    char strength[16], faces[24], restored[24];
    char control_keys[RECEIPT_CONTROLS][16], controls[RECEIPT_CONTROLS][8];
    char face_strengths[GPEN_MOST_FACE_STRENGTHS * 16], likeness[GPEN_MOST_FACE_STRENGTHS * 16];
    char extra_faces[GPEN_MOST_EXTRA_FACES * 64];
    char reason[GPEN_CHOICE_BYTES];
} receipt_text;

/* aligned: the photo is one face. The text lives no longer than `made`. */
void receipt_write(receipt_text *text, const receipt *made, const job_result *result, bool aligned);

#endif

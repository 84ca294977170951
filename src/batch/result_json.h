/* result_json.h: what a finished item leaves in the store as JSON. */
#ifndef GPEN_BATCH_RESULT_JSON_H
#define GPEN_BATCH_RESULT_JSON_H

#include <jansson.h>

#include "batch/job.h"
#include "batch/receipt.h"

/* [{"box": [left, top, right, bottom], "score": .., "state": "restored", "seconds": ..}, ...], pixels of the photo; of an aligned photo one
 * without a box. The caller's (free); NULL: no memory. */
char *result_faces_json(const job_result *result, bool aligned);

/* One of them. json_decref; NULL: no memory. */
json_t *result_face_json(const gpen_face *face);

/* What made it: the fields of the receipt of `gpen enhance --json`, and the photo's size and notes. Where the
 * result brings its own, that one, with the notes. The caller's (free); NULL: no memory. */
char *result_receipt_json(const job_result *result, const receipt *made, const gpen_settings *look);

#endif

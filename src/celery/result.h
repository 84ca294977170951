/* result.h: what a task returns, as JSON. Private to src/celery. */
#ifndef GPEN_CELERY_RESULT_H
#define GPEN_CELERY_RESULT_H

#include "celery/room.h"

/* {output, width, height, faces, restored, seconds, notes, receipt, ...}. packed: the result itself as base64, or NULL; kind: its Content-Type.
 * Release with json_decref; NULL: no memory. */
json_t *result_json(const work *w, const char *packed, const char *kind, const celery_options *options);

/* {stage, faces_done, faces_total, seconds, worker}: how far it is. */
json_t *progress_json(const work *w, const char *node, double now);

#endif

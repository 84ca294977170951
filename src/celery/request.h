/* request.h: what a task asks for, from its arguments. Private to src/celery.
 *
 *     gpen.enhance(input, output=None, settings={}, key=None, overwrite=False, extras={})
 *     gpen.detect(input, settings={}, key=None)
 *
 *   input    "a/photo.jpg" beneath a root, "https://...", {"path": ...}, {"url": ...} or {"base64": ...}
 *   output   "b/photo.jpg" beneath a root, "https://..." (a pre-signed PUT), {"path": ...}, {"url": ...}; null: in the result
 *   settings as in settings_json.h
 *   key      work with the same key is done once; the task's id where there is none
 *   extras   what `gpen serve` asks for besides: see request_extras */
#ifndef GPEN_CELERY_REQUEST_H
#define GPEN_CELERY_REQUEST_H

#include "batch/settings_json.h"
#include "celery/task.h"

typedef enum request_kind { REQUEST_ENHANCE, REQUEST_DETECT, REQUEST_KINDS } request_kind;

/* "gpen.enhance". Static. */
const char *request_name(request_kind kind);
bool request_kind_of(const char *name, request_kind *kind);

typedef enum place_kind { PLACE_INLINE, PLACE_PATH, PLACE_URL } place_kind;

typedef struct request_place {
    place_kind kind;
    const char *text; /* the task's: a path, an address, base64; NULL for an output in the result */
    size_t length;
} request_place;

/* {"name": .., "thumbnails": {"path": .., "edge": ..}, "faces": .., "shrink": .., "once": true}; paths beneath a root. */
typedef struct request_extras {
    const char *name;       /* what messages call the photo; NULL: as its file is called */
    const char *thumbnails; /* what the paths of small pictures begin with (job_thumbnail_path); NULL: none are made */
    int thumbnail_edge;
    const char *faces; /* what the paths of saved faces begin with (job_crop_path); NULL: none are */
    int shrink;        /* as in batch_job: the smaller plan that it needs */
    bool once;         /* a failure is told at once: whether it is tried again is the sender's */
} request_extras;

typedef struct task_request {
    request_kind kind;
    request_place input, output;
    batch_settings settings;
    const char *key; /* the task's */
    bool overwrite;
    request_extras extras;
} task_request;

/* Reads the arguments of a task of this kind; the request lives as long as the task. Errors: BAD_ARGUMENT. */
gpen_status request_read(const task_message *task, request_kind kind, task_request *request, gpen_error *error);

#endif

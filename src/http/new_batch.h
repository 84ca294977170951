/* new_batch.h: photos on their way into a batch, as work for a task. */
#ifndef GPEN_HTTP_NEW_BATCH_H
#define GPEN_HTTP_NEW_BATCH_H

#include <jansson.h>

#include "batch/batch_settings.h"
#include "http/server.h"
#include "http/upload.h"

typedef struct new_batch {
    http_server *server;
    batch_settings settings;
    upload *upload;           /* owned; NULL: the photos are named by their paths */
    json_t *paths;            /* owned; array of strings */
    char *input, *relative;   /* owned; in place of both, one photo that the server has already, and its name */
    int64_t batch;            /* that the photos are added to; 0: a new one, whose number this becomes */
    char key[UPLOAD_KEY + 1]; /* of the batch they are added to */
    char too_large[96];       /* what is said of a photo over the limit; new_batch_make writes it */
} new_batch;

/* Puts the photos where they stay, and the batch into the store. Leaves nothing behind when it fails. Errors: BAD_ARGUMENT (a path
 * outside the allowed folders, or no photo), TOO_LARGE (too many), INPUT_MISSING, and those of the scheduler. */
gpen_status new_batch_make(void *batch, gpen_error *error);
void new_batch_free(void *batch);

#endif

/* download.h: one file from several addresses, whatever happens on the way. Private to src/weights. */
#ifndef GPEN_WEIGHTS_DOWNLOAD_H
#define GPEN_WEIGHTS_DOWNLOAD_H

#include "weights/weights.h"

typedef struct download_request {
    const char *const *addresses; /* tried in turn */
    size_t address_count;
    const char *part, *note; /* where the file grows, and what is remembered of it */
    int64_t length;          /* of the file; -1: unknown */
    int64_t limit;           /* no more than so many bytes */
    bool
        sum_known; /* accept compares a sum: then a part may be continued from any address, since a mixture is found out */
    int retries, stall_seconds;

    /* Is the whole file in request->part the right one, and if so, take it. MODEL_INVALID: it is not, the address is given
     * up. Any other error ends the download and keeps the part. */
    gpen_status (*accept)(void *context, gpen_error *error);
    bool (*watch)(void *context, const pull_event *event); /* or NULL; false: stop */
    void *accept_context, *watch_context;
} download_request;

/* Gets the file and has it accepted; then part and note are removed. A part of an earlier call is continued when the
 * server still has the same file, begun anew otherwise. An address that refuses, lies or delivers the wrong file is not
 * asked again; one that breaks off or stalls is, after the others, after a wait. The part is locked meanwhile.
 * Errors: FETCH_FAILED (no address delivered, or another process has the lock), FETCH_REFUSED, MODEL_INVALID (as the last
 * address that was asked), CANCELLED, WRITE_FAILED, DISK_FULL, OUT_OF_MEMORY, and those of accept. */
gpen_status download(const download_request *request, gpen_error *error);

/* Removes what an earlier download left, unless another process is at it. */
void download_discard(const char *part, const char *note);

#endif

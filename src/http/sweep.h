/* sweep.h: batches that go, and what interrupted requests and an earlier server left. */
#ifndef GPEN_HTTP_SWEEP_H
#define GPEN_HTTP_SWEEP_H

#include "http/server.h"

/* The KEY of a batch's folders, from its output folder. Points into it. */
const char *batch_key(const store_batch *batch);

/* Removes uploads and results of a batch that is forgotten already; the scheduler takes away its small pictures. Returns the bytes that
 * are free for it. */
int64_t sweep_batch(http_server *server, const char *key);

/* At the start: removes folders that no batch has. Errors: those of the store. */
gpen_status sweep_leftovers(http_server *server, gpen_error *error);

typedef struct sweep_sum {
    int64_t batches, bytes;
} sweep_sum;

/* Forgets batches that ended more than so many days ago, with all they have. Takes long; ends early when the server stops. Returns what
 * went. */
sweep_sum sweep_old(http_server *server, int64_t days);

#endif

/* sweep.h: batches that go, and what interrupted requests and an earlier server left. */
#ifndef GPEN_HTTP_SWEEP_H
#define GPEN_HTTP_SWEEP_H

#include "http/server.h"

/* The KEY of a batch's folders, from its output folder. Points into it. */
const char *batch_key(const store_batch *batch);

/* Removes uploads and results of a batch that is forgotten already; the scheduler takes away its small pictures. */
void sweep_batch(http_server *server, const char *key);

/* At the start: removes folders that no batch has. Errors: those of the store. */
gpen_status sweep_leftovers(http_server *server, gpen_error *error);

/* Forgets batches that ended more than options.keep_days ago, with all they have. */
void sweep_old(http_server *server);

#endif

/* views.h: batches, items and the machine as the API shows them. Every function returns an object of jansson's, the caller's (json_decref),
 * or NULL: no memory. */
#ifndef GPEN_HTTP_VIEWS_H
#define GPEN_HTTP_VIEWS_H

#include <jansson.h>

#include "batch/store.h"
#include "http/server.h"

json_t *view_batch(http_server *server, const store_batch *batch);
json_t *view_item(http_server *server, const store_item *item, gpen_language language);
json_t *view_progress(const store_item *item, job_stage stage, size_t faces_done, size_t faces, double seconds);
json_t *view_system(http_server *server, gpen_language language);

/* Likewise as text, for events. The caller's (free). Takes over the object. */
char *view_text(json_t *object);

#endif

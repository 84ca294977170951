/* models_desk.h: models as the API shows them, and those that are being fetched. */
#ifndef GPEN_HTTP_MODELS_DESK_H
#define GPEN_HTTP_MODELS_DESK_H

#include "http/http.h"

struct json_t;
typedef struct models_desk models_desk;

gpen_status models_desk_new(models_desk **out, http_server *server, gpen_error *error);

/* Breaks off what is being fetched (it can be continued later), and waits for that. */
void models_desk_stop(models_desk *desk);
void models_desk_free(models_desk *desk); /* NULL is fine */

/* An array of all models; the one called `name`, NULL: there is none, or no memory. The caller's (json_decref). */
struct json_t *models_desk_list(models_desk *desk);
struct json_t *models_desk_one(models_desk *desk, const char *name);

/* Begins to fetch a published model, in a thread of its own; model events tell how far it is. Errors: EXISTS (it is being fetched),
 * OUT_OF_MEMORY. */
gpen_status models_desk_pull(models_desk *desk, const char *name, gpen_error *error);

#endif

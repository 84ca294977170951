/* body.h: what a request brings with it. */
#ifndef GPEN_HTTP_BODY_H
#define GPEN_HTTP_BODY_H

#include <jansson.h>

#include "http/room.h"

/* Once the head is there: is this a body that the route takes? False: it is not, and is answered. */
bool body_begin(http_request *request);

/* A piece of it. What is wrong with it is answered once it is all there; false: it must not go on, the connection is to be
 * closed. */
bool body_take(http_request *request, const char *bytes, size_t count);

/* The JSON that came; an empty object when the route may have none. NULL: it is none, which is answered. The caller's
 * (json_decref). */
json_t *body_json(http_request *request);

#endif

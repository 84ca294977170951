/* gate.h: may this request come in? */
#ifndef GPEN_HTTP_GATE_H
#define GPEN_HTTP_GATE_H

#include "http/room.h"

/* Looks at the request's frame, Host, Origin and token, once its head is there and before anything else is. False: it may not, and
 * is answered. route NULL: what is meant is not known, which only those are told who may come in. */
bool gate_admit(http_request *request);

#endif

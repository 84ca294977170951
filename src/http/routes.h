/* routes.h: which handler an address and a method mean. */
#ifndef GPEN_HTTP_ROUTES_H
#define GPEN_HTTP_ROUTES_H

#include "http/room.h"

/* All of them; ends with a pattern NULL. */
extern const http_route routes[];

typedef enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD } route_match;

/* Matches `below`, the path below the base path beginning with '/', which is taken apart and decoded in place. *id and *name are
 * what stands for {batch}, {item} and {name}. HEAD is looked up as GET. */
route_match route_find(const char *method, char *below, const http_route **route, int64_t *id, const char **name);

#endif

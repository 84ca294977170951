/* origin.h: is a request meant for this server, and does it come from this server's own page?
 *
 * A page of some other site can make a browser send requests here. It cannot choose Host and Origin freely: Host is the name
 * that the browser looked up, Origin is where the page came from. So a Host that is none of our names is a name that a
 * stranger pointed at this machine (DNS rebinding), and an Origin that is not our Host is another site's page. */
#ifndef GPEN_HTTP_ORIGIN_H
#define GPEN_HTTP_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

enum { ORIGIN_LONGEST_HOST = 255 };

/* A Host header taken apart. */
typedef struct authority {
    char host[ORIGIN_LONGEST_HOST + 1]; /* lower case; IPv6 without brackets; no final dot */
    int port;                           /* 0: none given */
} authority;

/* "name", "name:port", "[v6]", "[v6]:port"; false for everything else. */
bool authority_parse(const char *text, authority *parts);

/* localhost, a name below it, 127.0.0.0/8 or ::1. */
bool host_is_loopback(const char *host);

/* Does Origin ("https://name:port") name the same host and port as Host? A port that is left out is the scheme's own, on
 * either side. "null" is no origin of ours. */
bool origin_is_host(const char *origin, const char *host);

#endif

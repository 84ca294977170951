/* What http_get.c, http_post.c and http_put.c set up alike, and the types of libcurl with it. Private to them. */
#ifndef GPEN_WEIGHTS_HTTP_SETUP_H
#define GPEN_WEIGHTS_HTTP_SETUP_H

#include <curl/curl.h>
#include <stdbool.h>

/* An address, http or https only, no signals, our name, connecting within `seconds`, words about a failure in
 * reason[CURL_ERROR_SIZE]. False: libcurl would not. */
bool http_setup(CURL *curl, const char *address, char *reason, long seconds);

/* Is it of that scheme ("https:")? */
bool http_has_scheme(const char *address, const char *scheme);

#endif

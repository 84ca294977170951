/* Settings that every request has. Its own file so that no request can forget one. */
#include "weights/http_setup.h"

#include <string.h>
#include <strings.h>

static bool set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return !curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return !curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

bool http_setup(CURL *curl, const char *address, char *reason, long seconds)
{
    enum { CONNECT_SECONDS = 30 };
    return set_protocols(curl) && !curl_easy_setopt(curl, CURLOPT_URL, address) &&
           !curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
           !curl_easy_setopt(curl, CURLOPT_USERAGENT, "gpen/" GPEN_VERSION) &&
           !curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason) &&
           !curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, seconds < CONNECT_SECONDS ? seconds : CONNECT_SECONDS);
}

bool http_has_scheme(const char *address, const char *scheme)
{
    return !strncasecmp(address, scheme, strlen(scheme));
}

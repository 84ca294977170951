/* Stands for http_get.c in a build without libcurl. */
#include "weights/http_get.h"

bool http_available(void)
{
    return false;
}

static gpen_status refuse(gpen_error *error)
{
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build cannot download (it was made without libcurl)");
}

gpen_status http_follow(char address[HTTP_MAX_ADDRESS], const char *location, gpen_error *error)
{
    (void)address;
    (void)location;
    return refuse(error);
}

gpen_status http_get(const http_request *request, http_answer *answer, gpen_error *error)
{
    (void)request;
    http_answer_clear(answer);
    return refuse(error);
}

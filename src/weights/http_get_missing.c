/* Stands for http_get.c in a build without libcurl. */
#include "weights/http_get.h"

bool http_available(void)
{
    return false;
}

gpen_status http_get(const http_request *request, http_answer *answer, gpen_error *error)
{
    (void)request;
    http_answer_clear(answer);
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build cannot download (it was made without libcurl)");
}

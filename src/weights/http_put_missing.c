/* Stands for http_put.c in a build without libcurl. */
#include "weights/http_put.h"

gpen_status http_put(const http_upload *upload, int *code, gpen_error *error)
{
    (void)upload;
    *code = 0;
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build has no libcurl: results go to paths only");
}

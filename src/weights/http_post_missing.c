/* Stands for http_post.c in a build without libcurl. */
#include "weights/http_post.h"

gpen_status http_post(const http_letter *letter, int *code, gpen_error *error)
{
    (void)letter;
    *code = 0;
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build cannot send (it was made without libcurl)");
}

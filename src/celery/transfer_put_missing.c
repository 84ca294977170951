/* Stands for transfer_put.c in a build without libcurl. */
#include "celery/transfer.h"

gpen_status transfer_put(const transfer_rules *rules, const char *address, int file, const char *kind,
                         gpen_error *error)
{
    (void)rules, (void)address, (void)file, (void)kind;
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build has no libcurl: results go to paths only");
}

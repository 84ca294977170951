/* Stands for watch.c in a build without libmicrohttpd. */
#include "base/error.h"
#include "cli/watch.h"

gpen_status watch_start(watch **out, const char *where, const watch_source *source, gpen_error *error)
{
    (void)where, (void)source;
    *out = NULL;
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build has no libmicrohttpd: it shows no numbers");
}

int watch_port(const watch *w)
{
    (void)w;
    return 0;
}

void watch_stop(watch *w)
{
    (void)w;
}

/* Stands for serve_fleet.c in a build without Redis's client. */
#include "cli/cli.h"
#include "cli/serve_fleet.h"

int serve_fleet_join(const char *command, const serve_fleet_arguments *arguments, http_options *options,
                     serve_fleet **out)
{
    (void)command, (void)arguments, (void)options;
    *out = NULL;
    return complain("this build cannot hand photos to a fleet (it was made without hiredis, jansson or zlib)");
}

void serve_fleet_free(serve_fleet *fleet)
{
    (void)fleet;
}

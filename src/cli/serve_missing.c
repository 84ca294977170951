/* Stands for `gpen serve` in a build without what a server needs. */
#include "cli/cli.h"

int command_serve(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return complain(
        "this build has no server (it was made without libmicrohttpd, jansson, SQLite, libvips or libarchive)");
}

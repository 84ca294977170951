/* Stands for worker.c in a build without Redis's client. */
#include "cli/cli.h"

int command_worker(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return complain("this build cannot take photos from a queue (it was made without hiredis, jansson or zlib)");
}

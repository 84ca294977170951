/* Stands for the commands that work through photos in a build without the libraries that batches need. */
#include "cli/cli.h"

static int refuse(void)
{
    return complain("this build cannot work through photos: it was made without libvips, SQLite or jansson");
}

int command_enhance(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return refuse();
}

int command_batch(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return refuse();
}

/* Stands for the commands that read pictures in a build without the picture library. */
#include "cli/cli.h"

static int refuse(void)
{
    return complain("this build can neither read nor write pictures (it was made with -Dpictures=disabled)");
}

int command_detect(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return refuse();
}

int command_internal_worker(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return refuse();
}

int command_worker(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return refuse();
}

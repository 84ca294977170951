/* Stands for `gpen enhance` in a build without the picture library. */
#include "cli/cli.h"

int command_enhance(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return complain("this build can neither read nor write pictures (it was made with -Dpictures=disabled)");
}

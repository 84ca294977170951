/* `gpen internal-worker`: a worker process. Its own file because it is no command for people, and is not listed. */
#include "batch/worker.h"
#include "cli/cli.h"

int command_internal_worker(int argc, char **argv)
{
    (void)argv;
    return argc == 1 ? worker_main() : complain_usage(WORKER_COMMAND, "this is started by the program itself");
}

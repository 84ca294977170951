/* `gpen batch`: picks one of list, show, retry, cancel and clean. */
#include "cli/batch.h"

#include "cli/cli.h"
#include "cli/parts.h"

static const command_part parts[] = {{"list", batch_list_command},
                                     {"show", batch_show_command},
                                     {"retry", batch_retry_command},
                                     {"cancel", batch_cancel_command},
                                     {"clean", batch_clean_command}};

int command_batch(int argc, char **argv)
{
    static const command_manual manual = {
        .command = "batch",
        .purpose = "what was done, what failed and why; try again, give up, clean up",
        .usage = "gpen batch list   [-o OUT] [--json]\n"
                 "gpen batch show   [BATCH] [-o OUT] [--all] [--json]\n"
                 "gpen batch retry  [BATCH] [-o OUT] [--item N]\n"
                 "gpen batch cancel BATCH [-o OUT]\n"
                 "gpen batch clean  --older-than DAYS [-o OUT]",
        .examples = "gpen batch list                         all batches, by output folder\n"
                    "gpen batch show -o restored             what failed there, why, what to do\n"
                    "gpen batch retry -o restored            all failed photos once more\n"
                    "gpen batch clean --older-than 30        results of a month ago go\n"
                    "gpen batch show --help",
        .notes = "A batch is what one 'gpen enhance' was asked to do. What became of each photo is\n"
                 "kept, by output folder, until it is cleaned; results and photos stay where they\n"
                 "are. OUT is the folder that 'gpen enhance' was given; it can be left out where\n"
                 "there is only one.",
    };
    return command_parts_run(&manual, parts, sizeof parts / sizeof *parts, "list, show, retry, cancel or clean", argc,
                             argv);
}

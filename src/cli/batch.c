/* `gpen batch`: picks one of list, show, retry, cancel and clean. */
#include "cli/batch.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/nearest.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} parts[] = {{"list", batch_list_command},
             {"show", batch_show_command},
             {"retry", batch_retry_command},
             {"cancel", batch_cancel_command},
             {"clean", batch_clean_command}};

enum { PART_COUNT = sizeof parts / sizeof *parts };

static int complain_unknown(const char *word)
{
    const char *names[PART_COUNT];
    for (size_t i = 0; i < PART_COUNT; i++)
        names[i] = parts[i].name;
    const char *meant = nearest_word(word, names, PART_COUNT);
    if (meant)
        return complain_usage("batch", "there is no '%s'; did you mean 'gpen batch %s'?", word, meant);
    return complain_usage("batch", "there is no '%s': it is list, show, retry, cancel or clean", word);
}

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
    if (argc > 1)
        for (size_t i = 0; i < PART_COUNT; i++)
            if (!strcmp(argv[1], parts[i].name))
                return parts[i].run(argc - 1, argv + 1);
    if (argc > 1 && argv[1][0] != '-')
        return complain_unknown(argv[1]);
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    return status == CLI_GO_ON ? complain_usage("batch", "say what: list, show, retry, cancel or clean") : status;
}

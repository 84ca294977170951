/* `gpen models`: picks one of list, pull, import and verify. */
#include "cli/models.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/nearest.h"
#include "cli/options.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} parts[] = {{"list", models_list_command},
             {"pull", models_pull_command},
             {"import", models_import_command},
             {"verify", models_verify_command}};

enum { PART_COUNT = sizeof parts / sizeof *parts };

static int complain_unknown(const char *word)
{
    const char *names[PART_COUNT];
    for (size_t i = 0; i < PART_COUNT; i++)
        names[i] = parts[i].name;
    const char *meant = nearest_word(word, names, PART_COUNT);
    if (meant)
        return complain_usage("models", "there is no '%s'; did you mean 'gpen models %s'?", word, meant);
    return complain_usage("models", "there is no '%s': it is list, pull, import or verify", word);
}

int command_models(int argc, char **argv)
{
    static const command_manual manual = {
        .command = "models",
        .purpose = "list, fetch, import and verify models",
        .usage = "gpen models list [--json]\n"
                 "gpen models pull NAME... [option...]\n"
                 "gpen models import FILE... [--overwrite]\n"
                 "gpen models verify [NAME|FILE...]",
        .examples = "gpen models list\n"
                    "gpen models pull GPEN-BFR-512\n"
                    "gpen models import GPEN-BFR-512.pth\n"
                    "gpen models verify\n"
                    "gpen models pull --help",
        .notes = "Models are files of tensors, .safetensors or .pth. Nothing in them is ever executed.",
    };
    if (argc > 1)
        for (size_t i = 0; i < PART_COUNT; i++)
            if (!strcmp(argv[1], parts[i].name))
                return parts[i].run(argc - 1, argv + 1);
    if (argc > 1 && argv[1][0] != '-')
        return complain_unknown(argv[1]);
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    return status == CLI_GO_ON ? complain_usage("models", "say what: list, pull, import or verify") : status;
}

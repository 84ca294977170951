/* `gpen models`: picks one of list, pull, import and verify. */
#include "cli/models.h"

#include "cli/cli.h"
#include "cli/parts.h"

static const command_part parts[] = {{"list", models_list_command},
                                     {"pull", models_pull_command},
                                     {"import", models_import_command},
                                     {"verify", models_verify_command}};

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
    return command_parts_run(&manual, parts, sizeof parts / sizeof *parts, "list, pull, import or verify", argc, argv);
}

/* `gpen models import`. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/text.h"
#include "portrait/portrait.h"

void models_print_facts(const char *name)
{
    char *installed = NULL;
    model_facts facts = {0};
    if (!models_resolve(name, &installed, NULL))
        (void)model_facts_read(installed, &facts, NULL);
    text_print(stdout, name);
    printf(" (%s", model_kind_name(facts.kind));
    if (facts.kind == MODEL_RESTORER)
        printf(" of %d px", facts.size);
    printf(", %.1f million parameters)", (double)facts.parameters / 1e6);
    free(installed);
}

static void say_installed(const char *path, const char *name)
{
    text_print(stdout, path);
    printf(": installed as ");
    models_print_facts(name);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
}

static gpen_status check_network(const weights *file, void *context, gpen_error *error)
{
    (void)context;
    model_kind kind;
    return model_identify(file, &kind, error);
}

/* True when it is installed. */
static bool import_file(const char *path, bool overwrite)
{
    char *name;
    gpen_error error;
    interrupt_hold(true);
    gpen_status status = models_import(path, overwrite, check_network, NULL, &name, &error);
    interrupt_hold(false);
    if (status) {
        complain("%s: not installed. %s", path, gpen_status_sentence(status, text_language()));
        complain("%s%s", error.message, status == GPEN_EXISTS ? "; --overwrite replaces it" : "");
        return false;
    }
    say_installed(path, name);
    free(name);
    return true;
}

int models_import_command(int argc, char **argv)
{
    bool overwrite = false;
    const command_option options[] = {
        {"running", "overwrite", 0, NULL, "Replace an installed model of the same name", .flag = &overwrite}};
    const command_manual manual = {
        .command = "models import",
        .purpose = "check a weights file and install it",
        .usage = "gpen models import FILE... [--overwrite]",
        .examples = "gpen models import GPEN-BFR-512.pth                  installs GPEN-BFR-512\n"
                    "gpen models import detection_Resnet50_Final.pth      a RetinaFace\n"
                    "gpen models import my-gpen.safetensors",
        .notes = "Three kinds are known by their tensors: GPEN, a restorer; RetinaFace, a detector,\n"
                 "which finds the faces in whole photos; ParseNet, a parser, which tells a face from\n"
                 "its background. Every tensor's name and shape is checked before anything is\n"
                 "written, and nothing in the file is executed. A model takes its name from the file,\n"
                 "which is not needed any more afterwards.\n"
                 "\n"
                 "The best of each kind that is installed is used by itself: GPEN-BFR-512 before\n"
                 "1024, 2048 and 256, RetinaFace-R50 before RetinaFace-MobileNet0.25, then any\n"
                 "other.",
        .options = options,
        .option_count = 1,
    };
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (!operands)
        return complain_usage("models import", "say which file");
    interrupt_listen();
    status = CLI_DONE;
    for (int i = 1; i <= operands && !interrupted(); i++)
        if (!import_file(argv[i], overwrite))
            status = CLI_SOME_FAILED;
    return interrupted() ? 128 + interrupted() : status;
}

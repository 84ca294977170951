/* `gpen --help` and `gpen help COMMAND`. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

void help_print(void)
{
    printf("gpen %s restores the faces in portraits.\n", GPEN_VERSION);
    printf("\nExamples\n"
           "  gpen enhance photo.jpg -o restored.jpg       every face in a photo\n"
           "  gpen enhance photos/ -o restored/            a folder; once more continues\n"
           "  gpen enhance --aligned faces/ -o restored/   photos that are face crops\n"
           "  gpen models pull GPEN-BFR-512                fetch and install a published model\n"
           "  gpen doctor                                  does everything work here?\n");
    printf("\nCommands\n");
    for (const cli_command *command = commands; command->name; command++)
        printf("  gpen %-10s %s\n", command->name, command->purpose);
    printf("\n'gpen COMMAND --help' explains a command; 'man gpen' explains all of them.\n"
           "\nExit status\n"
           "  0 all done   1 some of it failed   2 the command was wrong   3 nothing could start\n");
}

int command_help(int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        help_print();
        return CLI_DONE;
    }
    static char ask[] = "--help";
    char *question[] = {argv[1], ask, NULL};
    for (const cli_command *command = commands; command->name; command++)
        if (!strcmp(argv[1], command->name))
            return command->run(2, question);
    complain("there is no command '%s'", argv[1]);
    (void)fputs("'gpen --help' lists them.\n", stderr);
    return CLI_USAGE;
}

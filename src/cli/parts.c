/* Picks the second word of a command. Its own file because every command with parts does it alike. */
#include "cli/parts.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/nearest.h"

enum { MOST_PARTS = 16 };

static int complain_unknown(const char *command, const command_part *parts, size_t count, const char *all,
                            const char *word)
{
    const char *names[MOST_PARTS];
    size_t known = count < MOST_PARTS ? count : MOST_PARTS;
    for (size_t i = 0; i < known; i++)
        names[i] = parts[i].name;
    const char *meant = nearest_word(word, names, known);
    if (meant)
        return complain_usage(command, "there is no '%s'; did you mean 'gpen %s %s'?", word, command, meant);
    return complain_usage(command, "there is no '%s': it is %s", word, all);
}

int command_parts_run(const command_manual *manual, const command_part *parts, size_t count, const char *all, int argc,
                      char **argv)
{
    if (argc > 1)
        for (size_t i = 0; i < count; i++)
            if (!strcmp(argv[1], parts[i].name))
                return parts[i].run(argc - 1, argv + 1);
    if (argc > 1 && argv[1][0] != '-')
        return complain_unknown(manual->command, parts, count, all, argv[1]);
    int operands;
    int status = options_parse(manual, argc, argv, &operands);
    return status == CLI_GO_ON ? complain_usage(manual->command, "say what: %s", all) : status;
}

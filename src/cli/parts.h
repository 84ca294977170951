/* parts.h: commands that are only the first word of others, as `gpen models` and `gpen batch` are. Private to src/cli. */
#ifndef GPEN_CLI_PARTS_H
#define GPEN_CLI_PARTS_H

#include "cli/options.h"

typedef struct command_part {
    const char *name;
    int (*run)(int argc, char **argv);
} command_part;

/* Runs the part that argv[1] names; without one says what there is. all: their names as in a sentence ("list, pull or verify").
 * Returns the exit status. */
int command_parts_run(const command_manual *manual, const command_part *parts, size_t count, const char *all, int argc,
                      char **argv);

#endif

/* options.h: a command's options as a table. Private to src/cli.
 *
 *     int threads = 0;
 *     bool json = false;
 *     const command_option options[] = {
 *         {.group = "machine", .name = "threads", .value = "N", .help = "...", .number = &threads, .low = 1, .high = 256},
 *         {.group = "running", .name = "json", .help = "...", .flag = &json},
 *     };
 *
 * Options may stand anywhere among the operands; "--" ends them. A value follows as `--name value` or `--name=value`, for
 * letters also as `-ovalue`. Every command has --help, which stands in no table. */
#ifndef GPEN_CLI_OPTIONS_H
#define GPEN_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Of an option that may be given several times; the last text is NULL. */
enum { MOST_OPTION_TEXTS = 63 };
typedef struct option_texts {
    const char *texts[MOST_OPTION_TEXTS + 1];
    int count;
} option_texts;

typedef struct command_option {
    const char *group; /* heading in the help; options of a group stand together */
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    const char *value; /* what the value is called in the help; NULL for a flag */
    const char *help;  /* lines, separated by \n */
    /* One of these six says where the value goes, and so which kind of option it is. */
    bool *flag;
    const char **text;
    option_texts *list;
    int *number; /* low..high */
    int low, high;
    float *real; /* least..most */
    float least, most;
    int *choice; /* index in choices, which ends with NULL */
    const char *const *choices;
} command_option;

typedef struct command_manual {
    const char *command;  /* "models import" */
    const char *purpose;  /* a sentence or two */
    const char *usage;    /* the forms, a line each */
    const char *examples; /* lines, indented */
    const char *notes;    /* paragraphs after the options, or NULL */
    const command_option *options;
    size_t option_count;
} command_manual;

/* Reads argv[1..]. The operands are moved to argv[1 .. *operands]. Returns CLI_GO_ON, or the exit status: help was asked for
 * and printed, or the arguments are wrong, which was said. */
int options_parse(const command_manual *manual, int argc, char **argv, int *operands);

/* The help to standard output. */
void options_help(const command_manual *manual);

#endif

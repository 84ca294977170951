/* cli.h: the commands, and what they all share. Private to src/cli.
 *
 * A command is one file. Its options are a table (options.h), from which the arguments are read and --help is printed. */
#ifndef GPEN_CLI_H
#define GPEN_CLI_H

#include <stdbool.h>

/* Exit statuses, the same for every command. One ended by a signal exits with 128 + the signal's number, as shells say it. */
enum {
    CLI_DONE = 0,
    CLI_SOME_FAILED = 1,
    CLI_USAGE = 2,
    CLI_NOTHING_STARTED = 3,
    CLI_GO_ON = -1, /* from options_parse: no reason to stop */
};

typedef struct cli_command {
    const char *name;
    const char *purpose;               /* one line of `gpen --help` */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name. Returns the exit status */
} cli_command;

extern const cli_command commands[]; /* the last has no name */

int command_enhance(int argc, char **argv);
int command_batch(int argc, char **argv);
int command_detect(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_models(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_worker(int argc, char **argv);
int command_help(int argc, char **argv);
int command_internal_worker(int argc,
                            char **argv); /* a worker process: not among `commands`, because no person runs it */

/* `gpen --help` to standard output. */
void help_print(void);

/* "gpen: MESSAGE (printf style)" to standard error, control characters replaced; returns CLI_NOTHING_STARTED. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "gpen COMMAND: MESSAGE" and where the help is, to standard error; returns CLI_USAGE. */
int complain_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

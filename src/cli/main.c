/* gpen: picks the command. Its own file because it is the program's door, and nothing but that. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "batch/worker.h"
#include "cli/cli.h"
#include "cli/nearest.h"
#include "cli/text.h"

const cli_command commands[] = {
    {"enhance", "restore faces: photos and whole folders", command_enhance},
    {"batch", "what was done, what failed; retry, cancel, clean", command_batch},
    {"detect", "say where the faces are", command_detect},
    {"serve", "the page in a browser, and its API", command_serve},
    {"worker", "take photos from a queue (Celery over Redis)", command_worker},
    {"models", "list, fetch, import and verify models", command_models},
    {"doctor", "what this machine has, and whether the program works here", command_doctor},
    {"bench", "how fast a model runs here", command_bench},
    {"help", "explain a command: gpen help enhance", command_help},
    {0},
};

__attribute__((format(printf, 1, 0))) static void print_message(const char *format, va_list arguments)
{
    char message[1024];
    vsnprintf(message, sizeof message, format, arguments);
    text_print(stderr, message);
    (void)fputc('\n', stderr);
}

int complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("gpen: ", stderr);
    print_message(format, arguments);
    va_end(arguments);
    return CLI_NOTHING_STARTED;
}

int complain_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "gpen %s: ", command);
    print_message(format, arguments);
    va_end(arguments);
    fprintf(stderr, "'gpen %s --help' explains it.\n", command);
    return CLI_USAGE;
}

static int complain_unknown(const char *word)
{
    const char *names[sizeof commands / sizeof *commands];
    size_t count = 0;
    while (commands[count].name) {
        names[count] = commands[count].name;
        count++;
    }
    const char *meant = nearest_word(word, names, count);
    if (meant)
        complain("there is no command '%s'; did you mean 'gpen %s'?", word, meant);
    else
        complain("there is no command '%s'", word);
    (void)fputs("'gpen --help' lists them.\n", stderr);
    return CLI_USAGE;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        complain("say what to do, for instance: gpen enhance photo.jpg -o restored.jpg");
        (void)fputs("'gpen --help' lists the commands.\n", stderr);
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        help_print();
        return CLI_DONE;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
        printf("gpen %s\n", gpen_version());
        return CLI_DONE;
    }
    if (!strcmp(argv[1], WORKER_COMMAND))
        return command_internal_worker(argc - 1, argv + 1);
    for (const cli_command *command = commands; command->name; command++)
        if (!strcmp(argv[1], command->name))
            return command->run(argc - 1, argv + 1);
    return complain_unknown(argv[1]);
}

int main(int argc, char **argv)
{
    /* A reader of our output that goes away (gpen models list | head -1) must not stop a batch. */
    (void)signal(SIGPIPE, SIG_IGN);
    int status = run(argc, argv);
    errno = 0;
    bool lost = fflush(stdout) || ferror(stdout);
    if (lost && errno != EPIPE && status == CLI_DONE) {
        complain("the output could not be written%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
        status = CLI_SOME_FAILED;
    }
    return status;
}

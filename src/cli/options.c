/* Reading a command's arguments by its table of options. Its own file, apart from options_help.c, because one reads what a
 * person wrote and the other writes what a person reads; both go by the same table. */
#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/nearest.h"

/* The arguments while they are read. */
typedef struct argument_reading {
    const command_manual *manual;
    int argc;
    char **argv;
    int next; /* index of the argument to look at */
} argument_reading;

static const command_option *find_named(const command_manual *manual, const char *name, size_t length)
{
    for (size_t i = 0; i < manual->option_count; i++)
        if (strlen(manual->options[i].name) == length && !strncmp(manual->options[i].name, name, length))
            return &manual->options[i];
    return NULL;
}

static const command_option *find_letter(const command_manual *manual, char letter)
{
    for (size_t i = 0; i < manual->option_count; i++)
        if (manual->options[i].letter == letter)
            return &manual->options[i];
    return NULL;
}

/* The known option that a mistyped one comes closest to. */
static const char *nearest_option(const command_manual *manual, const char *word)
{
    const char *names[64];
    size_t count = 0;
    names[count++] = "help"; /* stands in no table */
    for (size_t i = 0; i < manual->option_count && count < sizeof names / sizeof *names; i++)
        names[count++] = manual->options[i].name;
    return nearest_word(word, names, count);
}

static int complain_unknown(const command_manual *manual, const char *argument, const char *word)
{
    const char *meant = nearest_option(manual, word);
    if (meant)
        return complain_usage(manual->command, "there is no option %s; did you mean --%s?", argument, meant);
    return complain_usage(manual->command, "there is no option %s", argument);
}

/* ---------------------------------------------------------------- values */

static int take_number(const command_manual *manual, const command_option *option, const char *value)
{
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (end == value || *end || errno || number < option->low || number > option->high)
        return complain_usage(manual->command, "--%s takes a whole number from %d to %d, not '%s'", option->name,
                              option->low, option->high, value);
    *option->number = (int)number;
    return CLI_GO_ON;
}

static int take_real(const command_manual *manual, const command_option *option, const char *value)
{
    char *end;
    float real = strtof(value, &end);
    if (end == value || *end || !(real >= option->least && real <= option->most))
        return complain_usage(manual->command, "--%s takes a number from %g to %g, not '%s'", option->name,
                              (double)option->least, (double)option->most, value);
    *option->real = real;
    return CLI_GO_ON;
}

static int take_choice(const command_manual *manual, const command_option *option, const char *value)
{
    char all[128] = "";
    int count = 0;
    for (; option->choices[count]; count++) {
        if (!strcmp(option->choices[count], value)) {
            *option->choice = count;
            return CLI_GO_ON;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", count ? ", " : "", option->choices[count]);
    }
    const char *only = count == 1 ? "only " : "one of ";
    const char *meant = nearest_word(value, option->choices, (size_t)count);
    if (meant)
        return complain_usage(manual->command, "--%s takes %s%s in this version, not '%s'; did you mean %s?",
                              option->name, only, all, value, meant);
    return complain_usage(manual->command, "--%s takes %s%s in this version, not '%s'", option->name, only, all, value);
}

static int take_value(const command_manual *manual, const command_option *option, const char *value)
{
    if (option->number)
        return take_number(manual, option, value);
    if (option->real)
        return take_real(manual, option, value);
    if (option->choice)
        return take_choice(manual, option, value);
    if (!*value)
        return complain_usage(manual->command, "--%s needs a value", option->name);
    if (option->list && option->list->count == MOST_OPTION_TEXTS)
        return complain_usage(manual->command, "--%s may be given %d times at most", option->name, MOST_OPTION_TEXTS);
    if (option->list)
        option->list->texts[option->list->count++] = value;
    else
        *option->text = value;
    return CLI_GO_ON;
}

/* An option whose value, if it was written behind a '=' or a letter, is `attached`; otherwise the next argument is. */
static int take_option(argument_reading *reading, const command_option *option, const char *attached)
{
    const command_manual *manual = reading->manual;
    if (option->flag) {
        if (attached)
            return complain_usage(manual->command, "--%s takes no value", option->name);
        *option->flag = true;
        return CLI_GO_ON;
    }
    if (attached)
        return take_value(manual, option, attached);
    const char *value = reading->next < reading->argc ? reading->argv[reading->next] : NULL;
    if (!value || !strncmp(value, "--", 2))
        return complain_usage(manual->command, "--%s needs a value: --%s %s", option->name, option->name,
                              option->value);
    reading->next++;
    return take_value(manual, option, value);
}

/* ---------------------------------------------------------------- arguments */

static int take_long(argument_reading *reading, const char *argument)
{
    const char *name = argument + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const command_option *option = find_named(reading->manual, name, length);
    if (option)
        return take_option(reading, option, equals ? equals + 1 : NULL);
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), name);
    return complain_unknown(reading->manual, argument, word);
}

static int take_letter(argument_reading *reading, const char *argument)
{
    const command_option *option = find_letter(reading->manual, argument[1]);
    bool lone = option && option->flag && argument[2]; /* letters of flags are not run together: there are few */
    if (!option || lone)
        return complain_unknown(reading->manual, argument, argument + 1);
    return take_option(reading, option, argument[2] ? argument + 2 : NULL);
}

static int take_argument(argument_reading *reading, int *operands)
{
    char *argument = reading->argv[reading->next++];
    if (!strcmp(argument, "--help") || !strcmp(argument, "-h")) {
        options_help(reading->manual);
        return CLI_DONE;
    }
    if (!strcmp(argument, "--")) {
        while (reading->next < reading->argc)
            reading->argv[++*operands] = reading->argv[reading->next++];
        return CLI_GO_ON;
    }
    if (!strncmp(argument, "--", 2))
        return take_long(reading, argument);
    if (argument[0] == '-' && argument[1])
        return take_letter(reading, argument);
    reading->argv[++*operands] = argument;
    return CLI_GO_ON;
}

int options_parse(const command_manual *manual, int argc, char **argv, int *operands)
{
    argument_reading reading = {.manual = manual, .argc = argc, .argv = argv, .next = 1};
    int outcome = CLI_GO_ON;
    *operands = 0;
    while (outcome == CLI_GO_ON && reading.next < argc)
        outcome = take_argument(&reading, operands);
    return outcome;
}

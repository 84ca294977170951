/* A command's help, made from the same table that its arguments are read by: what it is for, examples first, options in
 * their groups. */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

enum { HELP_COLUMN = 28 };

/* Text of several lines, each behind `indent` spaces; the first line stands where the cursor is. */
static void print_lines(const char *text, int indent)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        printf("%.*s\n", (int)length, text);
        text += length;
        if (*text && *++text && *text != '\n')
            printf("%*s", indent, "");
    }
}

static void print_section(const char *title, const char *text)
{
    printf("\n%s\n  ", title);
    print_lines(text, 2);
}

/* "  -o, --output OUT" */
static int print_form(const command_option *option)
{
    int used = option->letter ? printf("  -%c, --%s", option->letter, option->name) : printf("  --%s", option->name);
    if (option->value)
        used += printf(" %s", option->value);
    return used;
}

static void print_option(const command_option *option)
{
    int used = print_form(option);
    if (used > HELP_COLUMN - 2) {
        printf("\n");
        used = 0;
    }
    printf("%*s", HELP_COLUMN - used, "");
    print_lines(option->help, HELP_COLUMN);
}

void options_help(const command_manual *manual)
{
    printf("gpen %s: %s\n", manual->command, manual->purpose);
    print_section("Usage", manual->usage);
    print_section("Examples", manual->examples);
    const char *group = NULL;
    for (size_t i = 0; i < manual->option_count; i++) {
        const command_option *option = &manual->options[i];
        if (!group || strcmp(group, option->group))
            printf("\nOptions: %s\n", option->group);
        group = option->group;
        print_option(option);
    }
    print_option(&(command_option){.letter = 'h', .name = "help", .help = "This text"});
    if (manual->notes)
        printf("\n%s\n", manual->notes);
}

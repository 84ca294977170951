/* `gpen doctor`: does everything work on this machine, in a photographer's words. What is looked at stands in
 * doctor_examine.c. */
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/text.h"

static const char *const state_names[] = {"ok", "note", "warning", "problem"};
static const char *const marks[] = {"[ok]", "[--]", "[!!]", "[XX]"};

void finding_add(finding_list *findings, const char *name, finding_state state, const char *format, ...)
{
    if (findings->count == MOST_FINDINGS)
        return;
    finding *added = &findings->list[findings->count++];
    added->name = name;
    added->state = state;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(added->text, sizeof added->text, format, arguments);
    va_end(arguments);
}

static finding_state worst(const finding_list *findings)
{
    finding_state state = FINDING_OK;
    for (int i = 0; i < findings->count; i++)
        if (findings->list[i].state > state)
            state = findings->list[i].state;
    return state;
}

static void print_json(const finding_list *findings, const doctor_plan *plan)
{
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_text(&json, "version", gpen_version());
    json_text(&json, "state", state_names[worst(findings)]);
    json_array(&json, "findings");
    for (int i = 0; i < findings->count; i++) {
        json_object(&json, NULL);
        json_text(&json, "name", findings->list[i].name);
        json_text(&json, "state", state_names[findings->list[i].state]);
        json_text(&json, "text", findings->list[i].text);
        json_object_end(&json);
    }
    json_array_end(&json);
    doctor_plan_json(&json, plan);
    json_object_end(&json);
    json_end_line(&json);
}

static void print_text(const finding_list *findings)
{
    printf("gpen %s\n\n", gpen_version());
    for (int i = 0; i < findings->count; i++) {
        printf("%s  %-13s ", marks[findings->list[i].state], findings->list[i].name);
        text_print(stdout, findings->list[i].text);
        printf("\n");
    }
    static const char *const conclusions[] = {"Everything works.", "Everything works.",
                                              "It works; the lines with [!!] say what could be better.",
                                              "Something does not work: see the lines with [XX]."};
    printf("\n%s\n", conclusions[worst(findings)]);
}

int command_doctor(int argc, char **argv)
{
    bool as_json = false;
    const command_option options[] = {
        {"running", "json", 0, NULL, "One JSON object on standard output", .flag = &as_json}};
    const command_manual manual = {
        .command = "doctor",
        .purpose = "what this machine has, and whether the program works here",
        .usage = "gpen doctor [--json]",
        .examples = "gpen doctor",
        .notes = "[ok] works, [--] worth knowing, [!!] works, but not as well as it could,\n"
                 "[XX] does not work.\n"
                 "Exit status: 0, or 1 when something does not work.",
        .options = options,
        .option_count = 1,
    };
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands)
        return complain_usage("doctor", "'%s' is not needed here", argv[1]);
    finding_list findings = {.count = 0};
    doctor_plan plan;
    examine_processor(&findings);
    examine_memory(&findings);
    examine_pictures(&findings);
    examine_models(&findings);
    examine_plan(&findings, &plan);
    examine_sandbox(&findings);
    examine_folders(&findings);
    if (as_json)
        print_json(&findings, &plan);
    else
        print_text(&findings);
    return worst(&findings) == FINDING_PROBLEM ? CLI_SOME_FAILED : CLI_DONE;
}

/* `gpen models list`. */
#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/model_choice.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/text.h"

/* What a file turned out to be. */
typedef struct listed_model {
    const installed_model *model;
    model_facts facts;
    bool readable;
    gpen_error error; /* why it is unreadable, or unknown */
} listed_model;

static listed_model identify(const installed_model *model)
{
    listed_model listed = {.model = model};
    gpen_error_clear(&listed.error);
    listed.readable = !model_facts_read(model->path, &listed.facts, &listed.error);
    return listed;
}

/* ---------------------------------------------------------------- published ones */

static bool is_installed(const published_model *published, const installed_model *models, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!models[i].bundled && !strcmp(models[i].name, published->name))
            return true;
    return false;
}

static void print_published_json(json_writer *json, const installed_model *models, size_t count)
{
    size_t published_count;
    const published_model *published = published_models(&published_count);
    json_array(json, "published");
    for (size_t i = 0; i < published_count; i++) {
        if (!published_usable(&published[i]))
            continue;
        json_object(json, NULL);
        json_text(json, "name", published[i].name);
        json_text(json, "kind", published[i].kind);
        if (published[i].size)
            json_integer(json, "size", published[i].size);
        else
            json_null(json, "size");
        json_text(json, "purpose", published[i].purpose);
        if (published[i].bytes)
            json_integer(json, "bytes", published[i].bytes);
        else
            json_null(json, "bytes");
        json_text(json, "license", published[i].license);
        json_boolean(json, "license_accepted", license_accepted(&published[i]));
        json_boolean(json, "installed", is_installed(&published[i], models, count));
        json_object_end(json);
    }
    json_array_end(json);
}

static void print_published(const installed_model *models, size_t count)
{
    size_t published_count;
    const published_model *published = published_models(&published_count);
    printf("\nPublished models%s\n", models_pull_available() ? "; 'gpen models pull NAME' fetches one" : "");
    printf("%-24s  %-13s  %-19s  %11s  %-9s  %s\n", "NAME", "KIND", "WHAT IT DOES", "SIZE", "HERE", "LICENCE");
    for (size_t i = 0; i < published_count; i++) {
        const published_model *model = &published[i];
        char kind[32], bytes[32] = "not known";
        if (!published_usable(model))
            continue;
        snprintf(kind, sizeof kind, "%s", model->kind);
        if (model->size)
            snprintf(kind, sizeof kind, "%s %d", model->kind, model->size);
        if (model->bytes)
            snprintf(bytes, sizeof bytes, "%.1f MiB", (double)model->bytes / 1048576);
        printf("%-24s  %-13s  %-19s  %11s  %-9s  %s\n", model->name, kind, model->purpose, bytes,
               is_installed(model, models, count) ? "installed" : "-", model->license);
    }
}

/* ---------------------------------------------------------------- those that can be used */

static void print_json(const installed_model *models, size_t count)
{
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_array(&json, "models");
    for (size_t i = 0; i < count; i++) {
        listed_model listed = identify(&models[i]);
        json_object(&json, NULL);
        json_path(&json, "name", models[i].name);
        json_text(&json, "kind", listed.facts.known ? model_kind_name(listed.facts.kind) : "unknown");
        if (listed.facts.size)
            json_integer(&json, "size", listed.facts.size);
        else
            json_null(&json, "size");
        if (listed.readable)
            json_integer(&json, "parameters", listed.facts.parameters);
        else
            json_null(&json, "parameters");
        json_integer(&json, "bytes", models[i].bytes);
        json_boolean(&json, "bundled", models[i].bundled);
        json_path(&json, "path", models[i].path);
        json_text(&json, "message", listed.facts.known ? NULL : listed.error.message);
        json_object_end(&json);
    }
    json_array_end(&json);
    print_published_json(&json, models, count);
    json_object_end(&json);
    json_end_line(&json);
}

static void print_padded(const char *text, int columns)
{
    text_print(stdout, text);
    printf("%*s  ", columns > text_columns(text) ? columns - text_columns(text) : 0, "");
}

static void print_row(const listed_model *listed, int name_columns)
{
    char kind[32] = "damaged", parameters[32] = "-";
    if (listed->facts.size)
        snprintf(kind, sizeof kind, "restorer %d", listed->facts.size);
    else if (listed->facts.known)
        snprintf(kind, sizeof kind, "%s", model_kind_name(listed->facts.kind));
    else if (listed->readable)
        snprintf(kind, sizeof kind, "unknown");
    if (listed->readable)
        snprintf(parameters, sizeof parameters, "%.1f M", (double)listed->facts.parameters / 1e6);
    print_padded(listed->model->name, name_columns);
    printf("%-13s  %10s  %6.1f MiB  %-9s  ", kind, parameters, (double)listed->model->bytes / 1048576,
           listed->model->bundled ? "bundled" : "installed");
    text_print(stdout, listed->model->path);
    (void)fputc('\n', stdout);
}

static void print_table(const installed_model *models, size_t count)
{
    int name_columns = 4;
    for (size_t i = 0; i < count; i++)
        if (text_columns(models[i].name) > name_columns)
            name_columns = text_columns(models[i].name);
    if (count)
        printf("%-*s  %-13s  %10s  %10s  %-9s  %s\n", name_columns, "NAME", "KIND", "PARAMETERS", "SIZE", "FROM",
               "PATH");
    for (size_t i = 0; i < count; i++) {
        listed_model listed = identify(&models[i]);
        print_row(&listed, name_columns);
    }
    if (!count)
        printf("There are no models.\n");
    print_published(models, count);
}

int models_list_command(int argc, char **argv)
{
    bool as_json = false;
    const command_option options[] = {
        {"running", "json", 0, NULL, "One JSON object on standard output", .flag = &as_json}};
    const command_manual manual = {
        .command = "models list",
        .purpose = "which models can be used by name, and which can be fetched",
        .usage = "gpen models list [--json]",
        .examples = "gpen models list",
        .notes = "KIND is read from the file: restorer (a GPEN) with the side of its square in\n"
                 "pixels, detector (a RetinaFace), parser (a ParseNet), unknown, or damaged.\n"
                 "Behind the models that are here stand the published ones, with their licences.",
        .options = options,
        .option_count = 1,
    };
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands)
        return complain_usage("models list", "'%s' is not needed here: all models are listed", argv[1]);
    installed_model *models;
    size_t count;
    gpen_error error;
    if (models_list(&models, &count, &error))
        return complain("%s", error.message);
    if (as_json)
        print_json(models, count);
    else
        print_table(models, count);
    models_list_free(models, count);
    return CLI_DONE;
}

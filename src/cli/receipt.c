/* What made a result: names and sums of the models. Its own file because a sum is either on record or takes a read of the
 * whole file, once a run. */
#include "cli/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* NAME.sha256 beside NAME.safetensors. NULL: the file has no such name, or there is no memory. */
static char *record_of(const char *path)
{
    static const char ending[] = ".safetensors";
    size_t length = strlen(path), ending_length = sizeof ending - 1;
    char *record = NULL;
    if (length <= ending_length || strcmp(path + length - ending_length, ending) != 0 ||
        asprintf(&record, "%.*s.sha256", (int)(length - ending_length), path) < 0)
        return NULL;
    return record;
}

/* Was the record made for the file as it is now? */
static bool is_current(const char *record, const char *path)
{
    struct stat sum, model;
    return !stat(record, &sum) && !stat(path, &model) && S_ISREG(sum.st_mode) && sum.st_mtime >= model.st_mtime;
}

gpen_status receipt_name_model(receipt_model *named, const model_choice *choice, gpen_error *error)
{
    *named = (receipt_model){.name = choice->name};
    if (!choice->path)
        return GPEN_OK;
    char *record = record_of(choice->path);
    bool recorded = record && is_current(record, choice->path) &&
                    !sha256_list_find(record, path_name(choice->path), named->sha256, NULL);
    free(record);
    if (recorded)
        return GPEN_OK;
    gpen_status status = file_sha256(choice->path, named->sha256, error);
    return status == GPEN_UNSUPPORTED_FORMAT ? GPEN_OK : status;
}

const char *receipt_mode(const receipt *made)
{
    return made->settings.mode == GPEN_MODE_PLAIN ? "plain" : "natural";
}

/* ---------------------------------------------------------------- for XMP */

static void add_line(receipt_text *text, const char *key, const char *value)
{
    if (value && *value && text->count < MOST_RECEIPT_LINES)
        text->lines[text->count++] = (picture_receipt_line){key, value};
}

static void add_model(receipt_text *text, const receipt_model *model, const char *name_key, const char *sum_key)
{
    if (!model->name)
        return;
    add_line(text, name_key, model->name);
    add_line(text, sum_key, model->sha256);
}

void receipt_write(receipt_text *text, const receipt *made, size_t faces, size_t restored)
{
    text->count = 0;
    snprintf(text->strength, sizeof text->strength, "%d", made->settings.strength);
    snprintf(text->faces, sizeof text->faces, "%zu", faces);
    snprintf(text->restored, sizeof text->restored, "%zu", restored);
    add_line(text, "Program", "gpen");
    add_line(text, "Version", gpen_version());
    add_model(text, &made->restorer, "Restorer", "RestorerSHA256");
    add_model(text, &made->detector, "Detector", "DetectorSHA256");
    add_model(text, &made->parser, "Parser", "ParserSHA256");
    add_line(text, "Mode", receipt_mode(made));
    add_line(text, "Strength", text->strength);
    add_line(text, "Level", made->level);
    add_line(text, "FacesFound", text->faces);
    add_line(text, "FacesRestored", text->restored);
    add_line(text, "AlteredByModel", restored ? "true" : "false");
}

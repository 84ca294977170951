/* What made a result, as lines for its XMP. Its own file because these lines are read by other programs. */
#include "batch/receipt.h"

#include <stdio.h>

const char *receipt_mode(const gpen_settings *settings)
{
    return settings->mode == GPEN_MODE_PLAIN ? "plain" : "natural";
}

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

void receipt_write(receipt_text *text, const receipt *made, const gpen_settings *settings, size_t faces,
                   size_t restored)
{
    text->count = 0;
    snprintf(text->strength, sizeof text->strength, "%d", settings->strength);
    snprintf(text->faces, sizeof text->faces, "%zu", faces);
    snprintf(text->restored, sizeof text->restored, "%zu", restored);
    add_line(text, "Program", "gpen");
    add_line(text, "Version", gpen_version());
    add_model(text, &made->restorer, "Restorer", "RestorerSHA256");
    add_model(text, &made->detector, "Detector", "DetectorSHA256");
    add_model(text, &made->parser, "Parser", "ParserSHA256");
    add_line(text, "Mode", receipt_mode(settings));
    add_line(text, "Strength", text->strength);
    add_line(text, "Level", made->level);
    add_line(text, "Precision", made->precision);
    add_line(text, "FacesFound", text->faces);
    add_line(text, "FacesRestored", text->restored);
    add_line(text, "AlteredByModel", restored ? "true" : "false");
}

/* What made a result, as lines for its XMP. Its own file because these lines are read by other programs. */
#include "batch/receipt.h"

#include <ctype.h>
#include <stdio.h>

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

/* "skin_protect" as XMP has its names: "SkinProtect". */
static void write_key(char key[16], const char *field)
{
    bool first = true;
    size_t length = 0;
    for (; *field && length < 15; field++) {
        if (*field != '_')
            key[length++] = (char)(first ? toupper((unsigned char)*field) : *field);
        first = *field == '_';
    }
    key[length] = '\0';
}

/* A control that is off is not mentioned. */
static void add_control(receipt_text *text, int index, const char *field, int value)
{
    write_key(text->control_keys[index], field);
    snprintf(text->controls[index], sizeof text->controls[index], "%d", value);
    if (value)
        add_line(text, text->control_keys[index], text->controls[index]);
}

/* "1=40,3=0" */
static void add_face_strengths(receipt_text *text, const gpen_settings *settings)
{
    size_t used = 0;
    text->face_strengths[0] = '\0';
    for (int i = 0; i < settings->face_strength_count && used < sizeof text->face_strengths; i++) {
        const gpen_face_strength *own = &settings->face_strengths[i];
        int length = snprintf(text->face_strengths + used, sizeof text->face_strengths - used, "%s%d=%d", i ? "," : "",
                              own->face, own->strength);
        used += length > 0 ? (size_t)length : 0;
    }
    add_line(text, "FaceStrengths", text->face_strengths);
}

/* "10,20,110,150;300,40,380,140" */
static void add_extra_faces(receipt_text *text, const gpen_settings *settings)
{
    size_t used = 0;
    text->extra_faces[0] = '\0';
    for (int i = 0; i < settings->extra_face_count && used < sizeof text->extra_faces; i++) {
        const float *box = settings->extra_faces[i];
        int length = snprintf(text->extra_faces + used, sizeof text->extra_faces - used, "%s%.7g,%.7g,%.7g,%.7g",
                              i ? ";" : "", (double)box[0], (double)box[1], (double)box[2], (double)box[3]);
        used += length > 0 ? (size_t)length : 0;
    }
    add_line(text, "ExtraFaces", text->extra_faces);
}

/* "1=80:0.91,2=0:0.12": at which strength each face was restored that the guard measured, and how alike it is. */
static void add_likeness(receipt_text *text, const gpen_faces *faces)
{
    size_t used = 0;
    text->likeness[0] = '\0';
    for (size_t i = 0; i < faces->count && used + 16 < sizeof text->likeness; i++) {
        const gpen_face *face = &faces->faces[i];
        if (face->likeness < 0)
            continue;
        int length = snprintf(text->likeness + used, sizeof text->likeness - used, "%s%zu=%d:%.2f", used ? "," : "",
                              i + 1, face->strength, (double)face->likeness);
        used += length > 0 ? (size_t)length : 0;
    }
    add_line(text, "FaceLikeness", text->likeness);
}

/* Which preset the settings are of, and why where it was chosen for the photo. */
static void add_preset(receipt_text *text, const job_result *result)
{
    gpen_choice_sentence(&result->choice, GPEN_ENGLISH, text->reason);
    add_line(text, "Preset", gpen_preset_name(result->look.preset));
    add_line(text, "PresetReason", text->reason);
}

static void add_look(receipt_text *text, const gpen_settings *settings)
{
    snprintf(text->strength, sizeof text->strength, "%d", settings->strength);
    add_line(text, "Mode", gpen_mode_name(settings->mode));
    add_line(text, "Strength", text->strength);
    add_face_strengths(text, settings);
    add_extra_faces(text, settings);
    add_line(text, "LikenessGuard", settings->likeness && settings->mode != GPEN_MODE_PLAIN ? "on" : "off");
#define ADD_CONTROL(field, least, most) add_control(text, RECEIPT_CONTROL_##field, #field, settings->field);
    GPEN_CONTROL_LIST(ADD_CONTROL)
#undef ADD_CONTROL
}

void receipt_write(receipt_text *text, const receipt *made, const job_result *result, bool aligned)
{
    text->count = 0;
    snprintf(text->faces, sizeof text->faces, "%zu", aligned ? 1 : faces_seen(&result->faces));
    snprintf(text->restored, sizeof text->restored, "%zu", result->restored);
    add_line(text, "Program", "gpen");
    add_line(text, "Version", gpen_version());
    add_model(text, &made->restorer, "Restorer", "RestorerSHA256");
    add_model(text, &made->detector, "Detector", "DetectorSHA256");
    add_model(text, &made->parser, "Parser", "ParserSHA256");
    add_preset(text, result);
    add_look(text, &result->look);
    add_likeness(text, &result->faces);
    add_line(text, "Level", made->level);
    add_line(text, "Precision", made->precision);
    add_line(text, "FacesFound", text->faces);
    add_line(text, "FacesRestored", text->restored);
    add_line(text, "AlteredByModel", result->restored ? "true" : "false");
}

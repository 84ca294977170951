/* The report of a batch as JSON lines. Its own file because these fields are an interface that programs rely on; the manual
 * page lists them. */
#include "cli/report_json.h"
#include "base/clock.h"

#include "cli/face_json.h"
#include "cli/text.h"

static const char *const state_names[ITEM_STATES] = {"done", "failed", "skipped", "planned", "stopped"};

static void write_reason(json_writer *json, const gpen_error *error)
{
    json_text(json, "reason", error->status ? gpen_status_name(error->status) : NULL);
    json_text(json, "message", error->status ? error->message : NULL);
}

/* One sentence a line becomes an array of sentences. */
static void write_notes(json_writer *json, const char *notes)
{
    json_array(json, "notes");
    char sentence[512];
    size_t used = 0;
    for (; notes && *notes; notes++) {
        if (*notes != '\n' && used + 1 < sizeof sentence)
            sentence[used++] = *notes;
        if (used && (*notes == '\n' || !notes[1])) {
            sentence[used] = '\0';
            json_text(json, NULL, sentence);
            used = 0;
        }
    }
    json_array_end(json);
}

static void write_seconds(json_writer *json, const item_outcome *outcome)
{
    json_object(json, "seconds");
    json_number(json, "load", outcome->load_seconds);
    json_number(json, "enhance", outcome->enhance_seconds);
    json_number(json, "save", outcome->save_seconds);
    json_object_end(json);
}

/* An aligned crop is one face, and all of the picture. */
static void write_faces(json_writer *json, const item_outcome *outcome)
{
    json_array(json, "faces");
    if (outcome->aligned && outcome->state == ITEM_DONE) {
        json_object(json, NULL);
        json_text(json, "state", gpen_face_state_name(outcome->restored ? GPEN_FACE_RESTORED : GPEN_FACE_FOUND));
        json_number(json, "seconds", outcome->enhance_seconds);
        json_object_end(json);
    }
    for (size_t i = 0; i < outcome->faces.count; i++) {
        const gpen_face *face = &outcome->faces.faces[i];
        json_object(json, NULL);
        face_json(json, face);
        json_text(json, "state", gpen_face_state_name(face->state));
        json_text(json, "message", gpen_face_state_sentence(face->state, text_language()));
        json_number(json, "seconds", face->seconds);
        json_integer(json, "strength", face->strength);
        if (face->likeness >= 0)
            json_number(json, "likeness", (double)face->likeness);
        else
            json_null(json, "likeness");
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_model(json_writer *json, const char *key, const receipt_model *model)
{
    if (!model->name) {
        json_null(json, key);
        return;
    }
    json_object(json, key);
    json_path(json, "name", model->name);
    json_text(json, "sha256", *model->sha256 ? model->sha256 : NULL);
    json_object_end(json);
}

static void write_controls(json_writer *json, const gpen_settings *look)
{
#define WRITE_CONTROL(field, least, most) json_integer(json, #field, look->field);
    GPEN_CONTROL_LIST(WRITE_CONTROL)
#undef WRITE_CONTROL
    json_boolean(json, "likeness", look->likeness != 0);
    json_object(json, "face_strengths");
    for (int i = 0; i < look->face_strength_count; i++) {
        char face[16];
        snprintf(face, sizeof face, "%d", look->face_strengths[i].face);
        json_integer(json, face, look->face_strengths[i].strength);
    }
    json_object_end(json);
    json_array(json, "extra_faces");
    for (int i = 0; i < look->extra_face_count; i++) {
        json_array(json, NULL);
        for (int k = 0; k < 4; k++)
            json_number(json, NULL, (double)look->extra_faces[i][k]);
        json_array_end(json);
    }
    json_array_end(json);
}

/* Preset auto: what was chosen for the photo, and why. */
static void write_choice(json_writer *json, const gpen_choice *choice)
{
    char sentence[GPEN_CHOICE_BYTES];
    if (choice->preset == GPEN_PRESET_AUTO) {
        json_null(json, "choice");
        return;
    }
    gpen_choice_sentence(choice, text_language(), sentence);
    json_object(json, "choice");
    json_text(json, "preset", gpen_preset_name(choice->preset));
    json_text(json, "message", sentence);
    json_number(json, "noise", (double)choice->noise);
    json_number(json, "blur", (double)choice->blur);
    json_integer(json, "jpeg_quality", choice->quality);
    json_number(json, "range", (double)choice->range);
    json_number(json, "cast", (double)choice->cast);
    json_integer(json, "face", choice->face);
    json_object_end(json);
}

/* Only a result has one. */
static void write_receipt(json_writer *json, const item_outcome *outcome)
{
    const receipt *made = outcome->made;
    if (outcome->state != ITEM_DONE || !made) {
        json_null(json, "receipt");
        return;
    }
    json_object(json, "receipt");
    json_text(json, "program", "gpen");
    json_text(json, "version", gpen_version());
    write_model(json, "restorer", &made->restorer);
    write_model(json, "detector", &made->detector);
    write_model(json, "parser", &made->parser);
    json_text(json, "preset", gpen_preset_name(outcome->look.preset));
    json_text(json, "mode", gpen_mode_name(outcome->look.mode));
    json_integer(json, "strength", outcome->look.strength);
    write_controls(json, &outcome->look);
    json_text(json, "level", made->level);
    json_text(json, "precision", made->precision);
    json_boolean(json, "altered_by_model", outcome->restored > 0);
    json_object_end(json);
}

static void write_size(json_writer *json, const char *key, int pixels)
{
    if (pixels > 0)
        json_integer(json, key, pixels);
    else
        json_null(json, key);
}

void report_json_item(const item_outcome *outcome)
{
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_text(&json, "event", "item");
    if (outcome->number)
        json_integer(&json, "number", (int64_t)outcome->number);
    json_path(&json, "input", outcome->input);
    json_path(&json, "output", outcome->output);
    json_text(&json, "state", state_names[outcome->state]);
    write_reason(&json, &outcome->error);
    json_path(&json, "copy", outcome->copy);
    write_notes(&json, outcome->notes);
    write_seconds(&json, outcome);
    write_size(&json, "width", outcome->width);
    write_size(&json, "height", outcome->height);
    write_faces(&json, outcome);
    json_integer(&json, "restored", (int64_t)outcome->restored);
    write_choice(&json, &outcome->choice);
    write_receipt(&json, outcome);
    json_object_end(&json);
    json_end_line(&json);
}

void report_json_error(const gpen_error *error)
{
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_text(&json, "event", "error");
    write_reason(&json, error);
    json_object_end(&json);
    json_end_line(&json);
}

void report_json_summary(const batch_report *report, int signal, int exit_status)
{
    size_t seen = 0;
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_text(&json, "event", "summary");
    json_text(&json, "version", gpen_version());
    json_path(&json, "model", report->model);
    json_path(&json, "model_path", report->model_path);
    json_path(&json, "detector", report->detector);
    json_path(&json, "parser", report->parser);
    json_integer(&json, "total", (int64_t)report->total);
    for (int state = ITEM_DONE; state <= ITEM_PLANNED; state++) {
        json_integer(&json, state_names[state], (int64_t)report->counts[state]);
        seen += report->counts[state];
    }
    json_object(&json, "reasons");
    for (int reason = 0; reason < GPEN_STATUS_COUNT; reason++)
        if (report->reasons[reason])
            json_integer(&json, gpen_status_name((gpen_status)reason), (int64_t)report->reasons[reason]);
    json_object_end(&json);
    json_integer(&json, "faces_restored", (int64_t)report->faces_restored);
    json_integer(&json, "faceless", (int64_t)report->faceless);
    json_integer(&json, "remaining", (int64_t)(report->total - seen));
    json_boolean(&json, "interrupted", signal != 0);
    json_number(&json, "seconds", clock_seconds() - report->begun);
    json_integer(&json, "exit_status", exit_status);
    json_object_end(&json);
    json_end_line(&json);
}

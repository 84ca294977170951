/* What a task returns. Its own file because it is what other people's programs read. */
#include "celery/result.h"

#include <stdlib.h>
#include <string.h>

#include "batch/result_json.h"

static json_t *faces_json(const gpen_faces *faces)
{
    json_t *list = json_pack("[]");
    for (size_t i = 0; list && i < faces->count; i++)
        (void)json_array_append_new(list, result_face_json(&faces->faces[i]));
    return list;
}

/* Of each stage that took any time, and of all. */
static json_t *seconds_json(const job_result *result)
{
    double total = 0;
    json_t *seconds = json_pack("{}");
    for (int i = 0; seconds && i < JOB_STAGES; i++) {
        if (result->seconds[i] > 0)
            (void)json_object_set_new(seconds, job_stage_name((job_stage)i), json_pack("f", result->seconds[i]));
        total += result->seconds[i];
    }
    if (seconds)
        (void)json_object_set_new(seconds, "total", json_pack("f", total));
    return seconds;
}

/* A list of sentences. What is not UTF-8 in them is left out. */
static json_t *notes_json(const char *notes)
{
    json_t *list = json_pack("[]");
    while (list && notes && *notes) {
        size_t length = strcspn(notes, "\n");
        json_t *note = json_pack("s%", notes, length);
        if (note)
            (void)json_array_append_new(list, note);
        notes += length + (notes[length] == '\n');
    }
    return list;
}

static json_t *output_json(const work *w, const char *packed, const char *kind)
{
    const request_place *place = &w->asked.output;
    if (place->kind == PLACE_PATH)
        return json_pack("s", place->text);
    if (place->kind == PLACE_URL)
        return json_pack("s%", place->text, (size_t)transfer_shown(place->text));
    return json_pack("{s:s, s:s}", "base64", packed ? packed : "", "type", kind);
}

static receipt_model named(const worker_model *model)
{
    receipt_model name = {.name = *model->name ? model->name : NULL};
    memcpy(name.sha256, model->sha256, sizeof name.sha256);
    return name;
}

/* As a supervisor's store keeps it, in which this photo may have its place. */
static json_t *receipt_json(const work *w, const worker_setup *setup)
{
    const receipt made = {.restorer = named(&setup->restorer),
                          .detector = named(&setup->detector),
                          .parser = named(&setup->parser),
                          .level = w->level,
                          .precision = gpen_precision_name(w->precision)};
    char *text = result_receipt_json(&w->result, &made, &w->result.look);
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    return object;
}

json_t *result_json(const work *w, const char *packed, const char *kind, const celery_options *options)
{
    const job_result *result = &w->result;
    json_t *value =
        json_pack("{s:i, s:i, s:o, s:o, s:o}", "width", result->width, "height", result->height, "faces",
                  faces_json(&result->faces), "seconds", seconds_json(result), "notes", notes_json(result->notes));
    if (!value || w->asked.kind == REQUEST_DETECT)
        return value;
    (void)json_object_set_new(value, "output", output_json(w, packed, kind));
    (void)json_object_set_new(value, "bytes", json_pack("I", (json_int_t)result->output_bytes));
    (void)json_object_set_new(value, "restored", json_pack("i", (int)result->restored));
    (void)json_object_set_new(value, "settings", settings_to_json(&w->asked.settings));
    (void)json_object_set_new(value, "model", json_pack("s?", options->restorer));
    (void)json_object_set_new(value, "memory", json_pack("I", (json_int_t)result->peak_bytes));
    (void)json_object_set_new(value, "receipt", receipt_json(w, &options->pool.setup));
    return value;
}

json_t *progress_json(const work *w, const char *node, double now)
{
    int stage = atomic_load(&w->stage);
    return json_pack("{s:s, s:i, s:i, s:f, s:s}", "stage", stage < 0 ? "waiting" : job_stage_name((job_stage)stage),
                     "faces_done", (int)atomic_load(&w->faces_done), "faces_total", (int)atomic_load(&w->faces_total),
                     "seconds", now - w->begun, "worker", node);
}

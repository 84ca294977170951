/* A report for programs. Its own file because its fields are an interface: docs/REPORTS.md lists them. */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "batch/reasons.h"
#include "batch/report_room.h"

static void put_moment(json_writer *json, const char *key, int64_t milliseconds)
{
    char text[DATE_TEXT];
    date_text(milliseconds, text);
    json_text(json, key, milliseconds ? text : NULL);
}

/* What is in no store has none. */
static void put_number(json_writer *json, const char *key, int64_t number)
{
    if (number)
        json_integer(json, key, number);
    else
        json_null(json, key);
}

static void put_states(json_writer *json, const char *key, const int64_t counts[STORE_STATES])
{
    json_object(json, key);
    for (int state = 0; state < STORE_STATES; state++)
        json_integer(json, store_state_name((store_state)state), counts[state]);
    json_object_end(json);
}

static void put_faces(json_writer *json, const char *key, const int64_t faces[GPEN_FACE_STATE_COUNT])
{
    json_object(json, key);
    for (int state = 0; state < GPEN_FACE_STATE_COUNT; state++)
        json_integer(json, gpen_face_state_name((gpen_face_state)state), faces[state]);
    json_object_end(json);
}

static void put_totals(json_writer *json, const report_totals *totals)
{
    json_object(json, "totals");
    json_integer(json, "items", totals->items);
    put_states(json, "states", totals->states);
    json_integer(json, "skipped", totals->there);
    json_object(json, "reasons");
    for (int reason = 0; reason < GPEN_STATUS_COUNT; reason++)
        if (totals->reasons[reason])
            json_integer(json, gpen_status_name((gpen_status)reason), totals->reasons[reason]);
    json_object_end(json);
    put_faces(json, "faces", totals->faces);
    json_integer(json, "faceless", totals->faceless);
    json_number(json, "seconds", totals->seconds);
    put_moment(json, "begun", totals->begun);
    put_moment(json, "ended", totals->ended);
    json_object_end(json);
}

static void put_batch(json_writer *json, const store_batch *batch)
{
    json_object(json, NULL);
    json_integer(json, "batch", batch->id);
    put_moment(json, "created", batch->created);
    put_moment(json, "ended", batch->ended);
    json_path(json, "output_folder", batch->output_folder);
    json_ready(json, "settings", batch->settings);
    json_integer(json, "priority", batch->priority);
    json_boolean(json, "paused", batch->paused);
    json_boolean(json, "cancelled", batch->cancelled);
    put_states(json, "items", batch->counts);
    json_object_end(json);
}

static void put_content(json_writer *json, const char *key, const store_content *content)
{
    json_object(json, key);
    json_integer(json, "bytes", content->bytes);
    put_moment(json, "modified", content->modified / 1000000);
    json_text(json, "sha256", *content->sha256 ? content->sha256 : NULL);
    json_object_end(json);
}

static void put_reason(json_writer *json, const store_item *item, gpen_language language)
{
    const bool has_reason = item->reason != GPEN_OK;
    json_text(json, "reason", has_reason ? gpen_status_name(item->reason) : NULL);
    json_text(json, "message", has_reason ? gpen_status_sentence(item->reason, language) : NULL);
    json_text(json, "advice", has_reason ? reason_advice(item->reason, language) : NULL);
    json_text(json, "detail", item->detail);
}

static void put_spent(json_writer *json, const store_spent *spent)
{
    json_object(json, "seconds");
    for (int stage = 0; stage < STORE_STAGES; stage++)
        json_number(json, store_stage_name((store_stage)stage), spent->seconds[stage]);
    json_object_end(json);
    json_integer(json, "peak_memory", spent->peak_memory);
}

static void put_item(report *r, const store_item *item)
{
    json_writer json = json_begin(r->out);
    json.follows = r->follows;
    r->follows = true;
    json_object(&json, NULL);
    put_number(&json, "item", item->id);
    put_number(&json, "batch", item->batch);
    put_number(&json, "position", item->position);
    json_path(&json, "photo", item->relative);
    json_path(&json, "input", item->input);
    json_path(&json, "output", item->output);
    char *copy = report_copy(item);
    json_path(&json, "copy", copy);
    free(copy);
    json_text(&json, "state", report_state_name(item));
    put_reason(&json, item, r->options->language);
    json_integer(&json, "attempts", item->attempts);
    put_moment(&json, "ended", item->ended);
    put_spent(&json, &item->spent);
    put_content(&json, "read", &item->content);
    put_content(&json, "written", &item->written);
    put_faces(&json, "faces", item->faces);
    json_ready(&json, "faces_found", item->faces_json);
    json_ready(&json, "receipt", item->receipt);
    json_object_end(&json);
}

gpen_status report_json(report *r, gpen_error *error)
{
    json_writer json = json_begin(r->out);
    json_object(&json, NULL);
    json_text(&json, "report", "gpen");
    json_integer(&json, "report_version", 1);
    json_text(&json, "version", gpen_version());
    put_moment(&json, "made", r->options->now);
    json_boolean(&json, "interrupted", r->options->interrupted);
    put_totals(&json, &r->totals);
    json_array(&json, "batches");
    for (size_t i = 0; i < r->options->batch_count; i++)
        put_batch(&json, &r->batches[i]);
    json_array_end(&json);
    json_array(&json, "items");
    gpen_status status = report_each(r, REPORT_ALL, put_item, error);
    json_array_end(&json);
    json_object_end(&json);
    json_end_line(&json);
    return status;
}

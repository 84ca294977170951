/* From a job to a task, and from what became of it to a job's result. Its own file because it is the language of request.h and result.h,
 * from the other side. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/characters.h"
#include "batch/reasons.h"
#include "batch/settings_json.h"
#include "celery/fleet_room.h"
#include "celery/request.h"
#include "celery/signature.h"
#include "weights/weights.h"

enum { MOST_FACES = 100000 };

/* ---------------------------------------------------------------- names */

gpen_status fleet_name(const fleet_options *options, char prefix[FLEET_PREFIX], gpen_error *error)
{
    char digest[65];
    gpen_status status = text_sha256(options->data_there ? options->data_there : options->data, digest, error);
    snprintf(prefix, FLEET_PREFIX, "gpen-serve-%.8s-", digest);
    return status;
}

/* By all that makes it this attempt at this photo: names of results are never given twice, so neither is this. */
static gpen_status name_task(const fleet *f, fleet_flight *flight, const char *arguments, gpen_error *error)
{
    char digest[65], *all = NULL;
    if (asprintf(&all, "%llu %d %s", (unsigned long long)flight->job.order.id, flight->job.endings, arguments) < 0)
        return gpen_fail_memory(error, "a task's name", 0);
    gpen_status status = text_sha256(all, digest, error);
    snprintf(flight->id, sizeof flight->id, "%s%.32s", f->prefix, digest);
    free(all);
    return status;
}

/* ---------------------------------------------------------------- arguments */

/* The path as the workers know it. NULL: no memory, or it is no UTF-8. */
static json_t *path_there(const fleet *f, const char *path)
{
    const char *here = f->options.data, *there = f->options.data_there;
    size_t length = strlen(here);
    bool beneath = there && !strncmp(path, here, length) && path[length] == '/';
    return beneath ? json_pack("s+", there, path + length) : json_pack("s", path);
}

static json_t *settings_of(const job_order *order)
{
    batch_settings settings = batch_settings_default();
    settings.look = order->look;
    settings.quality = order->quality;
    settings.max_edge = order->max_edge;
    settings.aligned = order->aligned;
    settings.require_face = order->require_face;
    settings.save_faces = order->save_faces;
    return settings_to_json(&settings); /* the format is that of the result's name */
}

static json_t *extras_of(const fleet *f, const batch_job *job)
{
    json_t *extras = json_pack("{s:b, s:i}", "once", 1, "shrink", job->shrink);
    bool good = extras != NULL;
    if (good && text_is_utf8(job->order.input_name))
        good = !json_object_set_new(extras, "name", json_pack("s", job->order.input_name));
    if (good && job->thumbnails)
        good = !json_object_set_new(extras, "thumbnails",
                                    json_pack("{s:o, s:i}", "path", path_there(f, job->thumbnails), "edge",
                                              job->order.thumbnail_edge));
    if (good && job->crops)
        good = !json_object_set_new(extras, "faces", path_there(f, job->crops));
    if (good)
        return extras;
    json_decref(extras);
    return NULL;
}

/* The place of a result is its item's own, so what an attempt before left there may be replaced. */
static json_t *arguments_of(const fleet *f, const batch_job *job)
{
    return json_pack("[{s:o}, {s:o}, o, n, b, o]", "path", path_there(f, job->input), "path",
                     path_there(f, job->output), settings_of(&job->order), 1, extras_of(f, job));
}

/* ---------------------------------------------------------------- the message */

/* As any other that is sent on, but for its limit of time, and its tag, by which the same message is always the same text. */
static char *message_of(const fleet *f, const fleet_flight *flight, json_t *arguments)
{
    const task_canvas canvas = {.queue = f->options.queue};
    signature_sender sender = {.canvas = &canvas, .sends = json_pack("[]")};
    json_t *signature = json_pack("{s:s, s:O, s:{}, s:{s:s, s:s}}", "task", request_name(REQUEST_ENHANCE), "args",
                                  arguments, "kwargs", "options", "task_id", flight->id, "queue", f->options.queue);
    char *text = NULL;
    if (signature && sender.sends && !signature_send(&sender, signature, NULL, NULL, NULL)) {
        json_t *envelope = json_array_get(json_array_get(sender.sends, 0), 2);
        double seconds = flight->job.seconds;
        int failed = seconds > 0 ? json_object_set_new(json_object_get(envelope, "headers"), "timelimit",
                                                       json_pack("[f, n]", seconds))
                                 : 0;
        failed |=
            json_object_set_new(json_object_get(envelope, "properties"), "delivery_tag", json_pack("s", flight->id));
        text = failed ? NULL : json_text_of(envelope);
    }
    json_decref(signature);
    json_decref(sender.sends);
    return text;
}

gpen_status fleet_write(const fleet *f, fleet_flight *flight, gpen_error *error)
{
    json_t *arguments = arguments_of(f, &flight->job);
    char *plain = json_text_of(arguments);
    gpen_status status =
        plain ? name_task(f, flight, plain, error)
              : gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: its path cannot be written in a task (it is no UTF-8)",
                          flight->job.order.input_name);
    if (!status) {
        flight->text = message_of(f, flight, arguments);
        status = flight->text ? GPEN_OK : gpen_fail_memory(error, "a task", 0);
    }
    free(plain);
    json_decref(arguments);
    return status;
}

/* ---------------------------------------------------------------- what came of it */

static double number_of(const json_t *value, double otherwise)
{
    double number = json_number_value(value);
    return json_is_number(value) && isfinite(number) ? number : otherwise;
}

static int integer_of(const json_t *value, int most)
{
    json_int_t number = json_integer_value(value);
    return number < 0 ? 0 : number > most ? most : (int)number;
}

static void read_face(const json_t *value, gpen_face *face)
{
    const char *state = json_string_value(json_object_get(value, "state"));
    for (size_t i = 0; i < 4; i++)
        face->box[i] = (float)number_of(json_array_get(json_object_get(value, "box"), i), 0);
    for (size_t i = 0; i < 10; i++)
        face->landmarks[i / 2][i % 2] =
            (float)number_of(json_array_get(json_array_get(json_object_get(value, "landmarks"), i / 2), i % 2), 0);
    for (int i = 0; state && i < GPEN_FACE_STATE_COUNT; i++)
        if (!strcmp(gpen_face_state_name((gpen_face_state)i), state))
            face->state = (gpen_face_state)i;
    face->score = (float)number_of(json_object_get(value, "score"), 0);
    face->seconds = number_of(json_object_get(value, "seconds"), 0);
    face->strength = integer_of(json_object_get(value, "strength"), 100);
    face->likeness = (float)number_of(json_object_get(value, "likeness"), -1);
}

static bool read_faces(const json_t *list, gpen_faces *faces)
{
    size_t count = json_array_size(list);
    if (!count || count > MOST_FACES)
        return !count;
    faces->faces = calloc(count, sizeof *faces->faces);
    faces->count = faces->faces ? count : 0;
    for (size_t i = 0; i < faces->count; i++)
        read_face(json_array_get(list, i), &faces->faces[i]);
    return faces->faces;
}

static void read_notes(const json_t *list, job_result *result)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        job_result_note(result, json_string_value(json_array_get(list, i)));
}

void fleet_read_result(const fleet_flight *flight, const json_t *value, job_result *result)
{
    const json_t *seconds = json_object_get(value, "seconds"), *receipt = json_object_get(value, "receipt");
    *result = (job_result){.look = flight->job.order.look};
    for (int stage = 0; stage < JOB_STAGES; stage++)
        result->seconds[stage] = number_of(json_object_get(seconds, job_stage_name((job_stage)stage)), 0);
    result->width = integer_of(json_object_get(value, "width"), INT32_MAX);
    result->height = integer_of(json_object_get(value, "height"), INT32_MAX);
    result->restored = (size_t)integer_of(json_object_get(value, "restored"), MOST_FACES);
    result->output_bytes = json_integer_value(json_object_get(value, "bytes"));
    result->peak_bytes = json_integer_value(json_object_get(value, "memory"));
    result->receipt = json_is_object(receipt) ? json_text_of(receipt) : NULL;
    if (!read_faces(json_object_get(value, "faces"), &result->faces) || (json_is_object(receipt) && !result->receipt))
        gpen_fail_memory(&result->error, "a result", 0);
    read_notes(json_object_get(value, "notes"), result);
    if (!json_is_object(value) || result->output_bytes <= 0)
        gpen_fail(&result->error, GPEN_CRASHED, "the worker returned what makes no sense");
}

bool fleet_read_failure(task_state state, const json_t *exception, job_result *result)
{
    const json_t *words = json_object_get(exception, "exc_message");
    const char *type = json_string_value(json_object_get(exception, "exc_type")),
               *first = json_string_value(json_array_get(words, 0)),
               *second = json_string_value(json_array_get(words, 1));
    gpen_status reason = GPEN_CRASHED;
    *result = (job_result){.width = 0};
    if (state == TASK_REVOKED) {
        gpen_fail(&result->error, GPEN_CRASHED, "somebody took it out of the queue");
    } else if (type && strstr(type, "TimeLimitExceeded")) {
        gpen_fail(&result->error, GPEN_TIMED_OUT, "it took longer than %s seconds", first ? first : "so many");
    } else if (type && first && second && !strcmp(type, "GpenError") && reason_find(first, &reason) &&
               reason != GPEN_CANCELLED) {
        gpen_fail(&result->error, reason, "%s", second);
        return reason == GPEN_CRASHED;
    } else {
        gpen_fail(&result->error, GPEN_CRASHED, "the worker could not do it: %s%s%s", type ? type : "no reason",
                  first ? ": " : "", first ? first : "");
    }
    return false;
}

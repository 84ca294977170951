/* Messages as bytes. Its own file because it is the one list of what travels, field by field, in both directions: a field
 * that is written but not read shows side by side. */
#include "batch/message.h"

#include <stdlib.h>
#include <string.h>

#include "batch/wire.h"

enum { MOST_SIDE = 1000000, MOST_SECONDS = 1000000000 };

static const int64_t most_bytes = INT64_C(1) << 50;

void message_free(message *m)
{
    if (m->kind == MESSAGE_RESULT)
        job_result_free(&m->result.result);
    memset(m, 0, sizeof *m);
}

int message_files(message_kind kind)
{
    switch (kind) {
    case MESSAGE_ORDER: return 2;
    case MESSAGE_CROP:
    case MESSAGE_THUMBNAIL: return 1;
    case MESSAGE_START:
    case MESSAGE_READY:
    case MESSAGE_REFUSED:
    case MESSAGE_STAGE:
    case MESSAGE_FACES:
    case MESSAGE_HEARTBEAT:
    case MESSAGE_RESULT:
    case MESSAGE_QUIT:
    case MESSAGE_TAKE_BACK: return 0;
    }
    return -1;
}

static void put_integer(wire_writer *w, int64_t value)
{
    wire_put_u64(w, (uint64_t)value);
}

/* ---------------------------------------------------------------- errors */

static void write_error(wire_writer *w, const gpen_error *error)
{
    put_integer(w, (int64_t)error->status);
    wire_put_text(w, error->status ? error->message : "", sizeof error->message - 1);
}

/* gpen_fail makes one clean line of it. */
static void read_error(wire_reader *r, gpen_error *error)
{
    char text[sizeof error->message];
    gpen_status status = (gpen_status)wire_int(r, 0, GPEN_STATUS_COUNT - 1);
    wire_text(r, text, sizeof text);
    *error = (gpen_error){0};
    if (status)
        gpen_fail(error, status, "%s", text);
}

/* ---------------------------------------------------------------- setting up */

static void write_model(wire_writer *w, const worker_model *model)
{
    wire_put_text(w, model->path, sizeof model->path - 1);
    wire_put_text(w, model->name, sizeof model->name - 1);
    wire_put_text(w, model->sha256, sizeof model->sha256 - 1);
}

static void read_model(wire_reader *r, worker_model *model)
{
    wire_text(r, model->path, sizeof model->path);
    wire_text(r, model->name, sizeof model->name);
    wire_text(r, model->sha256, sizeof model->sha256);
}

static void write_start(wire_writer *w, const worker_setup *setup)
{
    write_model(w, &setup->restorer);
    write_model(w, &setup->detector);
    write_model(w, &setup->parser);
    put_integer(w, setup->threads);
    put_integer(w, setup->memory_mebibytes);
    put_integer(w, setup->heartbeat_milliseconds);
    put_integer(w, setup->precision);
    wire_put_text(w, setup->cache, sizeof setup->cache - 1);
    put_integer(w, setup->supervisor);
    put_integer(w, setup->sandbox);
}

static void read_start(wire_reader *r, worker_setup *setup)
{
    read_model(r, &setup->restorer);
    read_model(r, &setup->detector);
    read_model(r, &setup->parser);
    setup->threads = wire_int(r, 1, 256);
    setup->memory_mebibytes = wire_int(r, 0, INT32_MAX);
    setup->heartbeat_milliseconds = wire_int(r, 1, 3600000);
    setup->precision = (gpen_precision)wire_int(r, GPEN_PRECISION_AUTO, GPEN_PRECISION_BF16);
    wire_text(r, setup->cache, sizeof setup->cache);
    setup->supervisor = wire_int64(r, 0, INT32_MAX);
    setup->sandbox = wire_bool(r);
}

static void write_ready(wire_writer *w, const worker_ready *ready)
{
    put_integer(w, ready->system_calls);
    put_integer(w, ready->files);
    wire_put_text(w, ready->level, sizeof ready->level - 1);
    put_integer(w, ready->size);
    put_integer(w, ready->precision);
    put_integer(w, ready->weight_bytes);
    put_integer(w, ready->arena_bytes);
    put_integer(w, ready->resident_bytes);
}

static void read_ready(wire_reader *r, worker_ready *ready)
{
    ready->system_calls = wire_bool(r);
    ready->files = wire_bool(r);
    wire_text(r, ready->level, sizeof ready->level);
    ready->size = wire_int(r, 0, MOST_SIDE);
    ready->precision = (gpen_precision)wire_int(r, GPEN_PRECISION_AUTO, GPEN_PRECISION_BF16);
    ready->weight_bytes = wire_int64(r, 0, most_bytes);
    ready->arena_bytes = wire_int64(r, 0, most_bytes);
    ready->resident_bytes = wire_int64(r, 0, most_bytes);
}

/* ---------------------------------------------------------------- orders */

static void write_look(wire_writer *w, const gpen_settings *look)
{
    put_integer(w, look->preset);
    put_integer(w, look->held);
    put_integer(w, look->mode);
    put_integer(w, look->strength);
    put_integer(w, look->most_faces);
    put_integer(w, look->least_face);
    wire_put_float(w, look->least_score);
#define WRITE_CONTROL(field, least, most) put_integer(w, look->field);
    GPEN_CONTROL_LIST(WRITE_CONTROL)
#undef WRITE_CONTROL
    put_integer(w, look->likeness);
    put_integer(w, look->face_strength_count);
    for (int i = 0; i < look->face_strength_count; i++) {
        put_integer(w, look->face_strengths[i].face);
        put_integer(w, look->face_strengths[i].strength);
    }
    put_integer(w, look->extra_face_count);
    for (int i = 0; i < look->extra_face_count; i++)
        for (int k = 0; k < 4; k++)
            wire_put_float(w, look->extra_faces[i][k]);
}

static void read_look(wire_reader *r, gpen_settings *look)
{
    look->preset = (gpen_preset)wire_int(r, 0, GPEN_PRESET_COUNT - 1);
    look->held = wire_int(r, 0, GPEN_HELD_ALL);
    look->mode = (gpen_mode)wire_int(r, GPEN_MODE_NATURAL, GPEN_MODE_PLAIN);
    look->strength = wire_int(r, 0, 100);
    look->most_faces = wire_int(r, 0, INT32_MAX);
    look->least_face = wire_int(r, 0, INT32_MAX);
    look->least_score = wire_float(r);
#define READ_CONTROL(field, least, most) look->field = wire_int(r, least, most);
    GPEN_CONTROL_LIST(READ_CONTROL)
#undef READ_CONTROL
    look->likeness = wire_int(r, 0, 1);
    look->face_strength_count = wire_int(r, 0, GPEN_MOST_FACE_STRENGTHS);
    for (int i = 0; i < look->face_strength_count; i++) {
        look->face_strengths[i].face = wire_int(r, 1, INT32_MAX);
        look->face_strengths[i].strength = wire_int(r, 0, 100);
    }
    look->extra_face_count = wire_int(r, 0, GPEN_MOST_EXTRA_FACES);
    for (int i = 0; i < look->extra_face_count; i++)
        for (int k = 0; k < 4; k++)
            look->extra_faces[i][k] = wire_float(r);
}

static void write_order(wire_writer *w, const job_order *order)
{
    wire_put_u64(w, order->id);
    wire_put_text(w, order->input_name, sizeof order->input_name - 1);
    wire_put_text(w, order->output_name, sizeof order->output_name - 1);
    write_look(w, &order->look);
    put_integer(w, order->format);
    put_integer(w, order->quality);
    put_integer(w, order->max_edge);
    put_integer(w, order->max_pixels);
    put_integer(w, order->aligned);
    put_integer(w, order->require_face);
    put_integer(w, order->save_faces);
    put_integer(w, order->detect_only);
    put_integer(w, order->thumbnail_edge);
    wire_put_u64(w, order->keep);
    put_integer(w, order->preview_edge);
}

static void read_order(wire_reader *r, job_order *order)
{
    order->id = wire_u64(r);
    wire_text(r, order->input_name, sizeof order->input_name);
    wire_text(r, order->output_name, sizeof order->output_name);
    read_look(r, &order->look);
    order->format = (picture_format)wire_int(r, PICTURE_JPEG, PICTURE_TIFF);
    order->quality = wire_int(r, 0, 100);
    order->max_edge = wire_int(r, 0, INT32_MAX);
    order->max_pixels = wire_int64(r, 0, most_bytes);
    order->aligned = wire_bool(r);
    order->require_face = wire_bool(r);
    order->save_faces = wire_bool(r);
    order->detect_only = wire_bool(r);
    order->thumbnail_edge = wire_int(r, 0, JOB_MOST_THUMBNAIL);
    order->keep = wire_u64(r);
    order->preview_edge = wire_int(r, 0, INT32_MAX);
}

/* ---------------------------------------------------------------- results */

enum { FACE_BYTES = 4 * (4 + 1 + 10) + 8 + 8 + 8 + 4 + 8 };

static void write_face(wire_writer *w, const gpen_face *face)
{
    for (int i = 0; i < 4; i++)
        wire_put_float(w, face->box[i]);
    wire_put_float(w, face->score);
    for (int i = 0; i < 5; i++) {
        wire_put_float(w, face->landmarks[i][0]);
        wire_put_float(w, face->landmarks[i][1]);
    }
    put_integer(w, face->state);
    wire_put_double(w, face->seconds);
    put_integer(w, face->strength);
    wire_put_float(w, face->likeness);
    put_integer(w, face->pointed_at);
}

static void read_face(wire_reader *r, gpen_face *face)
{
    for (int i = 0; i < 4; i++)
        face->box[i] = wire_float(r);
    face->score = wire_float(r);
    for (int i = 0; i < 5; i++) {
        face->landmarks[i][0] = wire_float(r);
        face->landmarks[i][1] = wire_float(r);
    }
    face->state = (gpen_face_state)wire_int(r, 0, GPEN_FACE_STATE_COUNT - 1);
    face->seconds = wire_double(r, 0, MOST_SECONDS);
    face->strength = wire_int(r, 0, 100);
    face->likeness = wire_float(r);
    r->bad = r->bad || face->likeness < -1 || face->likeness > 1;
    face->pointed_at = wire_int(r, 0, 1);
}

static void write_choice(wire_writer *w, const gpen_choice *choice)
{
    put_integer(w, choice->preset);
    put_integer(w, choice->reasons);
    put_integer(w, choice->denoise);
    wire_put_float(w, choice->noise);
    wire_put_float(w, choice->blur);
    put_integer(w, choice->quality);
    wire_put_float(w, choice->range);
    wire_put_float(w, choice->cast);
    put_integer(w, choice->face);
}

static void read_choice(wire_reader *r, gpen_choice *choice)
{
    choice->preset = (gpen_preset)wire_int(r, 0, GPEN_PRESET_COUNT - 1);
    choice->reasons = wire_int(r, 0, GPEN_REASON_ALL);
    choice->denoise = wire_int(r, 0, 100);
    choice->noise = wire_float(r);
    choice->blur = wire_float(r);
    choice->quality = wire_int(r, 0, 100);
    choice->range = wire_float(r);
    choice->cast = wire_float(r);
    choice->face = wire_int(r, 0, MOST_SIDE);
}

/* The count is believed only when so many faces can stand in what is left. */
static gpen_status read_faces(wire_reader *r, gpen_faces *faces, gpen_error *error)
{
    size_t count = (size_t)wire_int(r, 0, MOST_RESULT_FACES);
    if (r->bad || !count)
        return GPEN_OK;
    if ((r->length - r->at) / FACE_BYTES < count) {
        r->bad = true;
        return GPEN_OK;
    }
    faces->faces = calloc(count, sizeof *faces->faces);
    if (!faces->faces)
        return gpen_fail_memory(error, "a result's faces", count * sizeof *faces->faces);
    faces->count = count;
    for (size_t i = 0; i < count; i++)
        read_face(r, &faces->faces[i]);
    return GPEN_OK;
}

/* Sentences, a line each, for terminals and reports: other control characters have no business there. */
static gpen_status read_notes(wire_reader *r, char **notes, gpen_error *error)
{
    size_t length = (size_t)wire_int(r, 0, MOST_NOTES);
    if (r->bad || !length)
        return GPEN_OK;
    char *text = calloc(length + 1, 1);
    if (!text)
        return gpen_fail_memory(error, "a result's notes", length);
    wire_text(r, text, length + 1);
    for (unsigned char *p = (unsigned char *)text; *p; p++)
        if ((*p < 0x20 && *p != '\n') || *p == 0x7F)
            *p = '?';
    *notes = text;
    return GPEN_OK;
}

static void write_result(wire_writer *w, const worker_result *answer)
{
    const job_result *result = &answer->result;
    size_t count = result->faces.count < MOST_RESULT_FACES ? result->faces.count : MOST_RESULT_FACES;
    wire_put_u64(w, answer->id);
    write_error(w, &result->error);
    for (int stage = 0; stage < JOB_STAGES; stage++)
        wire_put_double(w, result->seconds[stage]);
    put_integer(w, result->width);
    put_integer(w, result->height);
    put_integer(w, (int64_t)result->restored);
    put_integer(w, result->output_bytes);
    write_look(w, &result->look);
    write_choice(w, &result->choice);
    put_integer(w, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        write_face(w, &result->faces.faces[i]);
    size_t length = result->notes ? strnlen(result->notes, MOST_NOTES) : 0;
    put_integer(w, (int64_t)length);
    if (length)
        wire_put_text(w, result->notes, length);
}

static gpen_status read_result(wire_reader *r, worker_result *answer, gpen_error *error)
{
    job_result *result = &answer->result;
    answer->id = wire_u64(r);
    read_error(r, &result->error);
    for (int stage = 0; stage < JOB_STAGES; stage++)
        result->seconds[stage] = wire_double(r, 0, MOST_SECONDS);
    result->width = wire_int(r, 0, MOST_SIDE);
    result->height = wire_int(r, 0, MOST_SIDE);
    result->restored = (size_t)wire_int(r, 0, MOST_RESULT_FACES);
    result->output_bytes = wire_int64(r, 0, most_bytes);
    read_look(r, &result->look);
    read_choice(r, &result->choice);
    gpen_status status = read_faces(r, &result->faces, error);
    return status ? status : read_notes(r, &result->notes, error);
}

/* ---------------------------------------------------------------- all kinds */

bool message_write(const message *m, unsigned char *bytes, size_t capacity, size_t *length)
{
    wire_writer w = {.bytes = bytes, .capacity = capacity};
    switch (m->kind) {
    case MESSAGE_START: write_start(&w, &m->start); break;
    case MESSAGE_READY: write_ready(&w, &m->ready); break;
    case MESSAGE_REFUSED: write_error(&w, &m->refused); break;
    case MESSAGE_ORDER: write_order(&w, &m->order); break;
    case MESSAGE_STAGE:
        wire_put_u64(&w, m->stage.id);
        put_integer(&w, m->stage.stage);
        break;
    case MESSAGE_FACES:
        wire_put_u64(&w, m->faces.id);
        wire_put_u32(&w, m->faces.ended);
        wire_put_u32(&w, m->faces.chosen);
        break;
    case MESSAGE_CROP:
        wire_put_u64(&w, m->crop.id);
        put_integer(&w, m->crop.face);
        put_integer(&w, m->crop.restored);
        break;
    case MESSAGE_THUMBNAIL:
        wire_put_u64(&w, m->thumbnail.id);
        put_integer(&w, m->thumbnail.after);
        break;
    case MESSAGE_RESULT: write_result(&w, &m->result); break;
    case MESSAGE_TAKE_BACK: wire_put_u64(&w, m->unwanted); break;
    case MESSAGE_HEARTBEAT:
    case MESSAGE_QUIT: break;
    }
    *length = w.length;
    return !w.full;
}

static gpen_status read_kind(message *m, wire_reader *r, gpen_error *error)
{
    switch (m->kind) {
    case MESSAGE_START: read_start(r, &m->start); break;
    case MESSAGE_READY: read_ready(r, &m->ready); break;
    case MESSAGE_REFUSED: read_error(r, &m->refused); break;
    case MESSAGE_ORDER: read_order(r, &m->order); break;
    case MESSAGE_STAGE:
        m->stage.id = wire_u64(r);
        m->stage.stage = (job_stage)wire_int(r, 0, JOB_STAGES - 1);
        break;
    case MESSAGE_FACES:
        m->faces.id = wire_u64(r);
        m->faces.ended = wire_u32(r);
        m->faces.chosen = wire_u32(r);
        break;
    case MESSAGE_CROP:
        m->crop.id = wire_u64(r);
        m->crop.face = (uint32_t)wire_int(r, 0, MOST_RESULT_FACES - 1);
        m->crop.restored = wire_bool(r);
        break;
    case MESSAGE_THUMBNAIL:
        m->thumbnail.id = wire_u64(r);
        m->thumbnail.after = wire_bool(r);
        break;
    case MESSAGE_RESULT: return read_result(r, &m->result, error);
    case MESSAGE_TAKE_BACK: m->unwanted = wire_u64(r); break;
    case MESSAGE_HEARTBEAT:
    case MESSAGE_QUIT: break;
    }
    return GPEN_OK;
}

gpen_status message_read(message *m, message_kind kind, const unsigned char *bytes, size_t length, gpen_error *error)
{
    wire_reader r = {.bytes = bytes, .length = length, .bad = message_files(kind) < 0};
    memset(m, 0, sizeof *m);
    m->kind = kind;
    gpen_status status = read_kind(m, &r, error);
    if (!status && !wire_all_read(&r))
        status = gpen_fail(error, GPEN_UNREADABLE, "a message of kind %d is damaged", (int)kind);
    if (status)
        message_free(m);
    return status;
}

/* Results as JSON for the store. Its own file because it is a format, with nothing to decide. */
#include "batch/result_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Takes over both. */
static char *as_text(json_t *value, int failed)
{
    char *text = value && !failed ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(value);
    return text;
}

/* json_real refuses what is no number. */
static json_t *number(double value)
{
    json_t *made = json_real(value);
    return made ? made : json_pack("n");
}

json_t *result_face_json(const gpen_face *face)
{
    json_t *object = json_pack("{}"), *box = json_pack("[]"), *landmarks = json_pack("[]");
    int failed = !object || !box || !landmarks;
    for (int i = 0; !failed && i < 4; i++)
        failed = json_array_append_new(box, number((double)face->box[i]));
    for (int i = 0; !failed && i < 5; i++)
        failed = json_array_append_new(landmarks, json_pack("[oo]", number((double)face->landmarks[i][0]),
                                                            number((double)face->landmarks[i][1])));
    if (failed) {
        json_decref(object);
        json_decref(box);
        json_decref(landmarks);
        return NULL;
    }
    failed = json_object_set_new(object, "box", box);
    failed = json_object_set_new(object, "landmarks", landmarks) || failed;
    failed =
        failed || json_object_set_new(object, "strength", json_pack("i", face->strength)) ||
        json_object_set_new(object, "score", number((double)face->score)) ||
        json_object_set_new(object, "state", json_pack("s", gpen_face_state_name(face->state))) ||
        json_object_set_new(object, "seconds", number(face->seconds)) ||
        json_object_set_new(object, "likeness", face->likeness < 0 ? json_pack("n") : number((double)face->likeness));
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

char *result_faces_json(const job_result *result, bool aligned)
{
    json_t *list = json_pack("[]");
    int failed = !list;
    if (!failed && aligned)
        failed = json_array_append_new(list, json_pack("{s:s, s:f}", "state", gpen_face_state_name(GPEN_FACE_RESTORED),
                                                       "seconds", result->seconds[JOB_RESTORE]));
    for (size_t i = 0; !failed && i < result->faces.count; i++)
        failed = json_array_append_new(list, result_face_json(&result->faces.faces[i]));
    return as_text(list, failed);
}

/* A name that is no UTF-8 is left out: the sum tells which model it was. */
static int put_model(json_t *object, const char *key, const receipt_model *model)
{
    json_t *made = model->name ? json_pack("{}") : json_pack("n");
    if (!made)
        return -1;
    json_t *name = model->name ? json_pack("s", model->name) : NULL;
    int failed = (name && json_object_set_new(made, "name", name)) ||
                 (model->name && *model->sha256 && json_object_set_new(made, "sha256", json_pack("s", model->sha256)));
    if (!failed)
        return json_object_set_new(object, key, made);
    json_decref(made);
    return -1;
}

static json_t *text_or_null(const char *text)
{
    json_t *made = text ? json_pack("s", text) : NULL;
    return made ? made : json_pack("n");
}

static int put_look(json_t *object, const gpen_settings *look)
{
    int failed = json_object_set_new(object, "likeness", json_pack("b", look->likeness));
#define PUT_CONTROL(field, least, most)                                                                                \
    failed = failed || json_object_set_new(object, #field, json_pack("i", look->field));
    GPEN_CONTROL_LIST(PUT_CONTROL)
#undef PUT_CONTROL
    return failed;
}

/* The one that came with the result; NULL: none did, or it is none. */
static json_t *own_receipt(const job_result *result)
{
    json_t *object = result->receipt ? json_loads(result->receipt, 0, NULL) : NULL;
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

char *result_receipt_json(const job_result *result, const receipt *made, const gpen_settings *look)
{
    json_t *own = own_receipt(result);
    if (own)
        return as_text(own, json_object_set_new(own, "notes", text_or_null(result->notes)));
    json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:b, s:i, s:i}", "program", "gpen", "version", gpen_version(),
                               "mode", gpen_mode_name(look->mode), "strength", look->strength, "altered_by_model",
                               (int)(result->restored > 0), "width", result->width, "height", result->height);
    int failed = !object || put_look(object, look) || put_model(object, "restorer", &made->restorer) ||
                 put_model(object, "detector", &made->detector) || put_model(object, "parser", &made->parser) ||
                 json_object_set_new(object, "level", text_or_null(made->level)) ||
                 json_object_set_new(object, "precision", text_or_null(made->precision)) ||
                 json_object_set_new(object, "notes", text_or_null(result->notes));
    return as_text(object, failed);
}

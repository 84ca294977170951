/* Settings and JSON. Its own file because server, broker and store must understand the same. */
#include "batch/settings_json.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const modes[] = {"natural", "strong", "detail", "plain", NULL}; /* in the order of gpen_mode */
static const char *const presets[] = {
#define PRESET_NAME(identifier, name, title, reason, chinese_title, chinese_reason) name,
    GPEN_PRESET_LIST(PRESET_NAME)
#undef PRESET_NAME
        NULL};
static const char *const formats[] = {"keep", "jpeg", "png",
                                      "webp", "tiff", NULL}; /* behind keep, that of picture_format */

enum { MOST_FACES = 10000, MOST_PIXELS_A_SIDE = 65500, LEAST_EDGE = 16 };

#define FIELD(field) offsetof(batch_settings, field)

static const setting_row rows[] = {
    /* First: what else is said goes over what it sets. */
    {"preset", SETTING_PRESET, .offset = FIELD(look.preset), .choices = presets},
    {"held", SETTING_INTEGER, .offset = FIELD(look.held), .low = 0, .high = GPEN_HELD_ALL},
    {"mode", SETTING_CHOICE, .offset = FIELD(look.mode), .choices = modes},
    {"strength", SETTING_INTEGER, .offset = FIELD(look.strength), .low = 0, .high = 100},
#define CONTROL_ROW(field, least, most)                                                                                \
    {.name = #field, .kind = SETTING_INTEGER, .offset = FIELD(look.field), .low = (least), .high = (most)},
    GPEN_CONTROL_LIST(CONTROL_ROW)
#undef CONTROL_ROW
        {.name = "likeness", .kind = SETTING_SWITCH, .offset = FIELD(look.likeness)},
    {"faces", SETTING_FACES, .offset = FIELD(look.most_faces), .low = 1, .high = MOST_FACES},
    {"min_face", SETTING_INTEGER, .offset = FIELD(look.least_face), .low = 0, .high = MOST_PIXELS_A_SIDE},
    {"min_score", SETTING_REAL, .offset = FIELD(look.least_score), .low = 0.5, .high = 1},
    {"face_strength", SETTING_STRENGTHS, .low = 0, .high = 100},
    {.name = "face_off", .kind = SETTING_OFF},
    {.name = "extra_faces", .kind = SETTING_BOXES},
    {"format", SETTING_FORMAT, .offset = FIELD(format), .choices = formats},
    {"quality", SETTING_INTEGER, .offset = FIELD(quality), .low = 1, .high = 100},
    {"max_edge", SETTING_INTEGER, .offset = FIELD(max_edge), .low = LEAST_EDGE, .high = MOST_PIXELS_A_SIDE,
     .null_is_zero = true},
    {.name = "aligned", .kind = SETTING_FLAG, .offset = FIELD(aligned)},
    {.name = "require_face", .kind = SETTING_FLAG, .offset = FIELD(require_face)},
    {.name = "save_faces", .kind = SETTING_FLAG, .offset = FIELD(save_faces)},
};

enum { ROWS = sizeof rows / sizeof *rows };

const setting_row *setting_row_at(size_t index)
{
    return index < ROWS ? &rows[index] : NULL;
}

static const setting_row *find_row(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

/* ---------------------------------------------------------------- fields; an enum's is as large as an int */

static void put(batch_settings *settings, const setting_row *row, const void *value, size_t size)
{
    memcpy((char *)settings + row->offset, value, size);
}

static void put_int(batch_settings *settings, const setting_row *row, int value)
{
    put(settings, row, &value, sizeof value);
}

static int get_int(const batch_settings *settings, const setting_row *row)
{
    int value;
    memcpy(&value, (const char *)settings + row->offset, sizeof value);
    return value;
}

/* Does the field of a choice name one? */
static bool index_known(const batch_settings *settings, const setting_row *row)
{
    int index = get_int(settings, row), count = 0;
    if (row->kind == SETTING_FORMAT)
        index = index == PICTURE_OTHER ? 0 : index + 1;
    while (row->choices[count])
        count++;
    return index >= 0 && index < count;
}

/* ---------------------------------------------------------------- reading */

static gpen_status refuse_number(const setting_row *row, gpen_error *error)
{
    return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes %s number from %g to %g", row->name,
                     row->kind == SETTING_REAL ? "a" : "a whole", row->low, row->high);
}

static gpen_status take_integer(const setting_row *row, const json_t *value, batch_settings *settings,
                                gpen_error *error)
{
    if (row->null_is_zero && json_is_null(value)) {
        put_int(settings, row, 0);
        return GPEN_OK;
    }
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < (json_int_t)row->low || number > (json_int_t)row->high)
        return refuse_number(row, error);
    put_int(settings, row, (int)number);
    return GPEN_OK;
}

static gpen_status take_real(const setting_row *row, const json_t *value, batch_settings *settings, gpen_error *error)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= row->low && number <= row->high))
        return refuse_number(row, error);
    float real = (float)number;
    put(settings, row, &real, sizeof real);
    return GPEN_OK;
}

static gpen_status take_choice(const setting_row *row, const json_t *value, int *chosen, gpen_error *error)
{
    const char *word = json_string_value(value);
    char all[128] = "";
    for (int i = 0; row->choices[i]; i++) {
        if (word && !strcmp(word, row->choices[i])) {
            *chosen = i;
            return GPEN_OK;
        }
        strncat(all, i ? ", " : "", sizeof all - strlen(all) - 1);
        strncat(all, row->choices[i], sizeof all - strlen(all) - 1);
    }
    return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes one of %s", row->name, all);
}

/* Sets what the preset says; settings that stand beside it are taken afterwards. */
static gpen_status take_preset(const setting_row *row, const json_t *value, batch_settings *settings, gpen_error *error)
{
    int chosen = 0;
    gpen_status status = take_choice(row, value, &chosen, error);
    if (!status)
        gpen_settings_take_preset(&settings->look, (gpen_preset)chosen, 0);
    return status;
}

static gpen_status take_faces(const setting_row *row, const json_t *value, batch_settings *settings, gpen_error *error)
{
    const char *word = json_string_value(value);
    json_int_t number = json_integer_value(value);
    if (word && !strcmp(word, "all"))
        put_int(settings, row, 0);
    else if (word && !strcmp(word, "largest"))
        put_int(settings, row, 1);
    else if (json_is_integer(value) && number >= (json_int_t)row->low && number <= (json_int_t)row->high)
        put_int(settings, row, (int)number);
    else
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes all, largest, or a number from %g to %g", row->name,
                         row->low, row->high);
    return GPEN_OK;
}

/* A face's strength, over what was said of it before. Programs count from 0, people and gpen_settings from 1. */
static gpen_status put_strength(json_int_t face, json_int_t strength, batch_settings *settings, gpen_error *error)
{
    gpen_settings *look = &settings->look;
    int i = 0;
    if (face < 0 || face >= MOST_FACES)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "faces are numbered from 0 to %d", MOST_FACES - 1);
    while (i < look->face_strength_count && look->face_strengths[i].face != face + 1)
        i++;
    if (i == GPEN_MOST_FACE_STRENGTHS)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "at most %d faces can have a strength of their own",
                         GPEN_MOST_FACE_STRENGTHS);
    look->face_strengths[i] = (gpen_face_strength){(int)face + 1, (int)strength};
    look->face_strength_count += i == look->face_strength_count;
    return GPEN_OK;
}

static gpen_status take_strengths(const setting_row *row, json_t *value, batch_settings *settings, gpen_error *error)
{
    const char *key;
    json_t *entry;
    gpen_status status = GPEN_OK;
    if (!json_is_object(value))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes an object: face to strength", row->name);
    settings->look.face_strength_count = 0;
    json_object_foreach(value, key, entry)
    {
        json_int_t strength = json_integer_value(entry);
        char *end;
        long face = strtol(key, &end, 10);
        if (!json_is_integer(entry) || strength < (json_int_t)row->low || strength > (json_int_t)row->high)
            return refuse_number(row, error);
        if (*key < '0' || *key > '9' || *end)
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: '%.20s' is no face's number", row->name, key);
        if ((status = put_strength(face, strength, settings, error)))
            return status;
    }
    return GPEN_OK;
}

static gpen_status take_off(const setting_row *row, const json_t *value, batch_settings *settings, gpen_error *error)
{
    size_t index;
    json_t *entry;
    gpen_status status = GPEN_OK;
    if (!json_is_array(value))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes an array of faces", row->name);
    json_array_foreach(value, index, entry)
    {
        if (!json_is_integer(entry))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes an array of faces, by their numbers", row->name);
        if ((status = put_strength(json_integer_value(entry), 0, settings, error)))
            return status;
    }
    return GPEN_OK;
}

/* Whether they are boxes is the library's to say. */
static gpen_status take_boxes(const setting_row *row, const json_t *value, batch_settings *settings, gpen_error *error)
{
    gpen_settings *look = &settings->look;
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count > GPEN_MOST_EXTRA_FACES)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes an array of at most %d boxes", row->name,
                         GPEN_MOST_EXTRA_FACES);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 4; k++) {
            const json_t *box = json_array_get(value, i), *edge = json_array_get(box, k);
            if (json_array_size(box) != 4 || !json_is_number(edge))
                return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: a box is [left, top, right, bottom], pixels",
                                 row->name);
            look->extra_faces[i][k] = (float)json_number_value(edge);
        }
    look->extra_face_count = (int)count;
    return gpen_settings_check(look, error);
}

static gpen_status take(const setting_row *row, json_t *value, batch_settings *settings, gpen_error *error)
{
    switch (row->kind) {
    case SETTING_INTEGER: return take_integer(row, value, settings, error);
    case SETTING_REAL: return take_real(row, value, settings, error);
    case SETTING_FACES: return take_faces(row, value, settings, error);
    case SETTING_STRENGTHS: return take_strengths(row, value, settings, error);
    case SETTING_OFF: return take_off(row, value, settings, error);
    case SETTING_BOXES: return take_boxes(row, value, settings, error);
    case SETTING_PRESET: return take_preset(row, value, settings, error);
    case SETTING_CHOICE:
    case SETTING_FORMAT: {
        int chosen = 0;
        gpen_status status = take_choice(row, value, &chosen, error);
        if (!status)
            put_int(settings, row, row->kind == SETTING_CHOICE ? chosen : chosen ? chosen - 1 : PICTURE_OTHER);
        return status;
    }
    case SETTING_FLAG:
    case SETTING_SWITCH: break;
    }
    bool flag = json_is_true(value);
    if (!json_is_boolean(value))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes true or false", row->name);
    if (row->kind == SETTING_SWITCH)
        put_int(settings, row, flag);
    else
        put(settings, row, &flag, sizeof flag);
    return GPEN_OK;
}

gpen_status settings_from_known(const json_t *object, batch_settings *settings, gpen_error *error)
{
    batch_settings taken = *settings;
    if (!json_is_object(object))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "settings must be an object");
    /* In the table's order, since face_off adds to what face_strength says, wherever it stands. */
    for (size_t i = 0; i < ROWS; i++) {
        json_t *value = json_object_get(object, rows[i].name);
        gpen_status status = value ? take(&rows[i], value, &taken, error) : GPEN_OK;
        if (status)
            return status;
    }
    *settings = taken;
    return GPEN_OK;
}

gpen_status settings_from_json(const json_t *object, batch_settings *settings, gpen_error *error)
{
    const char *name;
    json_t *value;
    /* jansson's iteration takes no const, and changes nothing. */
    json_object_foreach((json_t *)object, name, value)
    {
        if (!find_row(name))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no setting '%.60s'", name);
    }
    return settings_from_known(object, settings, error);
}

/* What is written reads the same, so what can be written and read again is within its bounds. */
gpen_status settings_check(const batch_settings *settings, gpen_error *error)
{
    batch_settings again = *settings;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].choices && !index_known(settings, &rows[i]))
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s is none that there is", rows[i].name);
    if (settings->look.extra_face_count < 0 || settings->look.extra_face_count > GPEN_MOST_EXTRA_FACES)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "extra_faces must be %d at most", GPEN_MOST_EXTRA_FACES);
    json_t *object = settings_to_json(settings);
    if (!object)
        return gpen_fail_memory(error, "settings", 0);
    gpen_status status = settings_from_known(object, &again, error);
    json_decref(object);
    return status;
}

/* ---------------------------------------------------------------- writing */

static json_t *write_strengths(const gpen_settings *look)
{
    json_t *object = json_pack("{}");
    for (int i = 0; object && i < look->face_strength_count; i++) {
        char face[16];
        snprintf(face, sizeof face, "%d", look->face_strengths[i].face - 1);
        if (json_object_set_new(object, face, json_pack("i", look->face_strengths[i].strength))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *write_boxes(const gpen_settings *look)
{
    json_t *list = json_pack("[]");
    for (int i = 0; list && i < look->extra_face_count; i++) {
        const float *box = look->extra_faces[i];
        if (json_array_append_new(list, json_pack("[ffff]", (double)box[0], (double)box[1], (double)box[2],
                                                  (double)box[3]))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* By json_pack throughout: jansson's shorter names are also those of the command line's writer, in one program with this. */
static json_t *write_row(const batch_settings *settings, const setting_row *row)
{
    int number = row->kind == SETTING_REAL || row->kind == SETTING_FLAG ? 0 : get_int(settings, row);
    float real;
    bool flag;
    switch (row->kind) {
    case SETTING_INTEGER: return row->null_is_zero && !number ? json_pack("n") : json_pack("i", number);
    case SETTING_PRESET:
    case SETTING_CHOICE: return json_pack("s", row->choices[number]);
    case SETTING_FORMAT: return json_pack("s", row->choices[number == PICTURE_OTHER ? 0 : number + 1]);
    case SETTING_SWITCH: return json_pack("b", number);
    case SETTING_STRENGTHS: return write_strengths(&settings->look);
    case SETTING_OFF: return json_pack("[]");
    case SETTING_BOXES: return write_boxes(&settings->look);
    case SETTING_FACES:
        return number == 0 ? json_pack("s", "all") : number == 1 ? json_pack("s", "largest") : json_pack("i", number);
    case SETTING_REAL:
        memcpy(&real, (const char *)settings + row->offset, sizeof real);
        return json_pack("f", (double)real);
    case SETTING_FLAG: break;
    }
    memcpy(&flag, (const char *)settings + row->offset, sizeof flag);
    return json_pack("b", flag);
}

json_t *settings_to_json(const batch_settings *settings)
{
    json_t *object = json_pack("{}");
    for (size_t i = 0; object && i < ROWS; i++)
        if (json_object_set_new(object, rows[i].name, write_row(settings, &rows[i]))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

/* ---------------------------------------------------------------- orders */

void settings_into_order(const batch_settings *settings, picture_format read, job_order *order)
{
    order->look = settings->look;
    order->format = settings->format == PICTURE_OTHER ? picture_format_kept(read) : settings->format;
    order->quality = settings->quality;
    order->max_edge = settings->max_edge;
    order->aligned = settings->aligned;
    order->require_face = settings->require_face;
    order->save_faces = settings->save_faces;
}

/* Settings and JSON. Its own file because server, broker and store must understand the same. */
#include "batch/settings_json.h"

#include <stddef.h>
#include <string.h>

static const char *const modes[] = {"natural", "strong", "detail", "plain", NULL}; /* in the order of gpen_mode */
static const char *const formats[] = {"keep", "jpeg", "png",
                                      "webp", "tiff", NULL}; /* behind keep, that of picture_format */

enum { MOST_FACES = 10000, MOST_PIXELS_A_SIDE = 65500, LEAST_EDGE = 16 };

#define FIELD(field) offsetof(batch_settings, field)

static const setting_row rows[] = {
    {"mode", SETTING_CHOICE, FIELD(look.mode), .choices = modes},
    {"strength", SETTING_INTEGER, FIELD(look.strength), .low = 0, .high = 100},
#define CONTROL_ROW(field, least, most)                                                                                \
    {.name = #field, .kind = SETTING_INTEGER, .offset = FIELD(look.field), .low = least, .high = most},
    GPEN_CONTROL_LIST(CONTROL_ROW)
#undef CONTROL_ROW
        {.name = "likeness", .kind = SETTING_SWITCH, .offset = FIELD(look.likeness)},
    {"faces", SETTING_FACES, FIELD(look.most_faces), .low = 1, .high = MOST_FACES},
    {"min_face", SETTING_INTEGER, FIELD(look.least_face), .low = 0, .high = MOST_PIXELS_A_SIDE},
    {"min_score", SETTING_REAL, FIELD(look.least_score), .low = 0.5, .high = 1},
    {"format", SETTING_FORMAT, FIELD(format), .choices = formats},
    {"quality", SETTING_INTEGER, FIELD(quality), .low = 1, .high = 100},
    {"max_edge", SETTING_INTEGER, FIELD(max_edge), .low = LEAST_EDGE, .high = MOST_PIXELS_A_SIDE, .null_is_zero = true},
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

static gpen_status take_choice(const setting_row *row, const json_t *value, batch_settings *settings, gpen_error *error)
{
    const char *word = json_string_value(value);
    char all[128] = "";
    for (int i = 0; row->choices[i]; i++) {
        if (word && !strcmp(word, row->choices[i])) {
            bool is_format = row->kind == SETTING_FORMAT;
            put_int(settings, row, !is_format ? i : i ? i - 1 : PICTURE_OTHER);
            return GPEN_OK;
        }
        strncat(all, i ? ", " : "", sizeof all - strlen(all) - 1);
        strncat(all, row->choices[i], sizeof all - strlen(all) - 1);
    }
    return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s takes one of %s", row->name, all);
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

static gpen_status take(const setting_row *row, const json_t *value, batch_settings *settings, gpen_error *error)
{
    switch (row->kind) {
    case SETTING_INTEGER: return take_integer(row, value, settings, error);
    case SETTING_REAL: return take_real(row, value, settings, error);
    case SETTING_CHOICE:
    case SETTING_FORMAT: return take_choice(row, value, settings, error);
    case SETTING_FACES: return take_faces(row, value, settings, error);
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

gpen_status settings_from_json(const json_t *object, batch_settings *settings, gpen_error *error)
{
    batch_settings taken = *settings;
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "settings must be an object");
    /* jansson's iteration takes no const, and changes nothing. */
    json_object_foreach((json_t *)object, name, value)
    {
        const setting_row *row = find_row(name);
        if (!row)
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no setting '%.60s'", name);
        gpen_status status = take(row, value, &taken, error);
        if (status)
            return status;
    }
    *settings = taken;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- writing */

/* By json_pack throughout: jansson's shorter names are also those of the command line's writer, in one program with this. */
static json_t *write_row(const batch_settings *settings, const setting_row *row)
{
    int number = row->kind == SETTING_REAL || row->kind == SETTING_FLAG ? 0 : get_int(settings, row);
    float real;
    bool flag;
    switch (row->kind) {
    case SETTING_INTEGER: return row->null_is_zero && !number ? json_pack("n") : json_pack("i", number);
    case SETTING_CHOICE: return json_pack("s", row->choices[number]);
    case SETTING_FORMAT: return json_pack("s", row->choices[number == PICTURE_OTHER ? 0 : number + 1]);
    case SETTING_FACES:
        return number == 0 ? json_pack("s", "all") : number == 1 ? json_pack("s", "largest") : json_pack("i", number);
    case SETTING_REAL:
        memcpy(&real, (const char *)settings + row->offset, sizeof real);
        return json_pack("f", (double)real);
    case SETTING_SWITCH: return json_pack("b", number);
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

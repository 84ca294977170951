/* What can be set, and presets. */
#include <string.h>

#include "batch/settings_json.h"
#include "http/body.h"
#include "http/choices.h"
#include "http/handlers.h"
#include "http/settings_take.h"
#include "http/settings_words.h"

static const char *kind_name(setting_kind kind)
{
    switch (kind) {
    case SETTING_INTEGER: return "integer";
    case SETTING_REAL: return "number";
    case SETTING_FLAG:
    case SETTING_SWITCH: return "boolean";
    case SETTING_PRESET:
    case SETTING_CHOICE:
    case SETTING_FORMAT: return "choice";
    case SETTING_FACES: return "faces";
    case SETTING_STRENGTHS: return "map";
    case SETTING_OFF: break;
    }
    return "list";
}

static json_t *view_choices(const char *const *choices)
{
    json_t *list = choices ? json_pack("[]") : json_pack("n");
    for (; choices && *choices; choices++)
        (void)json_array_append_new(list, json_pack("s", *choices));
    return list;
}

static json_t *view_limit(const setting_row *row)
{
    bool bounded = row->high > row->low;
    return json_pack("{ss ss so so so ss ss}", "name", row->name, "kind", kind_name(row->kind), "least",
                     bounded ? json_pack("f", row->low) : json_pack("n"), "most",
                     bounded ? json_pack("f", row->high) : json_pack("n"), "choices", view_choices(row->choices),
                     "help_en", setting_words(row->name, GPEN_ENGLISH), "help_zh",
                     setting_words(row->name, GPEN_CHINESE));
}

/* What the preset sets, and nothing of what it leaves alone. */
static json_t *view_preset_settings(gpen_preset preset)
{
    gpen_settings look = gpen_settings_default();
    gpen_settings_take_preset(&look, preset, 0);
    json_t *object = json_pack("{ss si}", "mode", gpen_mode_name(look.mode), "strength", look.strength);
#define PUT_CONTROL(field, least, most) (void)json_object_set_new(object, #field, json_pack("i", look.field));
    GPEN_CONTROL_LIST(PUT_CONTROL)
#undef PUT_CONTROL
    return object;
}

/* The program's own but auto, which sets nothing before it has seen a photo. */
static json_t *view_presets(void)
{
    json_t *list = json_pack("[]");
    for (int i = 0; i < GPEN_PRESET_AUTO; i++)
        (void)json_array_append_new(list, json_pack("{ss ss ss ss ss so}", "name", gpen_preset_name((gpen_preset)i),
                                                    "title_en", gpen_preset_title((gpen_preset)i, GPEN_ENGLISH),
                                                    "title_zh", gpen_preset_title((gpen_preset)i, GPEN_CHINESE),
                                                    "why_en", gpen_preset_sentence((gpen_preset)i, GPEN_ENGLISH),
                                                    "why_zh", gpen_preset_sentence((gpen_preset)i, GPEN_CHINESE),
                                                    "settings", view_preset_settings((gpen_preset)i)));
    return list;
}

void handle_describe_settings(http_request *request)
{
    const batch_settings defaults = batch_settings_default();
    const setting_row *row;
    json_t *limits = json_pack("[]");
    for (size_t i = 0; (row = setting_row_at(i)); i++)
        (void)json_array_append_new(limits, view_limit(row));
    answer_json(request, MHD_HTTP_OK,
                json_pack("{so so so}", "defaults", settings_to_json(&defaults), "limits", limits, "presets",
                          view_presets()));
}

/* ---------------------------------------------------------------- a person's own */

void handle_list_presets(http_request *request)
{
    answer_json(request, MHD_HTTP_OK, json_pack("{so}", "presets", choices_presets(request->server)));
}

/* Letters, digits, blanks, - _ . and everything beyond ASCII; not too long. */
static bool name_is_good(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.";
    size_t length = strlen(name);
    if (length > 100 || *name == ' ')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!((unsigned char)name[i] & 0x80) && !strchr(plain, name[i]))
            return false;
    return true;
}

void handle_save_preset(http_request *request)
{
    gpen_error error;
    batch_settings checked;
    if (!name_is_good(request->name)) {
        answer_problem(request, HTTP_BAD_VALUE,
                       "a preset's name has letters, digits, blanks, - _ . and at most 100 bytes");
        return;
    }
    json_t *object = body_json(request);
    if (!object)
        return;
    json_t *settings = json_object_get(object, "settings");
    gpen_status status = settings ? settings_take(request->server, settings, &checked, &error)
                                  : gpen_fail(&error, GPEN_BAD_ARGUMENT, "settings are missing");
    /* With a preset of its own in it, it would change when that does. */
    json_t *whole = status ? NULL : settings_to_json(&checked);
    if (whole)
        status = choices_keep_preset(request->server, request->name, whole, &error);
    if (status)
        answer_error(request, &error);
    else
        answer_json(request, MHD_HTTP_OK, json_pack("{ss sO}", "name", request->name, "settings", whole));
    json_decref(whole);
    json_decref(object);
}

void handle_delete_preset(http_request *request)
{
    gpen_error error;
    bool there;
    if (choices_forget_preset(request->server, request->name, &there, &error))
        answer_error(request, &error);
    else if (there)
        answer_empty(request, MHD_HTTP_NO_CONTENT);
    else
        answer_problem(request, HTTP_NOT_FOUND, NULL);
}

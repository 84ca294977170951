/* Settings out of requests. Its own file because presets are the server's, and the table of settings knows none. */
#include "http/settings_take.h"

#include "batch/settings_json.h"
#include "http/choices.h"

static gpen_status apply_preset(http_server *server, const char *name, batch_settings *settings, gpen_error *error)
{
    json_t *preset = choices_preset(server, name);
    if (!preset)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no preset '%.60s'", name);
    gpen_status status = settings_from_json(preset, settings, error);
    json_decref(preset);
    return status;
}

gpen_status settings_take(http_server *server, const json_t *object, batch_settings *settings, gpen_error *error)
{
    *settings = batch_settings_default();
    settings->max_pixels = server->options.most_pixels;
    const json_t *preset = json_object_get(object, "preset"), *boxes = json_object_get(object, "extra_faces");
    if (!object)
        return GPEN_OK;
    if (json_array_size(boxes))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "extra_faces cannot be given to a whole batch");
    json_t *rest = json_copy((json_t *)object);
    if (!rest)
        return gpen_fail_memory(error, "settings", 0);
    (void)json_object_del(rest, "preset");
    (void)json_object_del(rest, "extra_faces");
    gpen_status status = GPEN_OK;
    if (json_is_string(preset) && *json_string_value(preset))
        status = apply_preset(server, json_string_value(preset), settings, error);
    if (!status)
        status = settings_from_json(rest, settings, error);
    json_decref(rest);
    return status;
}

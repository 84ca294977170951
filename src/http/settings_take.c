/* Settings out of requests. Its own file because a person's own presets are the server's, and the table of settings knows none. */
#include "http/settings_take.h"

#include "batch/settings_json.h"
#include "http/choices.h"

/* A preset of the person's own, which has the name of none of the program's, is taken out of the object and applied; so is one without
 * a name. */
static gpen_status apply_own_preset(http_server *server, json_t *object, batch_settings *settings, gpen_error *error)
{
    const char *name = json_string_value(json_object_get(object, "preset"));
    json_t *own = name && *name ? choices_preset(server, name) : NULL;
    if (name && *name && !own)
        return GPEN_OK;
    gpen_status status = own ? settings_from_json(own, settings, error) : GPEN_OK;
    json_decref(own);
    (void)json_object_del(object, "preset");
    return status;
}

gpen_status settings_take(http_server *server, const json_t *object, batch_settings *settings, gpen_error *error)
{
    *settings = batch_settings_default();
    settings->max_pixels = server->options.most_pixels;
    const json_t *boxes = json_object_get(object, "extra_faces");
    if (!object)
        return GPEN_OK;
    if (json_array_size(boxes))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "extra_faces cannot be given to a whole batch");
    json_t *rest = json_copy((json_t *)object);
    if (!rest)
        return gpen_fail_memory(error, "settings", 0);
    (void)json_object_del(rest, "extra_faces");
    gpen_status status = apply_own_preset(server, rest, settings, error);
    if (!status)
        status = settings_from_json(rest, settings, error);
    json_decref(rest);
    return status;
}

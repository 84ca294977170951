/* settings_take.h: settings as a page sends them, with presets by name. */
#ifndef GPEN_HTTP_SETTINGS_TAKE_H
#define GPEN_HTTP_SETTINGS_TAKE_H

#include <jansson.h>

#include "batch/batch_settings.h"
#include "http/server.h"

/* What the object (NULL: nothing) sets, over the defaults and over its preset. Errors: BAD_ARGUMENT. */
gpen_status settings_take(http_server *server, const json_t *object, batch_settings *settings, gpen_error *error);

#endif

/* face_json.h: a face for programs. Private to src/cli. */
#ifndef GPEN_CLI_FACE_JSON_H
#define GPEN_CLI_FACE_JSON_H

#include <gpen.h>

#include "base/json_write.h"

/* Into an object: box [left, top, right, bottom], score, landmarks [[x, y], ...]; pixels of the upright photo. */
void face_json(json_writer *json, const gpen_face *face);

#endif

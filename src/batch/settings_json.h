/* settings_json.h: a person's settings as programs send them: the API of the server, the tasks of the broker, and the store.
 *
 * One table says what there is, with its bounds; what reads, writes and describes settings goes by it. A new setting is a
 * field and a row. The names are those of the command line's options, with '_' for '-'. */
#ifndef GPEN_BATCH_SETTINGS_JSON_H
#define GPEN_BATCH_SETTINGS_JSON_H

#include <jansson.h>

#include "batch/batch_settings.h"

typedef enum setting_kind {
    SETTING_INTEGER, /* int, low..high; null is `none` where the row has one */
    SETTING_REAL,    /* float, low..high */
    SETTING_FLAG,    /* bool */
    SETTING_SWITCH,  /* int, 0 or 1; true and false in JSON */
    SETTING_CHOICE,  /* int, the index in choices */
    SETTING_PRESET, /* the same, of a preset; sets mode, strength and controls, which others of the object may change again */
    SETTING_FORMAT, /* picture_format: the index in choices less one; the first, keep, is PICTURE_OTHER */
    SETTING_FACES,  /* int: "all" (0), "largest" (1) or a number low..high */
    SETTING_STRENGTHS, /* look.face_strengths: an object, face (from 0, as programs count) to strength low..high; replaces all */
    SETTING_OFF,   /* the same, of strength 0: an array of faces; adds to them. Written as strengths */
    SETTING_BOXES, /* look.extra_faces: an array of arrays: left, top, right, bottom; replaces all */
} setting_kind;

typedef struct setting_row {
    const char *name;
    setting_kind kind;
    bool null_is_zero; /* null may be sent for 0, and is */
    size_t offset;     /* of the field in batch_settings */
    double low, high;
    const char *const *choices; /* ends with NULL */
} setting_row;

/* The row at `index`, 0 and up; NULL past the last. Static. */
const setting_row *setting_row_at(size_t index);

/* Takes what `object` sets, over what *settings has; what it does not mention stays. Errors: BAD_ARGUMENT (no object, a name
 * that there is not, a value of the wrong kind or out of bounds: the message names it); *settings is as it was then. */
gpen_status settings_from_json(const json_t *object, batch_settings *settings, gpen_error *error);

/* The same, leaving names that there are not out of account. */
gpen_status settings_from_known(const json_t *object, batch_settings *settings, gpen_error *error);

/* Is each within its bounds? BAD_ARGUMENT names the first that is not. */
gpen_status settings_check(const batch_settings *settings, gpen_error *error);

/* All of them; json_decref. NULL: no memory. */
json_t *settings_to_json(const batch_settings *settings);

/* The settings' part of an order; id, names and limits are the caller's. read: the photo's own format. */
void settings_into_order(const batch_settings *settings, picture_format read, job_order *order);

#endif

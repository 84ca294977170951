/* signature.h: signatures to messages. Private to src/celery. */
#ifndef GPEN_CELERY_SIGNATURE_H
#define GPEN_CELERY_SIGNATURE_H

#include "celery/canvas.h"

/* What the tasks that are sent have in common. */
typedef struct signature_sender {
    const task_canvas *canvas;
    const char *root_id, *parent_id;
    int priority;
    json_t *sends; /* grows */
} signature_sender;

/* Adds what sending `signature` means to sender->sends. first (may be NULL) goes before its own arguments, unless it is immutable;
 * chain (may be NULL): signatures that follow it, the next one last. Errors: BAD_ARGUMENT (no signature, or one that is not
 * understood), FETCH_FAILED, OUT_OF_MEMORY. */
gpen_status signature_send(signature_sender *sender, const json_t *signature, json_t *first, json_t *chain,
                           gpen_error *error);

#endif

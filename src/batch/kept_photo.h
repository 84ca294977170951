/* kept_photo.h: a photo that a worker keeps, with its faces as the networks left them, so that another look at it needs no network.
 * Private to src/batch.
 *
 * One thread uses it at a time. A worker that keeps a photo is given one order after another, never two. */
#ifndef GPEN_BATCH_KEPT_PHOTO_H
#define GPEN_BATCH_KEPT_PHOTO_H

#include <stdbool.h>

#include <gpen.h>

typedef struct kept_photo {
    uint64_t number; /* that the supervisor knows it by; 0: there is none */
    int width, height;
    gpen_session *session;
    gpen_choice choice; /* preset auto's */
} kept_photo;

/* Is it the photo with this number, not 0? */
bool kept_photo_is(const kept_photo *kept, uint64_t number);

/* Keeps a copy of the photo in the place of the one before, and what preset auto chooses for it. jpeg_quality: as in gpen_choose.
 * Errors: those of gpen_session_open and gpen_choose; none is kept then. */
gpen_status kept_photo_take(kept_photo *kept, uint64_t number, gpen_model *model, const gpen_image *photo,
                            int jpeg_quality, gpen_error *error);

/* Lets go of it; before its model is closed. Zeroed ones are fine. */
void kept_photo_free(kept_photo *kept);

#endif

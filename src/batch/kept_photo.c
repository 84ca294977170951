/* A photo that a worker keeps. Its own file because it is the only thing in a worker that outlives an order. */
#include "batch/kept_photo.h"

bool kept_photo_is(const kept_photo *kept, uint64_t number)
{
    return number && kept->number == number;
}

gpen_status kept_photo_take(kept_photo *kept, uint64_t number, gpen_model *model, const gpen_image *photo,
                            int jpeg_quality, gpen_error *error)
{
    kept_photo_free(kept); /* first: two large photos may be one too many */
    gpen_settings automatic = gpen_settings_default();
    automatic.preset = GPEN_PRESET_AUTO;
    gpen_status status = gpen_session_open(&kept->session, model, photo, error);
    if (!status)
        status = gpen_choose(model, photo, jpeg_quality, &automatic, &kept->choice, error);
    if (status) {
        kept_photo_free(kept);
        return status;
    }
    kept->number = number;
    kept->width = photo->width;
    kept->height = photo->height;
    return GPEN_OK;
}

void kept_photo_free(kept_photo *kept)
{
    gpen_session_close(kept->session);
    *kept = (kept_photo){0};
}

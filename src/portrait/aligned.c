/* One aligned face in memory: resize to the network's square, restore, blend. */
#include "image/image.h"
#include "portrait/portrait.h"

enum { LEAST_SIDE = 16, MOST_SIDE = 65500 };

gpen_settings gpen_settings_default(void)
{
    return (gpen_settings){.strength = 100};
}

static gpen_status check(const gpen_model *model, const gpen_image *face, const gpen_settings *settings, gpen_error *error)
{
    if (!model || !face)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a model and a face are needed");
    if (settings->strength < 0 || settings->strength > 100)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "strength must be 0 to 100, not %d", settings->strength);
    gpen_status status = image_check(face, error);
    if (status)
        return status;
    if (face->width < LEAST_SIDE || face->height < LEAST_SIDE || face->width > MOST_SIDE || face->height > MOST_SIDE)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a face of %dx%d pixels: each side must have %d to %d", face->width,
                         face->height, LEAST_SIDE, MOST_SIDE);
    return GPEN_OK;
}

gpen_status gpen_restore_aligned(gpen_model *model, const gpen_image *face, const gpen_settings *settings,
                                 gpen_image *restored, gpen_error *error)
{
    *restored = (gpen_image){0};
    gpen_error_clear(error);
    gpen_settings defaults = gpen_settings_default();
    settings = settings ? settings : &defaults;
    gpen_status status = check(model, face, settings, error);
    if (!status)
        status = image_new(restored, restorer_size(model), restorer_size(model), face->channels, face->bits, error);
    if (!status)
        status = image_resize_bilinear(face, restored, error);
    if (status) {
        gpen_image_free(restored);
        return status;
    }
    restorer_apply(model, restored, settings->strength, restored);
    return GPEN_OK;
}

/* Reading back what was written, before it gets its name. Its own file because it is the promise that a result is
 * whole: every pixel decodes, and for lossless formats every sample is the one that was meant. */
#include <string.h>

#include "image/picture_room.h"

typedef struct comparing {
    VipsRegion *meant;
    bool lossless;
    bool differs;
} comparing;

/* One sample, whatever its size. */
static unsigned sample(const VipsPel *pixels, size_t index, bool deep)
{
    uint16_t value;
    if (!deep)
        return pixels[index];
    memcpy(&value, pixels + index * 2, 2);
    return value;
}

/* WebP leaves out an alpha channel that says nothing, and does not keep the colour of what cannot be seen. */
static bool pixel_is_meant(const VipsPel *read, int read_bands, const VipsPel *meant, int meant_bands, bool deep)
{
    bool alpha = meant_bands == 2 || meant_bands == 4;
    unsigned opaque = deep ? 65535 : 255;
    unsigned meant_alpha = alpha ? sample(meant, (size_t)meant_bands - 1, deep) : opaque;
    unsigned read_alpha = alpha && read_bands == meant_bands ? sample(read, (size_t)read_bands - 1, deep) : opaque;
    if (read_alpha != meant_alpha || !meant_alpha)
        return read_alpha == meant_alpha;
    return !memcmp(read, meant, (size_t)(meant_bands - alpha) * (deep ? 2 : 1));
}

static bool row_is_meant(const VipsPel *read, const VipsImage *read_image, const VipsPel *meant,
                         const VipsImage *meant_image)
{
    if (read_image->Bands == meant_image->Bands && !memcmp(read, meant, VIPS_IMAGE_SIZEOF_LINE(meant_image)))
        return true;
    bool deep = meant_image->BandFmt == VIPS_FORMAT_USHORT;
    for (int x = 0; x < meant_image->Xsize; x++)
        if (!pixel_is_meant(read + (size_t)x * VIPS_IMAGE_SIZEOF_PEL(read_image), read_image->Bands,
                            meant + (size_t)x * VIPS_IMAGE_SIZEOF_PEL(meant_image), meant_image->Bands, deep))
            return false;
    return true;
}

static bool compare_strip(void *context, VipsRegion *read, int top, int height)
{
    comparing *job = context;
    if (!job->lossless)
        return true;
    VipsRect strip = {0, top, read->im->Xsize, height};
    if (vips_region_prepare(job->meant, &strip))
        return false;
    for (int y = top; y < top + height; y++)
        if (!row_is_meant(VIPS_REGION_ADDR(read, 0, y), read->im, VIPS_REGION_ADDR(job->meant, 0, y), job->meant->im)) {
            job->differs = true;
            return false;
        }
    return true;
}

static bool same_shape(const VipsImage *read, const VipsImage *meant)
{
    bool alpha = meant->Bands == 2 || meant->Bands == 4;
    return read->Xsize == meant->Xsize && read->Ysize == meant->Ysize && read->BandFmt == meant->BandFmt &&
           (read->Bands == meant->Bands || (alpha && read->Bands == meant->Bands - 1));
}

static bool same_profile(VipsImage *read, VipsImage *meant)
{
    const void *read_data, *meant_data;
    size_t read_length, meant_length;
    if (!vips_image_get_typeof(meant, VIPS_META_ICC_NAME))
        return true;
    return vips_image_get_typeof(read, VIPS_META_ICC_NAME) &&
           !vips_image_get_blob(read, VIPS_META_ICC_NAME, &read_data, &read_length) &&
           !vips_image_get_blob(meant, VIPS_META_ICC_NAME, &meant_data, &meant_length) && read_length == meant_length &&
           !memcmp(read_data, meant_data, read_length);
}

static gpen_status verify_decoded(VipsImage *read, VipsImage *meant, const encoding *how, const char *path,
                                  bool *profile_lost, gpen_error *error)
{
    *profile_lost = !same_profile(read, meant);
    if (!same_shape(read, meant))
        return gpen_fail(error, GPEN_WRITE_FAILED, "%s: what was written reads as another picture", path);
    comparing job = {.meant = vips_region_new(meant), .lossless = how->lossless};
    if (!job.meant)
        return GPEN_WRITE_FAILED;
    bool whole = decode_strips(read, compare_strip, &job);
    g_object_unref(job.meant);
    if (job.differs)
        return gpen_fail(error, GPEN_WRITE_FAILED, "%s: what was written reads back with other pixels", path);
    return whole ? GPEN_OK : GPEN_WRITE_FAILED;
}

static picture_loader loader_of(picture_format format)
{
    switch (format) {
    case PICTURE_JPEG: return LOADER_JPEG;
    case PICTURE_WEBP: return LOADER_WEBP;
    case PICTURE_TIFF: return LOADER_TIFF;
    default: return LOADER_PNG;
    }
}

gpen_status verify_written(int descriptor, VipsImage *meant, const encoding *how, const char *path, bool *profile_lost,
                           gpen_error *error)
{
    int warnings = turn_warnings();
    *profile_lost = false;
    VipsImage *read = decode_open(descriptor, loader_of(how->format));
    if (!read)
        return GPEN_WRITE_FAILED;
    gpen_status status = verify_decoded(read, meant, how, path, profile_lost, error);
    g_object_unref(read);
    if (!status && how->format == PICTURE_JPEG && turn_warnings() > warnings)
        status = GPEN_WRITE_FAILED; /* the JPEG decoder warns where others fail */
    return status;
}

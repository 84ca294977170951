/* Opening a picture with libvips and reading it in strips. Its own file because loading and verifying share it. */
#include "image/picture_room.h"

static const char *operation_name(picture_loader loader)
{
    switch (loader) {
    case LOADER_JPEG: return "jpegload_source";
    case LOADER_PNG: return "pngload_source";
    case LOADER_WEBP: return "webpload_source";
    case LOADER_TIFF: return "tiffload_source";
    case LOADER_GIF: return "gifload_source";
    case LOADER_HEIF: return "heifload_source";
    case LOADER_NONE: break;
    }
    return NULL;
}

bool decode_possible(picture_loader loader)
{
    const char *name = operation_name(loader);
    return name && vips_type_find("VipsOperation", name) != 0;
}

VipsImage *decode_open(int descriptor, picture_loader loader)
{
    VipsSource *source = vips_source_new_from_descriptor(descriptor);
    if (!source)
        return NULL;
    VipsImage *image = NULL;
    if (vips_call(operation_name(loader), source, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                  VIPS_FAIL_ON_ERROR, NULL))
        image = NULL;
    g_object_unref(source);
    return image;
}

bool decode_strips(VipsImage *image, strip_use *use, void *context)
{
    enum { STRIP_ROWS = 64 };
    VipsRegion *region = vips_region_new(image);
    if (!region)
        return false;
    bool going = true;
    for (int top = 0; going && top < image->Ysize; top += STRIP_ROWS) {
        VipsRect strip = {0, top, image->Xsize, VIPS_MIN(STRIP_ROWS, image->Ysize - top)};
        going = !vips_region_prepare(region, &strip) && use(context, region, top, strip.height);
    }
    g_object_unref(region);
    return going;
}

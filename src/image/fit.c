/* What a format can hold: pictures reduced in size, bits and channels on their way out. Its own file because it knows
 * formats' limits and libvips' arithmetic, and nothing of files. What is made here belongs to a `keep` object. */
#include <math.h>

#include "image/picture_room.h"

static VipsInterpretation interpretation_of(const VipsImage *image)
{
    bool deep = image->BandFmt == VIPS_FORMAT_USHORT;
    if (image->Bands < 3)
        return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

/* libvips' flatten, premultiply and grey-to-colour go by the interpretation, so it is set before and after. */
static int name_colours(VipsObject *keep, VipsImage **image)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    if (vips_copy(*image, &t[0], "interpretation", interpretation_of(*image), NULL))
        return -1;
    *image = t[0];
    return 0;
}

static bool has_alpha(const VipsImage *image)
{
    return image->Bands == 2 || image->Bands == 4;
}

static double white_of(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_USHORT ? 65535.0 : 255.0;
}

/* ---------------------------------------------------------------- size */

static int scale_edge(int edge, int longer, int max_edge)
{
    return VIPS_MAX(1, (int)lrint((double)edge * max_edge / longer));
}

void fit_size(int width, int height, int max_edge, int *reduced_width, int *reduced_height)
{
    int longer = VIPS_MAX(width, height);
    bool reduced = max_edge > 0 && longer > max_edge;
    *reduced_width = reduced ? scale_edge(width, longer, max_edge) : width;
    *reduced_height = reduced ? scale_edge(height, longer, max_edge) : height;
}

static int lanczos(VipsImage *in, VipsImage **out, int width, int height)
{
    return vips_resize(in, out, (double)width / in->Xsize, "vscale", (double)height / in->Ysize, "kernel",
                       VIPS_KERNEL_LANCZOS3, NULL);
}

/* Colours weigh as much as they are seen, so that nothing shines out of transparent areas. */
static int lanczos_with_alpha(VipsObject *keep, VipsImage *in, VipsImage **out, int width, int height)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 4);
    double opaque = white_of(in);
    if (vips_premultiply(in, &t[0], "max_alpha", opaque, NULL) || lanczos(t[0], &t[1], width, height) ||
        vips_unpremultiply(t[1], &t[2], "max_alpha", opaque, NULL) || vips_rint(t[2], &t[3], NULL))
        return -1;
    return vips_cast(t[3], out, in->BandFmt, NULL);
}

int fit_reduce(VipsObject *keep, VipsImage **image, int width, int height)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    if ((*image)->Xsize == width && (*image)->Ysize == height)
        return 0;
    if (name_colours(keep, image))
        return -1;
    if (has_alpha(*image) ? lanczos_with_alpha(keep, *image, &t[0], width, height)
                          : lanczos(*image, &t[0], width, height))
        return -1;
    *image = t[0];
    return 0;
}

/* ---------------------------------------------------------------- bits and channels */

static const char *people_name(picture_format format)
{
    return format == PICTURE_JPEG ? "JPEG" : format == PICTURE_WEBP ? "WebP" : format == PICTURE_PNG ? "PNG" : "TIFF";
}

static int reduce_bits(VipsObject *keep, VipsImage **image)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 2);
    if (vips_linear1(*image, &t[0], 1 / 257.0, 0.5, NULL) || vips_cast_uchar(t[0], &t[1], NULL))
        return -1;
    *image = t[1];
    return 0;
}

static int flatten(VipsObject *keep, VipsImage **image)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    VipsArrayDouble *white = vips_array_double_newv(1, white_of(*image));
    int result = vips_flatten(*image, &t[0], "background", white, NULL);
    vips_area_unref(VIPS_AREA(white));
    *image = t[0];
    return result;
}

/* WebP has no grey pictures: three equal channels. */
static int spread_grey(VipsObject *keep, VipsImage **image)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 3);
    bool alpha = (*image)->Bands == 2;
    if (vips_extract_band(*image, &t[0], 0, NULL) || (alpha && vips_extract_band(*image, &t[1], 1, NULL)))
        return -1;
    VipsImage *bands[] = {t[0], t[0], t[0], t[1]};
    if (vips_bandjoin(bands, &t[2], alpha ? 4 : 3, NULL))
        return -1;
    *image = t[2];
    return 0;
}

int fit_format(VipsObject *keep, VipsImage **image, picture_format format, char **notes)
{
    if (name_colours(keep, image))
        return -1;
    if (format == PICTURE_JPEG && has_alpha(*image)) {
        notes_add(notes, "JPEG has no transparency: it was flattened on white.");
        if (flatten(keep, image))
            return -1;
    }
    if ((format == PICTURE_JPEG || format == PICTURE_WEBP) && (*image)->BandFmt == VIPS_FORMAT_USHORT) {
        notes_add(notes, "%s has no 16-bit samples: they were rounded to 8 bits.", people_name(format));
        if (reduce_bits(keep, image))
            return -1;
    }
    if (format == PICTURE_WEBP && (*image)->Bands < 3 && spread_grey(keep, image))
        return -1;
    return name_colours(keep, image);
}

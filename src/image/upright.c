/* From libvips' strips into our own pixels, turned the way up that the orientation tag asks for, and our pixels in
 * libvips' hands. Its own file because it is where the one full-size copy of a picture is made: turning while copying
 * spares a second one. */
#include <string.h>

#include "image/picture_room.h"

VipsImage *pixels_wrap(const gpen_image *image)
{
    return vips_image_new_from_memory(image->pixels, image->row_bytes * (size_t)image->height, image->width,
                                      image->height, image->channels,
                                      image->bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
}

/* Where the source's pixels go: the source's (x, y) lies at start + x * right + y * down. */
typedef struct placing {
    char *start;
    ptrdiff_t right, down;
    size_t pixel_bytes;
} placing;

/* EXIF orientations, by what happens on the way from the stored picture to the upright one. */
static bool swaps_axes(int orientation)
{
    return orientation >= 5 && orientation <= 8;
}

static bool leftwards(int orientation) /* the stored x runs against the axis it lands on */
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

static bool upwards(int orientation) /* the stored y runs against the axis it lands on */
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

static placing find_placing(const gpen_image *out, int orientation)
{
    size_t pixel_bytes = (size_t)out->channels * (size_t)out->bits / 8;
    ptrdiff_t along = (ptrdiff_t)pixel_bytes, across = (ptrdiff_t)out->row_bytes;
    bool swapped = swaps_axes(orientation);
    placing place = {out->pixels, swapped ? across : along, swapped ? along : across, pixel_bytes};
    int stored_width = swapped ? out->height : out->width, stored_height = swapped ? out->width : out->height;
    if (leftwards(orientation)) {
        place.start += (stored_width - 1) * place.right;
        place.right = -place.right;
    }
    if (upwards(orientation)) {
        place.start += (stored_height - 1) * place.down;
        place.down = -place.down;
    }
    return place;
}

static void place_row(const placing *place, const char *row, int width, int y)
{
    char *to = place->start + y * place->down;
    if (place->right == (ptrdiff_t)place->pixel_bytes) {
        memcpy(to, row, (size_t)width * place->pixel_bytes);
        return;
    }
    for (int x = 0; x < width; x++, to += place->right, row += place->pixel_bytes)
        memcpy(to, row, place->pixel_bytes);
}

static bool place_strip(void *context, VipsRegion *region, int top, int height)
{
    for (int y = top; y < top + height; y++)
        place_row(context, (const char *)VIPS_REGION_ADDR(region, 0, y), region->valid.width, y);
    return true;
}

gpen_status upright_read(VipsImage *image, int orientation, gpen_image *out, gpen_error *error)
{
    bool swapped = swaps_axes(orientation);
    gpen_status status = image_new(out, swapped ? image->Ysize : image->Xsize, swapped ? image->Xsize : image->Ysize,
                                   image->Bands, image->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, error);
    if (status)
        return status;
    placing place = find_placing(out, orientation);
    if (decode_strips(image, place_strip, &place))
        return GPEN_OK;
    gpen_image_free(out);
    return GPEN_UNREADABLE;
}

/* Pixels in memory: made, checked, released. Its own file because everything that holds a picture needs it, with or
 * without libvips. */
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

gpen_status image_new(gpen_image *image, int width, int height, int channels, int bits, gpen_error *error)
{
    *image = (gpen_image){0};
    if (width < 1 || height < 1 || channels < 1 || channels > 4 || (bits != 8 && bits != 16))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "no picture can be %d x %d with %d channels of %d bits", width,
                         height, channels, bits);
    size_t row_bytes, bytes;
    if (!size_multiply((size_t)width, (size_t)channels * (size_t)bits / 8, &row_bytes) ||
        !size_multiply(row_bytes, (size_t)height, &bytes))
        return gpen_fail_memory(error, "a picture", SIZE_MAX / 2);
    void *pixels = calloc(1, bytes);
    if (!pixels)
        return gpen_fail_memory(error, "a picture", bytes);
    *image = (gpen_image){width, height, channels, bits, row_bytes, pixels};
    return GPEN_OK;
}

void image_copy_rows(const gpen_image *from, gpen_image *to)
{
    size_t bytes = (size_t)to->width * (size_t)to->channels * (size_t)to->bits / 8;
    for (int y = 0; y < to->height; y++)
        memcpy((unsigned char *)to->pixels + (size_t)y * to->row_bytes,
               (const unsigned char *)from->pixels + (size_t)y * from->row_bytes, bytes);
}

gpen_status image_copy(const gpen_image *from, gpen_image *to, gpen_error *error)
{
    gpen_status status = image_new(to, from->width, from->height, from->channels, from->bits, error);
    if (!status)
        image_copy_rows(from, to);
    return status;
}

gpen_status image_check(const gpen_image *image, gpen_error *error)
{
    if (!image || !image->pixels)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the picture has no pixels");
    if (image->width < 1 || image->height < 1)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a picture cannot be %d x %d", image->width, image->height);
    if (image->channels < 1 || image->channels > 4)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a picture has 1 to 4 channels, not %d", image->channels);
    if (image->bits != 8 && image->bits != 16)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a picture has 8 or 16 bits a sample, not %d", image->bits);
    size_t needed, bytes;
    if (!size_multiply((size_t)image->width, (size_t)image->channels * (size_t)image->bits / 8, &needed) ||
        image->row_bytes < needed || !size_multiply(image->row_bytes, (size_t)image->height, &bytes))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "rows of %zu bytes cannot hold a picture of %d x %d",
                         image->row_bytes, image->width, image->height);
    if (image->bits == 16 && (image->row_bytes % 2 || (uintptr_t)image->pixels % 2))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "16-bit samples must lie at even addresses");
    return GPEN_OK;
}

void gpen_image_free(gpen_image *image)
{
    if (!image)
        return;
    free(image->pixels);
    *image = (gpen_image){0};
}

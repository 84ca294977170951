/* Taking a result's pixels into a picture. Its own file because it is the promise that only what was touched changes:
 * everything else in the photo stays bit for bit, in its own colours. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/picture_room.h"

/* A rectangle of the picture around touched pixels; empty when right <= left. */
typedef struct window {
    int left, top, right, bottom;
} window;

typedef struct putting {
    gpen_image *native;
    const gpen_image *result;
    const uint8_t *touched;
    const extra_field *profile;
    window at; /* the strip in work */
} putting;

static size_t pixel_bytes(const gpen_image *image)
{
    return (size_t)image->channels * (size_t)image->bits / 8;
}

static size_t colour_bytes(const gpen_image *image)
{
    return (size_t)image_colours(image) * (size_t)image->bits / 8;
}

static char *pixel_at(const gpen_image *image, int x, int y)
{
    return (char *)image->pixels + (size_t)y * image->row_bytes + (size_t)x * pixel_bytes(image);
}

static bool is_touched(const uint8_t *touched, int width, int x, int y)
{
    return !touched || touched[(size_t)y * (size_t)width + (size_t)x];
}

/* The columns that are touched in some of the rows. */
static window find_window(const uint8_t *touched, int width, int top, int bottom)
{
    window found = {width, top, 0, bottom};
    for (int y = top; y < bottom; y++) {
        int left = 0, right = width;
        while (left < width && !is_touched(touched, width, left, y))
            left++;
        while (right > left && !is_touched(touched, width, right - 1, y))
            right--;
        found.left = VIPS_MIN(found.left, left);
        found.right = left < right ? VIPS_MAX(found.right, right) : found.right;
    }
    return found;
}

/* Copies the colours of touched pixels of a row of `to`; from_bytes: from one pixel of the source to the next. */
static void take_row(const putting *job, gpen_image *to, int y, window at, const char *from, size_t from_bytes)
{
    size_t bytes = colour_bytes(to);
    for (int x = at.left; x < at.right; x++, from += from_bytes)
        if (is_touched(job->touched, to->width, x, y))
            memmove(pixel_at(to, x, y), from, bytes);
}

/* ---------------------------------------------------------------- the sRGB picture */

static void take_into_image(const putting *job, gpen_image *image)
{
    window all = {0, 0, image->width, image->height};
    for (int y = 0; image->pixels != job->result->pixels && y < image->height; y++)
        take_row(job, image, y, all, pixel_at(job->result, 0, y), pixel_bytes(image));
}

/* ---------------------------------------------------------------- the file's own samples */

static bool take_converted(void *context, VipsRegion *region, int top, int height)
{
    const putting *job = context;
    for (int y = top; y < top + height; y++)
        take_row(job, job->native, job->at.top + y, job->at, (const char *)VIPS_REGION_ADDR(region, 0, y),
                 colour_bytes(job->native));
    return true;
}

/* The colours of the strip, rows without gaps. */
static gpen_status copy_strip(const putting *job, gpen_image *strip, gpen_error *error)
{
    const gpen_image *from = job->result;
    int width = job->at.right - job->at.left, height = job->at.bottom - job->at.top;
    gpen_status status = image_new(strip, width, height, image_colours(from), from->bits, error);
    for (int y = 0; !status && y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(pixel_at(strip, x, y), pixel_at(from, job->at.left + x, job->at.top + y), pixel_bytes(strip));
    return status;
}

static gpen_status take_strip(putting *job, gpen_error *error)
{
    gpen_image strip;
    gpen_status status = copy_strip(job, &strip, error);
    if (status)
        return status;
    VipsImage *plain = pixels_wrap(&strip), *converted = NULL;
    if (!plain || colour_from_work(plain, job->profile, &converted) || converted->Bands != strip.channels ||
        !decode_strips(converted, take_converted, job))
        status = GPEN_WRITE_FAILED;
    VIPS_UNREF(converted);
    VIPS_UNREF(plain);
    gpen_image_free(&strip);
    return status;
}

static gpen_status take_into_native(putting *job, gpen_error *error)
{
    enum { STRIP_PIXELS = 1 << 20 };
    int width = job->native->width, height = job->native->height;
    int rows = VIPS_MAX(1, STRIP_PIXELS / width);
    gpen_status status = GPEN_OK;
    for (int top = 0; !status && top < height; top += rows) {
        job->at = find_window(job->touched, width, top, VIPS_MIN(top + rows, height));
        if (job->at.left < job->at.right)
            status = take_strip(job, error);
    }
    return status;
}

/* Doing it over in a turn alone does no harm: the same pixels are taken. */
static gpen_status take_in_turns(putting *job, gpen_error *error)
{
    gpen_status status = GPEN_WRITE_FAILED;
    for (int attempt = 0; attempt < 2 && status == GPEN_WRITE_FAILED; attempt++) {
        bool alone = attempt == 1;
        char reason[200];
        turn_begin(alone);
        status = take_into_native(job, error);
        if (status == GPEN_WRITE_FAILED && alone) {
            turn_reason(reason, sizeof reason);
            gpen_fail(error, status, "the colours cannot be converted to the photo's own profile (%s)", reason);
        }
        turn_end(alone);
    }
    return status;
}

gpen_status picture_put(picture *pic, const gpen_image *result, const uint8_t *touched, gpen_error *error)
{
    gpen_status status = image_check(result, error);
    if (status)
        return status;
    const gpen_image *image = &pic->image;
    if (result->width != image->width || result->height != image->height || result->channels != image->channels ||
        result->bits != image->bits)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a result of %d x %d does not fit a picture of %d x %d",
                         result->width, result->height, image->width, image->height);
    putting job = {.native = &pic->native, .result = result, .touched = touched};
    job.profile = extras_find(pic->extras, VIPS_META_ICC_NAME);
    if (pic->native.pixels && !job.profile)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the picture has lost its profile");
    if (pic->native.pixels)
        status = take_in_turns(&job, error);
    if (!status)
        take_into_image(&job, &pic->image);
    return status;
}

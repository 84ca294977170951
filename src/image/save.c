/* Writing a picture file. Its own file because it is the whole way out, step by step: what the format can hold, the
 * file's own colours, metadata, encoding, reading back, the final name; the steps live next door. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/picture_room.h"

typedef struct writing {
    const gpen_image *image; /* sRGB, rows without gaps */
    gpen_image copy;         /* the same where the caller's rows had gaps */
    const gpen_image *own;   /* the same in the colours of the profile, or NULL: they are made from image */
    const picture_extras *extras;
    int descriptor;   /* of the file that it is written to */
    const char *name; /* the file's, for messages */
    const picture_save_options *options;
    encoding how;
    int width, height;    /* of what is written */
    bool alone;           /* in a turn alone, where libvips' reasons can be read */
    bool unexplained;     /* it failed, and only a turn alone can tell why */
    bool without_profile; /* the format refused the profile at a first attempt */
    bool profile_lost;
    char *notes;
} writing;

/* ---------------------------------------------------------------- before anything is written */

static gpen_status check_fits(writing *job, gpen_error *error)
{
    fit_size(job->image->width, job->image->height, job->options->max_edge, &job->width, &job->height);
    int limit = job->how.format == PICTURE_JPEG ? 65500 : job->how.format == PICTURE_WEBP ? 16383 : 0;
    if (limit && (job->width > limit || job->height > limit))
        return gpen_fail(error, GPEN_BAD_ARGUMENT,
                         "%s: %d x %d is too large for this format, which ends at %d pixels a side", job->name,
                         job->width, job->height, limit);
    return GPEN_OK;
}

static gpen_status set_encoding(const picture_save_options *options, encoding *how, gpen_error *error)
{
    enum { DEFAULT_QUALITY = 95, LOSSLESS_QUALITY = 100 };
    if (options->format != PICTURE_JPEG && options->format != PICTURE_PNG && options->format != PICTURE_WEBP &&
        options->format != PICTURE_TIFF)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "pictures are written as JPEG, PNG, WebP or TIFF only");
    if (options->quality < 0 || options->quality > 100)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "quality must be 1 to 100, not %d", options->quality);
    if (options->max_edge < 0)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the longest edge cannot be %d pixels", options->max_edge);
    if (options->receipt && !receipt_is_sound(options->receipt))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a receipt's keys are letters and digits, with a value each");
    how->format = options->format;
    how->quality = options->quality ? options->quality : DEFAULT_QUALITY;
    how->lossless = how->format == PICTURE_PNG || how->format == PICTURE_TIFF ||
                    (how->format == PICTURE_WEBP && how->quality == LOSSLESS_QUALITY);
    return GPEN_OK;
}

/* libvips wants rows without gaps: the image itself, or a copy of it. */
static gpen_status close_gaps(writing *job, gpen_error *error)
{
    const gpen_image *image = job->image;
    size_t row_bytes = (size_t)image->width * (size_t)image->channels * (size_t)image->bits / 8;
    if (image->row_bytes == row_bytes)
        return GPEN_OK;
    gpen_status status = image_new(&job->copy, image->width, image->height, image->channels, image->bits, error);
    for (int y = 0; !status && y < image->height; y++)
        memcpy((char *)job->copy.pixels + (size_t)y * row_bytes,
               (const char *)image->pixels + (size_t)y * image->row_bytes, row_bytes);
    if (!status)
        job->image = &job->copy;
    return status;
}

/* ---------------------------------------------------------------- the file's own colours */

/* Is the result to be in the colours of the photo's profile, which is then embedded? */
static bool keeps_profile(writing *job)
{
    const extra_field *profile = extras_find(job->extras, VIPS_META_ICC_NAME);
    int colours = job->how.format == PICTURE_WEBP ? 3 : image_colours(job->image);
    bool kept = profile && !job->without_profile && colour_can_restore(profile, colours);
    if (profile && !kept)
        notes_add(&job->notes, "The colour profile cannot be written to this file: the colours are sRGB.");
    return kept;
}

static int restore_colours(const writing *job, VipsObject *keep, VipsImage **image)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    if (!job->extras->converted || job->own)
        return 0;
    if (colour_from_work(*image, extras_find(job->extras, VIPS_META_ICC_NAME), &t[0]))
        return -1;
    *image = t[0];
    return 0;
}

/* ---------------------------------------------------------------- the steps in order */

/* *image, lazily: what is to be written. 0, or -1: libvips knows why. */
static int prepare(writing *job, VipsObject *keep, VipsImage **image)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 2);
    extras_wish wish = {job->extras, job->how.format, keeps_profile(job), job->options->receipt};
    t[0] = pixels_wrap(wish.with_profile && job->own ? job->own : job->image);
    *image = t[0];
    if (!*image || fit_reduce(keep, image, job->width, job->height) ||
        fit_format(keep, image, job->how.format, &job->notes) ||
        (wish.with_profile && restore_colours(job, keep, image)) || extras_attach(*image, &wish, &t[1], &job->notes))
        return -1;
    *image = t[1];
    return 0;
}

/* libvips writes no EXIF data into TIFF files. */
static void add_tiff_exif(writing *job, int descriptor)
{
    const extra_field *exif = extras_find(job->extras, VIPS_META_EXIF_NAME);
    if (job->how.format == PICTURE_TIFF && exif && !tiff_exif_write(descriptor, exif->data, exif->length))
        notes_add(&job->notes, "The EXIF data was left out: it could not be written to this file.");
}

/* The file as new: an attempt before this one may have left something in it. */
static gpen_status empty_file(const writing *job, gpen_error *error)
{
    if (ftruncate(job->descriptor, 0) || lseek(job->descriptor, 0, SEEK_SET))
        return gpen_fail_write(error, errno, job->name, "beginning the file");
    return GPEN_OK;
}

static gpen_status write_and_verify(writing *job, VipsImage *image, gpen_error *error)
{
    gpen_status status = empty_file(job, error);
    if (status)
        return status;
    if (encode_to(image, &job->how, job->descriptor, job->name, error))
        return error->status ? error->status : GPEN_WRITE_FAILED;
    add_tiff_exif(job, job->descriptor);
    return verify_written(job->descriptor, image, &job->how, job->name, &job->profile_lost, error);
}

static gpen_status write_picture(writing *job, gpen_error *error)
{
    gpen_error_clear(error);
    free(job->notes);
    job->notes = NULL;
    job->profile_lost = false;
    VipsObject *keep = VIPS_OBJECT(vips_image_new());
    VipsImage *image = NULL;
    gpen_status status = GPEN_WRITE_FAILED;
    if (!prepare(job, keep, &image))
        status = write_and_verify(job, image, error);
    g_object_unref(keep);
    if (status && !error->status) {
        char reason[200] = "";
        job->unexplained = !job->alone;
        if (job->alone)
            turn_reason(reason, sizeof reason);
        gpen_fail(error, status, "%s: %s", job->name, *reason ? reason : "the picture could not be written");
    }
    return status;
}

static gpen_status write_in_turn(writing *job, bool alone, gpen_error *error)
{
    job->alone = alone;
    job->unexplained = false;
    turn_begin(alone);
    gpen_status status = write_picture(job, error);
    turn_end(alone);
    return status;
}

/* The second time without the profile, where the encoder left it out. */
static gpen_status write_in_turns(writing *job, gpen_error *error)
{
    gpen_status status = write_in_turn(job, false, error);
    if (status && job->unexplained)
        status = write_in_turn(job, true, error);
    if (!status && job->profile_lost) {
        job->without_profile = true;
        status = write_in_turn(job, true, error);
    }
    return status;
}

static gpen_status write_open(writing *job, char **notes, gpen_error *error)
{
    gpen_error unwanted;
    if (!error)
        error = &unwanted;
    if (notes)
        *notes = NULL;
    gpen_status status = image_check(job->image, error);
    if (!status)
        status = set_encoding(job->options, &job->how, error);
    if (!status)
        status = check_fits(job, error);
    if (!status)
        status = close_gaps(job, error);
    if (!status)
        status = write_in_turns(job, error);
    gpen_image_free(&job->copy);
    if (!status && notes) {
        *notes = job->notes;
        job->notes = NULL;
    }
    free(job->notes);
    return status;
}

gpen_status picture_write(const gpen_image *image, const picture_extras *extras, int descriptor, const char *name,
                          const picture_save_options *options, char **notes, gpen_error *error)
{
    writing job = {.image = image, .extras = extras, .descriptor = descriptor, .name = name, .options = options};
    return write_open(&job, notes, error);
}

static gpen_status save(writing *job, const char *path, char **notes, gpen_error *error)
{
    atomic_file file;
    job->name = path_name(path);
    if (notes)
        *notes = NULL;
    gpen_status status = atomic_file_check(path, job->options->overwrite, error);
    if (!status)
        status = atomic_file_begin(&file, path, error);
    if (status)
        return status;
    job->descriptor = file.descriptor;
    status = write_open(job, notes, error);
    if (!status)
        status = atomic_file_commit(&file, job->options->overwrite, error);
    else
        atomic_file_abandon(&file);
    if (status && notes) {
        free(*notes);
        *notes = NULL;
    }
    return status;
}

gpen_status picture_save(const gpen_image *image, const picture_extras *extras, const char *path,
                         const picture_save_options *options, char **notes, gpen_error *error)
{
    writing job = {.image = image, .extras = extras, .options = options};
    return save(&job, path, notes, error);
}

/* What a picture of its own is written from. */
static writing writing_own(const picture *pic, const picture_save_options *options)
{
    return (writing){.image = &pic->image,
                     .own = pic->native.pixels ? &pic->native : NULL,
                     .extras = pic->extras,
                     .options = options};
}

gpen_status picture_write_own(const picture *pic, int descriptor, const char *name, const picture_save_options *options,
                              char **notes, gpen_error *error)
{
    writing job = writing_own(pic, options);
    job.descriptor = descriptor;
    job.name = name;
    return write_open(&job, notes, error);
}

gpen_status picture_save_own(const picture *pic, const char *path, const picture_save_options *options, char **notes,
                             gpen_error *error)
{
    writing job = writing_own(pic, options);
    return save(&job, path, notes, error);
}

/* Writing a picture file. Its own file because it is the whole way out, step by step: what the format can hold, the
 * file's own colours, metadata, encoding, reading back, the final name; the steps live next door. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/picture_room.h"

typedef struct writing {
    const gpen_image *image; /* rows without gaps */
    const picture_extras *extras;
    const char *path;
    encoding how;
    bool overwrite;
    bool alone;           /* in a turn alone, where libvips' reasons can be read */
    bool unexplained;     /* it failed, and only a turn alone can tell why */
    bool without_profile; /* the format refused the profile at a first attempt */
    bool profile_lost;
    char *notes;
} writing;

/* ---------------------------------------------------------------- before anything is written */

static gpen_status check_target(const writing *job, gpen_error *error)
{
    struct stat facts;
    const char *name = path_name(job->path);
    if (lstat(job->path, &facts))
        return GPEN_OK; /* not there, or whatever is wrong shows when the file is made */
    if (S_ISDIR(facts.st_mode))
        return gpen_fail(error, GPEN_WRITE_FAILED, "%s: there is a folder of that name", name);
    if (!job->overwrite)
        return gpen_fail(error, GPEN_EXISTS, "%s is there already", name);
    return GPEN_OK;
}

static gpen_status check_fits(const writing *job, gpen_error *error)
{
    int limit = job->how.format == PICTURE_JPEG ? 65500 : job->how.format == PICTURE_WEBP ? 16383 : 0;
    if (limit && (job->image->width > limit || job->image->height > limit))
        return gpen_fail(error, GPEN_BAD_ARGUMENT,
                         "%s: %d x %d is too large for this format, which ends at %d pixels a side",
                         path_name(job->path), job->image->width, job->image->height, limit);
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
    how->format = options->format;
    how->quality = options->quality ? options->quality : DEFAULT_QUALITY;
    how->lossless = how->format == PICTURE_PNG || how->format == PICTURE_TIFF ||
                    (how->format == PICTURE_WEBP && how->quality == LOSSLESS_QUALITY);
    return GPEN_OK;
}

/* libvips wants rows without gaps: the image itself, or a copy in *copy. */
static gpen_status close_gaps(const gpen_image *image, gpen_image *copy, gpen_error *error)
{
    size_t row_bytes = (size_t)image->width * (size_t)image->channels * (size_t)image->bits / 8;
    *copy = (gpen_image){0};
    if (image->row_bytes == row_bytes)
        return GPEN_OK;
    gpen_status status = image_new(copy, image->width, image->height, image->channels, image->bits, error);
    for (int y = 0; !status && y < image->height; y++)
        memcpy((char *)copy->pixels + (size_t)y * row_bytes, (const char *)image->pixels + (size_t)y * image->row_bytes,
               row_bytes);
    return status;
}

/* ---------------------------------------------------------------- what the format can hold */

static VipsImage *wrap_pixels(const gpen_image *image)
{
    return vips_image_new_from_memory(image->pixels, image->row_bytes * (size_t)image->height, image->width,
                                      image->height, image->channels,
                                      image->bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
}

static VipsInterpretation interpretation_of(const VipsImage *image)
{
    bool deep = image->BandFmt == VIPS_FORMAT_USHORT;
    if (image->Bands < 3)
        return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

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
    VipsArrayDouble *white = vips_array_double_newv(1, (*image)->BandFmt == VIPS_FORMAT_USHORT ? 65535.0 : 255.0);
    int result = vips_flatten(*image, &t[0], "background", white, NULL);
    vips_area_unref(VIPS_AREA(white));
    *image = t[0];
    return result;
}

/* libvips' flatten and grey-to-colour go by the interpretation, so it is set before and after. */
static int name_colours(VipsObject *keep, VipsImage **image)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    if (vips_copy(*image, &t[0], "interpretation", interpretation_of(*image), NULL))
        return -1;
    *image = t[0];
    return 0;
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

static int fit_format(writing *job, VipsObject *keep, VipsImage **image)
{
    picture_format format = job->how.format;
    if (name_colours(keep, image))
        return -1;
    if (format == PICTURE_JPEG && image_has_alpha(job->image)) {
        notes_add(&job->notes, "JPEG has no transparency: it was flattened on white.");
        if (flatten(keep, image))
            return -1;
    }
    if ((format == PICTURE_JPEG || format == PICTURE_WEBP) && job->image->bits == 16) {
        notes_add(&job->notes, "%s has no 16-bit samples: they were rounded to 8 bits.", people_name(format));
        if (reduce_bits(keep, image))
            return -1;
    }
    if (format == PICTURE_WEBP && (*image)->Bands < 3 && spread_grey(keep, image))
        return -1;
    return name_colours(keep, image);
}

/* ---------------------------------------------------------------- the file's own colours */

/* libvips takes the profile to convert to from a file only, so it lies beside the result for a moment. */
static gpen_status convert_back(const writing *job, const extra_field *profile, VipsImage *image, VipsImage **out,
                                gpen_error *error)
{
    atomic_file beside;
    gpen_status status = atomic_file_begin(&beside, job->path, error);
    if (status)
        return status;
    status = atomic_file_write(&beside, profile->data, profile->length, error);
    if (!status && colour_from_work(image, profile, beside.temporary, out))
        status = GPEN_WRITE_FAILED;
    atomic_file_abandon(&beside);
    return status;
}

/* *with_profile: the profile is to be embedded; *image is then in its colours. */
static gpen_status restore_colours(writing *job, VipsObject *keep, VipsImage **image, bool *with_profile,
                                   gpen_error *error)
{
    const extra_field *profile = extras_find(job->extras, VIPS_META_ICC_NAME);
    *with_profile = profile && !job->without_profile && colour_can_restore(profile, (*image)->Bands < 3 ? 1 : 3);
    if (profile && !*with_profile)
        notes_add(&job->notes, "The colour profile cannot be written to this file: the colours are sRGB.");
    if (!*with_profile || !job->extras->converted)
        return GPEN_OK;
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 1);
    gpen_status status = convert_back(job, profile, *image, &t[0], error);
    *image = t[0];
    return status;
}

/* ---------------------------------------------------------------- the steps in order */

static gpen_status prepare(writing *job, VipsObject *keep, VipsImage **image, gpen_error *error)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(keep, 2);
    bool with_profile = false;
    t[0] = wrap_pixels(job->image);
    *image = t[0];
    if (!*image || fit_format(job, keep, image))
        return GPEN_WRITE_FAILED;
    gpen_status status = restore_colours(job, keep, image, &with_profile, error);
    if (!status && extras_attach(*image, job->extras, job->how.format, with_profile, &t[1], &job->notes))
        status = GPEN_WRITE_FAILED;
    *image = t[1];
    return status;
}

static gpen_status write_and_verify(writing *job, VipsImage *image, gpen_error *error)
{
    atomic_file file;
    gpen_status status = atomic_file_begin(&file, job->path, error);
    if (status)
        return status;
    const char *name = path_name(job->path);
    if (encode_to(image, &job->how, file.descriptor, name, error))
        status = error->status ? error->status : GPEN_WRITE_FAILED;
    if (!status)
        status = verify_written(file.descriptor, image, &job->how, name, &job->profile_lost, error);
    if (!status && !job->profile_lost)
        return atomic_file_commit(&file, job->overwrite, error);
    atomic_file_abandon(&file);
    return status;
}

static gpen_status write_picture(writing *job, gpen_error *error)
{
    gpen_error_clear(error);
    free(job->notes);
    job->notes = NULL;
    job->profile_lost = false;
    VipsObject *keep = VIPS_OBJECT(vips_image_new());
    VipsImage *image = NULL;
    gpen_status status = prepare(job, keep, &image, error);
    if (!status)
        status = write_and_verify(job, image, error);
    g_object_unref(keep);
    if (status && !error->status) {
        char reason[200] = "";
        job->unexplained = !job->alone;
        if (job->alone)
            turn_reason(reason, sizeof reason);
        gpen_fail(error, status, "%s: %s", path_name(job->path), *reason ? reason : "the picture could not be written");
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

gpen_status picture_save(const gpen_image *image, const picture_extras *extras, const char *path,
                         const picture_save_options *options, char **notes, gpen_error *error)
{
    gpen_error unwanted;
    if (!error)
        error = &unwanted;
    if (notes)
        *notes = NULL;
    writing job = {.image = image, .extras = extras, .path = path, .overwrite = options->overwrite};
    gpen_image copy = {0};
    gpen_status status = image_check(image, error);
    if (!status)
        status = set_encoding(options, &job.how, error);
    if (!status)
        status = check_fits(&job, error);
    if (!status)
        status = check_target(&job, error);
    if (!status)
        status = close_gaps(image, &copy, error);
    if (!status) {
        if (copy.pixels)
            job.image = &copy;
        status = write_in_turns(&job, error);
    }
    gpen_image_free(&copy);
    if (!status && notes) {
        *notes = job.notes;
        job.notes = NULL;
    }
    free(job.notes);
    return status;
}

/* Reading a picture file. Its own file because it is the whole way in, step by step: open, name, decode, colour,
 * upright, metadata; the steps live next door. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/picture_room.h"

typedef struct reading {
    int descriptor;
    const char *name; /* the file's, for messages */
    file_kind kind;
    int64_t max_pixels;
    bool alone;       /* in a turn alone, where libvips' reasons can be read */
    bool unexplained; /* it failed, or is doubtful, and only a turn alone can tell why */
} reading;

/* ---------------------------------------------------------------- the file */

static gpen_status fail_open(int errno_value, const char *name, gpen_error *error)
{
    if (errno_value == ENOMEM || errno_value == EMFILE || errno_value == ENFILE)
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "%s: %s", name, strerror(errno_value));
    return gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", name, strerror(errno_value));
}

static gpen_status check_regular(const struct stat *facts, const char *name, gpen_error *error)
{
    if (S_ISDIR(facts->st_mode))
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: this is a folder, not a picture", name);
    if (!S_ISREG(facts->st_mode))
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: this is a device or a pipe, not a picture file", name);
    if (!facts->st_size)
        return gpen_fail(error, GPEN_UNREADABLE, "%s: the file is empty", name);
    return GPEN_OK;
}

/* Looks before it opens, because opening a pipe waits and opening a device may do things; and looks again behind. */
gpen_status picture_open(const char *path, int *descriptor, gpen_error *error)
{
    struct stat facts;
    const char *name = path_name(path);
    *descriptor = -1;
    if (stat(path, &facts))
        return fail_open(errno, name, error);
    gpen_status status = check_regular(&facts, name, error);
    if (status)
        return status;
    *descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*descriptor < 0)
        return fail_open(errno, name, error);
    if (fstat(*descriptor, &facts))
        status = fail_open(errno, name, error);
    else
        status = check_regular(&facts, name, error);
    if (status) {
        close(*descriptor);
        *descriptor = -1;
    }
    return status;
}

static gpen_status find_kind(reading *job, gpen_error *error)
{
    unsigned char head[FILE_HEAD_BYTES];
    ssize_t length = pread(job->descriptor, head, sizeof head, 0);
    if (length < 0)
        return gpen_fail(error, GPEN_UNREADABLE, "%s: %s", job->name, strerror(errno));
    job->kind = file_kind_of(head, (size_t)length);
    if (job->kind.loader == LOADER_TIFF && tiff_file_is_raw(job->descriptor))
        job->kind = (file_kind){.name = "a camera raw file"};
    if (!job->kind.readable)
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: this is %s, not a photo that can be read here", job->name,
                         job->kind.name ? job->kind.name : "no known kind of picture");
    if (!decode_possible(job->kind.loader))
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: this machine's libvips cannot read %s files", job->name,
                         job->kind.name);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- libvips' reasons in a photographer's words */

static bool mentions(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcasestr(text, *words))
            return true;
    return false;
}

static gpen_status tell(const reading *job, const char *reason, gpen_error *error)
{
    static const char *const early[] = {
        "premature end of input", "premature end of JPEG", "not enough data", "end of file", "truncat", "EOF",
        "unexpected end",         "end of stream",         "end of data",     NULL};
    static const char *const memory[] = {"out of memory", "insufficient memory", "memory allocation", NULL};
    static const char *const lacking[] = {"unsupported",        "not supported",  "not built with",
                                          "no decoding plugin", "not configured", NULL};
    if (mentions(reason, early))
        return gpen_fail(error, GPEN_UNREADABLE, "%s: the file ends early: part of the picture is missing (%s)",
                         job->name, reason);
    if (mentions(reason, memory))
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "%s: not enough memory to read it (%s)", job->name, reason);
    if (mentions(reason, lacking))
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: a kind of %s file that cannot be read here (%s)",
                         job->name, job->kind.name, reason);
    return gpen_fail(error, GPEN_UNREADABLE, "%s: the picture is damaged and cannot be read in full (%s)", job->name,
                     *reason ? reason : "libvips gave no reason");
}

/* UNREADABLE, and the rest waits for a turn alone. */
static gpen_status ask_again(reading *job)
{
    job->unexplained = true;
    return GPEN_UNREADABLE;
}

static gpen_status explain(reading *job, gpen_error *error)
{
    char reason[200];
    if (!job->alone)
        return ask_again(job);
    turn_reason(reason, sizeof reason);
    return tell(job, reason, error);
}

/* The JPEG decoder paints over damage and only warns. Warnings that mean lost pixels fail the picture; those about
 * harmless oddities of some cameras do not. libvips keeps the text of the first one. */
static gpen_status judge_warnings(reading *job, picture *out, gpen_error *error)
{
    static const char *const harmless[] = {"extraneous bytes", "Unknown Adobe", "JFIF", "Invalid SOS", "ICC", NULL};
    static const char *const decoder[] = {"Corrupt JPEG data", "Premature end", "bad Huffman",
                                          "bad arithmetic",    "progressi",     NULL};
    if (job->kind.loader != LOADER_JPEG || !turn_warnings())
        return GPEN_OK;
    if (!job->alone)
        return ask_again(job);
    char reason[200];
    turn_reason(reason, sizeof reason);
    if (!mentions(reason, decoder))
        return GPEN_OK;
    if (!mentions(reason, harmless))
        return tell(job, reason, error);
    notes_add(&out->notes, "The JPEG file has a flaw (%s); look whether the picture is whole.", reason);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- the picture */

static gpen_status check_size(const reading *job, VipsImage *image, gpen_error *error)
{
    enum { MOST_BANDS = 16, MOST_FRAME_SUM = 100 };
    int64_t pixels = (int64_t)image->Xsize * image->Ysize;
    if (pixels > job->max_pixels)
        return gpen_fail(error, GPEN_TOO_LARGE, "%s: %d x %d pixels are %.1f megapixels; the limit is %.1f", job->name,
                         image->Xsize, image->Ysize, (double)pixels / 1e6, (double)job->max_pixels / 1e6);
    /* Only the first frame is decoded, but a file that claims this much was made to do harm. */
    int64_t frames = vips_image_get_n_pages(image), all;
    bool animation = job->kind.loader == LOADER_GIF || job->kind.loader == LOADER_WEBP;
    if (animation && (__builtin_mul_overflow(pixels, frames, &all) || all / MOST_FRAME_SUM > job->max_pixels))
        return gpen_fail(error, GPEN_TOO_LARGE, "%s: %lld frames of %d x %d pixels are too much", job->name,
                         (long long)frames, image->Xsize, image->Ysize);
    if (image->Bands > MOST_BANDS)
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: a picture with %d channels is not a photo", job->name,
                         image->Bands);
    return GPEN_OK;
}

static void note_pages(VipsImage *image, const file_kind *kind, char **notes)
{
    int pages = vips_image_get_n_pages(image);
    if (pages > 1)
        notes_add(notes,
                  kind->loader == LOADER_TIFF   ? "Only the first of %d pages was read."
                  : kind->loader == LOADER_HEIF ? "Only the main one of %d pictures was read."
                                                : "Only the first of %d frames was read.",
                  pages);
}

/* libvips leaves out what TIFF files hold of EXIF. */
static bool take_tiff_exif(const reading *job, picture *out)
{
    size_t length;
    bool partly;
    unsigned char *block = tiff_exif_read(job->descriptor, &length, &partly);
    bool taken = !block || extras_add_exif(out->extras, block, length, &out->notes);
    if (partly)
        notes_add(&out->notes, "Part of the EXIF data was damaged and left out.");
    g_free(block);
    return taken;
}

static gpen_status read_metadata(const reading *job, VipsImage *decoded, const work_image *work, picture *out,
                                 gpen_error *error)
{
    out->extras = extras_take(decoded, work->keep_profile, &out->notes);
    if (!out->extras || (job->kind.loader == LOADER_TIFF && !take_tiff_exif(job, out)))
        return gpen_fail_memory(error, "a picture's metadata", sizeof *out->extras);
    out->extras->converted = work->own;
    return GPEN_OK;
}

/* The file's own samples, and the sRGB picture made of them. */
static gpen_status read_own(VipsImage *decoded, VipsImage *own, picture *out, gpen_error *error)
{
    gpen_status status = upright_read(own, vips_image_get_orientation(decoded), &out->native, error);
    if (status)
        return status;
    VipsImage *native = pixels_wrap(&out->native), *converted = NULL;
    const extra_field *profile = extras_find(out->extras, VIPS_META_ICC_NAME);
    if (native && profile && !colour_own_to_work(native, profile, &converted))
        status = upright_read(converted, 1, &out->image, error);
    else
        status = GPEN_UNREADABLE;
    VIPS_UNREF(converted);
    VIPS_UNREF(native);
    return status;
}

static gpen_status read_decoded(reading *job, VipsImage *decoded, picture *out, gpen_error *error)
{
    gpen_status status = check_size(job, decoded, error);
    if (status)
        return status;
    note_pages(decoded, &job->kind, &out->notes);
    /* libpng drops a broken profile by itself. */
    if (job->kind.loader == LOADER_PNG && turn_heard("iCCP") && !vips_image_get_typeof(decoded, VIPS_META_ICC_NAME))
        notes_add(&out->notes, "The colour profile is damaged and was left out; the colours were taken as sRGB.");
    work_image work = {0};
    status = colour_to_work(decoded, job->name, &work, &out->notes, error);
    if (!status)
        status = read_metadata(job, decoded, &work, out, error);
    if (!status && work.own)
        status = read_own(decoded, work.image, out, error);
    else if (!status)
        status = upright_read(work.image, vips_image_get_orientation(decoded), &out->image, error);
    VIPS_UNREF(work.image);
    return status;
}

static gpen_status read_picture(reading *job, picture *out, gpen_error *error)
{
    *out = (picture){.format = job->kind.format};
    if (job->kind.loader == LOADER_JPEG)
        out->jpeg_quality = jpeg_quality(job->descriptor);
    gpen_error_clear(error);
    gpen_error own = {0}; /* so that a failure without words can be told when the caller wants none */
    VipsImage *decoded = decode_open(job->descriptor, job->kind.loader);
    gpen_status status = decoded ? read_decoded(job, decoded, out, &own) : GPEN_UNREADABLE;
    VIPS_UNREF(decoded); /* the JPEG decoder warns when it is closed */
    if (!status)
        status = judge_warnings(job, out, &own);
    else if (!own.status)
        status = explain(job, &own);
    if (status) {
        picture_free(out);
        if (error)
            *error = own;
    }
    return status;
}

static gpen_status read_in_turns(reading *job, picture *out, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    for (int attempt = 0; attempt < 2 && (!attempt || job->unexplained); attempt++) {
        job->alone = attempt == 1;
        turn_begin(job->alone);
        status = read_picture(job, out, error);
        turn_end(job->alone);
    }
    return status;
}

gpen_status picture_load_open(picture *out, int descriptor, const char *name, const picture_limits *limits,
                              gpen_error *error)
{
    *out = (picture){0};
    reading job = {.descriptor = descriptor, .name = name, .max_pixels = PICTURE_DEFAULT_MAX_PIXELS};
    if (limits && limits->max_pixels > 0)
        job.max_pixels = limits->max_pixels;
    gpen_status status = find_kind(&job, error);
    return status ? status : read_in_turns(&job, out, error);
}

gpen_status picture_load(picture *out, const char *path, const picture_limits *limits, gpen_error *error)
{
    int descriptor;
    *out = (picture){0};
    gpen_status status = picture_open(path, &descriptor, error);
    if (status)
        return status;
    status = picture_load_open(out, descriptor, path_name(path), limits, error);
    close(descriptor);
    return status;
}

int64_t picture_measure(int descriptor)
{
    int64_t bytes = 0;
    reading job = {.descriptor = descriptor, .name = ""};
    if (find_kind(&job, NULL))
        return 0;
    turn_begin(false);
    VipsImage *image = decode_open(descriptor, job.kind.loader);
    if (image &&
        __builtin_mul_overflow((int64_t)image->Xsize * image->Ysize, (int64_t)VIPS_IMAGE_SIZEOF_PEL(image), &bytes))
        bytes = INT64_MAX;
    VIPS_UNREF(image);
    turn_end(false);
    return bytes;
}

void picture_free(picture *pic)
{
    if (!pic)
        return;
    gpen_image_free(&pic->image);
    gpen_image_free(&pic->native);
    extras_free(pic->extras);
    free(pic->notes);
    *pic = (picture){0};
}

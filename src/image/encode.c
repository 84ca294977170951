/* Encoding a finished libvips image into an open file. Its own file because the options of the four formats, and the
 * plumbing that keeps errno (a full disk is not a failed write), belong together. */
#include <errno.h>
#include <unistd.h>

#include "image/picture_room.h"

typedef struct sink {
    int descriptor;
    int errno_value; /* of the first write that failed */
} sink;

static gint64 sink_write(VipsTargetCustom *target, const void *bytes, gint64 length, gpointer context)
{
    (void)target;
    sink *to = context;
    ssize_t written;
    do
        written = write(to->descriptor, bytes, (size_t)length);
    while (written < 0 && errno == EINTR);
    if (written < 0 && !to->errno_value)
        to->errno_value = errno;
    return written;
}

/* libtiff reads back and seeks in what it writes. */
static gint64 sink_read(VipsTargetCustom *target, void *bytes, gint64 length, gpointer context)
{
    (void)target;
    sink *to = context;
    ssize_t count;
    do
        count = read(to->descriptor, bytes, (size_t)length);
    while (count < 0 && errno == EINTR);
    return count;
}

static gint64 sink_seek(VipsTargetCustom *target, gint64 offset, int whence, gpointer context)
{
    (void)target;
    sink *to = context;
    return lseek(to->descriptor, offset, whence);
}

static int encode(VipsImage *image, const encoding *how, VipsTarget *target)
{
    /* JPEG's second pass makes files a little smaller, but keeps the whole picture's coefficients meanwhile. */
    enum { FULL_CHROMA_QUALITY = 90, PNG_COMPRESSION = 6, TWO_PASS_PIXELS = 16000000 };
    const guint64 classic_tiff_limit = G_GUINT64_CONSTANT(3500000000);
    bool full_chroma = how->quality >= FULL_CHROMA_QUALITY;
    bool two_passes = VIPS_IMAGE_N_PELS(image) <= TWO_PASS_PIXELS;
    switch (how->format) {
    case PICTURE_JPEG:
        return vips_jpegsave_target(image, target, "Q", how->quality, "optimize_coding", two_passes, "subsample_mode",
                                    full_chroma ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_AUTO, NULL);
    case PICTURE_WEBP:
        return vips_webpsave_target(image, target, "Q", how->quality, "lossless", how->lossless, "smart_subsample",
                                    full_chroma, NULL);
    case PICTURE_TIFF:
        return vips_tiffsave_target(image, target, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "predictor",
                                    VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "bigtiff",
                                    VIPS_IMAGE_SIZEOF_IMAGE(image) > classic_tiff_limit, NULL);
    default:
        return vips_pngsave_target(image, target, "compression", PNG_COMPRESSION, "filter", VIPS_FOREIGN_PNG_FILTER_ALL,
                                   NULL);
    }
}

int encode_to(VipsImage *image, const encoding *how, int descriptor, const char *path, gpen_error *error)
{
    sink to = {.descriptor = descriptor};
    VipsTargetCustom *target = vips_target_custom_new();
    if (!target)
        return -1;
    g_signal_connect(target, "write", G_CALLBACK(sink_write), &to);
    g_signal_connect(target, "read", G_CALLBACK(sink_read), &to);
    g_signal_connect(target, "seek", G_CALLBACK(sink_seek), &to);
    int result = encode(image, how, VIPS_TARGET(target));
    g_object_unref(target);
    if (to.errno_value) {
        gpen_fail_write(error, to.errno_value, path, "writing");
        return -1;
    }
    return result;
}

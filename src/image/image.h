/* image.h: pixels. The face of src/image.
 *
 * pixels.c, resize.c, reduce.c, warp.c, smooth.c and mean.c are plain C and always built; the other files of this room need
 * libvips (-Dpictures) and are the only ones of the program that touch it.
 */
#ifndef GPEN_IMAGE_H
#define GPEN_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* ---------------------------------------------------------------- pixels in memory (pixels.c, resize.c) */

/* Fills in *image and gives it zeroed pixels, rows without gaps. Sizes are checked (OUT_OF_MEMORY, BAD_ARGUMENT).
 * Release with gpen_image_free. */
gpen_status image_new(gpen_image *image, int width, int height, int channels, int bits, gpen_error *error);

/* Makes *to a copy without gaps between its rows. Release with gpen_image_free. */
gpen_status image_copy(const gpen_image *from, gpen_image *to, gpen_error *error);

/* Copies the rows into a picture of the same size, channels and bits. */
void image_copy_rows(const gpen_image *from, gpen_image *to);

/* Is this a picture that can be worked on: sizes positive, 1 to 4 channels, 8 or 16 bits, row_bytes large enough and
 * (16 bits) even, pixels there? BAD_ARGUMENT says what is wrong. */
gpen_status image_check(const gpen_image *image, gpen_error *error);

static inline int image_colours(const gpen_image *image) /* channels without alpha: 1 or 3 */
{
    return image->channels < 3 ? 1 : 3;
}

static inline bool image_has_alpha(const gpen_image *image)
{
    return image->channels == 2 || image->channels == 4;
}

/* The whitest sample: 255 or 65535. */
static inline int image_top(const gpen_image *image)
{
    return image->bits == 8 ? 255 : 65535;
}

/* One sample, for code that is not worth a loop of its own for each depth. */
static inline int image_sample(const gpen_image *image, int x, int y, int channel)
{
    const unsigned char *row = (const unsigned char *)image->pixels + (size_t)y * image->row_bytes;
    size_t index = (size_t)x * (size_t)image->channels + (size_t)channel;
    return image->bits == 8 ? row[index] : ((const uint16_t *)(const void *)row)[index];
}

static inline void image_set_sample(gpen_image *image, int x, int y, int channel, long value)
{
    unsigned char *row = (unsigned char *)image->pixels + (size_t)y * image->row_bytes;
    size_t index = (size_t)x * (size_t)image->channels + (size_t)channel;
    if (image->bits == 8)
        row[index] = (unsigned char)value;
    else
        ((uint16_t *)(void *)row)[index] = (uint16_t)value;
}

/* Bilinear resize of every channel to the size of `to`, which has the channels and bits of `from` (image_new made it).
 * 8 bits: OpenCV's INTER_LINEAR, bit for bit (11-bit fixed-point weights; exact halving in both directions is the mean
 * of four, as cv::resize turns it into INTER_AREA). 16 bits: the same positions in float32, rounded to nearest even,
 * which is OpenCV's result too.
 * Equal sizes are a copy. Errors: OUT_OF_MEMORY. */
gpen_status image_resize_bilinear(const gpen_image *from, gpen_image *to, gpen_error *error);

/* Fills `to`, which is no larger than `from` and has its channels and bits (image_new made it), with the means of what each
 * of its pixels covers. It may be without the alpha that `from` has, which then stands on white, and have 8 bits of its 16.
 * Errors: OUT_OF_MEMORY. */
gpen_status image_reduce(const gpen_image *from, gpen_image *to, gpen_error *error);

/* A small picture for people: 8 bits, grey or RGB, alpha on white, its longer edge reduced to at most `edge` (1 and up) pixels. Each of
 * its pixels is the mean of those it stands for. Release with gpen_image_free. Errors: BAD_ARGUMENT, OUT_OF_MEMORY. */
gpen_status image_thumbnail(const gpen_image *from, int edge, gpen_image *to, gpen_error *error);

/* ---------------------------------------------------------------- geometry and smoothing (warp.c, smooth.c, mean.c) */

/* Numbers [height][width]: masks, and pictures on their way into a network. */
typedef struct plane {
    int width, height;
    float *values;
} plane;

gpen_status plane_new(plane *p, int width, int height, gpen_error *error); /* zeroed; release with plane_free */
void plane_free(plane *p);

/* Where target index i lies, (i + 0.5) * scale - 0.5, as cv::resize takes it for float32: returns the index before it, and in
 * *share how much of the next one counts; 0 at and beyond either end. */
int image_between(int i, double scale, int length, float *share);

/* Bilinear to the size of `to`, as cv::resize of float32 does; exact halving is the mean of four. */
void plane_resize(const plane *from, plane *to);

/* Row y of what a bilinear plane_resize to width x height makes (here halving is no other case). */
void plane_resize_row(const plane *from, int y, int width, int height, float *to);

/* A Gaussian of `sigma` (up to 8) pixels over 101 taps each way, mirrored at the edges: cv::GaussianBlur of float32, to the last
 * bit. Errors: OUT_OF_MEMORY. */
gpen_status plane_gaussian(plane *p, double sigma, gpen_error *error);

/* Each value the mean of the (2 radius + 1) squared around it; beyond the edges the outermost go on. Errors: OUT_OF_MEMORY. */
gpen_status plane_mean(plane *p, int radius, gpen_error *error);

/* x' = m[0][0] x + m[0][1] y + m[0][2], y' = m[1][0] x + m[1][1] y + m[1][2], from source to target pixels. */
typedef struct image_affine {
    double m[2][3];
} image_affine;

image_affine image_affine_invert(const image_affine *affine);

/* Fills `to`, a window of the target that begins at (left, top), with the source seen through `forward`: bilinear, zeros
 * outside the source. 8 bits: cv::warpAffine bit for bit; 16 bits and planes: its positions, interpolated in float32. `to` has
 * the channels and bits of `from`. */
void image_warp(const gpen_image *from, const image_affine *forward, int left, int top, gpen_image *to);
void plane_warp(const plane *from, const image_affine *forward, int left, int top, plane *to);

/* The binomial filter [1 2 1] squared / 16, mirrored at the edges, rounded to nearest even. `to` is as large as `from` and not
 * the same image. */
void image_soften(const gpen_image *from, gpen_image *to);

/* ---------------------------------------------------------------- picture files (load.c, put.c, save.c) */

/* What a file has beside its pixels, kept aside so that the result can carry it: ICC profile, EXIF, XMP, IPTC,
 * resolution. */
typedef struct picture_extras picture_extras;

typedef enum picture_format {
    PICTURE_JPEG,
    PICTURE_PNG,
    PICTURE_WEBP,
    PICTURE_TIFF,
    PICTURE_HEIF, /* HEIC and AVIF: read where the library can, written as JPEG */
    PICTURE_OTHER /* anything else that is read (GIF, ...): written as PNG */
} picture_format;

/* native holds the file's own samples where `image` was converted from them: as large, with the same channels and bits,
 * upright, in the colours of the photo's profile. It is zeroed when `image` itself holds them (no profile, or one like
 * sRGB), and where they are not kept: CMYK, Lab and floating point, and profiles that convert in one direction only, come
 * out as sRGB or grey. */
typedef struct picture {
    gpen_image image;      /* upright (EXIF orientation applied), sRGB, grey stays grey, alpha kept, 8 or 16 bits */
    gpen_image native;     /* the file's own samples; see above */
    picture_format format; /* of the file it came from */
    int jpeg_quality; /* that the file was written with, 1..100, read from its tables; 0: no JPEG, or not to be told */
    picture_extras *extras; /* may be NULL */
    char *notes;            /* what was dropped or changed on the way in, one sentence a line, or NULL */
} picture;

typedef struct picture_limits {
    int64_t max_pixels; /* width * height, checked from the header before any pixel is decoded; <= 0: the default */
} picture_limits;

#define PICTURE_DEFAULT_MAX_PIXELS INT64_C(120000000)

/* Starts libvips for this process, once, before the first load, from one thread: untrusted loaders are blocked, its
 * cache is off, its threads limited. program is argv[0]. pictures_end() at exit. Errors: UNSUPPORTED_FORMAT (the
 * library is broken). */
gpen_status pictures_begin(const char *program, gpen_error *error);
void pictures_end(void);

/* For a process that will not be able to open files later: loads now what the library would load with the first picture.
 * And *out_of_memory is called where the library, for want of memory, is about to end the process. */
typedef void pictures_exhausted(void);
void pictures_warm_up(pictures_exhausted *const *out_of_memory);

/* Reads a picture: JPEG, PNG, WebP, TIFF, GIF (first frame), HEIC and AVIF where the library has them, by content,
 * whatever its name. Pixels that cannot all be read fail the picture (UNREADABLE); a broken EXIF, XMP or ICC block
 * alone is dropped with a note. The embedded profile (or CMYK) is converted to sRGB, 16-bit samples in 16 bits; 1-bit
 * scans become 8-bit grey. Samples whose profile says what sRGB says are left as they are. Release with picture_free,
 * which zeroes it. An animation whose frames are a hundred times max_pixels together is TOO_LARGE, although only the first
 * is read.
 * Errors: INPUT_MISSING, UNREADABLE, UNSUPPORTED_FORMAT, TOO_LARGE, OUT_OF_MEMORY. Safe from several threads. */
gpen_status picture_load(picture *out, const char *path, const picture_limits *limits, gpen_error *error);
void picture_free(picture *pic);

/* The two steps of picture_load, for those who open a file in one process and read it in another. picture_open makes sure
 * that it is a file, and neither waits nor disturbs when it is a pipe or a device; close *descriptor (-1 after a failure).
 * picture_load_open leaves it open; name is the file's, for messages. */
gpen_status picture_open(const char *path, int *descriptor, gpen_error *error);
gpen_status picture_load_open(picture *out, int descriptor, const char *name, const picture_limits *limits,
                              gpen_error *error);

/* The bytes that the decoded samples of an open file will take, from its header, before any is decoded; 0: that cannot be
 * told (and picture_load_open will say why). */
int64_t picture_measure(int descriptor);

/* Takes pixels of `result` (sRGB; size, channels and bits of pic->image, and it may be pic->image) into the picture: those
 * at which touched[y * width + x] is not 0; touched NULL: all of them. They become the colours of pic->image and,
 * converted to the photo's own profile, of pic->native where there is one. Every other sample, and alpha everywhere,
 * stays bit for bit. Works in strips around what is touched, so it needs little memory of its own. Errors:
 * BAD_ARGUMENT, OUT_OF_MEMORY, WRITE_FAILED (the profile cannot be used after all; some pixels may have been taken). Safe
 * from several threads, one at a time for one picture. */
gpen_status picture_put(picture *pic, const gpen_image *result, const uint8_t *touched, gpen_error *error);

/* A line of a receipt: "Model", "gpen-mini". Keys are ASCII letters and digits, beginning with a letter; a value is any
 * UTF-8 text, what XML cannot hold is left out of it. */
typedef struct picture_receipt_line {
    const char *key, *value;
} picture_receipt_line;

/* What was done to a photo, for its XMP data: the lines as properties of the namespace "gpen" (urn:gpen:receipt/1.0/), and
 * IPTC's DigitalSourceType compositeWithTrainedAlgorithmicMedia, which says that a model altered it. The XMP that the photo
 * came with stays, but for an earlier receipt. */
typedef struct picture_receipt {
    const picture_receipt_line *lines;
    int count;
} picture_receipt;

typedef struct picture_save_options {
    picture_format format; /* JPEG, PNG, WEBP or TIFF */
    int quality;           /* JPEG and WebP, 1..100; 0: 95. WebP at 100 is lossless */
    bool overwrite;        /* false: EXISTS when there is a file of that name, also one that appeared meanwhile */
    int max_edge;          /* a longer edge is reduced to this many pixels (Lanczos), dots per inch stay; 0: no limit */
    const picture_receipt *receipt; /* NULL: none */
} picture_save_options;

/* The format that "keep" writes for a format read: itself, JPEG for HEIF, PNG for OTHER. */
picture_format picture_format_kept(picture_format read);

/* ".jpg", ".png", ".webp", ".tif". Static. */
const char *picture_format_ending(picture_format format);

/* The format that a file name's ending asks for; false when it is none that can be written. */
bool picture_format_of_name(const char *path, picture_format *format);

/* Writes image (sRGB, as picture_load gives it) to path, with the metadata and resolution of `extras` (may be NULL):
 * the image is converted back to the profile it came with, which is embedded (a CMYK profile is not: the result is
 * sRGB), and the orientation tag says upright. A format that cannot hold 16 bits or alpha gets 8 bits, or alpha
 * flattened on white, and a line in *notes (may be NULL; the caller's, free). The file is written to a temporary name
 * in the same folder, flushed to the disk, decoded once to verify, and renamed; on failure nothing is left. Errors:
 * EXISTS, WRITE_FAILED, DISK_FULL, OUT_OF_MEMORY, BAD_ARGUMENT. */
gpen_status picture_save(const gpen_image *image, const picture_extras *extras, const char *path,
                         const picture_save_options *options, char **notes, gpen_error *error);

/* Writes a picture as it was loaded, with what picture_put brought into it: the file's own samples, nothing converted there
 * and back, so that a lossless format has every sample that was not touched bit for bit. (Lossless WebP does not keep the
 * colour of what is wholly transparent.) Where the format cannot hold the profile, pic->image is written instead, as sRGB,
 * with a note. Otherwise as picture_save. Needs no second copy of the picture, but for WebP. */
gpen_status picture_save_own(const picture *pic, const char *path, const picture_save_options *options, char **notes,
                             gpen_error *error);

/* picture_save and picture_save_own into a file that the caller has made, opened for reading and writing, and will put in its
 * place: what stood in it goes, the result is decoded once to verify, but not flushed. name is the file's, for messages;
 * options->overwrite says nothing here. */
gpen_status picture_write(const gpen_image *image, const picture_extras *extras, int descriptor, const char *name,
                          const picture_save_options *options, char **notes, gpen_error *error);
gpen_status picture_write_own(const picture *pic, int descriptor, const char *name, const picture_save_options *options,
                              char **notes, gpen_error *error);

/* ---------------------------------------------------------------- about files and the library (describe.c) */

/* The format of a file by its first bytes; false when it cannot be read or is none that picture_load reads. */
bool picture_format_of_file(const char *path, picture_format *format);

/* Writes the library's name and version: "libvips 8.14.1". */
void pictures_library(char *text, size_t capacity);

typedef struct picture_format_facts {
    const char *name; /* "JPEG". Static */
    bool read, write;
} picture_format_facts;

/* What this machine's library does with the format at `index`, 0 and up; false past the last. After pictures_begin. */
bool pictures_format(int index, picture_format_facts *facts);

#endif

/* picture_room.h: what the files around libvips share; nobody outside this room includes it.
 *
 * A picture's way in:  load.c opens the file, formats.c names it, decode.c reads it (decoder), colour.c turns it to
 * sRGB, upright.c copies it into a gpen_image, extras.c keeps its metadata. A result's pixels go into it by put.c. Out:
 * save.c, fit.c, receipt.c, encode.c, verify.c.
 *
 * libvips has one error text for the whole process. So that one picture's failure never carries another's words, work
 * runs in turns: many at a time while all goes well; a failure is done over in a turn alone, with the text cleared
 * before, and only then is the text read. */
#ifndef GPEN_PICTURE_ROOM_H
#define GPEN_PICTURE_ROOM_H

#include <vips/vips.h>

#include "image/image.h"

/* ---------------------------------------------------------------- turns and reasons (vips_turns.c) */

void turn_begin(bool alone);
void turn_end(bool alone);

/* Why libvips failed in this turn, one line; "" when it did not say. Only in a turn alone, and only once: it is
 * forgotten. */
void turn_reason(char *text, size_t capacity);

/* How many warnings libvips gave on this thread since the turn began. */
int turn_warnings(void);
bool turn_heard(const char *word); /* in one of them */

/* Hears libvips' warnings; pictures_begin sets it. */
void turn_hear_warnings(void);

/* ---------------------------------------------------------------- formats (formats.c) */

typedef enum picture_loader {
    LOADER_NONE,
    LOADER_JPEG,
    LOADER_PNG,
    LOADER_WEBP,
    LOADER_TIFF,
    LOADER_GIF,
    LOADER_HEIF
} picture_loader;

typedef struct file_kind {
    bool readable; /* a format that is read */
    picture_format format;
    picture_loader loader;
    const char *name; /* for people: "PNG"; of a format that is not read "an SVG drawing", or NULL: unknown. Static. */
} file_kind;

enum { FILE_HEAD_BYTES = 4096 }; /* how much of a file file_kind_of looks at */

file_kind file_kind_of(const unsigned char *head, size_t length);

/* Does the first directory of a TIFF file say that it is a camera's raw file (tiff.c)? By the file's first bytes, as far as
 * they reach; or wherever it lies. */
bool tiff_is_raw(const unsigned char *head, size_t length);
bool tiff_file_is_raw(int descriptor);

/* What an open TIFF file says of the photo (maker, date, EXIF, GPS, ...) as an EXIF block; g_free. NULL: nothing that can be
 * read. *partly: some of it was too damaged, or too long. (tiff_exif.c) */
unsigned char *tiff_exif_read(int descriptor, size_t *length, bool *partly);

/* Adds an EXIF block to a TIFF file that was just written. False: it could not be. */
bool tiff_exif_write(int descriptor, const unsigned char *block, size_t length);

/* ---------------------------------------------------------------- decoding (decode.c) */

/* A lazily decoded image of an open file, first page only; NULL: libvips knows why. Unref with VIPS_UNREF. */
VipsImage *decode_open(int descriptor, picture_loader loader);
bool decode_possible(picture_loader loader); /* does this libvips have the loader? */

/* Hands the rows to use() in strips, top to bottom. use returns false to stop. */
typedef bool strip_use(void *context, VipsRegion *region, int top, int height);
bool decode_strips(VipsImage *image, strip_use *use, void *context);

/* ---------------------------------------------------------------- pixels out of libvips and into it (upright.c) */

/* The pixels themselves, not a copy, as an image; rows without gaps. NULL: libvips knows why. */
VipsImage *pixels_wrap(const gpen_image *image);

/* Decodes image (1 to 4 bands, uchar or ushort) into *out, turned upright. Errors: OUT_OF_MEMORY; UNREADABLE without a
 * message: libvips knows why. */
gpen_status upright_read(VipsImage *image, int orientation, gpen_image *out, gpen_error *error);

/* ---------------------------------------------------------------- metadata (extras, exif, xmp, receipt, iptc and notes .c) */

typedef struct extra_field {
    char *name; /* libvips' name */
    void *data; /* with a zero byte behind */
    size_t length;
    bool text;
} extra_field;

struct picture_extras {
    extra_field *fields;
    size_t count;
    double horizontal, vertical; /* pixels a millimetre */
    bool converted;              /* the pixels are not in the profile's colours: convert back before embedding it */
};

/* Keeps the metadata of a decoded image; the ICC profile only when keep_profile. Broken blocks are dropped with a note.
 * NULL: no memory. */
picture_extras *extras_take(VipsImage *image, bool keep_profile, char **notes);
void extras_free(picture_extras *extras);

/* Adds an EXIF block that does not come through libvips, looked at like any other. False: no memory. */
bool extras_add_exif(picture_extras *extras, const void *block, size_t length, char **notes);
const extra_field *extras_find(const picture_extras *extras, const char *name); /* NULL: none */

/* What goes beside the pixels of a result. */
typedef struct extras_wish {
    const picture_extras *extras; /* may be NULL */
    picture_format format;
    bool with_profile;
    const picture_receipt *receipt; /* may be NULL */
} extras_wish;

/* *out = image with the metadata that the format holds. 0, or -1: libvips knows why, or there is no memory. */
int extras_attach(VipsImage *image, const extras_wish *wish, VipsImage **out, char **notes);

typedef enum block_state { BLOCK_GOOD, BLOCK_PARTLY, BLOCK_BROKEN } block_state;

block_state exif_examine(const unsigned char *block, size_t length);
void exif_make_upright(unsigned char *block, size_t length); /* orientation 1, thumbnail unlinked */
block_state xmp_examine(const char *text, size_t length);
void xmp_make_upright(char *text, size_t length);

/* Can the receipt be written: keys that are XML names, no NULL? */
bool receipt_is_sound(const picture_receipt *receipt);

/* An XMP packet with the receipt: the packet `old` (NULL: none) with it, an older receipt taken out; or a new one, when
 * old cannot be added to (*replaced). Free with g_free. */
char *receipt_merge(const picture_receipt *receipt, const char *old, size_t old_length, size_t *length, bool *replaced);

/* Where the bare caption lies in a block as a file has it; *count 0: there is none. */
block_state iptc_unwrap(const unsigned char *block, size_t length, size_t *start, size_t *count);

/* The block as JPEG (with the prefix) or TIFF has it; free. NULL: no memory. */
unsigned char *iptc_wrap(const unsigned char *caption, size_t length, bool with_prefix, size_t *wrapped);

/* Adds a sentence (printf style) as a line to *notes. Without memory the line is lost: a note is never worth a
 * photo. */
void notes_add(char **notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---------------------------------------------------------------- colour (profile.c, colour.c) */

typedef enum profile_space { PROFILE_BROKEN, PROFILE_GREY, PROFILE_RGB, PROFILE_CMYK, PROFILE_OTHER } profile_space;

profile_space profile_read_space(const void *profile, size_t length);

/* The rendering intent that the profile's tables serve in a direction; false: none. */
bool profile_intent(const void *profile, size_t length, bool output, VipsIntent *intent);

/* Converts three bands of sRGB (uchar or ushort) into the profile's colours: one band, or three. By LittleCMS itself, since
 * libvips takes the profile to convert to from a file only, and a worker can open none. (By way of Lab libvips would take the embedded
 * one, but that goes through tables that are a dozen levels off in deep blues.) 0, or -1. */
bool profile_can_convert(void);
int profile_from_srgb(VipsImage *in, const void *profile, size_t length, VipsIntent intent, VipsImage **out);

typedef struct work_image {
    VipsImage *image;  /* 1 to 4 bands, uchar or ushort, sRGB or (own) in the colours of the file's profile */
    bool keep_profile; /* the file's profile goes into the result */
    bool own;          /* what colour_own_to_work is for */
} work_image;

/* Lazily turns a decoded image into what is to be read of it. UNREADABLE without a message: libvips knows why. Errors:
 * UNSUPPORTED_FORMAT. */
gpen_status colour_to_work(VipsImage *decoded, const char *name, work_image *out, char **notes, gpen_error *error);

/* Can a result with `colours` (1 or 3) be written in this profile? */
bool colour_can_restore(const extra_field *profile, int colours);

/* Lazily converts from the profile to sRGB and back (alpha is passed through). 0, or -1. */
int colour_own_to_work(VipsImage *image, const extra_field *profile, VipsImage **out);
int colour_from_work(VipsImage *image, const extra_field *profile, VipsImage **out);

/* ---------------------------------------------------------------- writing (fit.c, encode.c, verify.c) */

/* How large a picture becomes when its longer edge is reduced to max_edge (0: as it is). */
void fit_size(int width, int height, int max_edge, int *reduced_width, int *reduced_height);

/* Lazily reduces *image to a size of fit_size. What it makes belongs to keep. 0, or -1. */
int fit_reduce(VipsObject *keep, VipsImage **image, int width, int height);

/* Lazily turns *image into what the format can hold: bits, alpha, grey. Losses are noted. 0, or -1. */
int fit_format(VipsObject *keep, VipsImage **image, picture_format format, char **notes);

typedef struct encoding {
    picture_format format;
    int quality;
    bool lossless;
} encoding;

/* Writes image to an open descriptor. 0, or -1: *error is filled in, or (status still OK) libvips knows why. */
int encode_to(VipsImage *image, const encoding *how, int descriptor, const char *name, gpen_error *error);

/* Decodes what was written and compares it with what was meant. *profile_lost: all is well but that the encoder left
 * out the profile. WRITE_FAILED without a message: libvips knows why. */
gpen_status verify_written(int descriptor, VipsImage *meant, const encoding *how, const char *path, bool *profile_lost,
                           gpen_error *error);

#endif

/* kit.h: what the tests of src/image share: a folder of their own, a picture whose every pixel is telling, and files
 * taken apart and put together. */
#ifndef GPEN_TEST_KIT_H
#define GPEN_TEST_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/picture_room.h"

/* Group setup and teardown: libvips and a temporary folder. */
int kit_begin(void **state);
int kit_end(void **state);

/* The path of `name` in the folder. One of a few static buffers in turn. */
const char *kit_path(const char *name);
int kit_count_files(void); /* in the folder, hidden ones too */
void kit_clear(void);      /* removes all of them */

/* A picture without symmetry and with hard and soft edges; each sample is a function of where it is. Unref it. */
VipsImage *kit_picture(int width, int height, int channels, int bits);
gpen_image kit_image(int width, int height, int channels, int bits);

/* Likewise in colours of skin and clothes rather than of lasers: inside every profile's reach. */
VipsImage *kit_muted_picture(int width, int height, int channels, int bits);

/* The picture in the colours of one of libvips' built-in profiles, which is embedded. */
VipsImage *kit_in_profile(VipsImage *image, const char *profile, int bits);

/* Its pixels computed and in memory, for VIPS_IMAGE_ADDR; takes the reference. */
VipsImage *kit_solid(VipsImage *image);

/* Writes through libvips: the ending chooses the format, "[...]" behind it the options. */
void kit_write(VipsImage *image, const char *name_and_options);

typedef struct kit_bytes {
    unsigned char *data;
    size_t length;
} kit_bytes;

kit_bytes kit_read_file(const char *name);
void kit_write_file(const char *name, const void *data, size_t length);

/* A JPEG with a segment put in behind its first marker. */
kit_bytes kit_insert_segment(kit_bytes jpeg, int marker, const void *payload, size_t length);

/* A grey profile made by hand: gamma 1.0 (no curve entries), which libvips has not built in. Static. */
kit_bytes kit_linear_grey_profile(void);

/* Loads what must load. */
picture kit_load(const char *name);
gpen_status kit_fail_load(const char *name, gpen_error *error); /* must fail, and leave nothing */
void kit_save(const picture *pic, const char *name, picture_format format, int quality);
void kit_save_own(const picture *pic, const char *name, const picture_save_options *options); /* must succeed */
VipsImage *kit_open(const char *name); /* with libvips, as it is in the file */

int kit_sample(const gpen_image *image, int x, int y, int channel);
int kit_largest_difference(const gpen_image *a, const gpen_image *b); /* of any two samples */

#endif

/* Writes the seeds of fuzz/corpus/fuzz_picture into a folder: small whole pictures of every format, with the metadata that
 * is taken apart on the way in.
 *
 *     make_picture_corpus FOLDER */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/picture_room.h"

enum { WIDTH = 12, HEIGHT = 9 };

/* A slope in every channel, with a step, so that each format has something to say. */
static VipsImage *make_picture(int channels, bool deep, int frames)
{
    uint16_t samples[WIDTH * HEIGHT * 2 * 4];
    int height = HEIGHT * frames, count = WIDTH * height * channels;
    for (int i = 0; i < count; i++)
        samples[i] = (uint16_t)((i * 450 + (i / channels % WIDTH > 5 ? 9000 : 0)) % 65536);
    VipsImage *wrapped =
        vips_image_new_from_memory_copy(samples, (size_t)count * 2, WIDTH, height, channels, VIPS_FORMAT_USHORT);
    VipsImage *scaled = NULL, *named = NULL;
    if (wrapped && !(deep ? vips_copy(wrapped, &scaled, NULL) : vips_msb(wrapped, &scaled, NULL)))
        vips_copy(scaled, &named, "interpretation",
                  channels < 3 ? (deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
                               : (deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB),
                  NULL);
    VIPS_UNREF(scaled);
    VIPS_UNREF(wrapped);
    return named;
}

static const unsigned char exif[] = "Exif\0\0II*\0\x08\0\0\0\2\0"
                                    "\x12\1\3\0\1\0\0\0\6\0\0\0\x69\x87\4\0\1\0\0\0\x26\0\0\0\0\0\0\0"
                                    "\1\0\x27\x88\3\0\1\0\0\0\x90\1\0\0\0\0\0\0";

static void dress(VipsImage *image)
{
    static const char xmp[] = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
                              "<rdf:Description xmlns:gpen=\"a\" gpen:b=\"c\" tiff:Orientation=\"6\"/></rdf:RDF>";
    static const unsigned char iptc[] = "Photoshop 3.0\0"
                                        "8BIM\x04\x04\0\0\0\0\0\x07\x1C\x02\x78\0\x02hi\0";
    vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, xmp, sizeof xmp - 1);
    vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, exif, sizeof exif - 1);
    vips_image_set_blob_copy(image, VIPS_META_IPTC_NAME, iptc, sizeof iptc - 1);
}

typedef struct seed {
    const char *name, *ending; /* ending: libvips' file name ending with options */
    int channels, frames;
    bool deep, dressed, wide;
} seed;

static const seed seeds[] = {
    {"jpeg", ".jpg[optimize_coding]", 3, 1, false, true, false},
    {"jpeg-progressive", ".jpg[interlace]", 3, 1, false, false, false},
    {"jpeg-grey", ".jpg[optimize_coding]", 1, 1, false, false, false},
    {"jpeg-cmyk", ".jpg[optimize_coding]", 4, 1, false, false, false},
    {"png", ".png", 3, 1, false, true, true},
    {"png-16-alpha", ".png", 4, 1, true, false, false},
    {"png-palette", ".png[palette]", 3, 1, false, false, false},
    {"png-interlaced", ".png[interlace]", 2, 1, false, false, false},
    {"png-bits", ".png[bitdepth=1]", 1, 1, false, false, false},
    {"webp", ".webp", 3, 1, false, true, false},
    {"webp-lossless", ".webp[lossless]", 4, 1, false, false, true},
    {"webp-animated", ".webp", 3, 2, false, false, false},
    {"tiff", ".tif", 3, 1, false, true, true},
    {"tiff-tiles", ".tif[tile,tile-width=16,tile-height=16,compression=deflate]", 3, 1, true, false, false},
    {"tiff-lzw", ".tif[compression=lzw]", 4, 1, false, false, false},
    {"tiff-jpeg", ".tif[compression=jpeg]", 3, 1, false, false, false},
    {"tiff-bits", ".tif[bitdepth=1]", 1, 1, false, false, false},
    {"gif", ".gif", 3, 2, false, false, false},
    {"avif", ".avif", 3, 1, false, false, false},
};

static int write_seed(const seed *one, const char *folder)
{
    char path[1024];
    VipsImage *made = make_picture(one->channels, one->deep, one->frames), *image = made;
    if (!made)
        return -1;
    if (one->wide && vips_icc_transform(made, &image, "p3", "input_profile", "srgb", "depth", one->deep ? 16 : 8, NULL))
        return -1;
    if (!strcmp(one->name, "jpeg-cmyk") && vips_copy(made, &image, "interpretation", VIPS_INTERPRETATION_CMYK, NULL))
        return -1;
    if (one->dressed)
        dress(image);
    if (one->frames > 1)
        vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, HEIGHT);
    snprintf(path, sizeof path, "%s/%s%s", folder, one->name, one->ending);
    int result = vips_image_write_to_file(image, path, NULL);
    if (image != made)
        g_object_unref(image);
    g_object_unref(made);
    return result;
}

/* libvips writes none into TIFF files. */
static int add_tiff_exif(const seed *one, const char *folder)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, one->name);
    if (strcmp(one->name, "tiff") != 0)
        return 0;
    int descriptor = open(path, O_RDWR);
    bool good = descriptor >= 0 && tiff_exif_write(descriptor, exif, sizeof exif - 1);
    if (descriptor >= 0)
        close(descriptor);
    return good ? 0 : -1;
}

/* A corpus' files have no endings: a format is told by its content. */
static int take_off_ending(const seed *one, const char *folder)
{
    char with[1024], without[1024];
    snprintf(with, sizeof with, "%s/%s%.*s", folder, one->name, (int)strcspn(one->ending, "["), one->ending);
    snprintf(without, sizeof without, "%s/%s", folder, one->name);
    return rename(with, without);
}

int main(int argc, char **argv)
{
    gpen_error error;
    if (argc != 2 || pictures_begin(argv[0], &error)) {
        fprintf(stderr, "usage: make_picture_corpus FOLDER\n");
        return 2;
    }
    int failures = 0;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        if (write_seed(&seeds[i], argv[1]) || take_off_ending(&seeds[i], argv[1]) ||
            add_tiff_exif(&seeds[i], argv[1])) {
            fprintf(stderr, "%s: %s\n", seeds[i].name, vips_error_buffer());
            vips_error_clear();
            failures++;
        }
    pictures_end();
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

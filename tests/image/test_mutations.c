/* Two thousand damaged pictures, made from small whole ones of every format by bits flipped, ends cut off, blocks swapped and
 * lengths forged: each is refused with a reason of the closed list or is a picture of a sane size that takes pixels; none
 * crashes or hangs. And bombs, which are to be known by their headers. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"

enum { MUTATIONS = 2000, WIDTH = 40, HEIGHT = 30, MOST_PIXELS = 1 << 20, SECONDS = 60 };

typedef struct sample {
    const char *name_and_options; /* "a.png[interlace]" */
    int channels, bits, frames;
} sample;

static const sample samples[] = {
    {"a.jpg", 3, 8, 1},
    {"b.jpg[interlace]", 3, 8, 1},
    {"c.jpg", 1, 8, 1},
    {"a.png", 3, 8, 1},
    {"b.png", 4, 16, 1},
    {"c.png[palette]", 3, 8, 1},
    {"d.png[interlace]", 3, 8, 1},
    {"a.webp", 3, 8, 1},
    {"b.webp[lossless]", 4, 8, 1},
    {"c.webp", 3, 8, 2},
    {"a.tif", 3, 8, 1},
    {"b.tif[tile,tile-width=16,tile-height=16]", 3, 16, 1},
    {"c.tif[compression=deflate]", 3, 8, 2},
    {"d.tif[compression=lzw]", 4, 8, 1},
    {"e.tif[bitdepth=1]", 1, 8, 1},
    {"f.tif[compression=jpeg]", 3, 8, 1},
    {"a.gif", 3, 8, 2},
    {"a.avif", 3, 8, 1},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

/* Directories that libvips does not write, so that these are damaged too. */
static void add_exif(const char *name)
{
    static const unsigned char exif[] = "Exif\0\0II*\0\x08\0\0\0\2\0"
                                        "\x0F\1\2\0\6\0\0\0\x38\0\0\0\x69\x87\4\0\1\0\0\0\x26\0\0\0\0\0\0\0"
                                        "\1\0\x9A\x82\5\0\1\0\0\0\x3E\0\0\0\0\0\0\0Leica\0\1\0\0\0\x7D\0\0";
    int descriptor = open(kit_path(name), O_RDWR);
    assert_true(descriptor >= 0);
    assert_true(tiff_exif_write(descriptor, exif, sizeof exif));
    assert_int_equal(close(descriptor), 0);
}

/* The whole file; no data: this libvips cannot write it. With a profile and XMP, so that these are damaged too. */
static kit_bytes make_sample(const sample *one)
{
    static const char xmp[] =
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description/></rdf:RDF>";
    VipsImage *made = kit_picture(WIDTH, HEIGHT * one->frames, one->channels, one->bits), *dressed;
    if (one->channels == 3) {
        VipsImage *wide = kit_in_profile(made, "p3", one->bits);
        g_object_unref(made);
        made = wide;
    }
    assert_int_equal(vips_copy(made, &dressed, NULL), 0);
    vips_image_set_blob_copy(dressed, VIPS_META_XMP_NAME, xmp, sizeof xmp - 1);
    if (one->frames > 1)
        vips_image_set_int(dressed, VIPS_META_PAGE_HEIGHT, HEIGHT);
    char *name = g_strndup(one->name_and_options, strcspn(one->name_and_options, "["));
    kit_bytes bytes = {0};
    if (!vips_image_write_to_file(dressed, kit_path(one->name_and_options), NULL)) {
        if (strstr(name, ".tif"))
            add_exif(name);
        bytes = kit_read_file(name);
    }
    vips_error_clear();
    g_free(name);
    g_object_unref(dressed);
    g_object_unref(made);
    return bytes;
}

/* ---------------------------------------------------------------- damage */

static size_t somewhere(GRand *random, size_t length)
{
    size_t reach = g_rand_boolean(random) ? length : VIPS_MIN(length, 600); /* headers matter most */
    return (size_t)g_rand_int_range(random, 0, (gint32)reach);
}

static void flip_bits(GRand *random, kit_bytes *bytes)
{
    for (int i = g_rand_int_range(random, 1, 12); i; i--)
        bytes->data[somewhere(random, bytes->length)] ^= (unsigned char)(1 << g_rand_int_range(random, 0, 8));
}

static void swap_blocks(GRand *random, kit_bytes *bytes)
{
    unsigned char kept[64];
    size_t length = (size_t)g_rand_int_range(random, 1, 64);
    size_t from = somewhere(random, bytes->length - length), to = somewhere(random, bytes->length - length);
    memcpy(kept, bytes->data + from, length);
    memmove(bytes->data + from, bytes->data + to, length);
    memcpy(bytes->data + to, kept, length);
}

/* Numbers that lengths, counts and sizes break at, in both byte orders. */
static void forge_length(GRand *random, kit_bytes *bytes)
{
    static const unsigned char numbers[][4] = {{0xFF, 0xFF, 0xFF, 0xFF},
                                               {0x7F, 0xFF, 0xFF, 0xFF},
                                               {0xFF, 0xFF, 0xFF, 0x7F},
                                               {0x80, 0, 0, 0},
                                               {0, 0, 0, 0x80},
                                               {0, 0, 0, 0},
                                               {0, 0, 0, 1},
                                               {1, 0, 0, 0},
                                               {0, 1, 0, 0}};
    size_t count = 1 + (size_t)g_rand_int_range(random, 0, 4);
    size_t which = (size_t)g_rand_int_range(random, 0, sizeof numbers / sizeof *numbers);
    memcpy(bytes->data + somewhere(random, bytes->length - 4), numbers[which], count);
}

static const char *damage(GRand *random, kit_bytes *bytes)
{
    switch (g_rand_int_range(random, 0, 4)) {
    case 0: flip_bits(random, bytes); return "bits flipped";
    case 1: bytes->length = somewhere(random, bytes->length); return "cut off";
    case 2: swap_blocks(random, bytes); return "blocks swapped";
    default: forge_length(random, bytes); return "length forged";
    }
}

/* ---------------------------------------------------------------- what is right */

static void check_refusal(gpen_status status, const gpen_error *error)
{
    assert_true(status == GPEN_UNREADABLE || status == GPEN_UNSUPPORTED_FORMAT || status == GPEN_TOO_LARGE ||
                status == GPEN_OUT_OF_MEMORY);
    assert_int_equal(error->status, status);
    assert_true(*error->message && !strchr(error->message, '\n'));
}

static void check_picture(picture *pic)
{
    gpen_error error;
    assert_int_equal(image_check(&pic->image, &error), GPEN_OK);
    assert_true((int64_t)pic->image.width * pic->image.height <= MOST_PIXELS);
    if (pic->native.pixels)
        assert_true(pic->native.width == pic->image.width && pic->native.height == pic->image.height &&
                    pic->native.channels == pic->image.channels && pic->native.bits == pic->image.bits);
    gpen_status status = picture_put(pic, &pic->image, NULL, &error);
    assert_true(status == GPEN_OK || status == GPEN_WRITE_FAILED); /* a damaged profile may convert in one direction */
}

/* The damaged file is still there when the test ends by a signal; alarm() ends a hang. */
static bool try_file(const char *name)
{
    picture pic;
    gpen_error error;
    alarm(SECONDS);
    gpen_status status = picture_load(&pic, kit_path(name), &(picture_limits){MOST_PIXELS}, &error);
    if (status)
        check_refusal(status, &error);
    else
        check_picture(&pic);
    alarm(0);
    picture_free(&pic);
    return !status;
}

static void damaged_pictures_are_refused_or_sane(void **state)
{
    (void)state;
    kit_bytes whole[SAMPLES];
    for (int i = 0; i < SAMPLES; i++)
        whole[i] = make_sample(&samples[i]);
    GRand *random = g_rand_new_with_seed(1963);
    int loaded = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        const kit_bytes *from = &whole[i % SAMPLES];
        if (!from->data)
            from = &whole[i % 4];
        kit_bytes bad = {g_memdup2(from->data, from->length), from->length};
        damage(random, &bad);
        kit_write_file("damaged", bad.data, bad.length);
        loaded += try_file("damaged");
        g_free(bad.data);
    }
    print_message("%d of %d load all the same\n", loaded, MUTATIONS);
    assert_in_range(loaded, MUTATIONS / 50, MUTATIONS * 3 / 4); /* else the damage is too great or too small to tell */
    g_rand_free(random);
    for (int i = 0; i < SAMPLES; i++)
        g_free(whole[i].data);
    kit_clear();
}

/* ---------------------------------------------------------------- bombs */

static void must_be_too_large(const char *name, const void *data, size_t length)
{
    gpen_error error;
    kit_write_file(name, data, length);
    alarm(SECONDS);
    assert_int_equal(kit_fail_load(name, &error), GPEN_TOO_LARGE);
    alarm(0);
    kit_clear();
}

static uint32_t checksum(const unsigned char *bytes, size_t length)
{
    uint32_t value = UINT32_MAX;
    while (length--) {
        value ^= *bytes++;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xEDB88320 : 0);
    }
    return ~value;
}

/* A PNG that claims 60000 x 60000: there is no pixel in it, so a refusal for its size shows that none was asked for. */
static void a_png_of_sixty_thousand_squared(void **state)
{
    (void)state;
    unsigned char png[] = "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\xEA\x60\0\0\xEA\x60\x08\x02\0\0\0????"
                          "\0\0\0\x08IDAT\x78\x9C\x63\x60\0\0\0\2????";
    uint32_t sum = checksum(png + 12, 17);
    for (int i = 0; i < 4; i++)
        png[29 + i] = (unsigned char)(sum >> (24 - 8 * i));
    must_be_too_large("a.png", png, sizeof png - 1);
}

/* A GIF of many large frames: 12000 frames of 3000 x 2000, 22 bytes each. */
static void a_gif_of_many_frames(void **state)
{
    (void)state;
    enum { FRAMES = 12000 };
    static const unsigned char start[] = "GIF89a\xB8\x0B\xD0\x07\x80\0\0\0\0\0\xFF\xFF\xFF";
    static const unsigned char frame[] = ",\0\0\0\0\xB8\x0B\xD0\x07\0\2\2\x44\1\0";
    GByteArray *gif = g_byte_array_new();
    g_byte_array_append(gif, start, sizeof start - 1);
    for (int i = 0; i < FRAMES; i++)
        g_byte_array_append(gif, frame, sizeof frame - 1);
    g_byte_array_append(gif, (const guint8 *)";", 1);
    must_be_too_large("a.gif", gif->data, gif->len);
    g_byte_array_free(gif, TRUE);
}

/* A small TIFF whose one tag is absurd: refused, whatever the reason. */
static void absurd_tiff_tags_are_refused(void **state)
{
    (void)state;
    enum { TAGS = 9, FIRST = 10 };
    static const unsigned char tiff[] = {'I', 'I', '*', 0, 8, 0, 0,  0, TAGS, 0, 0, 1,
                                         4,   0,   1,   0, 0, 0, 16, 0, 0,    0,       /* width */
                                         1,   1,   4,   0, 1, 0, 0,  0, 16,   0, 0, 0, /* height */
                                         2,   1,   3,   0, 1, 0, 0,  0, 8,    0, 0, 0, /* bits */
                                         3,   1,   3,   0, 1, 0, 0,  0, 1,    0, 0, 0, /* not compressed */
                                         6,   1,   3,   0, 1, 0, 0,  0, 1,    0, 0, 0, /* black is zero */
                                         17,  1,   4,   0, 1, 0, 0,  0, 8,    0, 0, 0, /* strip */
                                         21,  1,   3,   0, 1, 0, 0,  0, 1,    0, 0, 0, /* samples */
                                         22,  1,   4,   0, 1, 0, 0,  0, 16,   0, 0, 0, /* rows a strip */
                                         23,  1,   4,   0, 1, 0, 0,  0, 0,    1, 0, 0, /* bytes in it */
                                         0,   0,   0,   0};
    static const struct {
        int tag;
        unsigned char value[4];
    } absurd[] = {{0, {0xFF, 0xFF, 0xFF, 0x7F}}, {1, {0xFF, 0xFF, 0xFF, 0x7F}}, {0, {0, 0, 0, 0}},
                  {2, {0xFF, 0xFF, 0, 0}},       {3, {0xFF, 0xFF, 0, 0}},       {5, {0xFF, 0xFF, 0xFF, 0xFF}},
                  {6, {0xFF, 0xFF, 0, 0}}};
    unsigned char whole[sizeof tiff + 256] = {0};
    memcpy(whole, tiff, sizeof tiff);
    kit_write_file("a.tif", whole, sizeof whole);
    picture pic = kit_load("a.tif"); /* without the absurd tag it is a picture */
    picture_free(&pic);
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        gpen_error error;
        memcpy(whole, tiff, sizeof tiff);
        memcpy(whole + FIRST + absurd[i].tag * 12 + 8, absurd[i].value, 4);
        kit_write_file("a.tif", whole, sizeof whole);
        alarm(SECONDS);
        check_refusal(kit_fail_load("a.tif", &error), &error);
        alarm(0);
    }
    kit_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_pictures_are_refused_or_sane),
        cmocka_unit_test(a_png_of_sixty_thousand_squared),
        cmocka_unit_test(a_gif_of_many_frames),
        cmocka_unit_test(absurd_tiff_tags_are_refused),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

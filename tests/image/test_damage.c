/* Files that are not what they should be: each gets its own clear reason, broken metadata costs only itself, and
 * nothing hangs or crashes. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"

enum { WIDTH = 120, HEIGHT = 90 };

static kit_bytes make(const char *name_and_options)
{
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
    kit_write(made, name_and_options);
    g_object_unref(made);
    char name[64];
    strcpy(name, name_and_options);
    name[strcspn(name, "[")] = '\0';
    return kit_read_file(name);
}

/* ---------------------------------------------------------------- pixels */

static void truncated_pictures_are_unreadable(void **state)
{
    (void)state;
    static const char *const names[] = {"a.jpg", "a.jpg[interlace]", "a.png", "a.png[interlace]", "a.webp", "a.tif",
                                        "a.gif"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (i == 6 && !vips_type_find("VipsOperation", "gifsave"))
            continue;
        kit_bytes bytes = make(names[i]);
        for (int part = 1; part <= 3; part++) {
            kit_write_file("cut", bytes.data, bytes.length * (size_t)part / 4);
            gpen_error error;
            assert_int_equal(kit_fail_load("cut", &error), GPEN_UNREADABLE);
            assert_non_null(strstr(error.message, "cut: "));
            if (i < 4)
                assert_non_null(strstr(error.message, "ends early"));
        }
        g_free(bytes.data);
        kit_clear();
    }
}

/* An end marker in the middle of a JPEG: the decoder greys out the rest and only warns. */
static void a_jpeg_that_lost_its_middle_is_unreadable(void **state)
{
    (void)state;
    kit_bytes bytes = make("a.jpg[Q=90]");
    bytes.data[bytes.length / 2] = 0xFF;
    bytes.data[bytes.length / 2 + 1] = 0xD9;
    kit_write_file("a.jpg", bytes.data, bytes.length);
    gpen_error error;
    assert_int_equal(kit_fail_load("a.jpg", &error), GPEN_UNREADABLE);
    assert_non_null(strstr(error.message, "premature end of data segment"));
    g_free(bytes.data);
    kit_clear();
}

static void a_flipped_bit_in_a_png_is_unreadable(void **state)
{
    (void)state;
    kit_bytes bytes = make("a.png");
    bytes.data[bytes.length / 2] ^= 0x10;
    kit_write_file("a.png", bytes.data, bytes.length);
    gpen_error error;
    assert_int_equal(kit_fail_load("a.png", &error), GPEN_UNREADABLE);
    g_free(bytes.data);
    kit_clear();
}

/* Every format with rubbish strewn in: whatever comes of it, it comes back, and whole or not at all. */
static void rubbish_never_crashes(void **state)
{
    (void)state;
    static const char *const names[] = {"a.jpg", "a.png", "a.webp", "a.tif[compression=deflate]", "a.gif"};
    GRand *random = g_rand_new_with_seed(7);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (i == 4 && !vips_type_find("VipsOperation", "gifsave"))
            continue;
        kit_bytes bytes = make(names[i]);
        for (int round = 0; round < 60; round++) {
            unsigned char *bad = g_memdup2(bytes.data, bytes.length);
            int flips = g_rand_int_range(random, 1, 20);
            size_t reach = round % 2 ? bytes.length : VIPS_MIN(bytes.length, 400); /* half of them in the header */
            while (flips--)
                bad[g_rand_int_range(random, 4, (gint32)reach)] = (unsigned char)g_rand_int(random);
            kit_write_file("bad", bad, bytes.length);
            picture pic;
            gpen_error error;
            gpen_status status = picture_load(&pic, kit_path("bad"), &(picture_limits){1000000}, &error);
            assert_int_equal(status == GPEN_OK, pic.image.pixels != NULL);
            if (status)
                assert_true(status == GPEN_UNREADABLE || status == GPEN_UNSUPPORTED_FORMAT || status == GPEN_TOO_LARGE);
            picture_free(&pic);
            g_free(bad);
        }
        g_free(bytes.data);
        kit_clear();
    }
    g_rand_free(random);
}

/* ---------------------------------------------------------------- files that are no pictures */

static void other_formats_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *content, *word;
    } cases[] = {
        {"<?xml version=\"1.0\"?>\n<!-- a -->\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>",
         "SVG"},
        {"BM******************************", "BMP"},
        {"%PDF-1.4 ***********************", "PDF"},
        {"8BPS****************************", "Photoshop"},
        {"#?RADIANCE\n*********************", "Radiance"},
        {"P6\n1 1\n255\n***", "PPM"},
        {"<!DOCTYPE html><html></html>", "web page"},
        {"II*?\x10???CR\2???", "no known kind"},
        {"just some words", "text file"},
        {"\x01\x02\x03\x04", "no known kind"},
        {"x", "text file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_write_file("photo.jpg", cases[i].content, strlen(cases[i].content));
        gpen_error error;
        assert_int_equal(kit_fail_load("photo.jpg", &error), GPEN_UNSUPPORTED_FORMAT);
        if (!strstr(error.message, cases[i].word))
            fail_msg("%s: no '%s' there", error.message, cases[i].word);
    }
    kit_clear();
}

/* A DNG is a TIFF whose first picture is a thumbnail: that must not pass for the photo. */
static void camera_raw_files_are_refused(void **state)
{
    (void)state;
    static const unsigned char dng[] = {'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 254, 0, 4,
                                        0,   1,   0,   0, 0, 1, 0, 0, 0, 0, 0,   0, 0};
    static const unsigned char cr2[] = {'I', 'I', '*', 0, 16, 0, 0, 0, 'C', 'R', 2, 0, 0, 0, 0, 0, 0, 0};
    gpen_error error;
    kit_write_file("a", dng, sizeof dng);
    assert_int_equal(kit_fail_load("a", &error), GPEN_UNSUPPORTED_FORMAT);
    assert_non_null(strstr(error.message, "camera raw"));
    static unsigned char far[9000] = {'I', 'I', '*', 0, 0xE8, 0x1F}; /* its directory at 8168, behind the pixels */
    memcpy(far + 0x1FE8, dng + 8, sizeof dng - 8);
    kit_write_file("a", far, sizeof far);
    assert_int_equal(kit_fail_load("a", &error), GPEN_UNSUPPORTED_FORMAT);
    assert_non_null(strstr(error.message, "camera raw"));
    kit_write_file("a", cr2, sizeof cr2);
    assert_int_equal(kit_fail_load("a", &error), GPEN_UNSUPPORTED_FORMAT);
    assert_non_null(strstr(error.message, "camera raw"));
    kit_clear();
}

static void libvips_itself_refuses_other_loaders(void **state)
{
    (void)state;
    static const char ppm[] = "P6\n1 1\n255\nabc";
    kit_write_file("a.ppm", ppm, sizeof ppm - 1);
    VipsImage *image = vips_image_new_from_file(kit_path("a.ppm"), NULL);
    assert_null(image);
    vips_error_clear();
    kit_clear();
}

static void what_is_no_file_is_told_apart(void **state)
{
    (void)state;
    gpen_error error;
    assert_int_equal(kit_fail_load("nothing", &error), GPEN_INPUT_MISSING);
    assert_int_equal(mkdir(kit_path("folder"), 0700), 0);
    assert_int_equal(kit_fail_load("folder", &error), GPEN_UNSUPPORTED_FORMAT);
    assert_non_null(strstr(error.message, "folder, not"));
    assert_int_equal(mkfifo(kit_path("pipe"), 0600), 0);
    assert_int_equal(kit_fail_load("pipe", &error), GPEN_UNSUPPORTED_FORMAT);
    kit_write_file("empty", "", 0);
    assert_int_equal(kit_fail_load("empty", &error), GPEN_UNREADABLE);
    assert_non_null(strstr(error.message, "empty"));
    assert_int_equal(symlink("loop", kit_path("loop")), 0);
    assert_int_equal(kit_fail_load("loop", &error), GPEN_INPUT_MISSING);
    assert_int_equal(kit_fail_load("empty/below", &error), GPEN_INPUT_MISSING);
    kit_write_file("secret", "x", 1);
    assert_int_equal(chmod(kit_path("secret"), 0), 0);
    if (access(kit_path("secret"), R_OK)) /* the superuser may */
        assert_int_equal(kit_fail_load("secret", &error), GPEN_INPUT_MISSING);
    kit_clear();
}

static void hostile_names_are_only_names(void **state)
{
    (void)state;
    char longest[256];
    memset(longest, 'n', 251);
    strcpy(longest + 251, ".png");
    const char *const names[] = {"a\"b'c.png",
                                 "two\nlines.png",
                                 "a.png[access=random,fail_on=none]",
                                 "\xFF\xFE\x80.png",
                                 "<b>&amp;%s%n.png",
                                 "-o.png",
                                 " ",
                                 "a:b|c;d.png",
                                 "none",
                                 "srgb",
                                 longest};
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8), *wide;
    assert_int_equal(vips_icc_transform(made, &wide, "p3", "input_profile", "srgb", NULL), 0);
    kit_write(wide, "plain.png");
    kit_bytes bytes = kit_read_file("plain.png");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        kit_write_file(names[i], bytes.data, bytes.length);
        picture pic = kit_load(names[i]);
        assert_int_equal(remove(kit_path(names[i])), 0);
        kit_save(&pic, names[i], PICTURE_PNG, 0); /* by way of a profile file beside it */
        picture again = kit_load(names[i]);
        assert_true(kit_largest_difference(&pic.image, &again.image) <= 3);
        picture_free(&again);
        picture_free(&pic);
        kit_write_file(names[i], "rubbish", 7);
        gpen_error error;
        assert_int_equal(kit_fail_load(names[i], &error), GPEN_UNSUPPORTED_FORMAT);
    }
    assert_int_equal(kit_count_files(), 1 + (int)(sizeof names / sizeof *names));
    g_free(bytes.data);
    g_object_unref(wide);
    g_object_unref(made);
    kit_clear();
}

/* ---------------------------------------------------------------- metadata alone */

static void check_only_metadata_lost(const void *segment, size_t length, int marker, const char *field,
                                     const char *note)
{
    kit_bytes bytes = make("a.jpg[strip]"), whole;
    picture clean = kit_load("a.jpg");
    assert_null(clean.notes);
    whole = kit_insert_segment(bytes, marker, segment, length);
    kit_write_file("b.jpg", whole.data, whole.length);
    picture pic = kit_load("b.jpg");
    assert_int_equal(kit_largest_difference(&pic.image, &clean.image), 0);
    assert_non_null(pic.notes);
    if (!strstr(pic.notes, note))
        fail_msg("%s: no '%s' there", pic.notes, note);
    if (field)
        assert_null(extras_find(pic.extras, field));
    kit_save(&pic, "c.jpg", PICTURE_JPEG, 0);
    picture again = kit_load("c.jpg");
    assert_null(again.notes);
    picture_free(&again);
    picture_free(&pic);
    picture_free(&clean);
    g_free(whole.data);
    g_free(bytes.data);
    kit_clear();
}

static void broken_metadata_costs_only_itself(void **state)
{
    (void)state;
    static const char rubbish[] = "Exif\0\0rubbish rubbish rubbish rubbish";
    check_only_metadata_lost(rubbish, sizeof rubbish, 0xE1, VIPS_META_EXIF_NAME, "EXIF data was damaged");
    static const char far[] = "Exif\0\0II*\0\xFF\xFF\xFF\x7F";
    check_only_metadata_lost(far, sizeof far, 0xE1, VIPS_META_EXIF_NAME, "EXIF data was damaged");
    static const char many[] = "Exif\0\0MM\0*\0\0\0\x08\xFF\xFF";
    check_only_metadata_lost(many, sizeof many, 0xE1, VIPS_META_EXIF_NAME, "EXIF data was damaged");
    static const char forged[] = "Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x0F\0\2\xFF\xFF\xFF\xFF\0\0\0\x1A\0\0\0\0";
    check_only_metadata_lost(forged, sizeof forged, 0xE1, NULL, "Part of the EXIF data was damaged");
    static const char xml[] = "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><open>";
    check_only_metadata_lost(xml, sizeof xml - 1, 0xE1, VIPS_META_XMP_NAME, "XMP data was damaged");
    static const char iptc[] = "Photoshop 3.0\0"
                               "8BIM\x04\x04\0\0\x7F\xFF\xFF\xFF\x1C";
    check_only_metadata_lost(iptc, sizeof iptc, 0xED, VIPS_META_IPTC_NAME, "IPTC caption was damaged");
    static const char icc[] = "ICC_PROFILE\0\1\1rubbish rubbish rubbish";
    check_only_metadata_lost(icc, sizeof icc, 0xE2, VIPS_META_ICC_NAME, "colour profile is damaged");
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

static void big_endian(unsigned char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* A PNG with a profile chunk that holds no profile: libpng drops it before libvips sees it. */
static void a_broken_png_profile_is_told(void **state)
{
    (void)state;
    enum { HEADER = 33 };
    kit_bytes bytes = make("a.png");
    unsigned char chunk[] = "\0\0\0\x10iCCPname\0\0rubbish...????";
    size_t chunk_length = sizeof chunk - 1;
    assert_int_equal(chunk_length, 28);
    big_endian(chunk + 24, checksum(chunk + 4, 20));
    kit_bytes whole = {g_malloc(bytes.length + chunk_length), bytes.length + chunk_length};
    memcpy(whole.data, bytes.data, HEADER);
    memcpy(whole.data + HEADER, chunk, chunk_length);
    memcpy(whole.data + HEADER + chunk_length, bytes.data + HEADER, bytes.length - HEADER);
    kit_write_file("b.png", whole.data, whole.length);
    picture pic = kit_load("b.png");
    gpen_image meant = kit_image(WIDTH, HEIGHT, 3, 8);
    assert_int_equal(kit_largest_difference(&pic.image, &meant), 0);
    assert_non_null(pic.notes);
    assert_non_null(strstr(pic.notes, "colour profile is damaged"));
    gpen_image_free(&meant);
    picture_free(&pic);
    g_free(whole.data);
    g_free(bytes.data);
    kit_clear();
}

/* ---------------------------------------------------------------- several at once */

typedef struct reader {
    const char *name;
    const char *word; /* in the reason, or NULL: it loads */
    int wrong;
} reader;

static void *read_often(void *context)
{
    reader *self = context;
    for (int i = 0; i < 25; i++) {
        picture pic;
        gpen_error error;
        gpen_status status = picture_load(&pic, self->name, NULL, &error);
        if ((status == GPEN_OK) != !self->word || (self->word && !strstr(error.message, self->word)))
            self->wrong++;
        picture_free(&pic);
    }
    return NULL;
}

static void one_failure_never_speaks_for_another(void **state)
{
    (void)state;
    kit_bytes jpeg = make("a.jpg[Q=90]"), png = make("a.png");
    kit_write_file("early.jpg", jpeg.data, jpeg.length / 2);
    jpeg.data[jpeg.length / 2] = 0xFF;
    jpeg.data[jpeg.length / 2 + 1] = 0xD9;
    kit_write_file("hole.jpg", jpeg.data, jpeg.length);
    png.data[png.length / 2] ^= 0x10;
    kit_write_file("crc.png", png.data, png.length);
    g_free(jpeg.data);
    g_free(png.data);
    g_free(make("good.png").data);
    reader readers[] = {{g_strdup(kit_path("early.jpg")), "end of input file", 0},
                        {g_strdup(kit_path("hole.jpg")), "premature end of data segment", 0},
                        {g_strdup(kit_path("crc.png")), "libpng", 0},
                        {g_strdup(kit_path("good.png")), NULL, 0}};
    enum { READERS = sizeof readers / sizeof *readers };
    /* What this libvips says of the PNG when it is asked alone. */
    gpen_error error;
    kit_fail_load("crc.png", &error);
    char *words = g_strdup(strchr(error.message, '('));
    assert_non_null(words);
    readers[2].word = words;
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
        g_free((char *)readers[i].name);
    }
    g_free(words);
    kit_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_pictures_are_unreadable),
        cmocka_unit_test(a_jpeg_that_lost_its_middle_is_unreadable),
        cmocka_unit_test(a_flipped_bit_in_a_png_is_unreadable),
        cmocka_unit_test(rubbish_never_crashes),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(camera_raw_files_are_refused),
        cmocka_unit_test(libvips_itself_refuses_other_loaders),
        cmocka_unit_test(what_is_no_file_is_told_apart),
        cmocka_unit_test(hostile_names_are_only_names),
        cmocka_unit_test(broken_metadata_costs_only_itself),
        cmocka_unit_test(a_broken_png_profile_is_told),
        cmocka_unit_test(one_failure_never_speaks_for_another),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

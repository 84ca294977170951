/* Metadata: what a photo carries beside its pixels is there in the result, upright and without the old thumbnail. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

enum { WIDTH = 61, HEIGHT = 43 };

static const char xmp[] =
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    "<rdf:Description rdf:about=\"\" xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" tiff:Orientation=\"6\">"
    "<tiff:Make>Test</tiff:Make></rdf:Description></rdf:RDF></x:xmpmeta>";
static const char caption[] = "\x1C\x02\x78\0\x0BGrandmother";
static const char thumbnail[] = "the old thumbnail";

/* An EXIF block by hand: maker, orientation 6, 300 pixels an inch; and a second directory with a thumbnail. */
static kit_bytes exif_block(void)
{
    static unsigned char block[] = {
        'E',  'x',  'i', 'f',  0,   0,   'M', 'M', 0,   42,  0,   0,
        0,    8,    0,   5,                                                         /* 5 entries */
        0x01, 0x0F, 0,   2,    0,   0,   0,   8,   0,   0,   0,   0x4A,             /* maker, at 74 */
        0x01, 0x12, 0,   3,    0,   0,   0,   1,   0,   6,   0,   0,                /* orientation */
        0x01, 0x1A, 0,   5,    0,   0,   0,   1,   0,   0,   0,   0x52,             /* resolution, at 82 */
        0x01, 0x1B, 0,   5,    0,   0,   0,   1,   0,   0,   0,   0x52,             /* the same */
        0x01, 0x28, 0,   3,    0,   0,   0,   1,   0,   2,   0,   0,                /* an inch */
        0,    0,    0,   0x5A,                                                      /* next directory, at 90 */
        'L',  'e',  'i', 'c',  'a', ' ', 'X', 0,                                    /* 74 */
        0,    0,    1,   0x2C, 0,   0,   0,   1,                                    /* 82: 300/1 */
        0,    2,                                                                    /* 90: 2 entries */
        0x02, 0x01, 0,   4,    0,   0,   0,   1,   0,   0,   0,   0x78,             /* thumbnail, at 120 */
        0x02, 0x02, 0,   4,    0,   0,   0,   1,   0,   0,   0,   sizeof thumbnail, /* its length */
        0,    0,    0,   0,    't', 'h', 'e', ' ', 'o', 'l', 'd', ' ',
        't',  'h',  'u', 'm',  'b', 'n', 'a', 'i', 'l', 0, /* 120 */
    };
    return (kit_bytes){block, sizeof block};
}

/* Photoshop's block with a thumbnail and a caption. */
static kit_bytes photoshop_block(void)
{
    static unsigned char block[200];
    static const char start[] = "Photoshop 3.0\0"
                                "8BIM\x04\x0C\0\0\0\0\0\x11the old thumbnail\0"
                                "8BIM\x04\x04\0\0\0\0\0\x10";
    memcpy(block, start, sizeof start - 1);
    memcpy(block + sizeof start - 1, caption, sizeof caption - 1);
    return (kit_bytes){block, sizeof start - 1 + sizeof caption - 1};
}

static kit_bytes insert_and_free(kit_bytes jpeg, int marker, const void *payload, size_t length)
{
    kit_bytes out = kit_insert_segment(jpeg, marker, payload, length);
    g_free(jpeg.data);
    return out;
}

/* A JPEG with everything in it. */
static void make_photo(const char *name)
{
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8), *wide;
    assert_int_equal(vips_icc_transform(made, &wide, "p3", "input_profile", "srgb", NULL), 0);
    kit_write(wide, "made.jpg[Q=95]");
    g_object_unref(wide);
    g_object_unref(made);
    kit_bytes bytes = kit_read_file("made.jpg");
    char packet[sizeof xmp + 29] = "http://ns.adobe.com/xap/1.0/";
    memcpy(packet + 29, xmp, sizeof xmp);
    bytes = insert_and_free(bytes, 0xE1, packet, sizeof packet - 1);
    kit_bytes iptc = photoshop_block(), exif = exif_block();
    bytes = insert_and_free(bytes, 0xED, iptc.data, iptc.length);
    bytes = insert_and_free(bytes, 0xE1, exif.data, exif.length);
    kit_write_file(name, bytes.data, bytes.length);
    g_free(bytes.data);
}

static bool file_contains(const char *name, const char *words)
{
    kit_bytes bytes = kit_read_file(name);
    bool found = memmem(bytes.data, bytes.length, words, strlen(words)) != NULL;
    g_free(bytes.data);
    return found;
}

static void check_blob(VipsImage *image, const char *field, const void *meant, size_t meant_length)
{
    const void *data;
    size_t length;
    assert_int_equal(vips_image_get_blob(image, field, &data, &length), 0);
    assert_int_equal(length, meant_length);
    assert_memory_equal(data, meant, meant_length);
}

static void everything_is_carried_over(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        picture_format format;
        bool exif, iptc;
    } cases[] = {{"b.jpg", PICTURE_JPEG, true, true},
                 {"b.png", PICTURE_PNG, true, false},
                 {"b.webp", PICTURE_WEBP, true, false},
                 {"b.tif", PICTURE_TIFF, true, true}};
    char upright_xmp[sizeof xmp];
    memcpy(upright_xmp, xmp, sizeof xmp);
    *(strstr(upright_xmp, "=\"6\"") + 2) = '1';
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_photo("a.jpg");
        VipsImage *before = kit_open("a.jpg"), *after;
        picture pic = kit_load("a.jpg");
        assert_null(pic.notes);
        assert_int_equal(pic.image.width, HEIGHT); /* turned */
        gpen_error error;
        picture_save_options options = {.format = cases[i].format};
        char *notes;
        assert_int_equal(picture_save(&pic.image, pic.extras, kit_path(cases[i].name), &options, &notes, &error),
                         GPEN_OK);
        assert_int_equal(notes && strstr(notes, "EXIF"), !cases[i].exif);
        assert_int_equal(notes && strstr(notes, "IPTC"), !cases[i].iptc);
        free(notes);
        after = kit_open(cases[i].name);
        assert_int_equal(vips_image_get_orientation(after), 1);
        assert_int_equal(after->Xsize, HEIGHT);
        check_blob(after, VIPS_META_XMP_NAME, upright_xmp, sizeof xmp - 1);
        const void *profile;
        size_t length;
        assert_int_equal(vips_image_get_blob(before, VIPS_META_ICC_NAME, &profile, &length), 0);
        check_blob(after, VIPS_META_ICC_NAME, profile, length);
        if (cases[i].exif && cases[i].format != PICTURE_TIFF) { /* libvips does not read it from TIFF */
            const char *maker;
            assert_int_equal(vips_image_get_string(after, "exif-ifd0-Make", &maker), 0);
            assert_non_null(strstr(maker, "Leica X"));
        }
        if (cases[i].iptc)
            assert_true(file_contains(cases[i].name, "Grandmother"));
        assert_false(file_contains(cases[i].name, thumbnail));
        picture again = kit_load(cases[i].name);
        const extra_field *exif = extras_find(again.extras, VIPS_META_EXIF_NAME);
        assert_int_equal(exif && memmem(exif->data, exif->length, "Leica X", 7), cases[i].exif);
        assert_int_equal(again.image.width, HEIGHT);
        assert_true(again.extras->horizontal > 299 / 25.4 && again.extras->horizontal < 301 / 25.4);
        assert_true(again.extras->vertical > 299 / 25.4 && again.extras->vertical < 301 / 25.4);
        picture_free(&again);
        picture_free(&pic);
        g_object_unref(after);
        g_object_unref(before);
        kit_clear();
    }
}

/* The orientation of EXIF counts in PNG and WebP too. */
static void every_format_is_turned_by_its_exif(void **state)
{
    (void)state;
    static const char *const names[] = {"b.png", "b.webp[lossless]"};
    make_photo("a.jpg");
    for (int i = 0; i < 2; i++) {
        VipsImage *photo = kit_open("a.jpg"); /* as it lies in the file, not turned */
        kit_write(photo, names[i]);
        g_object_unref(photo);
        picture pic = kit_load(i ? "b.webp" : "b.png");
        assert_int_equal(pic.image.width, HEIGHT);
        picture_free(&pic);
    }
    kit_clear();
}

/* An EXIF block, most significant byte first, with directories of its own for EXIF and GPS. */
static const unsigned char deep_exif[] = {
    'E',  'x',  'i', 'f', 0, 0, 'M', 'M', 0,   42,   0,   0,   0, 8, 0, 4, /* 4 entries */
    0x01, 0x0F, 0,   2,   0, 0, 0,   4,   'S', 'i',  'x', 0,               /* maker */
    0x01, 0x12, 0,   3,   0, 0, 0,   1,   0,   6,    0,   0,               /* orientation */
    0x87, 0x69, 0,   4,   0, 0, 0,   1,   0,   0,    0,   62,              /* EXIF at 62 */
    0x88, 0x25, 0,   4,   0, 0, 0,   1,   0,   0,    0,   124,             /* GPS at 124 */
    0,    0,    0,   0,                                                    /* the last one */
    0,    3,                                                               /* 62: 3 entries */
    0x82, 0x9A, 0,   5,   0, 0, 0,   1,   0,   0,    0,   104,             /* exposure at 104 */
    0x88, 0x27, 0,   3,   0, 0, 0,   1,   1,   0x90, 0,   0,               /* ISO 400 */
    0xA0, 0x02, 0,   3,   0, 0, 0,   1,   3,   0xE7, 0,   0,               /* width 999: out of date */
    0,    0,    0,   0,   0, 0, 0,   1,   0,   0,    0,   125,             /* 104: 1/125 */
    0,    0,    0,   0,   0, 0, 0,   0,   0,   0,    0,   0,               /* room */
    0,    2,                                                               /* 124: 2 entries */
    0,    1,    0,   2,   0, 0, 0,   2,   'N', 0,    0,   0,               /* north */
    0,    2,    0,   5,   0, 0, 0,   3,   0,   0,    0,   154,             /* latitude at 154 */
    0,    0,    0,   0,   0, 0, 0,   48,  0,   0,    0,   1,   0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 15, 0, 0, 0, 1};

static bool exif_says(VipsImage *image, const char *field, const char *words)
{
    const char *text;
    return !vips_image_get_string(image, field, &text) && strstr(text, words) == text;
}

/* EXIF goes into a TIFF, whose byte order is the machine's, and out of it. */
static void exif_goes_through_tiff(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
    kit_write(made, "made.jpg[strip]");
    g_object_unref(made);
    kit_bytes bytes = insert_and_free(kit_read_file("made.jpg"), 0xE1, deep_exif, sizeof deep_exif);
    kit_write_file("a.jpg", bytes.data, bytes.length);
    g_free(bytes.data);
    picture pic = kit_load("a.jpg");
    assert_null(pic.notes);
    for (int round = 0; round < 2; round++) {
        const char *name = round ? "c.tif" : "b.tif";
        gpen_error error;
        char *notes;
        picture_save_options options = {.format = PICTURE_TIFF};
        assert_int_equal(picture_save_own(&pic, kit_path(name), &options, &notes, &error), GPEN_OK);
        assert_null(notes);
        picture_free(&pic);
        pic = kit_load(name);
        assert_null(pic.notes);
        assert_int_equal(pic.image.width, HEIGHT); /* turned once */
    }
    kit_save(&pic, "d.jpg", PICTURE_JPEG, 0);
    VipsImage *read = kit_open("d.jpg");
    assert_true(exif_says(read, "exif-ifd0-Make", "Six"));
    assert_true(exif_says(read, "exif-ifd2-ExposureTime", "1/125"));
    assert_true(exif_says(read, "exif-ifd2-ISOSpeedRatings", "400"));
    assert_true(exif_says(read, "exif-ifd3-GPSLatitudeRef", "N"));
    assert_true(exif_says(read, "exif-ifd3-GPSLatitude", "48/1 8/1 15/1"));
    assert_false(exif_says(read, "exif-ifd2-PixelXDimension", "999"));
    g_object_unref(read);
    picture_free(&pic);
    kit_clear();
}

/* A TIFF whose EXIF directory lies outside the file: the picture is read, and the loss is said. */
static void damaged_exif_in_tiff_is_missed_aloud(void **state)
{
    (void)state;
    static const unsigned char tiff[] = {'I',  'I',  '*', 0, 8, 0, 0, 0, 9,   0, 0, 1,
                                         4,    0,    1,   0, 0, 0, 1, 0, 0,   0,       /* width */
                                         1,    1,    4,   0, 1, 0, 0, 0, 1,   0, 0, 0, /* height */
                                         2,    1,    3,   0, 1, 0, 0, 0, 8,   0, 0, 0, /* 8 bits */
                                         3,    1,    3,   0, 1, 0, 0, 0, 1,   0, 0, 0, /* not compressed */
                                         6,    1,    3,   0, 1, 0, 0, 0, 1,   0, 0, 0, /* black is zero */
                                         17,   1,    4,   0, 1, 0, 0, 0, 4,   0, 0, 0, /* strip: the header's 8 */
                                         22,   1,    4,   0, 1, 0, 0, 0, 1,   0, 0, 0, /* rows a strip */
                                         23,   1,    4,   0, 1, 0, 0, 0, 1,   0, 0, 0, /* bytes in it */
                                         0x69, 0x87, 4,   0, 1, 0, 0, 0, 122, 0, 0, 0, /* EXIF */
                                         0,    0,    0,   0, 0, 0, 0, 0};
    kit_write_file("a.tif", tiff, sizeof tiff);
    picture pic = kit_load("a.tif");
    assert_int_equal(kit_sample(&pic.image, 0, 0, 0), 8);
    assert_string_equal(pic.notes, "Part of the EXIF data was damaged and left out.");
    picture_free(&pic);
    kit_clear();
}

/* A caption goes through TIFF, where it lies bare, and back into JPEG. */
static void captions_survive_both_wrappings(void **state)
{
    (void)state;
    make_photo("a.jpg");
    picture pic = kit_load("a.jpg");
    kit_save(&pic, "b.tif", PICTURE_TIFF, 0);
    picture_free(&pic);
    pic = kit_load("b.tif");
    assert_null(pic.notes);
    kit_save(&pic, "c.jpg", PICTURE_JPEG, 0);
    picture_free(&pic);
    pic = kit_load("c.jpg");
    const extra_field *field = extras_find(pic.extras, VIPS_META_IPTC_NAME);
    assert_non_null(field);
    assert_true(field->length >= sizeof caption - 1);
    assert_memory_equal(field->data, caption, sizeof caption - 1);
    picture_free(&pic);
    kit_clear();
}

static void what_is_too_long_for_jpeg_is_said(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
    size_t length = sizeof xmp - 1 + 70000;
    char *long_xmp = g_malloc(length);
    memset(long_xmp, ' ', length);
    memcpy(long_xmp, xmp, sizeof xmp - 1);
    vips_image_set_blob_copy(made, VIPS_META_XMP_NAME, long_xmp, length);
    kit_write(made, "a.png");
    picture pic = kit_load("a.png");
    picture_save_options options = {.format = PICTURE_JPEG};
    char *notes;
    gpen_error error;
    assert_int_equal(picture_save(&pic.image, pic.extras, kit_path("b.jpg"), &options, &notes, &error), GPEN_OK);
    assert_string_equal(notes, "The XMP data was left out: it is too long for a JPEG file.");
    free(notes);
    picture_free(&pic);
    g_free(long_xmp);
    g_object_unref(made);
    kit_clear();
}

static void png_text_is_kept_but_no_hidden_exif(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
    vips_image_set_string(made, "png-comment-0-Title", "At the lake");
    vips_image_set_string(made, "png-comment-1-Raw profile type exif", "\nexif\n 4\n00000000");
    kit_write(made, "a.png");
    picture pic = kit_load("a.png");
    kit_save(&pic, "b.png", PICTURE_PNG, 0);
    VipsImage *read = kit_open("b.png");
    const char *text;
    assert_int_equal(vips_image_get_string(read, "png-comment-0-Title", &text), 0);
    assert_string_equal(text, "At the lake");
    assert_false(file_contains("b.png", "Raw profile"));
    g_object_unref(read);
    picture_free(&pic);
    g_object_unref(made);
    kit_clear();
}

static void a_picture_without_metadata_gets_72_dots(void **state)
{
    (void)state;
    picture pic = {.image = kit_image(WIDTH, HEIGHT, 3, 8)};
    kit_save(&pic, "a.png", PICTURE_PNG, 0);
    VipsImage *read = kit_open("a.png");
    assert_true(read->Xres > 71.9 / 25.4 && read->Xres < 72.1 / 25.4);
    g_object_unref(read);
    gpen_image_free(&pic.image);
    kit_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_turned_by_its_exif),
        cmocka_unit_test(exif_goes_through_tiff),
        cmocka_unit_test(damaged_exif_in_tiff_is_missed_aloud),
        cmocka_unit_test(everything_is_carried_over),
        cmocka_unit_test(captions_survive_both_wrappings),
        cmocka_unit_test(what_is_too_long_for_jpeg_is_said),
        cmocka_unit_test(png_text_is_kept_but_no_hidden_exif),
        cmocka_unit_test(a_picture_without_metadata_gets_72_dots),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

/* Pictures that are whole: every format, shape, orientation and kind of colour arrives as image.h says. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

enum { WIDTH = 61, HEIGHT = 43 };

static void lossless_formats_arrive_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        picture_format format;
        int channels, bits;
    } cases[] = {
        {"a.png", PICTURE_PNG, 1, 8},
        {"b.png", PICTURE_PNG, 2, 8},
        {"c.png", PICTURE_PNG, 3, 8},
        {"d.png", PICTURE_PNG, 4, 8},
        {"e.png", PICTURE_PNG, 1, 16},
        {"f.png", PICTURE_PNG, 2, 16},
        {"g.png", PICTURE_PNG, 3, 16},
        {"h.png", PICTURE_PNG, 4, 16},
        {"i.png[interlace]", PICTURE_PNG, 3, 8},
        {"a.tif", PICTURE_TIFF, 1, 8},
        {"b.tif", PICTURE_TIFF, 2, 8},
        {"c.tif", PICTURE_TIFF, 3, 8},
        {"d.tif", PICTURE_TIFF, 4, 8},
        {"e.tif", PICTURE_TIFF, 1, 16},
        {"f.tif", PICTURE_TIFF, 4, 16},
        {"g.tif[tile]", PICTURE_TIFF, 3, 16},
        {"h.tif[bigtiff]", PICTURE_TIFF, 3, 8},
        {"a.webp[lossless]", PICTURE_WEBP, 3, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        VipsImage *made = kit_picture(WIDTH, HEIGHT, cases[i].channels, cases[i].bits);
        kit_write(made, cases[i].name);
        g_object_unref(made);
        char name[64];
        strcpy(name, cases[i].name);
        name[strcspn(name, "[")] = '\0';
        picture pic = kit_load(name);
        gpen_image meant = kit_image(WIDTH, HEIGHT, cases[i].channels, cases[i].bits);
        assert_int_equal(pic.format, cases[i].format);
        assert_int_equal(kit_largest_difference(&pic.image, &meant), 0);
        assert_null(pic.notes);
        gpen_image_free(&meant);
        picture_free(&pic);
        assert_null(pic.image.pixels);
    }
    kit_clear();
}

static void a_jpeg_says_how_much_it_was_compressed(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        int quality;
    } cases[] = {{"a.jpg[Q=20]", 20}, {"a.jpg[Q=50,strip]", 50}, {"a.jpg[Q=75,interlace]", 75}, {"a.jpg[Q=95]", 95}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
        kit_write(made, cases[i].options);
        g_object_unref(made);
        picture pic = kit_load("a.jpg");
        assert_in_range(pic.jpeg_quality, cases[i].quality - 1, cases[i].quality + 1);
        picture_free(&pic);
    }
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
    kit_write(made, "a.png");
    g_object_unref(made);
    picture pic = kit_load("a.png");
    assert_int_equal(pic.jpeg_quality, 0);
    picture_free(&pic);
    kit_clear();
}

static void lossy_formats_arrive_nearly(void **state)
{
    (void)state;
    static const char *const names[] = {"a.jpg", "b.webp", "c.jpg", "d.jpg"};
    static const char *const options[] = {"a.jpg[Q=98]", "b.webp[Q=98]", "c.jpg[Q=98]", "d.jpg[Q=98,interlace]"};
    static const int channels[] = {3, 3, 1, 3};
    for (int i = 0; i < 4; i++) {
        VipsImage *made = kit_picture(WIDTH, HEIGHT, channels[i], 8), *soft;
        assert_int_equal(vips_gaussblur(made, &soft, 3, NULL), 0);
        soft = kit_solid(soft);
        kit_write(soft, options[i]);
        picture pic = kit_load(names[i]);
        assert_int_equal(pic.image.width, WIDTH);
        assert_int_equal(pic.image.height, HEIGHT);
        assert_int_equal(pic.image.channels, channels[i]);
        double sum = 0;
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                sum += abs(kit_sample(&pic.image, x, y, 0) - *VIPS_IMAGE_ADDR(soft, x, y));
        assert_true(sum / (WIDTH * HEIGHT) < 6);
        picture_free(&pic);
        g_object_unref(soft);
        g_object_unref(made);
    }
    kit_clear();
}

static void the_name_does_not_decide(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
    kit_write(made, "a.png");
    g_object_unref(made);
    kit_bytes bytes = kit_read_file("a.png");
    kit_write_file("a.jpg", bytes.data, bytes.length);
    g_free(bytes.data);
    picture pic = kit_load("a.jpg");
    assert_int_equal(pic.format, PICTURE_PNG);
    picture_free(&pic);
    kit_clear();
}

/* Where the pixel of the upright picture at (x, y) lies in the stored one, by the words of the EXIF standard: what the
 * stored picture's first row and first column are in the upright one. */
static void stored_place(int orientation, int stored_width, int stored_height, int x, int y, int *stored_x,
                         int *stored_y)
{
    int right = stored_width - 1, bottom = stored_height - 1;
    const int places[9][2] = {
        {0, 0},
        {x, y},                  /* 1: row 0 is the top, column 0 the left */
        {right - x, y},          /* 2: top, right */
        {right - x, bottom - y}, /* 3: bottom, right */
        {x, bottom - y},         /* 4: bottom, left */
        {y, x},                  /* 5: left, top */
        {y, bottom - x},         /* 6: right, top */
        {right - y, bottom - x}, /* 7: right, bottom */
        {right - y, x},          /* 8: left, bottom */
    };
    *stored_x = places[orientation][0];
    *stored_y = places[orientation][1];
}

static void every_orientation_is_turned_upright(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int bits = 8; bits <= 16; bits += 8) {
            VipsImage *made = kit_picture(WIDTH, 130, 3, bits);
            gpen_image stored = kit_image(WIDTH, 130, 3, bits);
            vips_image_set_int(made, VIPS_META_ORIENTATION, orientation);
            kit_write(made, "a.tif");
            g_object_unref(made);
            picture pic = kit_load("a.tif");
            assert_int_equal(pic.image.width, orientation < 5 ? WIDTH : 130);
            assert_int_equal(pic.image.height, orientation < 5 ? 130 : WIDTH);
            for (int y = 0; y < pic.image.height; y++)
                for (int x = 0; x < pic.image.width; x++) {
                    int stored_x, stored_y;
                    stored_place(orientation, WIDTH, 130, x, y, &stored_x, &stored_y);
                    for (int c = 0; c < 3; c++)
                        assert_int_equal(kit_sample(&pic.image, x, y, c), kit_sample(&stored, stored_x, stored_y, c));
                }
            gpen_image_free(&stored);
            picture_free(&pic);
            kit_clear();
        }
}

static void jpeg_orientation_is_turned_upright(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8), *turned;
    vips_image_set_int(made, VIPS_META_ORIENTATION, 6);
    kit_write(made, "a.jpg[Q=95]");
    VipsImage *read = kit_open("a.jpg");
    assert_int_equal(vips_rot90(read, &turned, NULL), 0);
    picture pic = kit_load("a.jpg");
    for (int y = 0; y < pic.image.height; y++)
        for (int x = 0; x < pic.image.width; x++) {
            double *pixel;
            int count;
            assert_int_equal(vips_getpoint(turned, &pixel, &count, x, y, NULL), 0);
            assert_int_equal(kit_sample(&pic.image, x, y, 1), (int)pixel[1]);
            g_free(pixel);
        }
    picture_free(&pic);
    g_object_unref(turned);
    g_object_unref(read);
    g_object_unref(made);
    kit_clear();
}

/* ---------------------------------------------------------------- odd samples */

static void one_bit_scans_become_grey(void **state)
{
    (void)state;
    static const char *const names[] = {"a.tif[bitdepth=1]", "a.png[bitdepth=1]"};
    for (int i = 0; i < 2; i++) {
        VipsImage *grey = kit_picture(WIDTH, HEIGHT, 1, 8), *two;
        assert_int_equal(vips_moreeq_const1(grey, &two, 128, NULL), 0);
        kit_write(two, names[i]);
        picture pic = kit_load(i ? "a.png" : "a.tif");
        assert_int_equal(pic.image.channels, 1);
        assert_int_equal(pic.image.bits, 8);
        gpen_image meant = kit_image(WIDTH, HEIGHT, 1, 8);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                assert_int_equal(kit_sample(&pic.image, x, y, 0), kit_sample(&meant, x, y, 0) >= 128 ? 255 : 0);
        gpen_image_free(&meant);
        picture_free(&pic);
        g_object_unref(two);
        g_object_unref(grey);
        kit_clear();
    }
}

static void lab_and_float_become_sixteen_bits(void **state)
{
    (void)state;
    static const VipsInterpretation kinds[] = {VIPS_INTERPRETATION_LAB, VIPS_INTERPRETATION_scRGB};
    for (int i = 0; i < 2; i++) {
        VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8), *other;
        assert_int_equal(vips_colourspace(made, &other, kinds[i], NULL), 0);
        kit_write(other, "a.tif");
        picture pic = kit_load("a.tif");
        assert_int_equal(pic.image.bits, 16);
        assert_int_equal(pic.image.channels, 3);
        gpen_image meant = kit_image(WIDTH, HEIGHT, 3, 8);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                for (int c = 0; c < 3; c++)
                    assert_true(abs(kit_sample(&pic.image, x, y, c) / 257 - kit_sample(&meant, x, y, c)) <= 2);
        gpen_image_free(&meant);
        picture_free(&pic);
        g_object_unref(other);
        g_object_unref(made);
        kit_clear();
    }
}

static void signed_samples_are_refused(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8), *other;
    assert_int_equal(vips_cast_int(made, &other, NULL), 0);
    kit_write(other, "a.tif");
    gpen_error error;
    assert_int_equal(kit_fail_load("a.tif", &error), GPEN_UNSUPPORTED_FORMAT);
    g_object_unref(other);
    g_object_unref(made);
    kit_clear();
}

static void only_the_first_page_is_read(void **state)
{
    (void)state;
    static const char *const names[] = {"a.tif", "a.webp", "a.gif"};
    for (int i = 0; i < 3; i++) {
        if (i == 2 && !vips_type_find("VipsOperation", "gifsave"))
            continue;
        VipsImage *first = kit_picture(WIDTH, HEIGHT, 3, 8), *second, *both;
        assert_int_equal(vips_invert(first, &second, NULL), 0);
        assert_int_equal(vips_join(first, second, &both, VIPS_DIRECTION_VERTICAL, NULL), 0);
        vips_image_set_int(both, VIPS_META_PAGE_HEIGHT, HEIGHT);
        kit_write(both, names[i]);
        picture pic = kit_load(names[i]);
        assert_int_equal(pic.image.width, WIDTH);
        assert_int_equal(pic.image.height, HEIGHT);
        assert_string_equal(pic.notes,
                            i ? "Only the first of 2 frames was read." : "Only the first of 2 pages was read.");
        assert_int_equal(pic.format, i == 0 ? PICTURE_TIFF : i == 1 ? PICTURE_WEBP : PICTURE_OTHER);
        picture_free(&pic);
        g_object_unref(both);
        g_object_unref(second);
        g_object_unref(first);
        kit_clear();
    }
}

static void heif_is_read_where_it_can_be(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(64, 64, 3, 8), *soft;
    assert_int_equal(vips_gaussblur(made, &soft, 3, NULL), 0);
    bool can_write =
        vips_type_find("VipsOperation", "heifsave") && !vips_image_write_to_file(soft, kit_path("a.avif[Q=95]"), NULL);
    g_object_unref(soft);
    g_object_unref(made);
    if (!can_write) {
        kit_clear();
        skip();
    }
    picture pic = kit_load("a.avif");
    assert_int_equal(pic.format, PICTURE_HEIF);
    assert_int_equal(pic.image.width, 64);
    assert_int_equal(pic.image.channels, 3);
    picture_free(&pic);
    kit_clear();
}

/* ---------------------------------------------------------------- limits */

static void too_many_pixels_are_refused(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, 8);
    kit_write(made, "a.png");
    g_object_unref(made);
    picture pic;
    gpen_error error;
    picture_limits limits = {WIDTH * HEIGHT - 1};
    assert_int_equal(picture_load(&pic, kit_path("a.png"), &limits, &error), GPEN_TOO_LARGE);
    assert_non_null(strstr(error.message, "61 x 43"));
    assert_null(pic.image.pixels);
    limits.max_pixels = WIDTH * HEIGHT;
    assert_int_equal(picture_load(&pic, kit_path("a.png"), &limits, &error), GPEN_OK);
    picture_free(&pic);
    kit_clear();
}

/* A GIF of 26 bytes that claims 65535 x 65535, and a TIFF that claims 2 thousand million: no pixel of them is there, so
 * a refusal for their size shows that nothing was decoded. */
static void a_bomb_is_known_by_its_header(void **state)
{
    (void)state;
    static const unsigned char gif[] = "GIF89a\xFF\xFF\xFF\xFF\0\0\0,\0\0\0\0\xFF\xFF\xFF\xFF\0\2\0;";
    static const unsigned char tiff[] = {'I', 'I', '*', 0, 8, 0, 0, 0, 8,    0,          /* 8 entries */
                                         0,   1,   4,   0, 1, 0, 0, 0, 0x00, 0xC3, 0, 0, /* width 49920 */
                                         1,   1,   4,   0, 1, 0, 0, 0, 0x00, 0xC3, 0, 0, /* height 49920 */
                                         2,   1,   3,   0, 1, 0, 0, 0, 8,    0,    0, 0, /* 8 bits */
                                         3,   1,   3,   0, 1, 0, 0, 0, 1,    0,    0, 0, /* not compressed */
                                         6,   1,   3,   0, 1, 0, 0, 0, 1,    0,    0, 0, /* black is zero */
                                         17,  1,   4,   0, 1, 0, 0, 0, 8,    0,    0, 0, /* strip */
                                         22,  1,   4,   0, 1, 0, 0, 0, 0x00, 0xC3, 0, 0, /* rows a strip */
                                         23,  1,   4,   0, 1, 0, 0, 0, 16,   0,    0, 0, 0, 0, 0, 0}; /* bytes in it */
    gpen_error error;
    kit_write_file("a.gif", gif, sizeof gif - 1);
    assert_int_equal(kit_fail_load("a.gif", &error), GPEN_TOO_LARGE);
    kit_write_file("a.tif", tiff, sizeof tiff);
    assert_int_equal(kit_fail_load("a.tif", &error), GPEN_TOO_LARGE);
    kit_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_formats_arrive_exactly),
        cmocka_unit_test(lossy_formats_arrive_nearly),
        cmocka_unit_test(a_jpeg_says_how_much_it_was_compressed),
        cmocka_unit_test(the_name_does_not_decide),
        cmocka_unit_test(every_orientation_is_turned_upright),
        cmocka_unit_test(jpeg_orientation_is_turned_upright),
        cmocka_unit_test(one_bit_scans_become_grey),
        cmocka_unit_test(lab_and_float_become_sixteen_bits),
        cmocka_unit_test(signed_samples_are_refused),
        cmocka_unit_test(only_the_first_page_is_read),
        cmocka_unit_test(heif_is_read_where_it_can_be),
        cmocka_unit_test(too_many_pixels_are_refused),
        cmocka_unit_test(a_bomb_is_known_by_its_header),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

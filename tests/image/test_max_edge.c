/* Reduced results: the longer edge as asked, colours that stay colours, nothing shining out of transparent areas. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

static void check_size(int width, int height, int max_edge, int meant_width, int meant_height)
{
    picture pic = {.image = kit_image(width, height, 3, 8)};
    kit_save_own(&pic, "out", &(picture_save_options){.format = PICTURE_PNG, .max_edge = max_edge});
    picture again = kit_load("out");
    assert_int_equal(again.image.width, meant_width);
    assert_int_equal(again.image.height, meant_height);
    if (meant_width == width)
        assert_int_equal(kit_largest_difference(&pic.image, &again.image), 0);
    picture_free(&again);
    gpen_image_free(&pic.image);
    kit_clear();
}

static void the_longer_edge_is_as_asked(void **state)
{
    (void)state;
    check_size(61, 43, 30, 30, 21);
    check_size(43, 61, 30, 21, 30);
    check_size(61, 43, 61, 61, 43); /* not larger: untouched */
    check_size(61, 43, 0, 61, 43);
    check_size(61, 43, 1000, 61, 43);
    check_size(997, 331, 996, 996, 331);
    check_size(700, 3, 20, 20, 1);
    check_size(61, 43, 1, 1, 1);
    gpen_image image = kit_image(61, 43, 3, 8);
    gpen_error error;
    picture_save_options negative = {.format = PICTURE_PNG, .max_edge = -1};
    assert_int_equal(picture_save(&image, NULL, kit_path("out"), &negative, NULL, &error), GPEN_BAD_ARGUMENT);
    gpen_image_free(&image);
}

/* A panorama that WebP cannot hold fits when it is reduced. */
static void what_is_too_large_may_be_reduced(void **state)
{
    (void)state;
    picture pic = {0};
    gpen_error error;
    assert_int_equal(image_new(&pic.image, 16500, 4, 3, 8, &error), GPEN_OK);
    picture_save_options webp = {.format = PICTURE_WEBP};
    assert_int_equal(picture_save_own(&pic, kit_path("out"), &webp, NULL, &error), GPEN_BAD_ARGUMENT);
    webp.max_edge = 8250;
    kit_save_own(&pic, "out", &webp);
    gpen_image_free(&pic.image);
    kit_clear();
}

/* A flat colour is still that colour at every depth; seen pixels beside transparent white stay black. */
static void colours_stay(void **state)
{
    (void)state;
    for (int bits = 8; bits <= 16; bits += 8) {
        picture pic = {.image = kit_image(90, 60, 4, bits)};
        int full = bits == 16 ? 65535 : 255;
        for (int i = 0; i < 90 * 60 * 4; i++) {
            bool seen = i / 4 % 90 < 45;
            int value = seen ? (i % 4 == 3 ? full : i % 4 == 1 ? full / 3 : 0) : (i % 4 == 3 ? 0 : full);
            if (bits == 16)
                ((uint16_t *)pic.image.pixels)[i] = (uint16_t)value;
            else
                ((uint8_t *)pic.image.pixels)[i] = (uint8_t)value;
        }
        kit_save_own(&pic, "out", &(picture_save_options){.format = PICTURE_TIFF, .max_edge = 40});
        picture again = kit_load("out");
        assert_int_equal(again.image.width, 40);
        assert_int_equal(again.image.bits, bits);
        for (int x = 0; x < 40; x++) {
            int alpha = kit_sample(&again.image, x, 13, 3);
            if (x < 15)
                assert_int_equal(alpha, full);
            if (x >= 25)
                assert_int_equal(alpha, 0);
            if (alpha > full / 8) {
                assert_true(kit_sample(&again.image, x, 13, 0) <= full / 100);
                assert_true(abs(kit_sample(&again.image, x, 13, 1) - full / 3) <= full / 50);
            }
        }
        picture_free(&again);
        gpen_image_free(&pic.image);
        kit_clear();
    }
}

/* A photo in a wide profile is reduced in its own colours: the profile goes along, the mean stays. */
static void a_wide_photo_keeps_its_colours(void **state)
{
    (void)state;
    VipsImage *muted = kit_muted_picture(61, 43, 3, 8), *wide = kit_in_profile(muted, "p3", 8);
    kit_write(wide, "a.png");
    picture pic = kit_load("a.png");
    kit_save_own(&pic, "out", &(picture_save_options){.format = PICTURE_PNG, .max_edge = 30});
    VipsImage *written = kit_open("out");
    assert_true(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
    double before, after;
    assert_int_equal(vips_avg(wide, &before, NULL), 0);
    assert_int_equal(vips_avg(written, &after, NULL), 0);
    assert_true(before - after < 2 && after - before < 2);
    assert_true(written->Xres > wide->Xres * 0.9 || written->Xres > 71 / 25.4);
    g_object_unref(written);
    picture_free(&pic);
    g_object_unref(wide);
    g_object_unref(muted);
    kit_clear();
}

/* Dots per inch are not touched. */
static void the_resolution_stays(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(90, 60, 3, 8), *fine;
    assert_int_equal(vips_copy(made, &fine, "xres", 300 / 25.4, "yres", 300 / 25.4, NULL), 0);
    kit_write(fine, "a.tif");
    picture pic = kit_load("a.tif");
    kit_save_own(&pic, "out", &(picture_save_options){.format = PICTURE_JPEG, .max_edge = 45});
    VipsImage *written = kit_open("out");
    assert_int_equal(written->Xsize, 45);
    assert_true(written->Xres > 299 / 25.4 && written->Xres < 301 / 25.4);
    g_object_unref(written);
    picture_free(&pic);
    g_object_unref(fine);
    g_object_unref(made);
    kit_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longer_edge_is_as_asked),
        cmocka_unit_test(what_is_too_large_may_be_reduced),
        cmocka_unit_test(colours_stay),
        cmocka_unit_test(a_wide_photo_keeps_its_colours),
        cmocka_unit_test(the_resolution_stays),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

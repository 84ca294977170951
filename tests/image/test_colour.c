/* Colour profiles: sRGB for work, the file's own colours in the result. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

enum { WIDTH = 61, HEIGHT = 43 };

static int largest_difference(VipsImage *a, VipsImage *b)
{
    VipsImage *difference, *size;
    double largest;
    assert_int_equal(a->Bands, b->Bands);
    assert_int_equal(vips_subtract(a, b, &difference, NULL), 0);
    assert_int_equal(vips_abs(difference, &size, NULL), 0);
    assert_int_equal(vips_max(size, &largest, NULL), 0);
    g_object_unref(difference);
    g_object_unref(size);
    return (int)largest;
}

static void profile_blob(VipsImage *image, const void **data, size_t *length)
{
    assert_int_equal(vips_image_get_blob(image, VIPS_META_ICC_NAME, data, length), 0);
}

static void check_there_and_back(const char *name, picture_format format, int bits, int tolerance_there,
                                 int tolerance_back)
{
    VipsImage *meant = kit_muted_picture(WIDTH, HEIGHT, 3, bits);
    VipsImage *wide = kit_in_profile(meant, "p3", bits);
    assert_true(largest_difference(meant, wide) > 3 * tolerance_there); /* it is worth converting */
    kit_write(wide, name);
    picture pic = kit_load(name);
    assert_null(pic.notes);
    assert_int_equal(pic.image.bits, bits);
    VipsImage *work = pixels_wrap(&pic.image);
    assert_true(largest_difference(meant, work) <= tolerance_there);
    g_object_unref(work);

    char result[32] = "out-";
    strcat(result, name);
    kit_save(&pic, result, format, 100);
    VipsImage *written = kit_open(result);
    assert_true(largest_difference(wide, written) <= tolerance_back);
    const void *before, *after;
    size_t before_length, after_length;
    profile_blob(wide, &before, &before_length);
    profile_blob(written, &after, &after_length);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, before_length);
    g_object_unref(written);
    g_object_unref(wide);
    g_object_unref(meant);
    picture_free(&pic);
    kit_clear();
}

static void a_wide_profile_goes_to_srgb_and_back(void **state)
{
    (void)state;
    check_there_and_back("a.png", PICTURE_PNG, 8, 2, 1);
    check_there_and_back("a.tif", PICTURE_TIFF, 8, 2, 1);
    check_there_and_back("b.png", PICTURE_PNG, 16, 200, 100);
    check_there_and_back("b.tif", PICTURE_TIFF, 16, 200, 100);
}

static void an_srgb_profile_leaves_every_sample(void **state)
{
    (void)state;
    for (int bits = 8; bits <= 16; bits += 8) {
        VipsImage *made = kit_picture(WIDTH, HEIGHT, 3, bits), *tagged = kit_in_profile(made, "srgb", bits);
        VipsImage *same;
        assert_int_equal(vips_copy(made, &same, NULL), 0);
        const void *data;
        size_t length;
        profile_blob(tagged, &data, &length);
        vips_image_set_blob_copy(same, VIPS_META_ICC_NAME, data, length);
        kit_write(same, "a.png");
        picture pic = kit_load("a.png");
        gpen_image meant = kit_image(WIDTH, HEIGHT, 3, bits);
        assert_int_equal(kit_largest_difference(&pic.image, &meant), 0);
        kit_save(&pic, "b.png", PICTURE_PNG, 0);
        VipsImage *written = kit_open("b.png");
        assert_int_equal(largest_difference(same, written), 0);
        assert_true(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
        g_object_unref(written);
        gpen_image_free(&meant);
        picture_free(&pic);
        g_object_unref(same);
        g_object_unref(tagged);
        g_object_unref(made);
        kit_clear();
    }
}

static void alpha_passes_a_conversion_unchanged(void **state)
{
    (void)state;
    VipsImage *meant = kit_muted_picture(WIDTH, HEIGHT, 3, 8), *wide = kit_in_profile(meant, "p3", 8),
              *alpha = kit_picture(WIDTH, HEIGHT, 1, 8);
    VipsImage *both;
    assert_int_equal(vips_bandjoin2(wide, alpha, &both, NULL), 0);
    kit_write(both, "a.png");
    picture pic = kit_load("a.png");
    assert_int_equal(pic.image.channels, 4);
    kit_save(&pic, "b.png", PICTURE_PNG, 0);
    picture again = kit_load("b.png");
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            assert_int_equal(kit_sample(&pic.image, x, y, 3), *VIPS_IMAGE_ADDR(alpha, x, y));
            assert_int_equal(kit_sample(&again.image, x, y, 3), *VIPS_IMAGE_ADDR(alpha, x, y));
        }
    picture_free(&again);
    picture_free(&pic);
    g_object_unref(both);
    g_object_unref(alpha);
    g_object_unref(wide);
    g_object_unref(meant);
    kit_clear();
}

static void a_grey_profile_stays_grey(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 1, 8);
    kit_bytes profile = kit_linear_grey_profile();
    vips_image_set_blob_copy(made, VIPS_META_ICC_NAME, profile.data, profile.length);
    kit_write(made, "a.png");
    picture pic = kit_load("a.png");
    assert_null(pic.notes);
    assert_int_equal(pic.image.channels, 1);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) /* linear 0.2 is 0.48 of sRGB's scale: light greys only grow lighter */
            assert_true(kit_sample(&pic.image, x, y, 0) >= *VIPS_IMAGE_ADDR(made, x, y));
    kit_save(&pic, "b.png", PICTURE_PNG, 0);
    VipsImage *written = kit_open("b.png");
    assert_true(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
    assert_true(largest_difference(made, written) <= 2);
    g_object_unref(written);

    kit_save(&pic, "c.webp", PICTURE_WEBP, 100); /* has no grey, so the profile cannot be embedded */
    written = kit_open("c.webp");
    assert_false(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
    assert_int_equal(*VIPS_IMAGE_ADDR(written, 20, 9), kit_sample(&pic.image, 20, 9, 0));
    g_object_unref(written);
    picture_free(&pic);
    g_object_unref(made);
    kit_clear();
}

static void cmyk_becomes_srgb(void **state)
{
    (void)state;
    static const char *const names[] = {"a.jpg", "a.tif"};
    for (int with_profile = 0; with_profile < 2; with_profile++)
        for (int i = 0; i < 2; i++) {
            VipsImage *meant = kit_muted_picture(WIDTH, HEIGHT, 3, 8), *cmyk = kit_in_profile(meant, "cmyk", 8);
            if (!with_profile)
                vips_image_remove(cmyk, VIPS_META_ICC_NAME);
            kit_write(cmyk, i ? "a.tif" : "a.jpg[Q=100,subsample_mode=off]");
            picture pic = kit_load(names[i]);
            assert_int_equal(pic.image.channels, 3);
            assert_string_equal(pic.notes, "The picture was converted from CMYK to sRGB.");
            VipsImage *work = pixels_wrap(&pic.image);
            assert_true(largest_difference(meant, work) <=
                        40); /* paper is no screen; inverted or mixed up it would be 150 */
            g_object_unref(work);
            kit_save(&pic, "b.png", PICTURE_PNG, 0);
            VipsImage *written = kit_open("b.png");
            assert_int_equal(written->Bands, 3);
            assert_false(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
            g_object_unref(written);
            picture_free(&pic);
            g_object_unref(cmyk);
            g_object_unref(meant);
            kit_clear();
        }
}

/* A profile with an impossible rendering intent: lcms can use it, libpng refuses to write it (another PNG encoder may
 * not). Then the colours are sRGB without a profile; either way the picture looks the same. */
static void a_profile_that_png_refuses_costs_no_colour(void **state)
{
    (void)state;
    VipsImage *meant = kit_muted_picture(WIDTH, HEIGHT, 3, 8), *wide = kit_in_profile(meant, "p3", 8);
    const void *profile;
    size_t length;
    profile_blob(wide, &profile, &length);
    unsigned char *odd = g_memdup2(profile, length);
    memset(odd + 64, 0xFF, 4);
    vips_image_set_blob_copy(wide, VIPS_META_ICC_NAME, odd, length);
    kit_write(wide, "a.tif");
    picture pic = kit_load("a.tif");
    assert_true(pic.extras->converted);
    gpen_error error;
    picture_save_options options = {.format = PICTURE_PNG};
    char *notes;
    assert_int_equal(picture_save(&pic.image, pic.extras, kit_path("b.png"), &options, &notes, &error), GPEN_OK);
    VipsImage *written = kit_open("b.png");
    bool embedded = vips_image_get_typeof(written, VIPS_META_ICC_NAME) != 0;
    assert_int_equal(!embedded, notes && strstr(notes, "cannot be written"));
    picture again = kit_load("b.png");
    assert_true(kit_largest_difference(&pic.image, &again.image) <= (embedded ? 2 : 0));
    assert_int_equal(kit_count_files(), 2);
    picture_free(&again);
    g_object_unref(written);
    free(notes);
    picture_free(&pic);
    g_free(odd);
    g_object_unref(wide);
    g_object_unref(meant);
    kit_clear();
}

/* ---------------------------------------------------------------- profiles that are none */

static void check_ignored_profile(const void *profile, size_t length, int channels, const char *note)
{
    VipsImage *made = kit_picture(WIDTH, HEIGHT, channels, 8);
    vips_image_set_blob_copy(made, VIPS_META_ICC_NAME, profile, length);
    kit_write(made, "a.tif");
    g_object_unref(made);
    picture pic = kit_load("a.tif");
    gpen_image meant = kit_image(WIDTH, HEIGHT, channels, 8);
    assert_int_equal(kit_largest_difference(&pic.image, &meant), 0);
    assert_non_null(pic.notes);
    assert_non_null(strstr(pic.notes, note));
    kit_save(&pic, "b.tif", PICTURE_TIFF, 0);
    VipsImage *written = kit_open("b.tif");
    assert_false(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
    g_object_unref(written);
    gpen_image_free(&meant);
    picture_free(&pic);
    kit_clear();
}

static void broken_and_foreign_profiles_are_ignored(void **state)
{
    (void)state;
    VipsBlob *blob;
    size_t length;
    assert_int_equal(vips_profile_load("p3", &blob, NULL), 0);
    const void *p3 = vips_blob_get(blob, &length);
    check_ignored_profile("rubbish, and not even long", 26, 3, "damaged");
    check_ignored_profile(p3, length / 2, 3, "damaged");
    unsigned char *changed = g_memdup2(p3, length);
    for (size_t i = 132; i < length; i++)
        changed[i] = (unsigned char)(i * 37);
    check_ignored_profile(changed, length, 3, "damaged");
    g_free(changed);
    check_ignored_profile(p3, length, 1, "another kind");
    vips_area_unref(VIPS_AREA(blob));

    assert_int_equal(vips_profile_load("cmyk", &blob, NULL), 0);
    const void *cmyk = vips_blob_get(blob, &length);
    check_ignored_profile(cmyk, length, 3, "another kind");
    check_ignored_profile(cmyk, length, 4, "another kind"); /* RGB and alpha are four channels too */
    vips_area_unref(VIPS_AREA(blob));
    kit_bytes grey = kit_linear_grey_profile();
    check_ignored_profile(grey.data, grey.length, 3, "another kind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_profile_goes_to_srgb_and_back),
        cmocka_unit_test(an_srgb_profile_leaves_every_sample),
        cmocka_unit_test(alpha_passes_a_conversion_unchanged),
        cmocka_unit_test(a_grey_profile_stays_grey),
        cmocka_unit_test(cmyk_becomes_srgb),
        cmocka_unit_test(a_profile_that_png_refuses_costs_no_colour),
        cmocka_unit_test(broken_and_foreign_profiles_are_ignored),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

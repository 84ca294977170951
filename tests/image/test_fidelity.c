/* What picture_put and picture_save_own promise: outside the touched pixels a lossless result has the samples of the file
 * bit for bit, whatever its bits, alpha, profile and orientation; inside it has the result's colours in the photo's own
 * profile. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"

enum { WIDTH = 61, HEIGHT = 43 };

static const picture_save_options as_png = {.format = PICTURE_PNG}, as_tiff = {.format = PICTURE_TIFF};

/* A face's mask: a block with holes, so that touched and untouched pixels lie side by side. */
static bool is_touched(int x, int y)
{
    return x >= 20 && x < 41 && y >= 10 && y < 30 && (x + y) % 3;
}

static uint8_t *mask(void)
{
    static uint8_t touched[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        touched[i] = is_touched(i % WIDTH, i / WIDTH);
    return touched;
}

static void set_sample(const gpen_image *image, int x, int y, int c, int value)
{
    char *row = (char *)image->pixels + image->row_bytes * (size_t)y;
    size_t at = (size_t)x * (size_t)image->channels + (size_t)c;
    if (image->bits == 16)
        ((uint16_t *)(void *)row)[at] = (uint16_t)value;
    else
        ((uint8_t *)row)[at] = (uint8_t)value;
}

/* A result that differs from the picture everywhere, alpha included, which is not to be taken. */
static gpen_image different(const gpen_image *image)
{
    gpen_image result;
    gpen_error error;
    int full = image->bits == 16 ? 65535 : 255;
    assert_int_equal(image_new(&result, image->width, image->height, image->channels, image->bits, &error), GPEN_OK);
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            for (int c = 0; c < image->channels; c++)
                set_sample(&result, x, y, c, (full - kit_sample(image, x, y, c)) / 2 + full / 5);
    return result;
}

static int vips_sample(VipsImage *image, int x, int y, int c)
{
    VipsPel *pixel = VIPS_IMAGE_ADDR(image, x, y);
    return image->BandFmt == VIPS_FORMAT_USHORT ? ((uint16_t *)(void *)pixel)[c] : pixel[c];
}

/* ---------------------------------------------------------------- Display P3, by the formulas of the standards */

static double to_linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double from_linear(double v)
{
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

/* sRGB to Display P3: both have D65 white and the same curve, so three by three numbers between linear light. */
static double p3_of(const gpen_image *result, int x, int y, int c)
{
    static const double matrix[3][3] = {{0.822461969, 0.177538031, 0},
                                        {0.033194199, 0.966805801, 0},
                                        {0.017082631, 0.072397440, 0.910519929}};
    double full = result->bits == 16 ? 65535 : 255, sum = 0;
    for (int k = 0; k < 3; k++)
        sum += matrix[c][k] * to_linear(kit_sample(result, x, y, k) / full);
    return from_linear(sum) * full;
}

typedef struct p3_case {
    const char *name;
    int channels, bits, orientation;
} p3_case;

/* tolerance: a 257th of the range at 16 bits, one level at 8. */
static void check_p3(const p3_case *one, const picture_save_options *options)
{
    VipsImage *muted = kit_muted_picture(WIDTH, HEIGHT, 3, one->bits), *wide = kit_in_profile(muted, "p3", one->bits);
    VipsImage *alpha = kit_picture(WIDTH, HEIGHT, 1, one->bits), *file;
    assert_int_equal(one->channels == 4 ? vips_bandjoin2(wide, alpha, &file, NULL) : vips_copy(wide, &file, NULL), 0);
    file = kit_solid(file);
    vips_image_set_int(file, VIPS_META_ORIENTATION, one->orientation);
    kit_write(file, one->name);
    picture pic = kit_load(one->name);
    assert_non_null(pic.native.pixels);
    assert_int_equal(pic.image.channels, one->channels);
    assert_int_equal(pic.image.bits, one->bits);
    gpen_image result = different(&pic.image);
    gpen_error error;
    assert_int_equal(picture_put(&pic, &result, mask(), &error), GPEN_OK);
    kit_save_own(&pic, "out", options);

    VipsImage *written = kit_open("out");
    assert_int_equal(written->Bands, one->channels);
    assert_true(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
    double tolerance = one->bits == 16 ? 65535 / 257.0 : 1.01;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < one->channels; c++) {
                int from_x = one->orientation == 3 ? WIDTH - 1 - x : x;
                int from_y = one->orientation == 3 ? HEIGHT - 1 - y : y;
                int got = vips_sample(written, x, y, c);
                if (is_touched(x, y) && c < 3)
                    assert_true(fabs(got - p3_of(&result, x, y, c)) <= tolerance);
                else
                    assert_int_equal(got, vips_sample(file, from_x, from_y, c));
                if (is_touched(x, y) && c < 3) /* the sRGB picture follows */
                    assert_int_equal(kit_sample(&pic.image, x, y, c), kit_sample(&result, x, y, c));
            }
    g_object_unref(written);
    gpen_image_free(&result);
    picture_free(&pic);
    g_object_unref(file);
    g_object_unref(alpha);
    g_object_unref(wide);
    g_object_unref(muted);
    kit_clear();
}

static void a_wide_photo_changes_only_where_touched(void **state)
{
    (void)state;
    static const p3_case cases[] = {
        {"a.tif", 4, 16, 1}, {"a.tif", 4, 16, 3}, {"a.tif", 3, 8, 1}, {"a.png", 4, 8, 1}, {"a.png", 3, 16, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_p3(&cases[i], &as_tiff);
        check_p3(&cases[i], &as_png);
    }
    static const p3_case webp = {"a.webp[lossless]", 3, 8, 1};
    p3_case plain = webp;
    plain.name = "a.png";
    check_p3(&plain, &(picture_save_options){.format = PICTURE_WEBP, .quality = 100});
}

/* Without a profile the picture itself holds the file's samples: there is no second copy. */
static void a_photo_without_profile_changes_only_where_touched(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 4; channels++)
        for (int bits = 8; bits <= 16; bits += 8) {
            VipsImage *made = kit_picture(WIDTH, HEIGHT, channels, bits);
            kit_write(made, "a.png");
            picture pic = kit_load("a.png");
            assert_null(pic.native.pixels);
            gpen_image result = different(&pic.image);
            gpen_error error;
            assert_int_equal(picture_put(&pic, &result, mask(), &error), GPEN_OK);
            kit_save_own(&pic, "out", channels % 2 ? &as_tiff : &as_png);
            VipsImage *written = kit_open("out");
            for (int y = 0; y < HEIGHT; y++)
                for (int x = 0; x < WIDTH; x++)
                    for (int c = 0; c < channels; c++) {
                        bool taken = is_touched(x, y) && (channels % 2 || c < channels - 1);
                        assert_int_equal(vips_sample(written, x, y, c),
                                         taken ? kit_sample(&result, x, y, c) : vips_sample(made, x, y, c));
                    }
            g_object_unref(written);
            gpen_image_free(&result);
            picture_free(&pic);
            g_object_unref(made);
            kit_clear();
        }
}

/* Linear grey: a value v of sRGB's scale is to_linear(v) there. */
static void a_grey_photo_takes_grey_in_its_profile(void **state)
{
    (void)state;
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 1, 8);
    kit_bytes profile = kit_linear_grey_profile();
    vips_image_set_blob_copy(made, VIPS_META_ICC_NAME, profile.data, profile.length);
    kit_write(made, "a.png");
    picture pic = kit_load("a.png");
    assert_non_null(pic.native.pixels);
    assert_int_equal(pic.native.channels, 1);
    gpen_image result = different(&pic.image);
    gpen_error error;
    assert_int_equal(picture_put(&pic, &result, mask(), &error), GPEN_OK);
    kit_save_own(&pic, "out", &as_png);
    VipsImage *written = kit_open("out");
    assert_true(vips_image_get_typeof(written, VIPS_META_ICC_NAME));
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int got = vips_sample(written, x, y, 0);
            if (is_touched(x, y))
                assert_true(fabs(got - 255 * to_linear(kit_sample(&result, x, y, 0) / 255.0)) <= 1.5);
            else
                assert_int_equal(got, vips_sample(made, x, y, 0));
        }
    g_object_unref(written);

    /* WebP has no grey, so the profile cannot go along: the colours are sRGB's then, and it is said. */
    char *notes;
    picture_save_options webp = {.format = PICTURE_WEBP, .quality = 100};
    assert_int_equal(picture_save_own(&pic, kit_path("b.webp"), &webp, &notes, &error), GPEN_OK);
    assert_string_equal(notes, "The colour profile cannot be written to this file: the colours are sRGB.");
    written = kit_open("b.webp");
    assert_int_equal(vips_sample(written, 5, 5, 0), kit_sample(&pic.image, 5, 5, 0));
    assert_int_equal(vips_sample(written, 25, 15, 0), kit_sample(&result, 25, 15, 0));
    g_object_unref(written);
    free(notes);
    gpen_image_free(&result);
    picture_free(&pic);
    g_object_unref(made);
    kit_clear();
}

/* ---------------------------------------------------------------- what has no samples to keep */

/* Right is: three channels of sRGB, no profile in the result, every sample of a lossless result as it was loaded or put. */
static void a_cmyk_photo_comes_out_as_srgb(void **state)
{
    (void)state;
    VipsImage *muted = kit_muted_picture(WIDTH, HEIGHT, 3, 8), *cmyk = kit_in_profile(muted, "cmyk", 8);
    kit_write(cmyk, "a.jpg[Q=100,subsample_mode=off]");
    picture pic = kit_load("a.jpg"), again;
    assert_null(pic.native.pixels);
    assert_int_equal(pic.image.channels, 3);
    gpen_image before = different(&pic.image), result = different(&before);
    gpen_image_free(&before);
    before = pic.image;
    before.pixels = g_memdup2(pic.image.pixels, pic.image.row_bytes * HEIGHT);
    gpen_error error;
    assert_int_equal(picture_put(&pic, &result, mask(), &error), GPEN_OK);
    kit_save_own(&pic, "out", &as_png);
    again = kit_load("out");
    assert_null(extras_find(again.extras, VIPS_META_ICC_NAME));
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                assert_int_equal(kit_sample(&again.image, x, y, c),
                                 kit_sample(is_touched(x, y) ? &result : &before, x, y, c));
    g_free(before.pixels);
    picture_free(&again);
    gpen_image_free(&result);
    picture_free(&pic);
    g_object_unref(cmyk);
    g_object_unref(muted);
    kit_clear();
}

/* Right is: 8-bit grey, black 0 and white 255 but for what was put. */
static void a_one_bit_scan_comes_out_as_grey(void **state)
{
    (void)state;
    static const char *const names[] = {"a.tif", "a.png"};
    for (int i = 0; i < 2; i++) {
        VipsImage *grey = kit_picture(WIDTH, HEIGHT, 1, 8), *two;
        assert_int_equal(vips_moreeq_const1(grey, &two, 128, NULL), 0);
        two = kit_solid(two);
        kit_write(two, i ? "a.png[bitdepth=1]" : "a.tif[bitdepth=1]");
        picture pic = kit_load(names[i]);
        assert_null(pic.native.pixels);
        gpen_image result = different(&pic.image);
        gpen_error error;
        assert_int_equal(picture_put(&pic, &result, mask(), &error), GPEN_OK);
        kit_save_own(&pic, "out", i ? &as_png : &as_tiff);
        VipsImage *written = kit_open("out");
        assert_int_equal(written->Bands, 1);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                assert_int_equal(vips_sample(written, x, y, 0),
                                 is_touched(x, y) ? kit_sample(&result, x, y, 0) : vips_sample(two, x, y, 0));
        g_object_unref(written);
        gpen_image_free(&result);
        picture_free(&pic);
        g_object_unref(two);
        g_object_unref(grey);
        kit_clear();
    }
}

/* Right is: one channel, the samples that libvips decodes, the EXIF dropped with a note, and a JPEG that reads back. */
static void a_grey_jpeg_with_broken_exif_comes_out(void **state)
{
    (void)state;
    static const char rubbish[] = "Exif\0\0II*\0\xFF\xFF\xFF\x7Frubbish";
    VipsImage *made = kit_picture(WIDTH, HEIGHT, 1, 8);
    kit_write(made, "a.jpg[strip]");
    VipsImage *meant = kit_open("a.jpg");
    kit_bytes bytes = kit_read_file("a.jpg"), whole = kit_insert_segment(bytes, 0xE1, rubbish, sizeof rubbish - 1);
    kit_write_file("b.jpg", whole.data, whole.length);
    picture pic = kit_load("b.jpg");
    assert_string_equal(pic.notes, "The EXIF data was damaged and left out.");
    assert_int_equal(pic.image.channels, 1);
    kit_save_own(&pic, "c.png", &as_png);
    VipsImage *written = kit_open("c.png");
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            assert_int_equal(vips_sample(written, x, y, 0), vips_sample(meant, x, y, 0));
    kit_save_own(&pic, "d.jpg", &(picture_save_options){.format = picture_format_kept(pic.format)});
    picture again = kit_load("d.jpg");
    assert_null(again.notes);
    assert_int_equal(again.image.channels, 1);
    picture_free(&again);
    picture_free(&pic);
    g_object_unref(written);
    g_object_unref(meant);
    g_object_unref(made);
    g_free(whole.data);
    g_free(bytes.data);
    kit_clear();
}

/* Right is: a JPEG, nearly the colours that were encoded. False: this libvips cannot write such a file. */
static bool becomes_a_jpeg(VipsImage *soft, const char *name)
{
    if (!vips_type_find("VipsOperation", "heifsave") || vips_image_write_to_file(soft, kit_path(name), "Q", 95, NULL)) {
        vips_error_clear();
        kit_clear();
        return false;
    }
    picture pic = kit_load(name);
    assert_int_equal(pic.format, PICTURE_HEIF);
    assert_int_equal(picture_format_kept(pic.format), PICTURE_JPEG);
    for (int i = 0; i < 64 * 3; i++)
        assert_true(abs(kit_sample(&pic.image, i / 3, 30, i % 3) - vips_sample(soft, i / 3, 30, i % 3)) <= 12);
    kit_save_own(&pic, "out", &(picture_save_options){.format = PICTURE_JPEG});
    picture again = kit_load("out");
    assert_int_equal(again.format, PICTURE_JPEG);
    assert_true(kit_largest_difference(&again.image, &pic.image) <= 12);
    picture_free(&again);
    picture_free(&pic);
    kit_clear();
    return true;
}

static void heic_and_avif_become_jpeg(void **state)
{
    (void)state;
    VipsImage *made = kit_muted_picture(64, 64, 3, 8), *soft;
    assert_int_equal(vips_gaussblur(made, &soft, 3, NULL), 0);
    soft = kit_solid(soft);
    const char *sanitized = getenv("GPEN_SANITIZED"); /* then no HEIC: x265, which only this test needs, leaks */
    bool heic = !(sanitized && *sanitized) && becomes_a_jpeg(soft, "a.heic"), avif = becomes_a_jpeg(soft, "a.avif");
    g_object_unref(soft);
    g_object_unref(made);
    print_message("HEIC %s, AVIF %s\n", heic ? "checked" : "cannot be written here",
                  avif ? "checked" : "cannot be written here");
    if (!heic && !avif)
        skip();
}

/* ---------------------------------------------------------------- picture_put itself */

static void results_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    picture pic = {.image = kit_image(WIDTH, HEIGHT, 3, 8)};
    gpen_image others[] = {kit_image(WIDTH + 1, HEIGHT, 3, 8), kit_image(WIDTH, HEIGHT - 1, 3, 8),
                           kit_image(WIDTH, HEIGHT, 4, 8), kit_image(WIDTH, HEIGHT, 3, 16)};
    gpen_error error;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(picture_put(&pic, &others[i], NULL, &error), GPEN_BAD_ARGUMENT);
        gpen_image_free(&others[i]);
    }
    gpen_image none = {0};
    assert_int_equal(picture_put(&pic, &none, NULL, NULL), GPEN_BAD_ARGUMENT);
    gpen_image_free(&pic.image);
}

/* Without a mask all is taken; rows may have gaps; nothing touched changes nothing. */
static void masks_and_gaps(void **state)
{
    (void)state;
    static const uint8_t nothing[WIDTH * HEIGHT];
    gpen_image wide = kit_image(WIDTH + 9, HEIGHT, 4, 16), result = wide, before = kit_image(WIDTH, HEIGHT, 4, 16);
    result.width = WIDTH;
    picture pic = {.image = different(&before)};
    gpen_image same = different(&before);
    gpen_error error;
    assert_int_equal(picture_put(&pic, &result, nothing, &error), GPEN_OK);
    assert_int_equal(kit_largest_difference(&pic.image, &same), 0);
    assert_int_equal(picture_put(&pic, &result, NULL, &error), GPEN_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 4; c++)
                assert_int_equal(kit_sample(&pic.image, x, y, c), kit_sample(c < 3 ? &result : &same, x, y, c));
    gpen_image_free(&same);
    gpen_image_free(&pic.image);
    gpen_image_free(&before);
    gpen_image_free(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_photo_changes_only_where_touched),
        cmocka_unit_test(a_photo_without_profile_changes_only_where_touched),
        cmocka_unit_test(a_grey_photo_takes_grey_in_its_profile),
        cmocka_unit_test(a_cmyk_photo_comes_out_as_srgb),
        cmocka_unit_test(a_one_bit_scan_comes_out_as_grey),
        cmocka_unit_test(a_grey_jpeg_with_broken_exif_comes_out),
        cmocka_unit_test(heic_and_avif_become_jpeg),
        cmocka_unit_test(results_that_do_not_fit_are_refused),
        cmocka_unit_test(masks_and_gaps),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

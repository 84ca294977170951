/* Writing: lossless formats hold every sample, what a format cannot hold is said, what was there stays, and a failure
 * leaves nothing behind. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"

enum { WIDTH = 61, HEIGHT = 43 };

static const picture_save_options png = {.format = PICTURE_PNG};

static void lossless_formats_hold_every_sample(void **state)
{
    (void)state;
    static const picture_format formats[] = {PICTURE_PNG, PICTURE_TIFF, PICTURE_WEBP};
    for (int f = 0; f < 3; f++)
        for (int channels = 1; channels <= 4; channels++)
            for (int bits = 8; bits <= (formats[f] == PICTURE_WEBP ? 8 : 16); bits += 8) {
                picture pic = {.image = kit_image(WIDTH, HEIGHT, channels, bits)};
                kit_save(&pic, "out", formats[f], 100);
                assert_int_equal(kit_count_files(), 1);
                picture again = kit_load("out");
                assert_int_equal(again.format, formats[f]);
                bool grey_webp = formats[f] == PICTURE_WEBP && channels < 3;
                assert_int_equal(again.image.channels, grey_webp ? channels + 2 : channels);
                assert_int_equal(again.image.bits, bits);
                for (int y = 0; y < HEIGHT; y++)
                    for (int x = 0; x < WIDTH; x++)
                        for (int c = 0; c < again.image.channels; c++) {
                            int from = !grey_webp ? c : c < 3 ? 0 : 1;
                            bool unseen = formats[f] == PICTURE_WEBP && channels % 2 == 0 &&
                                          !kit_sample(&pic.image, x, y, channels - 1);
                            if (!unseen)
                                assert_int_equal(kit_sample(&again.image, x, y, c), kit_sample(&pic.image, x, y, from));
                        }
                picture_free(&again);
                gpen_image_free(&pic.image);
                kit_clear();
            }
}

static void rows_with_gaps_are_written_without(void **state)
{
    (void)state;
    gpen_image whole = kit_image(WIDTH, HEIGHT, 3, 8);
    gpen_image part = whole;
    part.width = 20;
    gpen_error error;
    assert_int_equal(picture_save(&part, NULL, kit_path("out"), &png, NULL, &error), GPEN_OK);
    picture again = kit_load("out");
    assert_int_equal(kit_largest_difference(&again.image, &part), 0);
    picture_free(&again);
    gpen_image_free(&whole);
    kit_clear();
}

static void what_a_format_cannot_hold_is_said(void **state)
{
    (void)state;
    gpen_image image = kit_image(WIDTH, HEIGHT, 4, 16);
    gpen_error error;
    char *notes;
    picture_save_options options = {.format = PICTURE_JPEG, .quality = 100};
    assert_int_equal(picture_save(&image, NULL, kit_path("out"), &options, &notes, &error), GPEN_OK);
    assert_non_null(strstr(notes, "flattened on white"));
    assert_non_null(strstr(notes, "rounded to 8 bits"));
    free(notes);
    picture again = kit_load("out");
    assert_int_equal(again.image.channels, 3);
    for (int y = 8; y < HEIGHT; y += 5) {
        int alpha = kit_sample(&image, 20, y, 3), colour = kit_sample(&image, 20, y, 0);
        double meant = (colour / 257.0 * alpha + 255.0 * (65535 - alpha)) / 65535;
        assert_true(abs(kit_sample(&again.image, 20, y, 0) - (int)meant) < 40); /* JPEG rings at the pattern's edges */
    }
    picture_free(&again);
    kit_clear();

    options = (picture_save_options){.format = PICTURE_WEBP, .quality = 100};
    assert_int_equal(picture_save(&image, NULL, kit_path("out"), &options, &notes, &error), GPEN_OK);
    assert_string_equal(notes, "WebP has no 16-bit samples: they were rounded to 8 bits.");
    free(notes);
    again = kit_load("out");
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 4; c++)
                if (kit_sample(&again.image, x, y, 3))
                    assert_int_equal(kit_sample(&again.image, x, y, c), (kit_sample(&image, x, y, c) * 2 + 257) / 514);
    picture_free(&again);
    gpen_image_free(&image);
    kit_clear();
}

/* White on white stays white, whatever the alpha. */
static void flattening_keeps_white_white(void **state)
{
    (void)state;
    gpen_image image = kit_image(WIDTH, HEIGHT, 2, 8);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        ((uint8_t *)image.pixels)[i * 2] = 255;
    picture pic = {.image = image};
    kit_save(&pic, "out", PICTURE_JPEG, 0);
    picture again = kit_load("out");
    assert_int_equal(again.image.channels, 1);
    for (int x = 0; x < WIDTH; x++)
        assert_int_equal(kit_sample(&again.image, x, 7, 0), 255);
    picture_free(&again);
    gpen_image_free(&image);
    kit_clear();
}

static void good_jpegs_keep_their_chroma(void **state)
{
    (void)state;
    picture pic = {.image = kit_image(WIDTH, HEIGHT, 3, 8)};
    static const int qualities[] = {0, 90, 80};
    static const char *const chroma[] = {"4:4:4", "4:4:4", "4:2:0"};
    for (int i = 0; i < 3; i++) {
        kit_save(&pic, "out", PICTURE_JPEG, qualities[i]);
        VipsImage *read = kit_open("out");
        const char *found;
        assert_int_equal(vips_image_get_string(read, "jpeg-chroma-subsample", &found), 0);
        assert_string_equal(found, chroma[i]);
        g_object_unref(read);
        kit_clear();
    }
    gpen_image_free(&pic.image);
}

/* ---------------------------------------------------------------- refusals */

static void what_is_there_stays(void **state)
{
    (void)state;
    gpen_image image = kit_image(WIDTH, HEIGHT, 3, 8);
    gpen_error error;
    kit_write_file("out", "mine", 4);
    assert_int_equal(picture_save(&image, NULL, kit_path("out"), &png, NULL, &error), GPEN_EXISTS);
    kit_bytes bytes = kit_read_file("out");
    assert_int_equal(bytes.length, 4);
    g_free(bytes.data);
    picture_save_options options = {.format = PICTURE_PNG, .overwrite = true};
    assert_int_equal(picture_save(&image, NULL, kit_path("out"), &options, NULL, &error), GPEN_OK);
    picture again = kit_load("out");
    picture_free(&again);
    assert_int_equal(kit_count_files(), 1);
    assert_int_equal(mkdir(kit_path("folder"), 0700), 0);
    assert_int_equal(picture_save(&image, NULL, kit_path("folder"), &options, NULL, &error), GPEN_WRITE_FAILED);
    assert_int_equal(symlink("nowhere", kit_path("link")), 0);
    assert_int_equal(picture_save(&image, NULL, kit_path("link"), &png, NULL, &error), GPEN_EXISTS);
    assert_int_equal(kit_count_files(), 3);
    gpen_image_free(&image);
    kit_clear();
}

static void impossible_wishes_are_refused(void **state)
{
    (void)state;
    gpen_image image = kit_image(WIDTH, HEIGHT, 3, 8), none = {0}, wide;
    gpen_error error;
    assert_int_equal(image_new(&wide, 16384, 1, 1, 8, &error), GPEN_OK);
    picture_save_options options = {.format = PICTURE_HEIF};
    assert_int_equal(picture_save(&image, NULL, kit_path("out"), &options, NULL, &error), GPEN_BAD_ARGUMENT);
    options = (picture_save_options){.format = PICTURE_JPEG, .quality = 101};
    assert_int_equal(picture_save(&image, NULL, kit_path("out"), &options, NULL, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(picture_save(&none, NULL, kit_path("out"), &png, NULL, &error), GPEN_BAD_ARGUMENT);
    options = (picture_save_options){.format = PICTURE_WEBP};
    assert_int_equal(picture_save(&wide, NULL, kit_path("out"), &options, NULL, &error), GPEN_BAD_ARGUMENT);
    assert_non_null(strstr(error.message, "16383"));
    assert_int_equal(picture_save(&image, NULL, kit_path("missing/out"), &png, NULL, &error), GPEN_WRITE_FAILED);
    assert_int_equal(picture_save(&image, NULL, kit_path("missing/out"), &png, NULL, NULL), GPEN_WRITE_FAILED);
    assert_int_equal(kit_count_files(), 0);
    gpen_image_free(&wide);
    gpen_image_free(&image);
}

static void a_write_that_fails_leaves_nothing(void **state)
{
    (void)state;
    static const picture_format formats[] = {PICTURE_JPEG, PICTURE_PNG, PICTURE_WEBP, PICTURE_TIFF};
    gpen_image image = kit_image(400, 300, 3, 8);
    GRand *random = g_rand_new_with_seed(5); /* noise, which no format makes small */
    for (int i = 0; i < 400 * 300 * 3; i++)
        ((uint8_t *)image.pixels)[i] = (uint8_t)g_rand_int(random);
    g_rand_free(random);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = before;
    small.rlim_cur = 2000;
    for (int i = 0; i < 4; i++) {
        gpen_error error;
        picture_save_options options = {.format = formats[i], .quality = 100};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        gpen_status status = picture_save(&image, NULL, kit_path("out"), &options, NULL, &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, GPEN_WRITE_FAILED);
        assert_non_null(strstr(error.message, "File too large"));
        assert_int_equal(kit_count_files(), 0);
    }
    gpen_image_free(&image);
}

/* ---------------------------------------------------------------- reading back */

static gpen_status verify(const char *name, VipsImage *meant, picture_format format, gpen_error *error)
{
    FILE *file = fopen(kit_path(name), "rb");
    assert_non_null(file);
    bool profile_lost;
    gpen_error_clear(error);
    encoding how = {format, 95, format != PICTURE_JPEG};
    turn_begin(true);
    gpen_status status = verify_written(fileno(file), meant, &how, name, &profile_lost, error);
    turn_end(true);
    fclose(file);
    return status;
}

static void reading_back_notices_damage(void **state)
{
    (void)state;
    static const char *const names[] = {"a.png", "a.tif", "a.jpg"};
    static const picture_format formats[] = {PICTURE_PNG, PICTURE_TIFF, PICTURE_JPEG};
    gpen_error error;
    for (int i = 0; i < 3; i++) {
        VipsImage *meant = kit_picture(WIDTH, HEIGHT, 3, 8), *other, *smaller;
        kit_write(meant, names[i]);
        assert_int_equal(verify(names[i], meant, formats[i], &error), GPEN_OK);

        other = kit_solid(vips_image_copy_memory(meant));
        *VIPS_IMAGE_ADDR(other, WIDTH - 1, HEIGHT - 1) ^= 1;
        assert_int_equal(verify(names[i], other, formats[i], &error), i < 2 ? GPEN_WRITE_FAILED : GPEN_OK);
        assert_int_equal(vips_crop(meant, &smaller, 0, 0, WIDTH, HEIGHT - 1, NULL), 0);
        assert_int_equal(verify(names[i], smaller, formats[i], &error), GPEN_WRITE_FAILED);

        kit_bytes bytes = kit_read_file(names[i]);
        kit_write_file(names[i], bytes.data, bytes.length / 2);
        assert_int_equal(verify(names[i], meant, formats[i], &error), GPEN_WRITE_FAILED);
        memset(bytes.data, 0, bytes.length);
        kit_write_file(names[i], bytes.data, bytes.length);
        assert_int_equal(verify(names[i], meant, formats[i], &error), GPEN_WRITE_FAILED);
        g_free(bytes.data);
        g_object_unref(smaller);
        g_object_unref(other);
        g_object_unref(meant);
        kit_clear();
    }
}

/* ---------------------------------------------------------------- names of formats */

static void endings_and_formats_agree(void **state)
{
    (void)state;
    static const picture_format formats[] = {PICTURE_JPEG, PICTURE_PNG, PICTURE_WEBP, PICTURE_TIFF};
    picture_format found;
    for (int i = 0; i < 4; i++) {
        char name[32] = "some.name";
        strcat(name, picture_format_ending(formats[i]));
        assert_true(picture_format_of_name(name, &found));
        assert_int_equal(found, formats[i]);
        assert_int_equal(picture_format_kept(formats[i]), formats[i]);
    }
    assert_int_equal(picture_format_kept(PICTURE_HEIF), PICTURE_JPEG);
    assert_int_equal(picture_format_kept(PICTURE_OTHER), PICTURE_PNG);
    assert_true(picture_format_of_name("/a.b/C.JPEG", &found));
    assert_int_equal(found, PICTURE_JPEG);
    assert_false(picture_format_of_name("/a.png/c", &found));
    assert_false(picture_format_of_name("a.gif", &found));
    assert_false(picture_format_of_name("png", &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_formats_hold_every_sample), cmocka_unit_test(rows_with_gaps_are_written_without),
        cmocka_unit_test(what_a_format_cannot_hold_is_said),  cmocka_unit_test(flattening_keeps_white_white),
        cmocka_unit_test(good_jpegs_keep_their_chroma),       cmocka_unit_test(what_is_there_stays),
        cmocka_unit_test(impossible_wishes_are_refused),      cmocka_unit_test(a_write_that_fails_leaves_nothing),
        cmocka_unit_test(reading_back_notices_damage),        cmocka_unit_test(endings_and_formats_agree),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

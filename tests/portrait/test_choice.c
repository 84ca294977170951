/* Presets, and the one that chooses: a photo damaged on purpose gets what a person would choose for it, and is told why.
 *
 *     test_choice DETECTOR FACE      a sound picture of a face */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "portrait/room.h"

static const char *detector_path, *face_path;
static gpen_model *model;
static picture face;

static int open_all(void **state)
{
    (void)state;
    gpen_error error = {0};
    const gpen_options options = {.detector = detector_path, .threads = 2};
    if (pictures_begin("test_choice", &error) || picture_load(&face, face_path, NULL, &error) ||
        gpen_model_open(&model, NULL, &options, &error)) {
        print_error("%s\n", error.message);
        return 1;
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    gpen_model_close(model);
    picture_free(&face);
    pictures_end();
    return 0;
}

/* ---------------------------------------------------------------- damage */

typedef struct damage {
    double blur;  /* sigma, pixels */
    double noise; /* sigma, levels */
    bool faded, grey, small;
} damage;

static gpen_image made_smaller(const gpen_image *from)
{
    gpen_image small;
    assert_int_equal(image_new(&small, from->width / 4, from->height / 4, from->channels, from->bits, NULL), GPEN_OK);
    assert_int_equal(image_reduce(from, &small, NULL), GPEN_OK);
    return small;
}

/* Nearly normal, deviation 1. */
static double next_noise(uint32_t *seed)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        sum += (double)(*seed >> 8) / (1 << 24);
    }
    return sum;
}

static gpen_image damaged(const damage *how)
{
    static const double paper[3] = {1.05, 0.95, 0.78};
    gpen_image image;
    plane planes[3];
    uint32_t seed = 9;
    assert_int_equal(image_copy(&face.image, &image, NULL), GPEN_OK);
    size_t pixels = (size_t)image.width * (size_t)image.height;
    for (int c = 0; c < 3; c++) {
        assert_int_equal(plane_new(&planes[c], image.width, image.height, NULL), GPEN_OK);
        for (size_t i = 0; i < pixels; i++)
            planes[c].values[i] =
                (float)image_sample(&image, (int)i % image.width, (int)i / image.width, how->grey ? 1 : c) / 255;
        if (how->blur > 0)
            assert_int_equal(plane_gaussian(&planes[c], how->blur, NULL), GPEN_OK);
    }
    for (size_t i = 0; i < pixels; i++) {
        double grain = next_noise(&seed);
        for (int c = 0; c < 3; c++) {
            double value = planes[c].values[i];
            value = how->faded ? (0.27 + 0.5 * value) * paper[c] : value;
            value += how->noise / 255 * (how->grey ? grain : next_noise(&seed));
            image_set_sample(&image, (int)i % image.width, (int)i / image.width, c,
                             lrint(fmin(fmax(value, 0), 1) * 255));
        }
    }
    for (int c = 0; c < 3; c++)
        plane_free(&planes[c]);
    if (how->small) {
        gpen_image small = made_smaller(&image);
        gpen_image_free(&image);
        image = small;
    }
    return image;
}

/* ---------------------------------------------------------------- choices */

static gpen_choice chosen(const gpen_image *image, int quality, gpen_settings *settings)
{
    gpen_choice choice;
    gpen_error error;
    *settings = gpen_settings_default();
    gpen_settings_take_preset(settings, GPEN_PRESET_AUTO, 0);
    if (gpen_choose(model, image, quality, settings, &choice, &error))
        fail_msg("%s", error.message);
    assert_int_equal(settings->preset, choice.preset);
    return choice;
}

static void each_damage_gets_what_a_person_would_choose(void **state)
{
    (void)state;
    static const struct {
        damage how;
        int quality, reasons;
        gpen_preset preset;
        int least_denoise, most_denoise;
        bool fading;
    } cases[] = {
        {.preset = GPEN_PRESET_EVERYDAY},
        {.quality = 92, .preset = GPEN_PRESET_EVERYDAY},
        {.how = {.grey = true}, .preset = GPEN_PRESET_EVERYDAY},
        {.how = {.noise = 15},
         .preset = GPEN_PRESET_EVERYDAY,
         .reasons = GPEN_REASON_NOISE,
         .least_denoise = 50,
         .most_denoise = 70},
        {.how = {.blur = 5}, .preset = GPEN_PRESET_VERY_BLURRED, .reasons = GPEN_REASON_BLUR},
        {.how = {.blur = 5, .noise = 8},
         .preset = GPEN_PRESET_VERY_BLURRED,
         .reasons = GPEN_REASON_BLUR | GPEN_REASON_NOISE,
         .least_denoise = 50,
         .most_denoise = 70},
        {.quality = 20,
         .preset = GPEN_PRESET_EVERYDAY,
         .reasons = GPEN_REASON_COMPRESSED,
         .least_denoise = 50,
         .most_denoise = 70},
        {.how = {.faded = true},
         .preset = GPEN_PRESET_OLD_PHOTO,
         .reasons = GPEN_REASON_FADED | GPEN_REASON_CAST,
         .least_denoise = 50,
         .most_denoise = 70,
         .fading = true},
        {.how = {.grey = true, .noise = 9},
         .preset = GPEN_PRESET_OLD_PHOTO,
         .reasons = GPEN_REASON_GREY | GPEN_REASON_NOISE,
         .least_denoise = 50,
         .most_denoise = 70},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpen_settings settings;
        gpen_image image = damaged(&cases[i].how);
        const gpen_choice choice = chosen(&image, cases[i].quality, &settings);
        char sentence[GPEN_CHOICE_BYTES];
        gpen_choice_sentence(&choice, GPEN_ENGLISH, sentence);
        print_message("%s\n", sentence);
        assert_int_equal(choice.preset, cases[i].preset);
        assert_int_equal(choice.reasons, cases[i].reasons);
        assert_in_range(settings.denoise, cases[i].least_denoise, cases[i].most_denoise);
        assert_int_equal(settings.fading > 0, cases[i].fading);
        gpen_image_free(&image);
    }
}

/* The file's own tables say how it was compressed, and where they are gone its blocks do. */
static void a_strongly_compressed_file_is_known(void **state)
{
    (void)state;
    char path[] = "/tmp/gpen-choice-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    const picture_save_options options = {.format = PICTURE_JPEG, .quality = 20, .overwrite = true};
    assert_int_equal(picture_save(&face.image, NULL, path, &options, NULL, NULL), GPEN_OK);
    picture read;
    assert_int_equal(picture_load(&read, path, NULL, NULL), GPEN_OK);
    assert_int_equal(read.jpeg_quality, 20);
    for (int known = 0; known < 2; known++) {
        gpen_settings settings;
        const gpen_choice choice = chosen(&read.image, known ? read.jpeg_quality : 0, &settings);
        assert_int_equal(choice.reasons, GPEN_REASON_COMPRESSED);
        assert_in_range(choice.quality, 10, 40);
        assert_true(settings.denoise >= 40);
    }
    picture_free(&read);
    unlink(path);
}

static void small_faces_are_told(void **state)
{
    (void)state;
    gpen_settings settings;
    const damage how = {.blur = 5, .small = true};
    gpen_image image = damaged(&how);
    const gpen_choice choice = chosen(&image, 0, &settings);
    assert_true(choice.face > 0 && choice.face < 48);
    gpen_image_free(&image);
}

static void what_a_person_chose_stays(void **state)
{
    (void)state;
    gpen_settings settings = gpen_settings_default();
    gpen_choice choice;
    const damage how = {.faded = true, .noise = 12};
    gpen_image image = damaged(&how);
    gpen_settings_take_preset(&settings, GPEN_PRESET_AUTO,
                              GPEN_HELD_STRENGTH | GPEN_HELD_DENOISE | GPEN_HELD_FADING | GPEN_HELD_MODE);
    settings.strength = 33;
    settings.denoise = 7;
    settings.fading = 11;
    settings.mode = GPEN_MODE_DETAIL;
    assert_int_equal(gpen_choose(model, &image, 0, &settings, &choice, NULL), GPEN_OK);
    assert_int_equal(settings.preset, GPEN_PRESET_OLD_PHOTO);
    assert_int_equal(settings.strength, 33);
    assert_int_equal(settings.denoise, 7);
    assert_int_equal(settings.fading, 11);
    assert_int_equal(settings.mode, GPEN_MODE_DETAIL);
    assert_true(settings.dust > 0);
    gpen_image_free(&image);
}

/* Any shape of picture is measured, also without a face and without room for one. */
static void any_picture_can_be_measured(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {3, 200}, {64, 7}, {40, 40}};
    for (int channels = 1; channels <= 4; channels++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            gpen_image image;
            gpen_settings settings;
            assert_int_equal(image_new(&image, sizes[i][0], sizes[i][1], channels, i % 2 ? 16 : 8, NULL), GPEN_OK);
            const gpen_choice choice = chosen(&image, 0, &settings);
            assert_int_equal(choice.face, 0);
            assert_true(isfinite(choice.blur) && isfinite(choice.cast) && isfinite(choice.noise));
            gpen_image_free(&image);
        }
    gpen_settings settings = gpen_settings_default();
    gpen_choice choice;
    assert_int_equal(gpen_choose(model, &(gpen_image){0}, 0, &settings, &choice, NULL), GPEN_BAD_ARGUMENT);
}

/* ---------------------------------------------------------------- presets */

static void presets_are_sound_and_differ(void **state)
{
    (void)state;
    for (int preset = 0; preset < GPEN_PRESET_COUNT; preset++) {
        gpen_settings settings = gpen_settings_default();
        gpen_settings_take_preset(&settings, (gpen_preset)preset, 0);
        assert_int_equal(gpen_settings_check(&settings, NULL), GPEN_OK);
        for (int language = 0; language < 2; language++) {
            assert_true(*gpen_preset_title((gpen_preset)preset, (gpen_language)language));
            assert_true(*gpen_preset_sentence((gpen_preset)preset, (gpen_language)language));
        }
        for (int other = 0; other < preset && preset < GPEN_PRESET_AUTO; other++) {
            gpen_settings others = gpen_settings_default();
            gpen_settings_take_preset(&others, (gpen_preset)other, 0);
            others.preset = settings.preset;
            assert_memory_not_equal(&settings, &others, sizeof settings);
        }
    }
    gpen_settings classic = gpen_settings_default();
    gpen_settings_take_preset(&classic, GPEN_PRESET_CLASSIC, 0);
    assert_int_equal(classic.mode, GPEN_MODE_NATURAL);
    assert_int_equal(classic.strength, 60);
    assert_int_equal(classic.denoise, 30);
    assert_int_equal(classic.sharpen, 50);
    assert_string_equal(gpen_preset_name((gpen_preset)99), "unknown");
    classic.preset = (gpen_preset)99;
    assert_int_equal(gpen_settings_check(&classic, NULL), GPEN_BAD_ARGUMENT);
}

/* Each control can be held, and only that one is. */
static void a_bit_holds_its_own_setting(void **state)
{
    (void)state;
    const gpen_settings old = {.mode = GPEN_MODE_PLAIN, .strength = 1, .denoise = 2, .sharpen = 3, .contrast = 4};
    for (int bit = 1; bit <= GPEN_HELD_ALL; bit *= 2) {
        gpen_settings settings = old;
        gpen_settings_take_preset(&settings, GPEN_PRESET_CLASSIC, bit);
        assert_int_equal(settings.mode, bit == GPEN_HELD_MODE ? GPEN_MODE_PLAIN : GPEN_MODE_NATURAL);
        assert_int_equal(settings.strength, bit == GPEN_HELD_STRENGTH ? 1 : 60);
        assert_int_equal(settings.denoise, bit == GPEN_HELD_DENOISE ? 2 : 30);
        assert_int_equal(settings.sharpen, bit == 2 * GPEN_HELD_DENOISE ? 3 : 50);
        assert_int_equal(settings.contrast, bit == 4 * GPEN_HELD_DENOISE ? 4 : 0);
    }
    gpen_settings settings = {.fading = 9};
    gpen_settings_take_preset(&settings, GPEN_PRESET_OLD_PHOTO, GPEN_HELD_FADING);
    assert_int_equal(settings.fading, 9);
}

/* However much there is to tell, in both languages. */
static void a_sentence_is_always_whole(void **state)
{
    (void)state;
    for (int reasons = 0; reasons <= GPEN_REASON_ALL; reasons++)
        for (int language = 0; language < 2; language++) {
            const gpen_choice choice = {.preset = GPEN_PRESET_DOCUMENT_PORTRAIT,
                                        .reasons = reasons,
                                        .denoise = 100,
                                        .noise = 255,
                                        .quality = 100,
                                        .face = 999999};
            char sentence[GPEN_CHOICE_BYTES];
            gpen_choice_sentence(&choice, (gpen_language)language, sentence);
            const char *end = language ? "。" : ".";
            assert_true(strlen(sentence) > strlen(end));
            assert_string_equal(sentence + strlen(sentence) - strlen(end), end);
        }
    char sentence[GPEN_CHOICE_BYTES] = "x";
    gpen_choice_sentence(&(gpen_choice){.preset = GPEN_PRESET_AUTO}, GPEN_ENGLISH, sentence);
    assert_string_equal(sentence, "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_damage_gets_what_a_person_would_choose),
        cmocka_unit_test(a_strongly_compressed_file_is_known),
        cmocka_unit_test(small_faces_are_told),
        cmocka_unit_test(what_a_person_chose_stays),
        cmocka_unit_test(any_picture_can_be_measured),
        cmocka_unit_test(presets_are_sound_and_differ),
        cmocka_unit_test(a_bit_holds_its_own_setting),
        cmocka_unit_test(a_sentence_is_always_whole),
    };
    if (argc != 3)
        return 2;
    detector_path = argv[1];
    face_path = argv[2];
    return cmocka_run_group_tests(tests, open_all, close_all);
}

/* The likeness guard: a restored face passes, another face does not, and what lies between is lowered.
 *
 *     test_likeness RESTORER DETECTOR DAMAGED SOUND      two pictures of one person */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pairs.h"
#include "portrait/likeness.h"

enum { SIZE = 256, ASKED = 80 };

static const char *restorer_path, *detector_path, *paths[2];
static gpen_model *model;
static picture photos[2];

static int open_all(void **state)
{
    (void)state;
    gpen_error error = {0};
    const gpen_options options = {.detector = detector_path, .threads = 2};
    gpen_status status = pictures_begin("test_likeness", &error);
    for (int i = 0; i < 2 && !status; i++)
        status = picture_load(&photos[i], paths[i], NULL, &error);
    if (!status)
        status = gpen_model_open(&model, restorer_path, &options, &error);
    if (status)
        print_error("%s\n", error.message);
    return status != GPEN_OK;
}

static int close_all(void **state)
{
    (void)state;
    gpen_model_close(model);
    picture_free(&photos[0]);
    picture_free(&photos[1]);
    pictures_end();
    return 0;
}

/* ---------------------------------------------------------------- drawn faces */

static likeness measured(const drawing *was, const drawing *is, int channels, int bits)
{
    float landmarks[5][2];
    gpen_image before = draw_face(SIZE, channels, bits, was), after = draw_face(SIZE, channels, bits, is);
    likeness l;
    align_template(SIZE, landmarks);
    assert_int_equal(likeness_measure(&l, NULL, &before, landmarks, &after, NULL), GPEN_OK);
    gpen_image_free(&before);
    gpen_image_free(&after);
    return l;
}

static const drawing blurred = {.softness = 6, .noise = 20}, sharp = {.softness = 1};

static void a_sharper_face_is_the_same(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 4; channels++)
        for (int bits = 8; bits <= 16; bits += 8) {
            const likeness l = measured(&blurred, &sharp, channels, bits);
            assert_true(likeness_at(&l, 100) > 0.7f);
            assert_int_equal(likeness_strength(&l, ASKED), ASKED);
        }
}

static void an_unchanged_face_is_wholly_alike(void **state)
{
    (void)state;
    const likeness l = measured(&blurred, &blurred, 3, 8);
    assert_true(likeness_at(&l, 100) > 0.999f && likeness_at(&l, 0) > 0.999f);
}

static void features_elsewhere_are_somebody_else(void **state)
{
    (void)state;
    const drawing lower = {.softness = 1, .down = 12}, aside = {.softness = 1, .across = -12};
    const likeness moved[] = {measured(&blurred, &lower, 3, 8), measured(&blurred, &aside, 3, 8)};
    for (int i = 0; i < 2; i++) {
        assert_true(likeness_at(&moved[i], 100) < 0.25f);
        assert_int_equal(likeness_strength(&moved[i], ASKED), 0);
    }
}

/* A stranger colour is held back, the more the stranger it is. */
static void colours_lower_the_strength(void **state)
{
    (void)state;
    int before = 100;
    for (int shift = 0; shift <= 120; shift += 10) {
        const drawing tinted = {.softness = 1, .tint = {shift, 0, -shift}};
        const likeness l = measured(&blurred, &tinted, 3, 8);
        int strength = likeness_strength(&l, 100);
        assert_true(strength <= before);
        for (int s = 10; s <= 100; s += 10)
            assert_true(likeness_at(&l, s) <= likeness_at(&l, s - 10) + 1e-4f);
        if (strength)
            assert_true(likeness_at(&l, strength) >= 0.5f);
        before = strength;
    }
    assert_int_equal(before, 0);
    const drawing warm = {.softness = 1, .tint = {30, 0, -30}};
    const likeness l = measured(&blurred, &warm, 3, 8);
    assert_in_range(likeness_strength(&l, 100), 20, 90);
    assert_int_equal(likeness_strength(&l, 10), 10); /* little was asked for, and little is harmless */
}

static void a_face_without_shapes_may_get_some(void **state)
{
    (void)state;
    gpen_image flat, face = draw_face(SIZE, 3, 8, &sharp);
    float landmarks[5][2];
    likeness l;
    assert_int_equal(image_new(&flat, SIZE, SIZE, 3, 8, NULL), GPEN_OK);
    align_template(SIZE, landmarks);
    assert_int_equal(likeness_measure(&l, NULL, &flat, landmarks, &face, NULL), GPEN_OK);
    assert_true(isfinite(likeness_at(&l, 100)));
    assert_int_equal(likeness_measure(&l, NULL, &face, landmarks, &flat, NULL), GPEN_OK);
    assert_int_equal(likeness_strength(&l, ASKED), 0); /* a model that returns nothing */
    gpen_image_free(&flat);
    gpen_image_free(&face);
}

/* ---------------------------------------------------------------- photographs */

/* The crop of a picture's best face, and its landmarks there. */
static gpen_image crop_at(const gpen_image *photo, float landmarks[5][2])
{
    gpen_faces faces;
    gpen_image crop;
    image_affine forward, back;
    assert_int_equal(gpen_detect(model, photo, 0.9f, &faces, NULL), GPEN_OK);
    assert_true(faces.count > 0);
    assert_true(align_face(faces.faces[0].landmarks, SIZE, &forward, &back));
    assert_int_equal(image_new(&crop, SIZE, SIZE, photo->channels, photo->bits, NULL), GPEN_OK);
    image_warp(photo, &forward, 0, 0, &crop);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++)
            landmarks[i][k] = (float)(forward.m[k][0] * (double)faces.faces[0].landmarks[i][0] +
                                      forward.m[k][1] * (double)faces.faces[0].landmarks[i][1] + forward.m[k][2]);
    gpen_faces_free(&faces);
    return crop;
}

/* The damaged picture's face restored to the sound picture's. */
static void the_same_person_passes(void **state)
{
    (void)state;
    float landmarks[2][5][2];
    gpen_image crops[2] = {crop_at(&photos[0].image, landmarks[0]), crop_at(&photos[1].image, landmarks[1])};
    for (int with = 0; with < 2; with++) {
        likeness l;
        detector *finder = with ? &model->detector : NULL;
        assert_int_equal(likeness_measure(&l, finder, &crops[0], landmarks[0], &crops[1], NULL), GPEN_OK);
        assert_true(likeness_at(&l, 100) > 0.6f && !l.lost);
        assert_int_equal(likeness_strength(&l, ASKED), ASKED);
    }
    gpen_image_free(&crops[0]);
    gpen_image_free(&crops[1]);
}

/* Test doubles: restorers that answer with a face of their own, drawn, or the person's in a mirror. */
static void another_face_is_left(void **state)
{
    (void)state;
    float landmarks[5][2];
    gpen_image crop = crop_at(&photos[0].image, landmarks), others[2] = {draw_face(SIZE, 3, 8, &sharp)};
    assert_int_equal(image_copy(&crop, &others[1], NULL), GPEN_OK);
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++)
            for (int c = 0; c < 3; c++)
                image_set_sample(&others[1], x, y, c, image_sample(&crop, SIZE - 1 - x, y, c));
    for (int i = 0; i < 2; i++) {
        likeness l;
        assert_int_equal(likeness_measure(&l, NULL, &crop, landmarks, &others[i], NULL), GPEN_OK);
        print_message("another face: likeness %.3f\n", (double)likeness_at(&l, 100));
        assert_int_equal(likeness_strength(&l, ASKED), 0);
        gpen_image_free(&others[i]);
    }
    gpen_image_free(&crop);
}

/* The same shapes and colours where no face can be found any more. */
static void a_lost_face_is_left(void **state)
{
    (void)state;
    float landmarks[5][2];
    likeness l;
    gpen_image crop = crop_at(&photos[0].image, landmarks), empty;
    assert_int_equal(image_new(&empty, SIZE, SIZE, crop.channels, crop.bits, NULL), GPEN_OK);
    assert_int_equal(likeness_measure(&l, &model->detector, &crop, landmarks, &empty, NULL), GPEN_OK);
    assert_true(l.lost && likeness_at(&l, 100) == 0 && likeness_strength(&l, ASKED) == 0);
    gpen_image_free(&crop);
    gpen_image_free(&empty);
}

static void a_photo_says_what_the_guard_measured(void **state)
{
    (void)state;
    gpen_settings settings = gpen_settings_default();
    for (int guard = 0; guard < 3; guard++) { /* off, on, and in plain, where there is none */
        gpen_image restored;
        gpen_faces faces;
        settings.likeness = guard > 0;
        settings.mode = guard == 2 ? GPEN_MODE_PLAIN : GPEN_MODE_NATURAL;
        assert_int_equal(gpen_enhance(model, &photos[0].image, &settings, &restored, &faces, NULL), GPEN_OK);
        assert_int_equal(faces.faces[0].state, GPEN_FACE_RESTORED);
        assert_int_equal(faces.faces[0].strength, ASKED);
        if (guard == 1)
            assert_true(faces.faces[0].likeness > 0.6f);
        else
            assert_true(faces.faces[0].likeness == -1);
        gpen_faces_free(&faces);
        gpen_image_free(&restored);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sharper_face_is_the_same),
        cmocka_unit_test(an_unchanged_face_is_wholly_alike),
        cmocka_unit_test(features_elsewhere_are_somebody_else),
        cmocka_unit_test(colours_lower_the_strength),
        cmocka_unit_test(a_face_without_shapes_may_get_some),
        cmocka_unit_test(the_same_person_passes),
        cmocka_unit_test(another_face_is_left),
        cmocka_unit_test(a_lost_face_is_left),
        cmocka_unit_test(a_photo_says_what_the_guard_measured),
    };
    if (argc != 5)
        return 2;
    restorer_path = argv[1];
    detector_path = argv[2];
    paths[0] = argv[3];
    paths[1] = argv[4];
    return cmocka_run_group_tests(tests, open_all, close_all);
}

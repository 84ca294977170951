/* Boxes that a person draws: around a face that was missed, around none, around one that was found, around nothing at all.
 *
 *     test_pointed RESTORER DETECTOR PHOTO      a photo in which two faces are found, the larger one first */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "portrait/room.h"

static const char *restorer_path, *detector_path, *photo_path;
static gpen_model *model;
static picture photo;
static gpen_image tiny;  /* the photo, so much smaller that no face is found */
static gpen_faces sharp; /* of the photo */

enum { SMALLER = 6 };

static gpen_faces detected(const gpen_image *image)
{
    gpen_faces faces;
    gpen_error error;
    if (gpen_detect(model, image, LEAST_MENTIONED, &faces, &error))
        fail_msg("%s", error.message);
    return faces;
}

static int open_all(void **state)
{
    (void)state;
    gpen_error error = {0};
    const gpen_options options = {.detector = detector_path, .threads = 2};
    if (pictures_begin("test_pointed", &error) || picture_load(&photo, photo_path, NULL, &error) ||
        image_new(&tiny, photo.image.width / SMALLER, photo.image.height / SMALLER, 3, 8, &error) ||
        image_reduce(&photo.image, &tiny, &error) || gpen_model_open(&model, restorer_path, &options, &error)) {
        print_error("%s\n", error.message);
        return 1;
    }
    sharp = detected(&photo.image);
    return sharp.count != 2;
}

static int close_all(void **state)
{
    (void)state;
    gpen_faces_free(&sharp);
    gpen_image_free(&tiny);
    gpen_model_close(model);
    picture_free(&photo);
    pictures_end();
    return 0;
}

/* The box, made larger by so many of its widths and heights on each side. */
static void draw(gpen_settings *settings, const float box[4], float looser)
{
    float *drawn = settings->extra_faces[settings->extra_face_count++];
    for (int k = 0; k < 2; k++) {
        float more = looser * (box[k + 2] - box[k]);
        drawn[k] = box[k] - more;
        drawn[k + 2] = box[k + 2] + more;
    }
}

/* The larger face, in the tiny photo. */
static gpen_face tiny_face(void)
{
    gpen_face face = sharp.faces[0];
    for (int k = 0; k < 4; k++)
        face.box[k] /= SMALLER;
    for (int k = 0; k < 10; k++)
        face.landmarks[k / 2][k % 2] /= SMALLER;
    return face;
}

static gpen_settings only_faces(void)
{
    gpen_settings settings = gpen_settings_default();
    settings.likeness = 0;
    return settings;
}

static gpen_faces enhanced(const gpen_image *image, const gpen_settings *settings, gpen_image *restored)
{
    gpen_faces faces;
    gpen_error error;
    if (gpen_enhance(model, image, settings, restored, &faces, &error))
        fail_msg("%s", error.message);
    return faces;
}

static gpen_faces faces_of(const gpen_image *image, const gpen_settings *settings)
{
    gpen_image restored;
    gpen_faces faces = enhanced(image, settings, &restored);
    gpen_image_free(&restored);
    return faces;
}

static float eyes_apart(const gpen_face *face)
{
    return hypotf(face->landmarks[1][0] - face->landmarks[0][0], face->landmarks[1][1] - face->landmarks[0][1]);
}

/* Mean, in distances of the eyes. */
static float landmarks_apart(const gpen_face *a, const gpen_face *b)
{
    float sum = 0;
    for (int i = 0; i < 5; i++)
        sum += hypotf(a->landmarks[i][0] - b->landmarks[i][0], a->landmarks[i][1] - b->landmarks[i][1]);
    return sum / 5 / eyes_apart(b);
}

/* ---------------------------------------------------------------- what a box stands for */

static void a_missed_face_is_seen_from_close(void **state)
{
    (void)state;
    const gpen_face wanted = tiny_face();
    gpen_faces missed = detected(&tiny);
    assert_int_equal(missed.count, 0);
    static const float looser[] = {-0.1f, 0, 0.15f, 0.4f};
    for (size_t i = 0; i < sizeof looser / sizeof *looser; i++) {
        gpen_settings settings = only_faces();
        draw(&settings, wanted.box, looser[i]);
        gpen_faces faces = faces_of(&tiny, &settings);
        assert_int_equal(faces.count, 1);
        const gpen_face *face = &faces.faces[0];
        print_message("box looser by %.2f: score %.3f, landmarks off by %.3f\n", (double)looser[i], (double)face->score,
                      (double)landmarks_apart(face, &wanted));
        assert_true(face->score > 0.3f && face->pointed_at);
        assert_int_equal(face->state, GPEN_FACE_RESTORED);
        assert_true(landmarks_apart(face, &wanted) < 0.25f);
        gpen_faces_free(&faces);
    }
}

/* In each depth and number of channels, and where the box is of the photo's own size. */
static void any_picture_is_looked_at_closely(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 4; channels++)
        for (int bits = 8; bits <= 16; bits += 8) {
            const float box[4] = {0, 0, 70, 40};
            gpen_image grey;
            gpen_face face;
            assert_int_equal(image_new(&grey, 70, 40, channels, bits, NULL), GPEN_OK);
            memset(grey.pixels, 128, grey.row_bytes * (size_t)grey.height);
            assert_int_equal(pointed_find(model, &grey, box, &face, NULL), GPEN_OK);
            assert_true(face.score == 0 && face.pointed_at && face.state == GPEN_FACE_FOUND);
            gpen_image_free(&grey);
        }
}

/* What the box says where the detector says nothing is near what it says where it sees the face. */
static void where_none_is_seen_the_box_is_believed(void **state)
{
    (void)state;
    gpen_settings settings = only_faces();
    gpen_image flat, restored;
    assert_int_equal(image_copy(&photo.image, &flat, NULL), GPEN_OK);
    memset(flat.pixels, 90, flat.row_bytes * (size_t)flat.height);
    draw(&settings, sharp.faces[0].box, 0);
    gpen_faces faces = enhanced(&flat, &settings, &restored);
    assert_int_equal(faces.count, 1);
    const gpen_face *face = &faces.faces[0];
    print_message("believed: landmarks off by %.3f\n", (double)landmarks_apart(face, &sharp.faces[0]));
    assert_true(face->score == 0 && face->pointed_at);
    assert_memory_equal(face->box, settings.extra_faces[0], sizeof face->box);
    assert_int_equal(face->state, GPEN_FACE_RESTORED);
    assert_true(landmarks_apart(face, &sharp.faces[0]) < 0.3f);
    assert_true(memcmp(flat.pixels, restored.pixels, flat.row_bytes * (size_t)flat.height) != 0);
    gpen_faces_free(&faces);
    gpen_image_free(&flat);
    gpen_image_free(&restored);
}

static void a_box_beside_the_photo_fails_alone(void **state)
{
    (void)state;
    static const float beside[][4] = {{-300, -300, -100, -100}, {512, 0, 700, 90}, {0, 508, 90, 600}};
    gpen_settings settings = only_faces(), none = settings;
    gpen_image with, without;
    for (int i = 0; i < 3; i++)
        draw(&settings, beside[i], 0);
    gpen_faces faces = enhanced(&photo.image, &settings, &with), own = enhanced(&photo.image, &none, &without);
    assert_int_equal(faces.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(faces.faces[i].state, i < 2 ? GPEN_FACE_RESTORED : GPEN_FACE_NO_PLACE);
    assert_memory_equal(with.pixels, without.pixels, with.row_bytes * (size_t)with.height);
    gpen_faces_free(&faces);
    gpen_faces_free(&own);
    gpen_image_free(&with);
    gpen_image_free(&without);
}

/* ---------------------------------------------------------------- beside the faces that were found */

static void a_box_around_a_found_face_adds_none(void **state)
{
    (void)state;
    static const float looser[] = {-0.1f, 0, 0.5f};
    for (size_t i = 0; i < sizeof looser / sizeof *looser; i++) {
        gpen_settings settings = only_faces();
        draw(&settings, sharp.faces[0].box, looser[i]);
        gpen_faces faces = faces_of(&photo.image, &settings);
        assert_int_equal(faces.count, 2);
        assert_memory_equal(faces.faces[0].box, sharp.faces[0].box, sizeof sharp.faces[0].box);
        assert_true(faces.faces[0].pointed_at && !faces.faces[1].pointed_at);
        gpen_faces_free(&faces);
    }
}

static void two_boxes_around_one_face_are_one(void **state)
{
    (void)state;
    const gpen_face wanted = tiny_face();
    gpen_settings settings = only_faces();
    draw(&settings, wanted.box, 0);
    draw(&settings, wanted.box, 0.1f);
    gpen_faces faces = faces_of(&tiny, &settings);
    assert_int_equal(faces.count, 1);
    gpen_faces_free(&faces);
}

static void nothing_leaves_out_what_a_person_points_at(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        gpen_settings settings = only_faces(), strict = settings;
        strict.least_face = how == 0 ? 400 : 0;
        strict.least_score = how == 1 ? 1.0f : 0.5f;
        strict.most_faces = how == 2;
        settings = strict;
        draw(&settings, sharp.faces[1].box, 0);
        gpen_faces left = faces_of(&photo.image, &strict), pointed = faces_of(&photo.image, &settings);
        assert_int_equal(left.count, 2);
        assert_int_equal(pointed.count, 2);
        assert_int_not_equal(left.faces[1].state, GPEN_FACE_RESTORED);
        assert_int_equal(pointed.faces[1].state, GPEN_FACE_RESTORED);
        assert_int_equal(left.faces[0].state, pointed.faces[0].state);
        gpen_faces_free(&left);
        gpen_faces_free(&pointed);
    }
}

/* So that the numbers of faces stay what they were. */
static void added_faces_come_last_and_in_order(void **state)
{
    (void)state;
    static const float places[][4] = {{20, 400, 80, 480}, {400, 20, 480, 120}};
    gpen_settings settings = only_faces();
    draw(&settings, places[0], 0);
    draw(&settings, places[1], 0);
    settings.face_strength_count = 2;
    settings.face_strengths[0] = (gpen_face_strength){1, 30};
    settings.face_strengths[1] = (gpen_face_strength){4, 0};
    gpen_faces faces = faces_of(&photo.image, &settings);
    assert_int_equal(faces.count, 4);
    assert_memory_equal(faces.faces[0].box, sharp.faces[0].box, sizeof sharp.faces[0].box);
    assert_int_equal(faces.faces[0].strength, 30);
    for (size_t i = 2; i < 4; i++)
        assert_true(boxes_overlap(faces.faces[i].box, places[i - 2]) > 0.1f);
    assert_int_equal(faces.faces[2].state, GPEN_FACE_RESTORED);
    assert_int_equal(faces.faces[3].state, GPEN_FACE_CHOSEN_OFF);
    gpen_faces_free(&faces);
}

/* ---------------------------------------------------------------- what is no box */

static void what_is_no_box_is_refused(void **state)
{
    (void)state;
    static const float bad[][4] = {{0, 0, 7, 100},     {0, 0, 100, 7},   {100, 0, 0, 100},    {0, 100, 100, 0},
                                   {NAN, 0, 100, 100}, {0, 0, 100, NAN}, {0, 0, INFINITY, 9}, {-2e6f, 0, 100, 100}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gpen_settings settings = only_faces();
        memcpy(settings.extra_faces[0], bad[i], sizeof bad[i]);
        settings.extra_face_count = 1;
        assert_int_equal(gpen_settings_check(&settings, NULL), GPEN_BAD_ARGUMENT);
    }
    gpen_settings settings = only_faces();
    settings.extra_face_count = -1;
    assert_int_equal(gpen_settings_check(&settings, NULL), GPEN_BAD_ARGUMENT);
    settings.extra_face_count = GPEN_MOST_EXTRA_FACES + 1;
    assert_int_equal(gpen_settings_check(&settings, NULL), GPEN_BAD_ARGUMENT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missed_face_is_seen_from_close),
        cmocka_unit_test(any_picture_is_looked_at_closely),
        cmocka_unit_test(where_none_is_seen_the_box_is_believed),
        cmocka_unit_test(a_box_beside_the_photo_fails_alone),
        cmocka_unit_test(a_box_around_a_found_face_adds_none),
        cmocka_unit_test(two_boxes_around_one_face_are_one),
        cmocka_unit_test(nothing_leaves_out_what_a_person_points_at),
        cmocka_unit_test(added_faces_come_last_and_in_order),
        cmocka_unit_test(what_is_no_box_is_refused),
    };
    if (argc != 4)
        return 2;
    restorer_path = argv[1];
    detector_path = argv[2];
    photo_path = argv[3];
    return cmocka_run_group_tests(tests, open_all, close_all);
}

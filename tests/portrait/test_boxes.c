/* Decoding the detector's planes: anchors, thresholds, non-maximum suppression. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "portrait/room.h"

enum { WIDTH = 100, HEIGHT = 70, PLANES = RETINAFACE_LEVELS * RETINAFACE_HEADS };

static const size_t channels[RETINAFACE_HEADS] = {8, 4, 20};

static size_t pixels_of(int level)
{
    int step = 8 << level;
    return (size_t)((WIDTH + step - 1) / step) * (size_t)((HEIGHT + step - 1) / step);
}

/* Planes in which every anchor says "no face". */
static void make_planes(float *planes[PLANES])
{
    for (int i = 0; i < PLANES; i++) {
        size_t pixels = pixels_of(i / RETINAFACE_HEADS), count = channels[i % RETINAFACE_HEADS] * pixels;
        planes[i] = calloc(count, sizeof(float));
        assert_non_null(planes[i]);
        for (size_t k = 0; i % RETINAFACE_HEADS == RETINAFACE_SCORES && k < 2; k++)
            for (size_t p = 0; p < pixels; p++)
                planes[i][2 * k * pixels + p] = 10;
    }
}

static void free_planes(float *planes[PLANES])
{
    for (int i = 0; i < PLANES; i++)
        free(planes[i]);
}

/* Anchor k of a pixel speaks with this probability. */
static void speak(float *planes[PLANES], int level, size_t pixel, size_t k, float probability)
{
    size_t pixels = pixels_of(level);
    float *logits = planes[RETINAFACE_HEADS * level + RETINAFACE_SCORES];
    logits[2 * k * pixels + pixel] = 0;
    logits[(2 * k + 1) * pixels + pixel] = logf(probability / (1 - probability));
}

static gpen_faces decode(float *planes[PLANES], float least)
{
    gpen_faces faces;
    assert_int_equal(boxes_decode(planes, WIDTH, HEIGHT, least, &faces, NULL), GPEN_OK);
    return faces;
}

static void an_anchor_without_offsets_is_its_own_box(void **state)
{
    (void)state;
    float *planes[PLANES];
    make_planes(planes);
    speak(planes, 1, 7 * 1 + 2, 1, 0.95f); /* stride 16: row 1, column 2, side 128 */
    gpen_faces faces = decode(planes, 0.9f);
    assert_int_equal(faces.count, 1);
    const float expected[4] = {40 - 64, 24 - 64, 40 + 64, 24 + 64};
    for (int k = 0; k < 4; k++)
        assert_true(fabsf(faces.faces[0].box[k] - expected[k]) < 1e-3f);
    for (int i = 0; i < 5; i++) {
        assert_true(fabsf(faces.faces[0].landmarks[i][0] - 40) < 1e-3f);
        assert_true(fabsf(faces.faces[0].landmarks[i][1] - 24) < 1e-3f);
    }
    assert_true(fabsf(faces.faces[0].score - 0.95f) < 1e-5f);
    assert_int_equal(faces.faces[0].state, GPEN_FACE_FOUND);
    gpen_faces_free(&faces);
    free_planes(planes);
}

static void offsets_move_and_stretch(void **state)
{
    (void)state;
    float *planes[PLANES];
    make_planes(planes);
    size_t pixels = pixels_of(0), pixel = 13 * 4 + 5; /* stride 8: centre 44, 36, side 16 */
    speak(planes, 0, pixel, 0, 0.99f);
    planes[RETINAFACE_BOXES][pixel] = 5;                        /* right by half a side */
    planes[RETINAFACE_BOXES][2 * pixels + pixel] = 5 * logf(2); /* twice as wide */
    planes[RETINAFACE_LANDMARKS][3 * pixels + pixel] = -10;     /* second landmark, up by a side */
    gpen_faces faces = decode(planes, 0.9f);
    assert_int_equal(faces.count, 1);
    const float expected[4] = {52 - 16, 36 - 8, 52 + 16, 36 + 8};
    for (int k = 0; k < 4; k++)
        assert_true(fabsf(faces.faces[0].box[k] - expected[k]) < 1e-3f);
    assert_true(fabsf(faces.faces[0].landmarks[1][1] - 20) < 1e-3f);
    gpen_faces_free(&faces);
    free_planes(planes);
}

static void of_overlapping_boxes_the_best_stays(void **state)
{
    (void)state;
    float *planes[PLANES];
    make_planes(planes);
    speak(planes, 1, 8, 0, 0.91f);
    speak(planes, 1, 9, 0, 0.97f); /* 16 px further, side 64: overlap 0.6 */
    speak(planes, 0, 0, 0, 0.93f); /* far off */
    speak(planes, 0, 3, 0, 0.85f); /* too unsure */
    gpen_faces faces = decode(planes, 0.9f);
    assert_int_equal(faces.count, 2);
    assert_true(fabsf(faces.faces[0].score - 0.97f) < 1e-4f);
    assert_true(fabsf(faces.faces[1].score - 0.93f) < 1e-4f);
    gpen_faces_free(&faces);
    faces = decode(planes, 0.8f);
    assert_int_equal(faces.count, 3);
    gpen_faces_free(&faces);
    free_planes(planes);
}

static void numbers_that_are_none_make_no_face(void **state)
{
    (void)state;
    float *planes[PLANES];
    make_planes(planes);
    speak(planes, 0, 0, 0, 0.99f);
    planes[RETINAFACE_BOXES][2 * pixels_of(0)] = 1e9f; /* infinitely wide */
    speak(planes, 0, 20, 0, 0.99f);
    planes[RETINAFACE_LANDMARKS][20] = NAN;
    gpen_faces faces = decode(planes, 0.9f);
    assert_int_equal(faces.count, 0);
    gpen_faces_free(&faces);
    for (int i = 0; i < PLANES; i++)
        memset(planes[i], 0xFF, channels[i % RETINAFACE_HEADS] * pixels_of(i / RETINAFACE_HEADS) * sizeof(float));
    faces = decode(planes, 0.02f);
    assert_int_equal(faces.count, 0);
    gpen_faces_free(&faces);
    free_planes(planes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_without_offsets_is_its_own_box),
        cmocka_unit_test(offsets_move_and_stretch),
        cmocka_unit_test(of_overlapping_boxes_the_best_stays),
        cmocka_unit_test(numbers_that_are_none_make_no_face),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sessions: what is rendered from kept crops is what a fresh run gives, bit for bit; and a preview looks like it.
 *
 *     test_session RESTORER DETECTOR PHOTO */
#include <gpen.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/image.h"

static const char *restorer, *detector, *photo_path;
static gpen_model *model;
static picture photo;

static int open_all(void **state)
{
    (void)state;
    gpen_error error = {0};
    const gpen_options options = {.detector = detector, .threads = 2};
    if (pictures_begin("test_session", &error) || picture_load(&photo, photo_path, NULL, &error) ||
        gpen_model_open(&model, restorer, &options, &error)) {
        print_error("%s\n", error.message);
        return 1;
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    gpen_model_close(model);
    picture_free(&photo);
    pictures_end();
    return 0;
}

static gpen_session *opened(void)
{
    gpen_session *session;
    gpen_error error;
    if (gpen_session_open(&session, model, &photo.image, &error))
        fail_msg("%s", error.message);
    return session;
}

static void run(gpen_session *session, const gpen_settings *settings)
{
    gpen_error error;
    if (gpen_session_run(session, settings, &error))
        fail_msg("%s", error.message);
}

static gpen_image rendered(gpen_session *session, const gpen_settings *settings, int edge, gpen_faces *faces)
{
    gpen_error error;
    gpen_image result;
    if (gpen_session_render(session, settings, edge, &result, faces, &error))
        fail_msg("%s", error.message);
    return result;
}

static void expect_as_fresh(gpen_session *session, const gpen_settings *settings)
{
    gpen_image fresh, kept;
    gpen_faces of_fresh, of_kept;
    assert_int_equal(gpen_enhance(model, &photo.image, settings, &fresh, &of_fresh, NULL), GPEN_OK);
    kept = rendered(session, settings, 0, &of_kept);
    assert_int_equal(of_fresh.count, of_kept.count);
    for (size_t i = 0; i < of_fresh.count; i++) {
        assert_int_equal(of_fresh.faces[i].state, of_kept.faces[i].state);
        assert_int_equal(of_fresh.faces[i].strength, of_kept.faces[i].strength);
        assert_memory_equal(of_fresh.faces[i].box, of_kept.faces[i].box, sizeof of_fresh.faces[i].box);
    }
    assert_memory_equal(fresh.pixels, kept.pixels, fresh.row_bytes * (size_t)fresh.height);
    gpen_faces_free(&of_fresh);
    gpen_faces_free(&of_kept);
    gpen_image_free(&fresh);
    gpen_image_free(&kept);
}

static void every_look_is_that_of_a_fresh_run(void **state)
{
    (void)state;
    gpen_session *session = opened();
    gpen_settings settings = gpen_settings_default();
    settings.mode = GPEN_MODE_PLAIN;
    run(session, &settings);
    settings.mode = GPEN_MODE_STRONG;
    run(session, &settings);
    for (int mode = GPEN_MODE_NATURAL; mode <= GPEN_MODE_PLAIN; mode++) {
        settings = gpen_settings_default();
        settings.mode = (gpen_mode)mode;
        expect_as_fresh(session, &settings);
        settings.strength = 35;
        settings.skin_protect = 70;
        settings.denoise = 30;
        settings.sharpen = 20;
        settings.face_strength_count = 1;
        settings.face_strengths[0] = (gpen_face_strength){2, mode == GPEN_MODE_DETAIL ? 0 : 90};
        expect_as_fresh(session, &settings);
        settings.most_faces = 1;
        expect_as_fresh(session, &settings);
    }
    gpen_session_close(session);
}

static void strength_0_is_the_photo(void **state)
{
    (void)state;
    gpen_session *session = opened();
    gpen_settings settings = gpen_settings_default();
    settings.strength = 0;
    run(session, &settings);
    gpen_faces faces;
    gpen_image result = rendered(session, &settings, 0, &faces);
    assert_memory_equal(result.pixels, photo.image.pixels, result.row_bytes * (size_t)result.height);
    assert_int_equal(faces.count, 2);
    assert_int_equal(faces.faces[0].state, GPEN_FACE_CHOSEN_OFF);
    gpen_image_free(&result);
    gpen_faces_free(&faces);
    settings.strength = 50; /* restored all the same, to be looked at */
    result = rendered(session, &settings, 0, &faces);
    assert_int_equal(faces.faces[0].state, GPEN_FACE_RESTORED);
    assert_int_equal(faces.faces[0].strength, 50);
    gpen_image_free(&result);
    gpen_faces_free(&faces);
    gpen_session_close(session);
}

/* Beside the full result reduced by libvips' own filter a preview may differ by little. */
static void a_preview_looks_like_the_result(void **state)
{
    (void)state;
    gpen_session *session = opened();
    gpen_settings settings = gpen_settings_default();
    run(session, &settings);
    gpen_image whole = rendered(session, &settings, 0, NULL), small, preview = rendered(session, &settings, 200, NULL);
    assert_int_equal(preview.width, 200);
    assert_int_equal(image_new(&small, preview.width, preview.height, preview.channels, preview.bits, NULL), GPEN_OK);
    assert_int_equal(image_reduce(&whole, &small, NULL), GPEN_OK);
    double sum = 0, most = 0;
    size_t samples = small.row_bytes * (size_t)small.height;
    for (size_t i = 0; i < samples; i++) {
        double off = abs(((uint8_t *)small.pixels)[i] - ((uint8_t *)preview.pixels)[i]);
        sum += off;
        most = off > most ? off : most;
    }
    print_message("preview: %.3f levels off in the mean, %.0f at most\n", sum / (double)samples, most);
    assert_true(sum / (double)samples < 0.5 && most < 40);
    gpen_image_free(&whole);
    gpen_image_free(&small);
    gpen_image_free(&preview);
    gpen_session_close(session);
}

static void what_was_not_run_is_left(void **state)
{
    (void)state;
    gpen_session *session = opened();
    gpen_image result;
    gpen_faces faces;
    gpen_error error;
    gpen_settings settings = gpen_settings_default();
    assert_int_equal(gpen_session_render(session, &settings, 0, &result, NULL, &error), GPEN_BAD_ARGUMENT);
    assert_null(result.pixels);
    settings.most_faces = 1;
    run(session, &settings);
    settings.most_faces = 0;
    result = rendered(session, &settings, 0, &faces);
    assert_int_equal(faces.faces[0].state, GPEN_FACE_RESTORED);
    assert_int_equal(faces.faces[1].state, GPEN_FACE_FOUND);
    gpen_image_free(&result);
    gpen_faces_free(&faces);
    assert_int_equal(gpen_session_render(session, &settings, 63, &result, NULL, &error), GPEN_BAD_ARGUMENT);
    settings.sharpen = 101;
    assert_int_equal(gpen_session_render(session, &settings, 0, &result, NULL, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(gpen_session_run(session, &settings, &error), GPEN_BAD_ARGUMENT);
    gpen_session_close(session);
    gpen_session_close(NULL);
    assert_int_equal(gpen_session_open(&session, NULL, &photo.image, &error), GPEN_MODEL_MISSING);
    assert_null(session);
    assert_int_equal(gpen_session_open(&session, model, &(gpen_image){0}, &error), GPEN_BAD_ARGUMENT);
}

/* A box drawn after the first run needs only its own face's network; one taken back is forgotten. */
static void boxes_are_looked_into_one_by_one(void **state)
{
    (void)state;
    static const float boxes[2][4] = {{20, 400, 80, 480}, {400, 20, 480, 120}};
    gpen_session *session = opened();
    gpen_settings none = gpen_settings_default(), one, both;
    gpen_faces before, after;
    gpen_image result;
    none.likeness = 0;
    one = none;
    one.extra_face_count = 1;
    memcpy(one.extra_faces[0], boxes[1], sizeof boxes[1]);
    both = none;
    both.extra_face_count = 2;
    memcpy(both.extra_faces, boxes, sizeof boxes);
    run(session, &none);
    result = rendered(session, &both, 64, &before); /* not run yet */
    assert_int_equal(before.count, 2);
    gpen_image_free(&result);
    gpen_faces_free(&before);
    run(session, &one);
    result = rendered(session, &one, 64, &before);
    gpen_image_free(&result);
    run(session, &both);
    result = rendered(session, &both, 64, &after);
    gpen_image_free(&result);
    assert_int_equal(before.count, 3);
    assert_int_equal(after.count, 4);
    for (size_t i = 0; i < 3; i++) /* what was restored before was not again */
        assert_true(before.faces[i].seconds > 0 && before.faces[i].seconds == after.faces[i < 2 ? i : 3].seconds);
    gpen_faces_free(&before);
    gpen_faces_free(&after);
    expect_as_fresh(session, &both);
    expect_as_fresh(session, &one);
    expect_as_fresh(session, &none);
    run(session, &none);
    result = rendered(session, &both, 64, &after);
    assert_int_equal(after.count, 2);
    gpen_image_free(&result);
    gpen_faces_free(&after);
    gpen_session_close(session);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_look_is_that_of_a_fresh_run), cmocka_unit_test(strength_0_is_the_photo),
        cmocka_unit_test(a_preview_looks_like_the_result),   cmocka_unit_test(what_was_not_run_is_left),
        cmocka_unit_test(boxes_are_looked_into_one_by_one),
    };
    if (argc != 4)
        return 2;
    restorer = argv[1];
    detector = argv[2];
    photo_path = argv[3];
    return cmocka_run_group_tests(tests, open_all, close_all);
}

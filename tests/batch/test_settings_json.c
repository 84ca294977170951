/* Settings and JSON: what is taken, what is refused and by which words, and that writing and reading agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "batch/settings_json.h"

static gpen_status read_text(const char *text, batch_settings *settings, gpen_error *error)
{
    json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(object);
    gpen_status status = settings_from_json(object, settings, error);
    json_decref(object);
    return status;
}

static void nothing_said_changes_nothing(void **state)
{
    (void)state;
    batch_settings settings = batch_settings_default(), before = settings;
    assert_int_equal(read_text("{}", &settings, NULL), GPEN_OK);
    assert_memory_equal(&settings, &before, sizeof settings);
}

static void all_kinds_are_taken(void **state)
{
    (void)state;
    batch_settings settings = batch_settings_default();
    assert_int_equal(
        read_text(
            "{\"mode\":\"plain\",\"strength\":55,\"faces\":\"largest\",\"min_face\":0,\"min_score\":0.75,"
            "\"format\":\"webp\",\"quality\":1,\"contrast\":-7,\"likeness\":false,\"max_edge\":65500,\"aligned\":true,\"require_face\":true}",
            &settings, NULL),
        GPEN_OK);
    assert_int_equal(settings.look.mode, GPEN_MODE_PLAIN);
    assert_int_equal(settings.look.strength, 55);
    assert_int_equal(settings.look.most_faces, 1);
    assert_int_equal(settings.look.least_face, 0);
    assert_float_equal(settings.look.least_score, 0.75f, 0);
    assert_int_equal(settings.format, PICTURE_WEBP);
    assert_int_equal(settings.quality, 1);
    assert_int_equal(settings.look.contrast, -7);
    assert_int_equal(settings.look.likeness, 0);
    assert_int_equal(settings.max_edge, 65500);
    assert_true(settings.aligned && settings.require_face && !settings.save_faces);
    assert_int_equal(read_text("{\"faces\":7,\"max_edge\":null,\"aligned\":false}", &settings, NULL), GPEN_OK);
    assert_int_equal(settings.look.most_faces, 7);
    assert_int_equal(settings.max_edge, 0);
    assert_false(settings.aligned);
}

static void what_makes_no_sense_is_refused_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"[]", "object"},
        {"null", "object"},
        {"{\"strength\":10,\"strenght\":5}", "strenght"},
        {"{\"quality\":10,\"strength\":101}", "strength"},
        {"{\"strength\":-1}", "strength"},
        {"{\"strength\":5.0}", "strength"},
        {"{\"strength\":\"5\"}", "strength"},
        {"{\"strength\":null}", "strength"},
        {"{\"strength\":9223372036854775807}", "strength"},
        {"{\"min_score\":0.2}", "min_score"},
        {"{\"mode\":\"loud\"}", "natural, strong, detail, plain"},
        {"{\"format\":3}", "keep, jpeg, png, webp, tiff"},
        {"{\"faces\":0}", "faces"},
        {"{\"faces\":\"some\"}", "faces"},
        {"{\"aligned\":1}", "aligned"},
        {"{\"likeness\":1}", "likeness"},
        {"{\"denoise\":101}", "denoise"},
        {"{\"contrast\":-101}", "contrast"},
        {"{\"face_strength\":[]}", "face_strength"},
        {"{\"extra_faces\":{}}", "extra_faces"},
        {"{\"extra_faces\":[[0,0,50]]}", "extra_faces"},
        {"{\"extra_faces\":[[0,0,50,\"a\"]]}", "extra_faces"},
        {"{\"extra_faces\":[[0,0,50,5]]}", "8 pixels"},
        {"{\"extra_faces\":[[0,0,1e40,50]]}", "8 pixels"},
        {"{\"extra_faces\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", "at most 16"},
        {"{\"face_strength\":{\"-1\":5}}", "-1"},
        {"{\"face_strength\":{\"1x\":5}}", "1x"},
        {"{\"face_strength\":{\"1\":101}}", "face_strength"},
        {"{\"face_off\":[\"1\"]}", "face_off"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpen_error error = {0};
        batch_settings settings = batch_settings_default(), before = settings;
        assert_int_equal(read_text(cases[i].text, &settings, &error), GPEN_BAD_ARGUMENT);
        assert_non_null(strstr(error.message, cases[i].named));
        assert_memory_equal(&settings, &before, sizeof settings);
    }
}

static void boxes_of_missed_faces_are_kept(void **state)
{
    (void)state;
    batch_settings settings = batch_settings_default(), again = settings;
    assert_int_equal(read_text("{\"extra_faces\":[[1,2.5,90,80],[-5,0,30,40]]}", &settings, NULL), GPEN_OK);
    assert_int_equal(settings.look.extra_face_count, 2);
    assert_true(settings.look.extra_faces[0][1] == 2.5f && settings.look.extra_faces[1][0] == -5);
    json_t *object = settings_to_json(&settings);
    assert_int_equal(settings_from_json(object, &again, NULL), GPEN_OK);
    json_decref(object);
    assert_memory_equal(&again.look.extra_faces, &settings.look.extra_faces, sizeof again.look.extra_faces);
    char *json, *key, *other;
    assert_int_equal(batch_settings_write(&settings, &json, &key, NULL), GPEN_OK);
    free(json);
    assert_int_equal(read_text("{\"extra_faces\":[]}", &settings, NULL), GPEN_OK);
    assert_int_equal(settings.look.extra_face_count, 0);
    assert_int_equal(batch_settings_write(&settings, &json, &other, NULL), GPEN_OK);
    assert_string_not_equal(key, other); /* another look: not done yet */
    free(json);
    free(key);
    free(other);
    settings.look.extra_face_count = GPEN_MOST_EXTRA_FACES + 1;
    assert_int_equal(settings_check(&settings, NULL), GPEN_BAD_ARGUMENT);
}

static void a_single_photo_is_known_as_one_and_no_other_work(void **state)
{
    (void)state;
    batch_settings settings = batch_settings_default(), again;
    char *json, *key, *other;
    assert_int_equal(batch_settings_write(&settings, &json, &key, NULL), GPEN_OK);
    assert_int_equal(batch_settings_read(&again, json, NULL), GPEN_OK);
    assert_false(again.single);
    free(json);
    settings.single = true;
    assert_int_equal(batch_settings_write(&settings, &json, &other, NULL), GPEN_OK);
    assert_int_equal(batch_settings_read(&again, json, NULL), GPEN_OK);
    assert_true(again.single);
    assert_string_equal(key, other);
    free(json);
    free(key);
    free(other);
}

static void faces_have_strengths_of_their_own(void **state)
{
    (void)state;
    batch_settings settings = batch_settings_default(), again = settings;
    assert_int_equal(read_text("{\"face_strength\":{\"2\":40,\"7\":100},\"face_off\":[7,1]}", &settings, NULL),
                     GPEN_OK);
    assert_int_equal(settings.look.face_strength_count, 3);
    assert_int_equal(gpen_settings_face_strength(&settings.look, 3), 40);
    assert_int_equal(gpen_settings_face_strength(&settings.look, 8), 0);
    assert_int_equal(gpen_settings_face_strength(&settings.look, 2), 0);
    json_t *object = settings_to_json(&settings);
    assert_int_equal(settings_from_json(object, &again, NULL), GPEN_OK);
    assert_int_equal(gpen_settings_face_strength(&again.look, 3), 40);
    assert_int_equal(again.look.face_strength_count, 3);
    json_decref(object);
    assert_int_equal(read_text("{\"face_strength\":{}}", &settings, NULL), GPEN_OK);
    assert_int_equal(settings.look.face_strength_count, 0);
}

static void what_is_written_reads_the_same(void **state)
{
    (void)state;
    batch_settings settings = batch_settings_default(), again = settings;
    assert_int_equal(
        read_text("{\"mode\":\"plain\",\"faces\":3,\"min_score\":0.625,\"format\":\"tiff\",\"max_edge\":99,"
                  "\"save_faces\":true}",
                  &settings, NULL),
        GPEN_OK);
    json_t *object = settings_to_json(&settings);
    assert_non_null(object);
    assert_int_equal(settings_from_json(object, &again, NULL), GPEN_OK);
    json_t *second = settings_to_json(&again);
    assert_true(json_equal(object, second));
    assert_int_equal(again.look.most_faces, 3);
    assert_int_equal(again.format, PICTURE_TIFF);
    assert_true(again.save_faces);
    json_decref(object);
    json_decref(second);
}

static void orders_keep_the_format_that_can_be_written(void **state)
{
    (void)state;
    batch_settings settings = batch_settings_default();
    job_order order = {0};
    settings_into_order(&settings, PICTURE_HEIF, &order);
    assert_int_equal(order.format, PICTURE_JPEG);
    assert_int_equal(order.quality, 95);
    assert_int_equal(read_text("{\"format\":\"png\"}", &settings, NULL), GPEN_OK);
    settings_into_order(&settings, PICTURE_HEIF, &order);
    assert_int_equal(order.format, PICTURE_PNG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_changes_nothing),
        cmocka_unit_test(all_kinds_are_taken),
        cmocka_unit_test(what_makes_no_sense_is_refused_whole),
        cmocka_unit_test(a_single_photo_is_known_as_one_and_no_other_work),
        cmocka_unit_test(faces_have_strengths_of_their_own),
        cmocka_unit_test(boxes_of_missed_faces_are_kept),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(orders_keep_the_format_that_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

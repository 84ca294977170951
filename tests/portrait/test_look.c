/* Looks: strength from nothing to all without a second edge, and what each mode keeps of the photo. No networks: the restored faces are
 * drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pairs.h"

enum { SIZE = 256, MODES = GPEN_MODE_PLAIN + 1 };

static thread_pool *pool;

/* Blurred, noisy and too blue, as photos are; sharp, elsewhere and too warm, as restorers make them. */
static const drawing as_it_came = {.softness = 8, .tint = {0, 0, 12}, .noise = 6};
static const drawing restored = {.across = 3, .down = -2, .softness = 1.5, .tint = {14, -4, -8}};

static face_crop a_crop(int channels, int bits)
{
    return crop_of(draw_face(SIZE, channels, bits, &as_it_came), draw_face(SIZE, channels, bits, &restored));
}

/* The photo that is the crop's `before`, with the face on it. */
static gpen_image result_of(const face_crop *crop, const gpen_settings *settings, uint8_t *touched)
{
    gpen_face one = {.landmarks = {{94, 118}, {162, 118}, {128, 150}, {104, 188}, {152, 188}}};
    gpen_faces faces = {&one, 1};
    photo_source source;
    composition c;
    gpen_image result;
    assert_int_equal(gpen_settings_check(settings, NULL), GPEN_OK);
    if (!gpen_settings_face_strength(settings, 1))
        one.state = GPEN_FACE_CHOSEN_OFF;
    assert_int_equal(source_open(&source, &crop->before, 0, NULL), GPEN_OK);
    assert_int_equal(source_prepare(&source, settings->mode, pool, NULL), GPEN_OK);
    assert_int_equal(compose_begin(&c, &source, settings, &faces, touched, pool, NULL), GPEN_OK);
    assert_int_equal(compose_face(&c, 0, crop, NULL, NULL), GPEN_OK);
    assert_int_equal(one.strength, gpen_settings_face_strength(settings, 1));
    assert_int_equal(compose_finish(&c, &result, NULL), GPEN_OK);
    compose_end(&c);
    source_close(&source);
    return result;
}

static gpen_settings look(gpen_mode mode, int strength)
{
    gpen_settings settings = gpen_settings_default();
    settings.mode = mode;
    settings.strength = strength;
    return settings;
}

static gpen_image result_at(const face_crop *crop, gpen_mode mode, int strength)
{
    const gpen_settings settings = look(mode, strength);
    return result_of(crop, &settings, NULL);
}

static size_t bytes_of(const gpen_image *image)
{
    return image->row_bytes * (size_t)image->height;
}

static void the_shift_is_found(void **state)
{
    (void)state;
    face_crop crop = a_crop(3, 8);
    double off = 0, weight = 0;
    plane luma;
    assert_int_equal(plane_luma(&luma, &crop.after, NULL), GPEN_OK);
    for (int y = 60; y < 200; y++)
        for (int x = 60; x < 196; x++) { /* as it counts: where there are edges */
            const float *v = luma.values + y * SIZE + x;
            double edge = hypot((double)(v[1] - v[-1]), (double)(v[SIZE] - v[-SIZE]));
            double scale = (double)crop.shift[0].width / SIZE, at = (x + 0.5) * scale - 0.5,
                   down = (y + 0.5) * scale - 0.5;
            double dx = (double)plane_between(&crop.shift[0], (float)at, (float)down) - restored.across;
            double dy = (double)plane_between(&crop.shift[1], (float)at, (float)down) - restored.down;
            off += edge * hypot(dx, dy);
            weight += edge;
        }
    print_message("features found within %.2f px\n", off / weight);
    assert_true(off / weight < 1);
    plane_free(&luma);
    face_crop_free(&crop);
}

static void strength_0_is_the_photo_in_every_mode(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++)
        for (int channels = 1; channels <= 4; channels++)
            for (int bits = 8; bits <= 16; bits += 8) {
                face_crop crop = a_crop(channels, bits);
                gpen_image result = result_at(&crop, (gpen_mode)mode, 0);
                assert_memory_equal(result.pixels, crop.before.pixels, bytes_of(&result));
                gpen_image_free(&result);
                face_crop_free(&crop);
            }
}

static void strength_100_replaces_the_face(void **state)
{
    (void)state;
    static const gpen_mode whole[] = {GPEN_MODE_STRONG, GPEN_MODE_PLAIN};
    for (int i = 0; i < 2; i++) {
        face_crop crop = a_crop(3, 8);
        gpen_image result = result_at(&crop, whole[i], 100);
        for (int y = 100; y < 156; y++)
            for (int x = 100; x < 156; x++)
                for (int c = 0; c < 3; c++)
                    assert_int_equal(image_sample(&result, x, y, c), image_sample(&crop.after, x, y, c));
        gpen_image_free(&result);
        face_crop_free(&crop);
    }
}

static void more_strength_is_farther_from_the_photo(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++)
        for (int bits = 8; bits <= 16; bits += 8) {
            face_crop crop = a_crop(3, bits);
            double before = 0;
            for (int strength = 25; strength <= 100; strength += 25) {
                gpen_image result = result_at(&crop, (gpen_mode)mode, strength);
                double away = mean_difference(&result, &crop.before);
                print_message("%s at %d: %.5f\n", gpen_mode_name((gpen_mode)mode), strength, away);
                assert_true(away > before);
                before = away;
                gpen_image_free(&result);
            }
            face_crop_free(&crop);
        }
}

/* How well the edges are those of one of the two faces: 1 where they are, less where both are seen. */
static double one_face(const face_crop *crop, gpen_mode mode, int strength)
{
    gpen_image result = result_at(crop, mode, strength);
    double own = edge_correlation(&result, &crop->before), new = edge_correlation(&result, &crop->after);
    print_message("%s at %d: edges like the photo's %.3f, like the restored face's %.3f\n", gpen_mode_name(mode),
                  strength, own, new);
    gpen_image_free(&result);
    return fmax(own, new);
}

/* Two sharp faces, one beside the other: the worst that can be asked of strength. */
static void no_edge_is_seen_twice(void **state)
{
    (void)state;
    const double bound = 0.9;
    const drawing here = {.softness = 1.5}, there = {.across = 3, .down = -2, .softness = 1.5};
    face_crop crop = crop_of(draw_face(SIZE, 3, 8, &here), draw_face(SIZE, 3, 8, &there));
    for (int i = 0; i < SIZE * SIZE; i++)
        crop.mask.values[i] = 1;
    assert_true(one_face(&crop, GPEN_MODE_PLAIN, 60) < bound); /* what the bound is for */
    assert_true(one_face(&crop, GPEN_MODE_NATURAL, 60) > bound);
    assert_true(one_face(&crop, GPEN_MODE_NATURAL, 20) > bound);
    assert_true(one_face(&crop, GPEN_MODE_NATURAL, 80) > bound);
    assert_true(one_face(&crop, GPEN_MODE_STRONG, 60) > bound);
    assert_true(one_face(&crop, GPEN_MODE_DETAIL, 60) > bound);
    const drawing between = {.across = 1.5, .down = -1, .softness = 1.5};
    gpen_image halfway = draw_face(SIZE, 3, 8, &between), result = result_at(&crop, GPEN_MODE_NATURAL, 40);
    assert_true(edge_correlation(&result, &halfway) > bound);
    gpen_image_free(&halfway);
    gpen_image_free(&result);
    face_crop_free(&crop);
}

/* Mean of a channel over the middle of the face. */
static double mean_of(const gpen_image *image, int channel)
{
    double sum = 0;
    for (int y = 130; y < 180; y++)
        for (int x = 100; x < 156; x++)
            sum += image_sample(image, x, y, channel);
    return sum / (50 * 56);
}

static void natural_keeps_the_photos_colour(void **state)
{
    (void)state;
    face_crop crop = a_crop(3, 8);
    gpen_image natural = result_at(&crop, GPEN_MODE_NATURAL, 100), plain = result_at(&crop, GPEN_MODE_PLAIN, 100);
    for (int c = 0; c < 3; c += 2) {
        double kept = mean_of(&natural, c) - mean_of(&crop.before, c),
               lost = mean_of(&plain, c) - mean_of(&crop.before, c);
        print_message("channel %d: natural %+.2f, plain %+.2f\n", c, kept, lost);
        assert_true(fabs(kept) < 2 && fabs(lost) > 8);
    }
    gpen_image_free(&natural);
    gpen_image_free(&plain);
    face_crop_free(&crop);
}

static void natural_keeps_the_photos_grain(void **state)
{
    (void)state;
    face_crop crop = a_crop(3, 16);
    for (int strength = 50; strength <= 100; strength += 50) {
        gpen_image result = result_at(&crop, GPEN_MODE_NATURAL, strength);
        finish_noise was, is;
        assert_int_equal(finish_measure_noise(&crop.before, pool, &was, NULL), GPEN_OK);
        assert_int_equal(finish_measure_noise(&result, pool, &is, NULL), GPEN_OK);
        for (int c = 0; c < 3; c++) {
            print_message("plane %d at %d: %.4f was %.4f\n", c, strength, (double)is.fine[c], (double)was.fine[c]);
            assert_true(is.fine[c] > 0.75f * was.fine[c] && is.fine[c] < 1.25f * was.fine[c]);
        }
        gpen_image_free(&result);
    }
    face_crop_free(&crop);
}

static void detail_keeps_what_is_coarse(void **state)
{
    (void)state;
    face_crop crop = a_crop(3, 8);
    gpen_image detail = result_at(&crop, GPEN_MODE_DETAIL, 100);
    for (int c = 0; c < 3; c++)
        assert_true(fabs(mean_of(&detail, c) - mean_of(&crop.before, c)) < 2);
    assert_true(edge_correlation(&detail, &crop.before) < 0.99);
    gpen_image_free(&detail);
    face_crop_free(&crop);
}

/* Mean difference of neighbours in smooth surroundings of the face. */
static double roughness_of(const gpen_image *image)
{
    double sum = 0;
    for (int y = 0; y < 8; y++)
        for (int x = 0; x + 1 < SIZE; x++)
            sum += abs(image_sample(image, x, y, 1) - image_sample(image, x + 1, y, 1));
    return sum / (8 * SIZE);
}

static void strong_cleans_the_background_too(void **state)
{
    (void)state;
    face_crop crop = a_crop(3, 8);
    double before = roughness_of(&crop.before);
    for (int strength = 25; strength <= 100; strength += 25) {
        uint8_t *touched = calloc(SIZE, SIZE);
        const gpen_settings settings = look(GPEN_MODE_STRONG, strength);
        gpen_image result = result_of(&crop, &settings, touched);
        assert_true(roughness_of(&result) < before);
        before = roughness_of(&result);
        for (int i = 0; i < SIZE * SIZE; i++)
            assert_int_equal(touched[i], 1);
        gpen_image_free(&result);
        free(touched);
    }
    assert_true(before < 0.5 * roughness_of(&crop.before));
    face_crop_free(&crop);
}

static void black_and_white_stays_so(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++)
        for (int bits = 8; bits <= 16; bits += 8) {
            face_crop crop = a_crop(3, bits);
            for (int y = 0; y < SIZE; y++)
                for (int x = 0; x < SIZE; x++)
                    for (int c = 1; c < 3; c++)
                        image_set_sample(&crop.before, x, y, c, image_sample(&crop.before, x, y, 0));
            gpen_image result = result_at(&crop, (gpen_mode)mode, 80);
            assert_true(mean_difference(&result, &crop.before) > 0.001);
            for (int y = 0; y < SIZE; y++)
                for (int x = 0; x < SIZE; x++)
                    for (int c = 1; c < 3; c++)
                        assert_int_equal(image_sample(&result, x, y, c), image_sample(&result, x, y, 0));
            gpen_image_free(&result);
            face_crop_free(&crop);
        }
}

/* Black and white faces on each other: nothing runs over at either end. */
static void nothing_wraps(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++)
        for (int bits = 8; bits <= 16; bits += 8)
            for (int flipped = 0; flipped < 2; flipped++) {
                drawing dark = {.softness = 2, .tint = {-400, -400, -400}},
                        light = {.softness = 2, .tint = {400, 400, 400}};
                gpen_image black = draw_face(64, 3, bits, &dark), white = draw_face(64, 3, bits, &light);
                face_crop crop = flipped ? crop_of(white, black) : crop_of(black, white);
                double before = 0;
                for (int strength = 25; strength <= 100; strength += 25) {
                    gpen_image result = result_at(&crop, (gpen_mode)mode, strength);
                    int middle = image_sample(&result, 32, 32, 1), own = image_sample(&crop.before, 32, 32, 1);
                    assert_true(abs(middle - own) >= before); /* nearer to the restored, never past it */
                    before = abs(middle - own);
                    gpen_image_free(&result);
                }
                face_crop_free(&crop);
            }
}

static void outside_the_mask_and_in_alpha_nothing_changes(void **state)
{
    (void)state;
    static const gpen_mode modes[] = {GPEN_MODE_NATURAL, GPEN_MODE_DETAIL, GPEN_MODE_PLAIN};
    for (int i = 0; i < 6; i++) {
        face_crop crop = a_crop(4, i < 3 ? 8 : 16);
        gpen_settings settings = look(modes[i % 3], 80);
        settings.skin_protect = 100;
        settings.detail_boost = i < 3 ? 60 : 0;
        uint8_t *touched = calloc(SIZE, SIZE);
        gpen_image result = result_of(&crop, &settings, touched);
        size_t changed = 0, pixel = (size_t)4 * (size_t)(result.bits / 8);
        for (int j = 0; j < SIZE * SIZE; j++) {
            size_t at = (size_t)j * pixel;
            bool differs = memcmp((char *)result.pixels + at, (char *)crop.before.pixels + at, pixel) != 0;
            assert_true(touched[j] || !differs);
            assert_int_equal(image_sample(&result, j % SIZE, j / SIZE, 3),
                             image_sample(&crop.before, j % SIZE, j / SIZE, 3));
            changed += differs;
        }
        assert_true(!touched[0] && !touched[SIZE * SIZE - 1] && changed > SIZE * SIZE / 8);
        gpen_image_free(&result);
        free(touched);
        face_crop_free(&crop);
    }
}

/* Each control for the whole photo touches all of it, and does more the further it goes. */
static void controls_of_the_whole_photo_touch_all_of_it(void **state)
{
    (void)state;
    enum { WHOLE = 6 };
    for (int control = 0; control < WHOLE; control++) {
        face_crop crop = a_crop(3, 8);
        gpen_settings settings = look(GPEN_MODE_NATURAL, 80);
        gpen_image none = result_of(&crop, &settings, NULL);
        int *values[WHOLE] = {&settings.denoise,    &settings.sharpen, &settings.contrast,
                              &settings.brightness, &settings.fading,  &settings.dust};
        uint8_t *touched = calloc(SIZE, SIZE);
        double before = -1;
        for (int value = 25; value <= 100; value += 25) {
            *values[control] = value;
            gpen_image result = result_of(&crop, &settings, touched);
            double away = mean_difference(&result, &none);
            assert_true(away >= before);
            assert_true(control >= 4 || away > before); /* nothing may be faded, nor scratched */
            before = away;
            gpen_image_free(&result);
        }
        for (int i = 0; i < SIZE * SIZE; i++)
            assert_int_equal(touched[i], 1);
        free(touched);
        gpen_image_free(&none);
        face_crop_free(&crop);
    }
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    thread_pool *two = pool;
    for (int mode = 0; mode < MODES; mode++) {
        face_crop crop = a_crop(3, 8);
        gpen_image a = result_at(&crop, (gpen_mode)mode, 60);
        assert_int_equal(thread_pool_new(&pool, 3, NULL), GPEN_OK);
        gpen_image b = result_at(&crop, (gpen_mode)mode, 60);
        thread_pool_free(pool);
        pool = two;
        assert_memory_equal(a.pixels, b.pixels, bytes_of(&a));
        gpen_image_free(&a);
        gpen_image_free(&b);
        face_crop_free(&crop);
    }
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    gpen_settings good = gpen_settings_default();
    assert_int_equal(gpen_settings_check(&good, NULL), GPEN_OK);
#define TRY_CONTROL(field, least, most)                                                                                \
    for (int i = 0; i < 4; i++) {                                                                                      \
        gpen_settings s = good;                                                                                        \
        s.field = i == 0 ? (least)-1 : i == 1 ? (most) + 1 : i == 2 ? (least) : (most);                                \
        gpen_error error;                                                                                              \
        assert_int_equal(gpen_settings_check(&s, &error), i < 2 ? GPEN_BAD_ARGUMENT : GPEN_OK);                        \
        assert_true(i >= 2 || strstr(error.message, #field));                                                          \
    }
    GPEN_CONTROL_LIST(TRY_CONTROL)
#undef TRY_CONTROL
    gpen_settings bad = good;
    bad.mode = (gpen_mode)MODES;
    assert_int_equal(gpen_settings_check(&bad, NULL), GPEN_BAD_ARGUMENT);
    bad = good;
    bad.face_strength_count = GPEN_MOST_FACE_STRENGTHS + 1;
    assert_int_equal(gpen_settings_check(&bad, NULL), GPEN_BAD_ARGUMENT);
    bad.face_strength_count = 2;
    bad.face_strengths[0] = bad.face_strengths[1] = (gpen_face_strength){3, 40};
    assert_int_equal(gpen_settings_check(&bad, NULL), GPEN_BAD_ARGUMENT);
    bad.face_strengths[1].face = 4;
    assert_int_equal(gpen_settings_check(&bad, NULL), GPEN_OK);
    assert_int_equal(gpen_settings_face_strength(&bad, 3), 40);
    assert_int_equal(gpen_settings_face_strength(&bad, 2), 80);
}

static int open_pool(void **state)
{
    (void)state;
    return (int)thread_pool_new(&pool, 2, NULL);
}

static int close_pool(void **state)
{
    (void)state;
    thread_pool_free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shift_is_found),
        cmocka_unit_test(strength_0_is_the_photo_in_every_mode),
        cmocka_unit_test(strength_100_replaces_the_face),
        cmocka_unit_test(more_strength_is_farther_from_the_photo),
        cmocka_unit_test(no_edge_is_seen_twice),
        cmocka_unit_test(natural_keeps_the_photos_colour),
        cmocka_unit_test(natural_keeps_the_photos_grain),
        cmocka_unit_test(detail_keeps_what_is_coarse),
        cmocka_unit_test(strong_cleans_the_background_too),
        cmocka_unit_test(black_and_white_stays_so),
        cmocka_unit_test(nothing_wraps),
        cmocka_unit_test(outside_the_mask_and_in_alpha_nothing_changes),
        cmocka_unit_test(controls_of_the_whole_photo_touch_all_of_it),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(wrong_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}

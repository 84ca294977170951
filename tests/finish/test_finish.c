/* Every control: neutral at zero, more the further it goes, never wrapping, never touching alpha or what it promises to leave alone,
 * and the same for any number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "finish/finish.h"

enum { CONTROLS = 8, SKIN_PROTECT = 4, DETAIL_BOOST = 5, DUST = 7, STEPS = 5 };

static const finish_face face_of_picture = {.landmarks = {{80, 70}, {120, 70}, {100, 92}, {84, 112}, {116, 112}}};

static uint32_t next_random(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* A portrait of sorts: a graded background, an oval of skin with dark eyes and a mouth, a faint pattern, a thin dark scratch at the
 * left, and noise. Everything between `darkest` and `lightest` of 255. */
static double value_at(int x, int y, int channel)
{
    double dx = (x - 100) / 45.0, dy = (y - 90) / 60.0, grey = 90 + x * 0.25 + 10 * sin(y / 9.0);
    double skin[3] = {205, 160, 135};
    double value = grey + (channel == 2 ? 15 : 0);
    if (dx * dx + dy * dy < 1)
        value = skin[channel] + 8 * sin(x / 2.0) * cos(y / 3.0);
    if (hypot(x - 80, y - 70) < 6 || hypot(x - 120, y - 70) < 6 || (abs(x - 100) < 16 && abs(y - 112) < 4))
        value = 70 + 12 * sin(x * 0.9) + (channel == 0 ? 40 : 0);
    if (x == 20 && y > 30 && y < 120)
        value = 20;
    return value;
}

static gpen_image picture_new(int width, int height, int channels, int bits, int noise)
{
    gpen_image image;
    gpen_error error;
    uint32_t seed = 7;
    assert_int_equal(image_new(&image, width, height, channels, bits, &error), GPEN_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++) {
                double more = noise * ((double)(next_random(&seed) >> 8) / 8388608.0 - 1);
                double value = fmin(fmax(value_at(x, y, c < 3 ? c : 1) + more, 3), 252);
                bool alpha = image_has_alpha(&image) && c == channels - 1;
                image_set_sample(&image, x, y, c, alpha ? (x * 37 + y) % 256 : lrint(value * image_top(&image) / 255));
            }
    return image;
}

static finish_settings with(int control, int value)
{
    finish_settings settings = {0};
    int *values[CONTROLS] = {&settings.denoise,      &settings.sharpen,      &settings.contrast, &settings.brightness,
                             &settings.skin_protect, &settings.detail_boost, &settings.fading,   &settings.dust};
    *values[control] = value;
    return settings;
}

static gpen_image finished(const gpen_image *from, const gpen_image *original, const finish_settings *settings,
                           int threads)
{
    thread_pool *pool;
    gpen_image to;
    gpen_error error;
    assert_int_equal(thread_pool_new(&pool, threads, &error), GPEN_OK);
    assert_int_equal(finish_apply(from, original, settings, &face_of_picture, 1, pool, &to, &error), GPEN_OK);
    thread_pool_free(pool);
    return to;
}

static size_t bytes_of(const gpen_image *image)
{
    return image->row_bytes * (size_t)image->height;
}

static const int shapes[][4] = {{200, 170, 3, 8}, {201, 167, 4, 16}, {270, 261, 1, 8}, {199, 150, 2, 16},
                                {1, 1, 3, 8},     {1, 1, 1, 16},     {3, 200, 4, 8},   {200, 2, 3, 16}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static gpen_image shaped(int i)
{
    return picture_new(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3], 20);
}

static void everything_at_zero_changes_nothing(void **state)
{
    (void)state;
    const finish_settings none = {0};
    for (int i = 0; i < SHAPES; i++) {
        gpen_image from = shaped(i), to = finished(&from, NULL, &none, 1);
        assert_memory_equal(from.pixels, to.pixels, bytes_of(&from));
        gpen_image_free(&from);
        gpen_image_free(&to);
    }
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    const finish_settings all = {60, 50, 30, 20, 100, 80, 50, 80};
    for (int i = 0; i < SHAPES; i++) {
        gpen_image from = shaped(i), one = finished(&from, NULL, &all, 1), three = finished(&from, NULL, &all, 3);
        assert_memory_equal(one.pixels, three.pixels, bytes_of(&one));
        assert_true(i > 3 || memcmp(one.pixels, from.pixels, bytes_of(&one)));
        gpen_image_free(&from);
        gpen_image_free(&one);
        gpen_image_free(&three);
    }
}

static void alpha_is_never_touched(void **state)
{
    (void)state;
    const finish_settings all = {100, 100, 100, 100, 100, 100, 100, 100};
    for (int i = 0; i < SHAPES; i++) {
        gpen_image from = shaped(i), to = finished(&from, NULL, &all, 1);
        if (image_has_alpha(&from))
            for (int y = 0; y < from.height; y++)
                for (int x = 0; x < from.width; x++)
                    assert_int_equal(image_sample(&from, x, y, from.channels - 1),
                                     image_sample(&to, x, y, from.channels - 1));
        gpen_image_free(&from);
        gpen_image_free(&to);
    }
}

/* What was neither black nor white becomes neither: nothing is clipped, and nothing wraps around. */
static void nothing_wraps_or_clips(void **state)
{
    (void)state;
    for (int control = 0; control < CONTROLS; control++)
        for (int value = -100; value <= 100; value += 200) {
            if (value < 0 && control != 2 && control != 3)
                continue;
            finish_settings settings = with(control, value);
            gpen_image from = picture_new(200, 170, 3, 8, 20), to = finished(&from, NULL, &settings, 1);
            for (int y = 0; y < from.height; y++)
                for (int x = 0; x < from.width; x++)
                    for (int c = 0; c < 3; c++) {
                        int was = image_sample(&from, x, y, c), is = image_sample(&to, x, y, c);
                        assert_in_range(is, 1, 254);
                        assert_false(was > 225 && is < 60 && control != DUST);
                        assert_false(was < 30 && is > 195 && control != DUST);
                    }
            gpen_image_free(&from);
            gpen_image_free(&to);
        }
}

/* ---------------------------------------------------------------- measured effects, larger for more */

/* Mean difference between neighbours: what noise raises, and sharpness too. */
static double roughness(const gpen_image *image)
{
    double sum = 0;
    for (int y = 0; y < image->height; y++)
        for (int x = 1; x < image->width; x++)
            sum += abs(image_sample(image, x, y, 1) - image_sample(image, x - 1, y, 1));
    return sum / image->width / image->height;
}

static double mean_of(const gpen_image *image)
{
    double sum = 0;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            sum += image_sample(image, x, y, 1);
    return sum / image->width / image->height;
}

static double spread(const gpen_image *image)
{
    double mean = mean_of(image), sum = 0;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            sum += pow(image_sample(image, x, y, 1) - mean, 2);
    return sqrt(sum / image->width / image->height);
}

static double around_eye(const gpen_image *image)
{
    double sum = 0, squares = 0;
    int count = 0;
    for (int y = 66; y < 75; y++)
        for (int x = 76; x < 85; x++, count++) {
            sum += image_sample(image, x, y, 1);
            squares += pow(image_sample(image, x, y, 1), 2);
        }
    return squares / count - pow(sum / count, 2);
}

/* How much of the scratch is left. */
static double scratch(const gpen_image *image)
{
    double sum = 0;
    for (int y = 40; y < 110; y++)
        sum += image_sample(image, 26, y, 1) - image_sample(image, 20, y, 1);
    return sum / 70;
}

static double reddish(const gpen_image *image)
{
    double sum = 0;
    for (int y = 80; y < 105; y++)
        for (int x = 85; x < 115; x++)
            sum += image_sample(image, x, y, 0) - image_sample(image, x, y, 2);
    return sum / 750;
}

typedef double measure(const gpen_image *image);

/* The measure at 0, 25, 50, 75 and 100 goes one way, and in all by at least `least`. */
static void goes_one_way(const gpen_image *from, const gpen_image *original, int control, int end, measure *effect,
                         double least)
{
    double before = 0, first = 0, sign = least < 0 ? -1 : 1;
    for (int step = 0; step < STEPS; step++) {
        finish_settings settings = with(control, end * step / (STEPS - 1));
        gpen_image to = finished(from, original, &settings, 1);
        double now = effect(&to);
        if (step)
            assert_true((now - before) * sign >= 0);
        else
            first = now;
        before = now;
        gpen_image_free(&to);
    }
    if ((before - first) * sign < least * sign)
        fail_msg("control %d to %d changed its measure from %g to %g", control, end, first, before);
}

static void more_of_a_control_does_more(void **state)
{
    (void)state;
    gpen_image noisy = picture_new(200, 170, 3, 8, 20), clean = picture_new(200, 170, 3, 8, 0), faded, red;
    gpen_error error;
    goes_one_way(&noisy, NULL, 0, 100, roughness, -5);
    goes_one_way(&clean, NULL, 1, 100, roughness, 0.3);
    goes_one_way(&clean, NULL, 2, 100, spread, 3);
    goes_one_way(&clean, NULL, 2, -100, spread, -3);
    goes_one_way(&clean, NULL, 3, 100, mean_of, 20);
    goes_one_way(&clean, NULL, 3, -100, mean_of, -20);
    goes_one_way(&clean, NULL, DETAIL_BOOST, 100, around_eye, 30);
    goes_one_way(&clean, NULL, DUST, 100, scratch, -60);
    assert_int_equal(image_new(&faded, 200, 170, 3, 8, &error), GPEN_OK);
    assert_int_equal(image_new(&red, 200, 170, 3, 8, &error), GPEN_OK);
    for (int y = 0; y < 170; y++)
        for (int x = 0; x < 200; x++)
            for (int c = 0; c < 3; c++) {
                image_set_sample(&faded, x, y, c, 80 + image_sample(&clean, x, y, c) / 3);
                image_set_sample(&red, x, y, c, image_sample(&clean, x, y, c) + (c ? -15 : 15));
            }
    goes_one_way(&faded, NULL, 6, 100, spread, 15);
    goes_one_way(&red, &clean, SKIN_PROTECT, 100, reddish, -20);
    gpen_image_free(&noisy);
    gpen_image_free(&clean);
    gpen_image_free(&faded);
    gpen_image_free(&red);
}

static void controls_of_faces_leave_the_background_alone(void **state)
{
    (void)state;
    const finish_settings settings = {.skin_protect = 100, .detail_boost = 100};
    gpen_image from = picture_new(200, 170, 3, 8, 5), original = picture_new(200, 170, 3, 8, 30);
    gpen_image to = finished(&from, &original, &settings, 1);
    int changed = 0;
    for (int y = 0; y < from.height; y++)
        for (int x = 0; x < from.width; x++)
            for (int c = 0; c < 3; c++) {
                bool same = image_sample(&from, x, y, c) == image_sample(&to, x, y, c);
                changed += !same;
                assert_true(same || (abs(x - 100) < 50 && y > 20 && y < 155));
            }
    assert_true(changed > 100);
    gpen_image_free(&from);
    gpen_image_free(&original);
    gpen_image_free(&to);
}

/* Where a face has classes, only pixels of the right class are touched (and their rims, which are soft). */
static void classes_say_where_features_are(void **state)
{
    (void)state;
    enum { SIDE = 200 };
    static uint8_t classes[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            classes[y * SIDE + x] = x < 100 && y > 60 && y < 80 ? 4 : 1;
    finish_face face = face_of_picture;
    face.classes = classes;
    face.side = SIDE;
    face.to_classes = (image_affine){{{1, 0, 0}, {0, 1, 0}}};
    const finish_settings settings = {.detail_boost = 100};
    gpen_image from = picture_new(200, 170, 3, 8, 10), to;
    thread_pool *pool;
    gpen_error error;
    assert_int_equal(thread_pool_new(&pool, 1, &error), GPEN_OK);
    assert_int_equal(finish_apply(&from, NULL, &settings, &face, 1, pool, &to, &error), GPEN_OK);
    int changed = 0;
    for (int y = 0; y < from.height; y++)
        for (int x = 0; x < from.width; x++) {
            bool same = image_sample(&from, x, y, 1) == image_sample(&to, x, y, 1);
            changed += !same;
            assert_true(same || (x < 104 && y > 56 && y < 84));
        }
    assert_true(changed > 100);
    face.side = 0;
    gpen_image_free(&to);
    assert_int_equal(finish_apply(&from, NULL, &settings, &face, 1, pool, &to, &error), GPEN_BAD_ARGUMENT);
    thread_pool_free(pool);
    gpen_image_free(&from);
}

static void noise_is_measured(void **state)
{
    (void)state;
    gpen_image clean = picture_new(200, 170, 3, 8, 0), noisy = picture_new(200, 170, 3, 8, 20);
    finish_noise none, some;
    thread_pool *pool;
    gpen_error error;
    const double deviation = 20 / sqrt(3) / 255; /* of what is even between -20 and 20 */
    assert_int_equal(thread_pool_new(&pool, 1, &error), GPEN_OK);
    assert_int_equal(finish_measure_noise(&clean, pool, &none, &error), GPEN_OK);
    assert_int_equal(finish_measure_noise(&noisy, pool, &some, &error), GPEN_OK);
    for (int c = 0; c < 3; c++) {
        assert_true(none.fine[c] < 0.005f);
        assert_true(some.fine[c] > 0.85 * deviation && some.fine[c] < 1.15 * deviation);
        assert_true(some.coarse[c] > 0.8 * deviation && some.coarse[c] < 1.25 * deviation);
    }
    thread_pool_free(pool);
    gpen_image_free(&clean);
    gpen_image_free(&noisy);
}

static void wrong_settings_and_faces_are_refused_or_passed_over(void **state)
{
    (void)state;
    gpen_image from = picture_new(64, 64, 3, 8, 5), other = picture_new(63, 64, 3, 8, 5), to;
    thread_pool *pool;
    gpen_error error;
    assert_int_equal(thread_pool_new(&pool, 1, &error), GPEN_OK);
    for (int control = 0; control < CONTROLS; control++) {
        finish_settings high = with(control, 101), low = with(control, -101);
        assert_int_equal(finish_apply(&from, NULL, &high, NULL, 0, pool, &to, &error), GPEN_BAD_ARGUMENT);
        assert_int_equal(finish_apply(&from, NULL, &low, NULL, 0, pool, &to, &error), GPEN_BAD_ARGUMENT);
        assert_null(to.pixels);
    }
    finish_settings all = {100, 100, 100, 100, 100, 100, 100, 100};
    assert_int_equal(finish_apply(&from, &other, &all, NULL, 0, pool, &to, &error), GPEN_BAD_ARGUMENT);
    finish_face wild[4] = {face_of_picture, face_of_picture, face_of_picture, face_of_picture};
    wild[0].landmarks[0][0] = NAN;
    wild[1].landmarks[1][0] = 1e30f;
    wild[2].landmarks[0][0] = wild[2].landmarks[1][0];
    for (int i = 0; i < 5; i++)
        wild[3].landmarks[i][1] -= 5000;
    finish_settings faces_only = {.skin_protect = 100, .detail_boost = 100};
    assert_int_equal(finish_apply(&from, NULL, &faces_only, wild, 4, pool, &to, &error), GPEN_OK);
    assert_memory_equal(from.pixels, to.pixels, bytes_of(&from));
    gpen_image_free(&to);
    thread_pool_free(pool);
    gpen_image_free(&from);
    gpen_image_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_at_zero_changes_nothing),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(alpha_is_never_touched),
        cmocka_unit_test(nothing_wraps_or_clips),
        cmocka_unit_test(more_of_a_control_does_more),
        cmocka_unit_test(controls_of_faces_leave_the_background_alone),
        cmocka_unit_test(classes_say_where_features_are),
        cmocka_unit_test(noise_is_measured),
        cmocka_unit_test(wrong_settings_and_faces_are_refused_or_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

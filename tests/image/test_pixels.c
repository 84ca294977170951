/* Pixels in memory: what is made, what is refused, and the resizes whose result can be told by hand. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/image.h"

static void new_pictures_are_black_and_whole(void **state)
{
    (void)state;
    gpen_image image;
    gpen_error error;
    assert_int_equal(image_new(&image, 5, 3, 4, 16, &error), GPEN_OK);
    assert_int_equal(image.row_bytes, 40);
    assert_int_equal(image_check(&image, &error), GPEN_OK);
    for (int i = 0; i < 60; i++)
        assert_int_equal(((uint16_t *)image.pixels)[i], 0);
    gpen_image_free(&image);
    assert_null(image.pixels);
    assert_int_equal(image.width, 0);
    gpen_image_free(&image);
    gpen_image_free(NULL);
}

static void impossible_pictures_are_refused(void **state)
{
    (void)state;
    static const int shapes[][4] = {{0, 1, 1, 8}, {1, -1, 1, 8}, {1, 1, 0, 8}, {1, 1, 5, 8}, {1, 1, 1, 12}};
    gpen_image image;
    gpen_error error;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int *s = shapes[i];
        assert_int_equal(image_new(&image, s[0], s[1], s[2], s[3], &error), GPEN_BAD_ARGUMENT);
        assert_null(image.pixels);
    }
    assert_int_equal(image_new(&image, INT_MAX, INT_MAX, 4, 16, &error), GPEN_OUT_OF_MEMORY);
    assert_null(image.pixels);
}

static void foreign_pictures_are_checked(void **state)
{
    (void)state;
    uint16_t samples[64] = {0};
    gpen_error error;
    const gpen_image good = {4, 4, 1, 16, 10, samples};
    assert_int_equal(image_check(&good, &error), GPEN_OK);
    gpen_image bad[8];
    for (int i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].pixels = NULL;
    bad[1].width = 0;
    bad[2].height = -4;
    bad[3].channels = 5;
    bad[4].bits = 1;
    bad[5].row_bytes = 7;
    bad[6].row_bytes = 9;
    bad[7].row_bytes = SIZE_MAX / 2;
    for (int i = 0; i < 8; i++)
        assert_int_equal(image_check(&bad[i], &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(image_check(NULL, &error), GPEN_BAD_ARGUMENT);
}

static void resize_keeps_equal_sizes_and_reads_gaps(void **state)
{
    (void)state;
    uint8_t samples[] = {1, 2, 99, 3, 4, 99};
    gpen_image from = {2, 2, 1, 8, 3, samples}, to;
    gpen_error error;
    assert_int_equal(image_new(&to, 2, 2, 1, 8, &error), GPEN_OK);
    assert_int_equal(image_resize_bilinear(&from, &to, &error), GPEN_OK);
    assert_memory_equal(to.pixels, ((uint8_t[]){1, 2, 3, 4}), 4);
    gpen_image_free(&to);
}

static void halving_is_the_rounded_mean(void **state)
{
    (void)state;
    uint8_t samples[] = {0, 1, 10, 20, 0, 1, 30, 41};
    gpen_image from = {4, 2, 1, 8, 4, samples}, to;
    gpen_error error;
    assert_int_equal(image_new(&to, 2, 1, 1, 8, &error), GPEN_OK);
    assert_int_equal(image_resize_bilinear(&from, &to, &error), GPEN_OK);
    assert_memory_equal(to.pixels, ((uint8_t[]){1, 25}), 2);
    gpen_image_free(&to);
}

static void sixteen_bits_keep_their_ends(void **state)
{
    (void)state;
    uint16_t samples[] = {0, 65535};
    gpen_image from = {2, 1, 1, 16, 4, samples}, to;
    gpen_error error;
    assert_int_equal(image_new(&to, 4, 3, 1, 16, &error), GPEN_OK);
    assert_int_equal(image_resize_bilinear(&from, &to, &error), GPEN_OK);
    static const uint16_t row[] = {0, 16384, 49151, 65535}; /* a quarter is 16383.75, three are 49151.25 */
    for (int y = 0; y < 3; y++)
        assert_memory_equal((char *)to.pixels + (size_t)y * to.row_bytes, row, sizeof row);
    gpen_image_free(&to);
}

static double seen(const gpen_image *from, int x, int y, int channel)
{
    double top = image_top(from), sample = image_sample(from, x, y, channel) / top;
    double opacity = image_has_alpha(from) ? image_sample(from, x, y, image_colours(from)) / top : 1;
    return 255 * (sample * opacity + 1 - opacity);
}

/* How much of the source's pixel i the result's pixel k covers, which is as long as `length` of those. */
static double covered(int i, int k, double length)
{
    return fmax(fmin(i + 1, (k + 1) * length) - fmax(i, k * length), 0);
}

static void check_means(const gpen_image *from, const gpen_image *to)
{
    int longer = from->width > from->height ? from->width : from->height;
    assert_int_equal(to->width > to->height ? to->width : to->height, longer < 20 ? longer : 20);
    assert_int_equal(to->channels, image_colours(from));
    assert_int_equal(to->bits, 8);
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++)
            for (int c = 0; c < to->channels; c++) {
                double sum = 0, across = (double)from->width / to->width, down = (double)from->height / to->height;
                for (int v = (int)(y * down); v < from->height && v < (y + 1) * down; v++)
                    for (int u = (int)(x * across); u < from->width && u < (x + 1) * across; u++)
                        sum += covered(u, x, across) * covered(v, y, down) * seen(from, u, v, c);
                assert_true(fabs(image_sample(to, x, y, c) - sum / across / down) < 0.51);
            }
}

/* Every shape, against sums over all its pixels. */
static void small_pictures_are_means(void **state)
{
    (void)state;
    static const int sizes[][2] = {{40, 30}, {7, 100}, {20, 20}, {1, 90}, {13, 5}};
    enum { EDGE = 20 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int channels = 1; channels <= 4; channels++)
            for (int bits = 8; bits <= 16; bits += 8) {
                gpen_image from, to;
                assert_int_equal(image_new(&from, sizes[i][0], sizes[i][1], channels, bits, NULL), GPEN_OK);
                unsigned seed = 1;
                for (int y = 0; y < from.height; y++)
                    for (int x = 0; x < from.width * channels; x++)
                        image_set_sample(&from, x / channels, y, x % channels,
                                         (long)((seed = seed * 1103515245 + 12345) >> 8) & (bits == 8 ? 255 : 65535));
                assert_int_equal(image_thumbnail(&from, EDGE, &to, NULL), GPEN_OK);
                check_means(&from, &to);
                gpen_image_free(&from);
                gpen_image_free(&to);
            }
}

static void small_pictures_of_nothing_are_refused(void **state)
{
    (void)state;
    gpen_image from = {0}, to;
    assert_int_equal(image_thumbnail(&from, 20, &to, NULL), GPEN_BAD_ARGUMENT);
    assert_int_equal(image_new(&from, 2, 2, 1, 8, NULL), GPEN_OK);
    assert_int_equal(image_thumbnail(&from, 0, &to, NULL), GPEN_BAD_ARGUMENT);
    assert_null(to.pixels);
    gpen_image_free(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_pictures_are_black_and_whole), cmocka_unit_test(impossible_pictures_are_refused),
        cmocka_unit_test(foreign_pictures_are_checked),     cmocka_unit_test(resize_keeps_equal_sizes_and_reads_gaps),
        cmocka_unit_test(small_pictures_are_means),         cmocka_unit_test(small_pictures_of_nothing_are_refused),
        cmocka_unit_test(halving_is_the_rounded_mean),      cmocka_unit_test(sixteen_bits_keep_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

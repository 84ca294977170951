/* Pasting: the mask decides how much, the stronger mask wins, everything else keeps its samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "portrait/room.h"

enum { WIDTH = 60, HEIGHT = 50, SIZE = 20 };

static gpen_image make(int width, int height, int channels, int bits, int level)
{
    gpen_image image;
    assert_int_equal(image_new(&image, width, height, channels, bits, NULL), GPEN_OK);
    for (int y = 0; y < height; y++)
        for (int i = 0; i < width * channels; i++) {
            unsigned char *row = (unsigned char *)image.pixels + (size_t)y * image.row_bytes;
            if (bits == 8)
                row[i] = (unsigned char)level;
            else
                ((uint16_t *)(void *)row)[i] = (uint16_t)(level * 257);
        }
    return image;
}

static int sample(const gpen_image *image, int x, int y, int c)
{
    const unsigned char *row = (const unsigned char *)image->pixels + (size_t)y * image->row_bytes;
    int i = x * image->channels + c;
    return image->bits == 8 ? row[i] : ((const uint16_t *)(const void *)row)[i];
}

static plane make_mask(float value)
{
    plane mask;
    assert_int_equal(plane_new(&mask, SIZE, SIZE, NULL), GPEN_OK);
    for (int i = 0; i < SIZE * SIZE; i++)
        mask.values[i] = value;
    return mask;
}

static image_affine shift(double x, double y)
{
    return (image_affine){{{1, 0, x}, {0, 1, y}}};
}

static thread_pool *pool;

static canvas begin(const gpen_image *photo, gpen_mode mode, uint8_t *touched, gpen_image *result)
{
    canvas c = {.photo = photo, .touched = touched, .pool = pool};
    assert_int_equal(canvas_begin(&c, mode, result, NULL), GPEN_OK);
    return c;
}

/* Pastes a face of one level through a mask of one value at (x, y). */
static void paste(canvas *c, int level, float strength, double x, double y)
{
    const face_look look = {.face = make(SIZE, SIZE, c->photo->channels, c->photo->bits, level)};
    plane mask = make_mask(strength);
    image_affine back = shift(x, y);
    assert_int_equal(canvas_paste(c, &look, &mask, &back, NULL), GPEN_OK);
    plane_free(&mask);
    free(look.face.pixels);
}

static void check_kind(int channels, int bits)
{
    int one = bits == 8 ? 1 : 257;
    gpen_image photo = make(WIDTH, HEIGHT, channels, bits, 100), result;
    uint8_t touched[WIDTH * HEIGHT] = {0};
    canvas c = begin(&photo, GPEN_MODE_PLAIN, touched, &result);
    paste(&c, 200, 0.5f, 10, 5);
    paste(&c, 40, 0.75f, 20, 5);
    canvas_end(&c);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            bool first = x >= 10 && x < 30 && y >= 5 && y < 25, second = x >= 20 && x < 40 && y >= 5 && y < 25;
            int expected = second ? 55 : first ? 150 : 100;
            for (int k = 0; k < image_colours(&photo); k++)
                assert_int_equal(sample(&result, x, y, k), expected * one);
            if (image_has_alpha(&photo))
                assert_int_equal(sample(&result, x, y, channels - 1), 100 * one);
            assert_int_equal(touched[y * WIDTH + x], first || second);
        }
    gpen_image_free(&result);
    gpen_image_free(&photo);
}

static void the_stronger_mask_wins_in_every_kind_of_pixels(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 4; channels++) {
        check_kind(channels, 8);
        check_kind(channels, 16);
    }
}

static void faces_reach_over_the_edge(void **state)
{
    (void)state;
    gpen_image photo = make(WIDTH, HEIGHT, 3, 8, 100), result;
    canvas c = begin(&photo, GPEN_MODE_NATURAL, NULL, &result);
    static const double places[][2] = {{-10, -10}, {WIDTH - 5, HEIGHT - 5}, {-500, 3}, {3, 1e9}, {-1e12, 1e12}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        paste(&c, 200, 1, places[i][0], places[i][1]);
    canvas_end(&c);
    assert_int_equal(sample(&result, 0, 0, 0), 200);
    assert_int_equal(sample(&result, 9, 9, 0), 200);
    assert_int_equal(sample(&result, 10, 10, 0), 100);
    assert_int_equal(sample(&result, WIDTH - 1, HEIGHT - 1, 2), 200);
    assert_int_equal(sample(&result, 30, 25, 1), 100);
    gpen_image_free(&result);
    gpen_image_free(&photo);
}

static void of_equal_masks_natural_keeps_the_first(void **state)
{
    (void)state;
    gpen_image photo = make(WIDTH, HEIGHT, 3, 8, 100), result;
    canvas c = begin(&photo, GPEN_MODE_NATURAL, NULL, &result);
    paste(&c, 200, 0.9999f, 10, 10);
    paste(&c, 40, 1.0f, 10, 10);
    canvas_end(&c);
    assert_int_equal(sample(&result, 20, 20, 0), 200);
    gpen_image_free(&result);
    gpen_image_free(&photo);
}

/* The natural mask is whole over the landmarks and gone at the crop's edge; the plain one a square. */
static void masks_have_their_shapes(void **state)
{
    (void)state;
    parser none = {0};
    gpen_image face = make(256, 256, 3, 8, 100);
    plane ellipse, square;
    assert_int_equal(mask_make(&none, &face, GPEN_MODE_NATURAL, NULL, &ellipse, NULL), GPEN_OK);
    assert_int_equal(mask_make(&none, &face, GPEN_MODE_PLAIN, NULL, &square, NULL), GPEN_OK);
    float points[5][2];
    align_template(256, points);
    for (int i = 0; i < 5; i++) {
        size_t at = (size_t)points[i][1] * 256 + (size_t)points[i][0];
        assert_true(ellipse.values[at] == 1.0f);
        assert_true(square.values[at] > 0.999f);
    }
    for (int i = 0; i < 256; i++) {
        assert_true(ellipse.values[i] == 0 && ellipse.values[255 * 256 + i] == 0);
        assert_true(ellipse.values[i * 256] == 0 && ellipse.values[i * 256 + 255] == 0);
        assert_true(square.values[i] < 0.01f);
    }
    assert_true(square.values[20 * 256 + 20] > 0.9f && ellipse.values[20 * 256 + 20] == 0);
    plane_free(&ellipse);
    plane_free(&square);
    gpen_image_free(&face);
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
        cmocka_unit_test(the_stronger_mask_wins_in_every_kind_of_pixels),
        cmocka_unit_test(faces_reach_over_the_edge),
        cmocka_unit_test(of_equal_masks_natural_keeps_the_first),
        cmocka_unit_test(masks_have_their_shapes),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}

/* A panorama of 100 megapixels: it loads, takes pixels and is written with the picture itself in memory and little more.
 * Its own program because it measures the most memory the process ever had. Under sanitizers, whose memory is not ours, it
 * is skipped (GPEN_SANITIZED). */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "kit.h"

enum { WIDTH = 20000, HEIGHT = 5000 };

static long most_mebibytes(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
#ifdef __APPLE__
    return usage.ru_maxrss >> 20;
#else
    return usage.ru_maxrss >> 10;
#endif
}

/* A smooth picture, computed and written strip by strip. */
static void make_panorama(const char *name)
{
    VipsImage *ramp, *scaled, *grey, *colour;
    assert_int_equal(vips_grey(&ramp, WIDTH, HEIGHT, NULL), 0);
    assert_int_equal(vips_linear1(ramp, &scaled, 255, 0, "uchar", TRUE, NULL), 0);
    assert_int_equal(vips_copy(scaled, &grey, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
    VipsImage *bands[] = {grey, grey, grey};
    assert_int_equal(vips_bandjoin(bands, &colour, 3, NULL), 0);
    kit_write(colour, name);
    g_object_unref(colour);
    g_object_unref(grey);
    g_object_unref(scaled);
    g_object_unref(ramp);
}

static void a_panorama_needs_one_copy_of_itself(void **state)
{
    (void)state;
    enum { FACE = 500, MIB = 1 << 20 };
    make_panorama("a.jpg[Q=75,strip]");
    long picture_size = (long)WIDTH * HEIGHT * 3 / MIB, mask_size = (long)WIDTH * HEIGHT / MIB;
    picture pic = kit_load("a.jpg");
    assert_int_equal(pic.image.width, WIDTH);
    assert_int_equal(pic.image.height, HEIGHT);
    assert_null(pic.native.pixels);

    /* The photo itself serves as the result: a face painted into it. */
    uint8_t *touched = calloc(WIDTH, HEIGHT);
    assert_non_null(touched);
    for (int y = 1000; y < 1000 + FACE; y++) {
        memset(touched + (size_t)y * WIDTH + 9000, 1, FACE);
        memset((char *)pic.image.pixels + (size_t)y * pic.image.row_bytes + 9000 * 3, 200, FACE * 3);
    }
    gpen_error error;
    assert_int_equal(picture_put(&pic, &pic.image, touched, &error), GPEN_OK);
    free(touched);
    kit_save_own(&pic, "out", &(picture_save_options){.format = PICTURE_JPEG, .quality = 90});
    long most = most_mebibytes();
    print_message("the picture is %ld MiB, the mask %ld, the most memory was %ld\n", picture_size, mask_size, most);
    assert_true(most < picture_size + mask_size + 150);
    picture_free(&pic);

    kit_bytes written = kit_read_file("out");
    assert_true(written.length > 100000);
    g_free(written.data);
    VipsImage *read = vips_image_new_from_file(kit_path("out"), "access", VIPS_ACCESS_SEQUENTIAL, NULL), *face;
    assert_non_null(read);
    assert_int_equal(vips_crop(read, &face, 9000 + 100, 1000 + 100, 300, 300, NULL), 0);
    double average;
    assert_int_equal(vips_avg(face, &average, NULL), 0);
    assert_true(average > 199 && average < 201);
    g_object_unref(face);
    g_object_unref(read);
    kit_clear();
}

/* The same photo reduced for a screen: still no second copy. */
static void a_panorama_is_reduced_in_strips(void **state)
{
    (void)state;
    make_panorama("a.jpg[Q=75,strip]");
    picture pic = kit_load("a.jpg");
    kit_save_own(&pic, "out", &(picture_save_options){.format = PICTURE_PNG, .max_edge = 2000});
    assert_true(most_mebibytes() < (long)(pic.image.row_bytes * HEIGHT >> 20) * 4 / 3 + 150);
    picture_free(&pic);
    pic = kit_load("out");
    assert_int_equal(pic.image.width, 2000);
    assert_int_equal(pic.image.height, 500);
    assert_in_range(kit_sample(&pic.image, 1000, 250, 0), 126, 129);
    picture_free(&pic);
    kit_clear();
}

int main(void)
{
    const char *sanitized = getenv("GPEN_SANITIZED");
    if (sanitized && *sanitized) {
        print_message("skipped: GPEN_SANITIZED is set, and a sanitizer's memory is not ours\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_panorama_needs_one_copy_of_itself),
        cmocka_unit_test(a_panorama_is_reduced_in_strips),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

/* The public interface: an aligned face in memory, in every kind of pixels, and that memory stays flat. */
#include <gpen.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *model_path(void)
{
    static char path[512];
    const char *folder = getenv("GPEN_FIXTURES");
    snprintf(path, sizeof path, "%s/gpen64.safetensors", folder ? folder : "tests/fixtures");
    return path;
}

static gpen_model *open_model(int threads)
{
    gpen_error error;
    gpen_model *model;
    if (gpen_model_open(&model, model_path(), &(gpen_options){.threads = threads}, &error))
        fail_msg("%s", error.message);
    return model;
}

/* A smooth picture with rows longer than their pixels. */
static gpen_image make_face(int width, int height, int channels, int bits)
{
    size_t row = (size_t)width * (size_t)channels * (size_t)(bits / 8) + 6;
    gpen_image face = {width, height, channels, bits, row, calloc((size_t)height, row)};
    assert_non_null(face.pixels);
    for (int y = 0; y < height; y++)
        for (int i = 0; i < width * channels; i++) {
            int level = (i / channels * 127 / width + y * 128 / height + i % channels * 9) % 256;
            unsigned char *line = (unsigned char *)face.pixels + (size_t)y * row;
            if (bits == 8)
                line[i] = (unsigned char)level;
            else
                ((uint16_t *)(void *)line)[i] = (uint16_t)(level * 257);
        }
    return face;
}

static int sample(const gpen_image *image, int x, int y, int channel)
{
    const unsigned char *line = (const unsigned char *)image->pixels + (size_t)y * image->row_bytes;
    int index = x * image->channels + channel;
    return image->bits == 8 ? line[index] : ((const uint16_t *)(const void *)line)[index];
}

/* In mode plain: what the network made, and the linear blend. */
static gpen_image restore(gpen_model *model, const gpen_image *face, int strength)
{
    gpen_error error;
    gpen_image restored;
    gpen_settings settings = gpen_settings_default();
    settings.mode = GPEN_MODE_PLAIN;
    settings.strength = strength;
    if (gpen_restore_aligned(model, face, &settings, &restored, &error))
        fail_msg("%s", error.message);
    return restored;
}

static void every_kind_of_pixels_is_restored_as_it_is(void **state)
{
    (void)state;
    gpen_model *model = open_model(2);
    for (int channels = 1; channels <= 4; channels++)
        for (int bits = 8; bits <= 16; bits += 8) {
            gpen_image face = make_face(90, 71, channels, bits), restored = restore(model, &face, 100);
            assert_int_equal(restored.width, 64);
            assert_int_equal(restored.height, 64);
            assert_int_equal(restored.channels, channels);
            assert_int_equal(restored.bits, bits);
            gpen_image_free(&restored);
            assert_null(restored.pixels);
            free(face.pixels);
        }
    gpen_model_close(model);
}

static void sixteen_bits_and_eight_agree(void **state)
{
    (void)state;
    gpen_model *model = open_model(1);
    gpen_image eight = make_face(64, 64, 3, 8), sixteen = make_face(64, 64, 3, 16);
    gpen_image a = restore(model, &eight, 100), b = restore(model, &sixteen, 100);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++)
            for (int c = 0; c < 3; c++)
                assert_true(abs(sample(&b, x, y, c) - 257 * sample(&a, x, y, c)) <= 257);
    gpen_image_free(&a);
    gpen_image_free(&b);
    free(eight.pixels);
    free(sixteen.pixels);
    gpen_model_close(model);
}

static void strength_blends_and_zero_is_the_face(void **state)
{
    (void)state;
    gpen_model *model = open_model(1);
    gpen_image face = make_face(64, 64, 4, 8);
    gpen_image none = restore(model, &face, 0), half = restore(model, &face, 50), full = restore(model, &face, 100);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++) {
            for (int c = 0; c < 3; c++) {
                assert_int_equal(sample(&none, x, y, c), sample(&face, x, y, c));
                int twice = sample(&none, x, y, c) + sample(&full, x, y, c);
                assert_in_range(2 * sample(&half, x, y, c) - twice + 1, 0, 2);
            }
            assert_int_equal(sample(&full, x, y, 3), sample(&face, x, y, 3));
        }
    gpen_image_free(&none);
    gpen_image_free(&half);
    gpen_image_free(&full);
    free(face.pixels);
    gpen_model_close(model);
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    gpen_error error;
    gpen_image restored, face = make_face(64, 64, 3, 8), tiny = make_face(4, 4, 3, 8);
    gpen_model *model = open_model(1), *none = model;
    assert_int_equal(gpen_restore_aligned(model, &face, &(gpen_settings){.strength = 101}, &restored, &error),
                     GPEN_BAD_ARGUMENT);
    assert_int_equal(gpen_restore_aligned(model, &tiny, NULL, &restored, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(gpen_restore_aligned(NULL, &face, NULL, &restored, &error), GPEN_BAD_ARGUMENT);
    assert_int_equal(gpen_restore_aligned(model, &(gpen_image){0}, NULL, &restored, &error), GPEN_BAD_ARGUMENT);
    assert_null(restored.pixels);
    assert_int_equal(gpen_model_open(&none, "/nowhere/model.safetensors", NULL, &error), GPEN_INPUT_MISSING);
    assert_null(none);
    assert_int_equal(gpen_model_open(&none, model_path(), &(gpen_options){.level = "none"}, &error), GPEN_BAD_ARGUMENT);
    gpen_model_close(model);
    gpen_model_close(NULL);
    free(face.pixels);
    free(tiny.pixels);
}

typedef struct user {
    pthread_t thread;
    const gpen_image *face;
    gpen_image restored;
} user;

static void *use_a_handle(void *argument)
{
    user *u = argument;
    gpen_model *model;
    if (!gpen_model_open(&model, model_path(), &(gpen_options){.threads = 2}, NULL)) {
        for (int i = 0; i < 3; i++) {
            gpen_image_free(&u->restored);
            gpen_restore_aligned(model, u->face, NULL, &u->restored, NULL);
        }
        gpen_model_close(model);
    }
    return NULL;
}

static void threads_with_a_handle_each_agree(void **state)
{
    (void)state;
    enum { USERS = 4 };
    gpen_image face = make_face(100, 100, 3, 8);
    user users[USERS] = {0};
    for (int i = 0; i < USERS; i++) {
        users[i].face = &face;
        assert_int_equal(pthread_create(&users[i].thread, NULL, use_a_handle, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) {
        pthread_join(users[i].thread, NULL);
        assert_non_null(users[i].restored.pixels);
        assert_memory_equal(users[i].restored.pixels, users[0].restored.pixels,
                            users[0].restored.row_bytes * (size_t)users[0].restored.height);
    }
    for (int i = 0; i < USERS; i++)
        gpen_image_free(&users[i].restored);
    free(face.pixels);
}

/* Anonymous memory of this process in KiB, which pages of program files that happen to be mapped do not count to; 0 where
 * /proc is not there. */
static long anonymous_memory(void)
{
    long kib = 0;
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static void memory_after_face_100_is_that_after_face_10(void **state)
{
    (void)state;
    if (getenv("GPEN_SANITIZED") || getenv("GPEN_EMULATED"))
        skip(); /* the sanitizer keeps freed memory aside on purpose; an emulator takes its own */
    gpen_model *model = open_model(1); /* with more, which thread touches its scratch when is chance */
    gpen_image face = make_face(300, 280, 3, 8);
    long after_ten = 0;
    for (int i = 1; i <= 100; i++) {
        gpen_image restored = restore(model, &face, 100);
        gpen_image_free(&restored);
        if (i == 10)
            after_ten = anonymous_memory();
    }
    assert_int_equal(anonymous_memory(), after_ten);
    gpen_model_close(model);
    free(face.pixels);
}

static void a_model_describes_itself(void **state)
{
    (void)state;
    gpen_model *model = open_model(2);
    gpen_model_info info;
    gpen_model_describe(model, &info);
    assert_int_equal(info.size, 64);
    assert_int_equal(info.style_length, 64);
    assert_int_equal(info.mapping_layers, 4);
    assert_int_equal(info.threads, 2);
    assert_true(info.parameters > 200000 && info.weight_bytes > 800000 && info.arena_bytes > 100000);
    gpen_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_pixels_is_restored_as_it_is),
        cmocka_unit_test(sixteen_bits_and_eight_agree),
        cmocka_unit_test(strength_blends_and_zero_is_the_face),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(threads_with_a_handle_each_agree),
        cmocka_unit_test(memory_after_face_100_is_that_after_face_10),
        cmocka_unit_test(a_model_describes_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

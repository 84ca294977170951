/* Looks without memory: whichever allocation fails, the call says so and leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pairs.h"

enum { SIZE = 64 };

static int left; /* allocations until one fails; 0: none does */
static bool failed;

static bool fails(void)
{
    if (!left || --left)
        return false;
    return failed = true;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

static thread_pool *pool;
static face_crop crop;

/* From the photo, which is the crop's `before`, to a result of a preview of half its size. */
static gpen_status make(const gpen_settings *settings, gpen_image *result, gpen_error *error)
{
    gpen_face one = {.landmarks = {{24, 30}, {40, 30}, {32, 38}, {26, 47}, {38, 47}}};
    gpen_faces faces = {&one, 1};
    photo_source source;
    composition c;
    *result = (gpen_image){0};
    gpen_status status = source_open(&source, &crop.before, SIZE / 2, error);
    if (status)
        return status;
    status = source_prepare(&source, settings->mode, pool, error);
    if (!status)
        status = compose_begin(&c, &source, settings, &faces, NULL, pool, error);
    if (!status) {
        status = compose_face(&c, 0, &crop, NULL, error);
        if (!status)
            status = compose_finish(&c, result, error);
        compose_end(&c);
    }
    source_close(&source);
    return status;
}

static void each_allocation_of_a_look_may_fail(void **state)
{
    (void)state;
    for (int mode = GPEN_MODE_NATURAL; mode <= GPEN_MODE_PLAIN; mode++) {
        gpen_settings settings = gpen_settings_default();
        settings.mode = (gpen_mode)mode;
        settings.skin_protect = settings.sharpen = 50;
        int allocation = 0;
        do {
            gpen_error error = {0};
            gpen_image result;
            failed = false;
            left = ++allocation;
            gpen_status status = make(&settings, &result, &error);
            left = 0;
            assert_int_equal(status, failed ? GPEN_OUT_OF_MEMORY : GPEN_OK);
            assert_int_equal(error.status, status);
            assert_true(!failed == (result.pixels != NULL));
            gpen_image_free(&result);
        } while (failed);
        assert_true(allocation > 8);
    }
}

static void each_allocation_of_a_shift_may_fail(void **state)
{
    (void)state;
    int allocation = 0;
    do {
        gpen_error error = {0};
        plane shift[2];
        failed = false;
        left = ++allocation;
        gpen_status status = shift_find(shift, &crop.before, &crop.after, &error);
        left = 0;
        assert_int_equal(status, failed ? GPEN_OUT_OF_MEMORY : GPEN_OK);
        for (int k = 0; k < 2; k++) {
            assert_true(!failed == (shift[k].values != NULL));
            plane_free(&shift[k]);
        }
    } while (failed);
    assert_true(allocation > 100);
}

static int open_all(void **state)
{
    (void)state;
    const drawing before = {.softness = 6, .noise = 5}, after = {.across = 1, .softness = 2};
    crop = crop_of(draw_face(SIZE, 3, 8, &before), draw_face(SIZE, 3, 8, &after));
    return (int)thread_pool_new(&pool, 1, NULL);
}

static int close_all(void **state)
{
    (void)state;
    thread_pool_free(pool);
    face_crop_free(&crop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_a_look_may_fail),
        cmocka_unit_test(each_allocation_of_a_shift_may_fail),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}

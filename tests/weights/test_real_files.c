/* Two files as PyTorch wrote them: RetinaFace in the stream form, GPEN mini in the zip form. They stand outside the
 * repository, in the folder GPEN_SHARED; without it this is skipped. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "weights/weights.h"

enum { SKIPPED = 77 };

static char *shared_file(const char *name)
{
    const char *shared = getenv("GPEN_SHARED");
    char *path = shared ? path_join(shared, name) : NULL;
    if (path && path_is_file(path))
        return path;
    free(path);
    return NULL;
}

/* All tensors are float32 or counters, finite, and as many numbers as the file's length says. */
static int64_t read_all(const weights *file)
{
    gpen_error error;
    int64_t total = 0;
    for (size_t i = 0; i < weights_count(file); i++) {
        const weights_tensor *tensor = weights_at(file, i);
        float *values = malloc((size_t)(tensor->count + 1) * sizeof *values);
        assert_non_null(values);
        assert_int_equal(weights_read_f32(file, tensor, values, &error), GPEN_OK);
        for (int64_t n = 0; n < tensor->count; n++)
            assert_true(isfinite(values[n]));
        free(values);
        total += tensor->count;
    }
    return total;
}

static weights *open_shared(const char *name)
{
    gpen_error error;
    weights *file;
    char *path = shared_file(name);
    assert_non_null(path);
    if (weights_open(&file, path, &error))
        fail_msg("%s", error.message);
    free(path);
    return file;
}

static void test_stream_form(void **state)
{
    (void)state;
    weights *file = open_shared("weights/retinaface-mobilenet0.25.pth");
    const weights_tensor *first = weights_find(file, "body.stage1.0.0.weight");
    assert_non_null(first); /* the file's names begin with module. */
    assert_int_equal(first->rank, 4);
    assert_int_equal(first->shape[0], 8);
    assert_int_equal(first->shape[1], 3);
    assert_true(read_all(file) > 400000);
    weights_close(file);
}

static void test_zip_form(void **state)
{
    (void)state;
    weights *file = open_shared("weights/gpen-mini-prototype.pth");
    const weights_tensor *mapping = weights_find(file, "generator.style.1.weight");
    assert_non_null(mapping);
    assert_int_equal(mapping->dtype, WEIGHTS_F32);
    assert_int_equal(mapping->count, 128 * 128);
    assert_true(read_all(file) > 3500000);
    weights_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stream_form)};
    const struct CMUnitTest with_archive[] = {cmocka_unit_test(test_zip_form)};
    char *one = shared_file("weights/retinaface-mobilenet0.25.pth"),
         *two = shared_file("weights/gpen-mini-prototype.pth");
    int failures = SKIPPED;
    if (one && two) {
        failures = cmocka_run_group_tests(tests, NULL, NULL);
        if (WITH_ARCHIVE)
            failures += cmocka_run_group_tests(with_archive, NULL, NULL);
    } else {
        printf("skipped: GPEN_SHARED does not lead to the files\n");
    }
    free(one);
    free(two);
    return failures;
}

/* GPEN against what the PyTorch reference made of the same weights (tests/fixtures, written by make_fixtures.py): the output,
 * the style vector and the maps and pictures of several levels. And files that are no GPEN are refused by name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "models/models.h"

static char *fixture(const char *name)
{
    static char path[512];
    const char *folder = getenv("GPEN_FIXTURES");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "tests/fixtures", name);
    return path;
}

static weights *open_fixture(const char *name)
{
    gpen_error error;
    weights *file;
    if (weights_open(&file, fixture(name), &error))
        fail_msg("%s", error.message);
    return file;
}

static float *read_tensor(const weights *file, const char *name, int64_t *count)
{
    const weights_tensor *tensor = weights_find(file, name);
    assert_non_null(tensor);
    float *values = malloc((size_t)tensor->count * sizeof *values);
    assert_non_null(values);
    assert_int_equal(weights_read_f32(file, tensor, values, NULL), GPEN_OK);
    *count = tensor->count;
    return values;
}

static double relative_l2(const float *actual, const float *expected, int64_t count)
{
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < count; i++) {
        double d = (double)actual[i] - (double)expected[i];
        difference += d * d;
        norm += (double)expected[i] * (double)expected[i];
    }
    return sqrt(difference / norm);
}

/* The fixture's network at a precision: 0, or NN_BF16. */
static nn_plan *compile(const weights *file, nn_device *device, int precision)
{
    gpen_error error;
    gpen_architecture architecture;
    if (gpen_architecture_read(&architecture, file, &error))
        fail_msg("%s", error.message);
    nn_graph *graph = gpen_graph(&architecture, file);
    assert_non_null(graph);
    nn_weights source = weights_for_plan(file);
    nn_plan *plan;
    if (nn_plan_compile(&plan, device, graph, &source, NN_KEEP_MARKS | precision, &error))
        fail_msg("%s", error.message);
    nn_graph_free(graph);
    return plan;
}

static void check_mark(const nn_plan *plan, const weights *expected, const char *name, double least)
{
    int64_t count;
    float *reference = read_tensor(expected, name, &count), *values = malloc((size_t)count * sizeof *values);
    assert_non_null(values);
    assert_int_equal(nn_plan_read(plan, name, values), count);
    /* maps of full size are stored in float16 */
    double bound = !strcmp(weights_dtype_name(weights_find(expected, name)->dtype), "F16") ? 1e-3 : 1e-5;
    bound = bound > least ? bound : least;
    double error = relative_l2(values, reference, count);
    if (!(error < bound))
        fail_msg("%s: relative L2 %.3g", name, error);
    free(reference);
    free(values);
}

static void check_fixture(const char *name, int precision)
{
    double bound = precision == NN_BF16 ? 2e-2 : 1e-5;
    char weights_name[64], expected_name[64];
    snprintf(weights_name, sizeof weights_name, "%s.safetensors", name);
    snprintf(expected_name, sizeof expected_name, "%s-expected.safetensors", name);
    weights *expected = open_fixture(expected_name), *file = open_fixture(weights_name);
    int64_t count;
    float *input = read_tensor(expected, "input", &count), *output = read_tensor(expected, "output", &count);
    float *results[2];
    for (int run = 0; run < 2; run++) {
        nn_device *device;
        assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = 1 + 2 * run}, NULL), GPEN_OK);
        nn_plan *plan = compile(file, device, precision);
        results[run] = malloc((size_t)count * sizeof(float));
        assert_non_null(results[run]);
        nn_plan_run(plan, input, &results[run]);
        for (size_t i = 0; i < weights_count(expected); i++) {
            const char *mark = weights_at(expected, i)->name;
            if (strcmp(mark, "input") && strcmp(mark, "output"))
                check_mark(plan, expected, mark, bound);
        }
        double error = relative_l2(results[run], output, count);
        if (!(error < bound))
            fail_msg("%s: relative L2 %.3g", name, error);
        nn_plan_free(plan);
        nn_device_close(device);
    }
    assert_memory_equal(results[0], results[1],
                        (size_t)count * sizeof(float)); /* any number of threads, the same bits */
    free(results[0]);
    free(results[1]);
    free(input);
    free(output);
    weights_close(file);
    weights_close(expected);
}

static void gpen_equals_the_reference(void **state)
{
    (void)state;
    check_fixture("gpen64", 0);
}

static void in_bfloat16_gpen_comes_near(void **state)
{
    (void)state;
    nn_device *device;
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = 1}, NULL), GPEN_OK);
    bool here = nn_device_has_bf16(device);
    nn_device_close(device);
    if (!here)
        skip();
    check_fixture("gpen64", NN_BF16);
    check_fixture("gpen128-odd", NN_BF16);
}

static void odd_widths_equal_the_reference(void **state)
{
    (void)state;
    check_fixture("gpen128-odd", 0);
}

static void the_architecture_is_read_from_the_tensors(void **state)
{
    (void)state;
    gpen_architecture a;
    weights *file = open_fixture("gpen128-odd.safetensors");
    assert_int_equal(gpen_architecture_read(&a, file, NULL), GPEN_OK);
    assert_int_equal(a.size, 128);
    assert_int_equal(a.levels, 6);
    assert_int_equal(a.channels[0], 25);
    assert_int_equal(a.channels[4], 12);
    assert_int_equal(a.channels[5], 6);
    assert_int_equal(a.style_length, 40);
    assert_int_equal(a.mapping_layers, 2);
    weights_close(file);
}

/* A copy of the fixture in which the first `from` of the header is replaced by `to`, of the same length; what the check of it says. */
static void expect_refusal(const char *from, const char *to, const char *said)
{
    FILE *in = fopen(fixture("gpen64.safetensors"), "rb");
    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    rewind(in);
    char *bytes = malloc((size_t)size), path[] = "/tmp/gpen-test-XXXXXX";
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, in), size);
    fclose(in);
    char *place = memmem(bytes, (size_t)size, from, strlen(from));
    assert_non_null(place);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(place, to, strlen(to));
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, (size_t)size), size);
    close(descriptor);
    free(bytes);

    gpen_error error = {0};
    gpen_architecture a;
    weights *file;
    gpen_status status = weights_open(&file, path, &error);
    if (!status) {
        status = gpen_architecture_read(&a, file, &error);
        weights_close(file);
    }
    unlink(path);
    assert_int_equal(status, GPEN_MODEL_INVALID);
    if (!strstr(error.message, said))
        fail_msg("'%s' does not name '%s'", error.message, said);
}

static void wrong_tensors_are_refused_by_name(void **state)
{
    (void)state;
    expect_refusal("generator.style.3.bias", "generator.style.3.bios", "generator.style.3.bias");
    expect_refusal("generator.convs.2.conv.weight", "generator.convs.2.conv.wait!!", "generator.convs.2.conv.weight");
    expect_refusal("ecd0.0.0.weight", "acd0.0.0.weight", "ecd0.0.0.weight");
    expect_refusal("\"shape\":[1,3,32,1,1]", "\"shape\":[1,32,3,1,1]", "[1 32 3 1 1], not [1 3");
    expect_refusal("final_linear.0.bias", "final_linear.0.bear", "final_linear.0.bias");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpen_equals_the_reference),
        cmocka_unit_test(odd_widths_equal_the_reference),
        cmocka_unit_test(in_bfloat16_gpen_comes_near),
        cmocka_unit_test(the_architecture_is_read_from_the_tensors),
        cmocka_unit_test(wrong_tensors_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

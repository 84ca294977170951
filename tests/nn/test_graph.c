/* Graphs that cannot work are refused with a reason when they are compiled, and filters equal their definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nn/nn.h"

/* Tensor 1 is a kernel, tensor 2 a bias, both in these arrays. */
static float kernel_values[16], bias_values[64];

static gpen_status read_values(void *context, int tensor, float *values, int64_t count, gpen_error *error)
{
    (void)context;
    (void)error;
    memcpy(values, tensor == 2 ? bias_values : kernel_values, (size_t)count * sizeof *values);
    return GPEN_OK;
}

static const nn_weights source = {.read = read_values};
static const nn_weight kernel_weight = {.tensor = 1, .count = 16, .scale = 1};

static nn_device *open_device(void)
{
    nn_device *device;
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = 2}, NULL), GPEN_OK);
    return device;
}

static void expect_refusal(nn_graph *graph, gpen_status status, const char *word)
{
    gpen_error error = {0};
    nn_device *device = open_device();
    nn_plan *plan;
    assert_int_equal(nn_plan_compile(&plan, device, graph, &source, 0, &error), status);
    assert_null(plan);
    if (!strstr(error.message, word))
        fail_msg("'%s' does not speak of '%s'", error.message, word);
    nn_device_close(device);
    nn_graph_free(graph);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    nn_graph *graph = nn_graph_new();
    nn_image(graph, 3, 8, 8);
    expect_refusal(graph, GPEN_BAD_ARGUMENT, "output");

    graph = nn_graph_new();
    nn_value image = nn_image(graph, 3, 8, 8);
    nn_conv_options conv = {.input = image,
                            .weight = {.tensor = 2, .count = 64, .scale = 1},
                            .activation = NN_LINEAR,
                            .outputs = 8,
                            .kernel = 3,
                            .stride = 1,
                            .padding = 1};
    nn_conv(graph, &conv);
    nn_output(graph, image);
    expect_refusal(graph, GPEN_BAD_ARGUMENT, "weights");

    graph = nn_graph_new();
    nn_output(graph, nn_image(graph, 3, 0, 8));
    expect_refusal(graph, GPEN_BAD_ARGUMENT, "size");

    graph = nn_graph_new();
    nn_image(graph, 3, 8, 8);
    nn_output(graph, nn_image(graph, 3, 8, 8));
    expect_refusal(graph, GPEN_BAD_ARGUMENT, "one input");
}

static void a_kernel_that_is_no_product_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++)
        kernel_values[i] = (float)(i * i % 7);
    nn_graph *graph = nn_graph_new();
    nn_output(graph, nn_upsample(graph, nn_image(graph, 1, 4, 4), kernel_weight));
    expect_refusal(graph, GPEN_MODEL_INVALID, "separable");
}

/* An asymmetric separable kernel, so that a flip that is forgotten shows. */
static void fill_kernel(void)
{
    static const float down[4] = {1, -2, 3, 0.5f}, across[4] = {0.25f, 1, 4, -1};
    for (int i = 0; i < 16; i++)
        kernel_values[i] = down[i / 4] * across[i % 4];
}

/* upfirdn2d: zeros between samples, padding, correlation with the flipped kernel. */
static double filtered(const float *plane, int height, int width, int up, int before, int y, int x)
{
    double sum = 0;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            int row = y + i - before, column = x + j - before;
            if (row < 0 || column < 0 || row % up || column % up || row / up >= height || column / up >= width)
                continue;
            sum += (double)kernel_values[(3 - i) * 4 + 3 - j] * (double)plane[row / up * width + column / up];
        }
    return sum;
}

static void upsampling_equals_its_definition(void **state)
{
    (void)state;
    enum { HEIGHT = 5, WIDTH = 7, PLANE = HEIGHT * WIDTH };
    fill_kernel();
    float image[2 * PLANE], output[2 * 4 * PLANE];
    for (int i = 0; i < 2 * PLANE; i++)
        image[i] = (float)(i * 7919 % 101) / 50.0f - 1.0f;
    nn_graph *graph = nn_graph_new();
    nn_output(graph, nn_upsample(graph, nn_image(graph, 2, HEIGHT, WIDTH), kernel_weight));
    nn_device *device = open_device();
    nn_plan *plan;
    assert_int_equal(nn_plan_compile(&plan, device, graph, &source, 0, NULL), GPEN_OK);
    nn_plan_run(plan, image, (float *[]){output});
    for (int i = 0; i < 2 * 4 * PLANE; i++) {
        int plane = i / (4 * PLANE), y = i / (2 * WIDTH) % (2 * HEIGHT), x = i % (2 * WIDTH);
        double expected = filtered(image + plane * PLANE, HEIGHT, WIDTH, 2, 2, y, x);
        assert_true(fabs(expected - (double)output[i]) < 1e-5);
    }
    nn_plan_free(plan);
    nn_graph_free(graph);
    nn_device_close(device);
}

static void blur_equals_its_definition(void **state)
{
    (void)state;
    enum { HEIGHT = 21, WIDTH = 6, PLANE = HEIGHT * WIDTH, CHANNELS = 19 };
    static const int paddings[][2] = {{1, 1}, {2, 2}, {2, 1}, {0, 3}};
    fill_kernel();
    for (int i = 0; i < 64; i++)
        bias_values[i] = (float)(i % 9) / 9.0f - 0.4f;
    float image[PLANE], output[PLANE];
    for (int i = 0; i < PLANE; i++)
        image[i] = (float)(i * 7919 % 101) / 50.0f - 1.0f;
    for (size_t k = 0; k < sizeof paddings / sizeof *paddings; k++) {
        int before = paddings[k][0], height = HEIGHT + before + paddings[k][1] - 3,
            width = WIDTH + before + paddings[k][1] - 3;
        nn_graph *graph = nn_graph_new();
        nn_value in = nn_image(graph, 1, HEIGHT, WIDTH);
        /* each channel is the image times a number of its own: bias_values serves as the weights, too */
        nn_value map = nn_conv(graph, &(nn_conv_options){.input = in,
                                                         .weight = {.tensor = 2, .count = 64, .scale = 1},
                                                         .activation = NN_LINEAR,
                                                         .outputs = CHANNELS,
                                                         .kernel = 1,
                                                         .stride = 1});
        nn_value blurred =
            nn_blur(graph, &(nn_blur_options){.input = map,
                                              .kernel = kernel_weight,
                                              .before = before,
                                              .after = paddings[k][1],
                                              .bias = {.tensor = 2, .count = 64, .scale = 1, .offset = 3},
                                              .activation = NN_LEAKY_SCALED});
        nn_mark(graph, blurred, "blurred");
        nn_output(graph, in);
        nn_device *device = open_device();
        nn_plan *plan;
        assert_int_equal(nn_plan_compile(&plan, device, graph, &source, NN_KEEP_MARKS, NULL), GPEN_OK);
        nn_plan_run(plan, image, (float *[]){output});
        float values[CHANNELS * (HEIGHT + 1) * (WIDTH + 1)];
        assert_int_equal(nn_plan_read(plan, "blurred", values), CHANNELS * height * width);
        for (int i = 0; i < CHANNELS * height * width; i++) {
            int c = i / (height * width), y = i / width % height, x = i % width;
            double t =
                filtered(image, HEIGHT, WIDTH, 1, before, y, x) * (double)bias_values[c] + (double)bias_values[c + 3];
            double expected = (t > 0 ? t : 0.2 * t) * sqrt(2);
            assert_true(fabs(expected - (double)values[i]) < 2e-5);
        }
        nn_plan_free(plan);
        nn_graph_free(graph);
        nn_device_close(device);
    }
}

/* Levels without bfloat16 products, by name. */
static void a_precision_that_is_not_there_is_refused(void **state)
{
    (void)state;
    nn_device *device;
    nn_plan *plan;
    gpen_error error;
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = 1, .level = "generic"}, &error), GPEN_OK);
    assert_false(nn_device_has_bf16(device));
    nn_graph *graph = nn_graph_new();
    assert_non_null(graph);
    nn_output(graph, nn_image(graph, 3, 4, 4));
    assert_int_equal(nn_plan_compile(&plan, device, graph, NULL, NN_BF16, &error), GPEN_BAD_ARGUMENT);
    assert_null(plan);
    assert_non_null(strstr(error.message, "generic"));
    nn_graph_free(graph);
    nn_device_close(device);
}

static void an_unknown_level_is_refused(void **state)
{
    (void)state;
    gpen_error error;
    nn_device *device;
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.level = "quantum"}, &error), GPEN_BAD_ARGUMENT);
    assert_non_null(strstr(error.message, "quantum"));
    assert_null(device);
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = 100000}, &error), GPEN_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused),     cmocka_unit_test(a_kernel_that_is_no_product_is_refused),
        cmocka_unit_test(upsampling_equals_its_definition), cmocka_unit_test(blur_equals_its_definition),
        cmocka_unit_test(an_unknown_level_is_refused),      cmocka_unit_test(a_precision_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

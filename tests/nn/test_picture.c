/* A 1x1 convolution of the picture that is computed where it is read (conv_picture.c) gives, to the bit, what it gives when its map is
 * kept: for the blur, the decoder's convolution and to_rgb, at sizes that do not divide into tiles, with one and several threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nn/nn.h"

enum { CHANNELS = 20, OUTPUTS = 24, HEIGHT = 130, WIDTH = 117 };
enum { STEM = 1, STEM_BIAS, KERNEL, SOURCE, GAIN, FEATURE_BIAS, STYLE, WEIGHT, RGB_STYLE, RGB, TENSORS };

static const int64_t counts[TENSORS] = {[STEM] = CHANNELS * 3,
                                        [STEM_BIAS] = CHANNELS,
                                        [KERNEL] = 16,
                                        [SOURCE] = OUTPUTS * 3,
                                        [GAIN] = 1,
                                        [FEATURE_BIAS] = CHANNELS,
                                        [STYLE] = OUTPUTS + CHANNELS,
                                        [WEIGHT] = (int64_t)OUTPUTS * (OUTPUTS + CHANNELS) * 9,
                                        [RGB_STYLE] = OUTPUTS + CHANNELS,
                                        [RGB] = OUTPUTS + CHANNELS};

/* Numbers in -1..1 that follow from the tensor's number; the kernel of the blur is separable. */
static gpen_status read_tensor(void *context, int tensor, float *values, int64_t count, gpen_error *error)
{
    (void)context;
    (void)error;
    static const float taps[4] = {1, 3, 3, 1};
    uint32_t state = (uint32_t)tensor * 77u;
    assert_int_equal(count, counts[tensor]);
    for (int64_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = tensor == KERNEL ? taps[i / 4] * taps[i % 4] / 64 : (float)((double)state / 2147483648.0 - 1.0);
    }
    return GPEN_OK;
}

static nn_weight weight_of(int tensor)
{
    return (nn_weight){.tensor = tensor, .count = counts[tensor], .scale = 1};
}

static nn_value vector_of(nn_graph *graph, int tensor)
{
    return nn_flatten(graph, nn_constant(graph, weight_of(tensor), (int)counts[tensor], 1, 1));
}

/* marked: the stem's map is kept for a reader. */
static nn_graph *make_graph(bool marked)
{
    nn_graph *graph = nn_graph_new();
    assert_non_null(graph);
    nn_value image = nn_image(graph, 3, HEIGHT, WIDTH);
    nn_conv_options options = {.input = image,
                               .weight = weight_of(STEM),
                               .bias = weight_of(STEM_BIAS),
                               .activation = NN_LEAKY_SCALED,
                               .outputs = CHANNELS,
                               .kernel = 1,
                               .stride = 1};
    nn_value stem = nn_conv(graph, &options);
    if (marked)
        nn_mark(graph, stem, "stem");
    nn_output(graph, nn_blur(graph, &(nn_blur_options){.input = stem,
                                                       .kernel = weight_of(KERNEL),
                                                       .before = 2,
                                                       .after = 2,
                                                       .activation = NN_LINEAR}));
    options.weight = weight_of(SOURCE);
    options.bias = (nn_weight){0};
    options.outputs = OUTPUTS;
    nn_feature feature = {stem, weight_of(GAIN), weight_of(FEATURE_BIAS)};
    nn_value map = nn_conv(graph, &(nn_conv_options){.input = nn_conv(graph, &options),
                                                     .feature = feature,
                                                     .style = vector_of(graph, STYLE),
                                                     .weight = weight_of(WEIGHT),
                                                     .activation = NN_LEAKY_SCALED,
                                                     .outputs = OUTPUTS,
                                                     .kernel = 3,
                                                     .stride = 1,
                                                     .padding = 1});
    nn_output(graph, map);
    nn_output(graph, nn_to_rgb(graph, &(nn_to_rgb_options){.input = map,
                                                           .feature = feature,
                                                           .style = vector_of(graph, RGB_STYLE),
                                                           .weight = weight_of(RGB),
                                                           .bias = weight_of(GAIN),
                                                           .outputs = 1}));
    return graph;
}

enum { BLURRED = CHANNELS * (HEIGHT + 1) * (WIDTH + 1), MAP = OUTPUTS * HEIGHT * WIDTH, GREY = HEIGHT * WIDTH };
enum { ALL = BLURRED + MAP + GREY };

/* All outputs behind each other. */
static float *run_graph(bool marked, int threads, int flags, size_t *arena)
{
    nn_device *device;
    nn_plan *plan;
    nn_plan_info info;
    gpen_error error = {0};
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = threads}, &error), GPEN_OK);
    nn_graph *graph = make_graph(marked);
    if (nn_plan_compile(&plan, device, graph, &(nn_weights){.read = read_tensor}, flags | NN_KEEP_MARKS, &error))
        fail_msg("%s", error.message);
    nn_graph_free(graph);
    nn_plan_describe(plan, &info);
    *arena = info.arena_bytes;
    float *image = malloc(3 * GREY * sizeof *image), *values = malloc(ALL * sizeof *values);
    assert_non_null(image);
    assert_non_null(values);
    for (int i = 0; i < 3 * GREY; i++)
        image[i] = (float)(i * 7919 % 1000) / 500 - 1;
    nn_plan_run(plan, image, (float *[]){values, values + BLURRED, values + BLURRED + MAP});
    free(image);
    nn_plan_free(plan);
    nn_device_close(device);
    return values;
}

static void compare_with_kept(int flags, double bound)
{
    size_t kept_arena, arena;
    float *kept = run_graph(true, 1, flags, &kept_arena), *alone = run_graph(false, 1, flags, &arena);
    assert_true(arena < kept_arena);
    float *threaded = run_graph(false, 3, flags, &arena);
    assert_memory_equal(alone, threaded, ALL * sizeof *alone);
    double difference = 0, norm = 0;
    for (int i = 0; i < ALL; i++) {
        double d = (double)kept[i] - (double)alone[i];
        difference += d * d;
        norm += (double)kept[i] * (double)kept[i];
    }
    if (!(norm > 0 && difference <= bound * bound * norm))
        fail_msg("squares of %g differ by %g", norm, difference);
    free(kept);
    free(alone);
    free(threaded);
}

static void computed_where_it_is_read(void **state)
{
    (void)state;
    compare_with_kept(0, 0);
}

/* There it is rounded once more, behind its bend. */
static void in_bfloat16_nearly(void **state)
{
    (void)state;
    nn_device *device;
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = 1}, NULL), GPEN_OK);
    bool here = nn_device_has_bf16(device);
    nn_device_close(device);
    if (!here)
        skip();
    compare_with_kept(NN_BF16, 2e-2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(computed_where_it_is_read),
                                       cmocka_unit_test(in_bfloat16_nearly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

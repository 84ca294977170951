/* Whole convolution steps against a direct sum in double: odd sizes, every kind, both algorithms, one and several threads; where the
 * processor has it, in bfloat16 too. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nn/nn.h"

typedef struct trial {
    int channels, feature_channels, outputs, height, width, kernel, stride, padding;
    bool transposed, modulated;
    bool planar; /* the image itself is read */
} trial;

static const trial trials[] = {
    {3, 0, 5, 9, 7, 1, 1, 0, false, false, false},         {16, 0, 16, 8, 8, 3, 1, 1, false, false, false},
    {20, 0, 33, 7, 11, 3, 1, 1, false, true, false},       {17, 9, 40, 6, 5, 3, 1, 1, false, true, false},
    {16, 16, 64, 32, 32, 3, 1, 1, false, true, false},     {5, 19, 48, 33, 37, 3, 1, 1, false, true, false},
    {40, 0, 24, 35, 61, 3, 1, 1, false, false, false},     {32, 32, 130, 34, 45, 3, 1, 1, false, true, false},
    {24, 0, 31, 13, 17, 3, 2, 0, false, false, false},     {24, 0, 31, 12, 18, 3, 2, 1, false, false, false},
    {18, 10, 20, 5, 9, 3, 2, 0, true, true, false},        {64, 64, 32, 16, 16, 3, 2, 0, true, true, false},
    {20, 7, 36, 66, 71, 3, 2, 0, true, true, false},       {512, 512, 128, 64, 65, 3, 2, 0, true, true, false},
    {16, 0, 33, 64, 80, 3, 2, 0, true, false, false},      {64, 64, 64, 63, 65, 3, 2, 0, true, true, false},
    {7, 0, 9, 20, 21, 7, 2, 3, false, false, false},       {300, 0, 20, 4, 4, 3, 1, 1, false, true, false},
    {512, 512, 96, 32, 33, 3, 1, 1, false, true, false},   {1, 0, 1, 1, 1, 1, 1, 0, false, false, false},
    {20, 9, 40, 129, 143, 3, 2, 0, false, true, false},    {33, 0, 24, 150, 127, 3, 2, 1, false, false, false},
    {2, 0, 40, 37, 29, 7, 2, 3, false, false, true},       {2, 0, 8, 21, 30, 3, 2, 1, false, false, true},
    {2, 0, 33, 5, 19, 5, 1, 1, false, false, true},        {2, 0, 7, 12, 11, 9, 1, 4, false, false, true},
    {2, 0, 20, 3, 2, 15, 1, 7, false, false, true},        {2, 0, 64, 13, 9, 1, 1, 0, false, false, true},
    {208, 0, 208, 128, 132, 3, 2, 1, false, false, false},
};

/* Tensors of a trial, in the order of their numbers. */
enum { IMAGE_TO_SOURCE = 1, IMAGE_TO_FEATURE, GAIN, FEATURE_BIAS, STYLE, WEIGHT, BIAS, TENSORS };

typedef struct tensors {
    float *values[TENSORS];
    int64_t counts[TENSORS];
} tensors;

static uint32_t random_state = 1;

static float random_float(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (float)((double)random_state / 2147483648.0 - 1.0);
}

static gpen_status read_tensor(void *context, int tensor, float *values, int64_t count, gpen_error *error)
{
    (void)error;
    const tensors *t = context;
    assert_int_equal(count, t->counts[tensor]);
    memcpy(values, t->values[tensor], (size_t)count * sizeof *values);
    return GPEN_OK;
}

static nn_weight weight_of(const tensors *t, int tensor, float scale)
{
    return (nn_weight){.tensor = tensor, .count = t->counts[tensor], .scale = scale};
}

static tensors make_tensors(const trial *t)
{
    int inputs = t->channels + t->feature_channels;
    tensors made = {.counts = {[IMAGE_TO_SOURCE] = t->channels * 2,
                               [IMAGE_TO_FEATURE] = t->feature_channels * 2,
                               [GAIN] = 1,
                               [FEATURE_BIAS] = t->feature_channels,
                               [STYLE] = inputs,
                               [WEIGHT] = (int64_t)t->outputs * inputs * t->kernel * t->kernel,
                               [BIAS] = t->outputs}};
    for (int i = 1; i < TENSORS; i++) {
        made.values[i] = malloc((size_t)made.counts[i] * sizeof(float) + 4);
        assert_non_null(made.values[i]);
        for (int64_t k = 0; k < made.counts[i]; k++)
            made.values[i][k] = random_float();
    }
    return made;
}

static double leaky(double x, double slope, double gain)
{
    return (x > 0 ? x : slope * x) * gain;
}

/* Source and feature are made from the two planes of the image by 1x1 convolutions; as arrays here. */
static double *inputs_of(const trial *t, const tensors *w, const float *image, bool style)
{
    size_t plane = (size_t)t->height * (size_t)t->width;
    int inputs = t->channels + t->feature_channels;
    double *maps = malloc((size_t)inputs * plane * sizeof *maps);
    assert_non_null(maps);
    for (int c = 0; c < inputs; c++)
        for (size_t p = 0; p < plane; p++) {
            bool feature = c >= t->channels;
            const float *mix =
                feature ? w->values[IMAGE_TO_FEATURE] + (c - t->channels) * 2 : w->values[IMAGE_TO_SOURCE] + c * 2;
            double x = (double)mix[0] * (double)image[p] + (double)mix[1] * (double)image[plane + p];
            if (t->planar)
                x = (double)image[(size_t)c * plane + p];
            if (feature)
                x = leaky((double)w->values[GAIN][0] * x + (double)w->values[FEATURE_BIAS][c - t->channels], 0.2,
                          sqrt(2));
            maps[(size_t)c * plane + p] = style ? x * (double)w->values[STYLE][c] : x;
        }
    return maps;
}

static double tap_sum(const trial *t, const tensors *w, const double *maps, int o, int y, int x)
{
    int inputs = t->channels + t->feature_channels;
    double sum = 0;
    for (int c = 0; c < inputs; c++)
        for (int ky = 0; ky < t->kernel; ky++)
            for (int kx = 0; kx < t->kernel; kx++) {
                int iy = t->transposed ? (y - ky) / 2 : y * t->stride + ky - t->padding;
                int ix = t->transposed ? (x - kx) / 2 : x * t->stride + kx - t->padding;
                bool whole = !t->transposed || ((y - ky) % 2 == 0 && (x - kx) % 2 == 0 && y >= ky && x >= kx);
                if (!whole || iy < 0 || ix < 0 || iy >= t->height || ix >= t->width)
                    continue;
                sum +=
                    maps[((size_t)c * (size_t)t->height + (size_t)iy) * (size_t)t->width + (size_t)ix] *
                    (double)
                        w->values[WEIGHT][(((size_t)o * (size_t)inputs + (size_t)c) * (size_t)t->kernel + (size_t)ky) *
                                              (size_t)t->kernel +
                                          (size_t)kx];
            }
    return sum;
}

static double demodulation(const trial *t, const tensors *w, int o)
{
    int inputs = t->channels + t->feature_channels, taps = t->kernel * t->kernel;
    double sum = 1e-8;
    for (int c = 0; c < inputs; c++)
        for (int k = 0; k < taps; k++) {
            double x = 0.25 *
                       (double)w->values[WEIGHT][((size_t)o * (size_t)inputs + (size_t)c) * (size_t)taps + (size_t)k] *
                       (double)w->values[STYLE][c];
            sum += x * x;
        }
    return 1 / sqrt(sum);
}

static nn_graph *make_graph(const trial *t, const tensors *w)
{
    int inputs = t->channels + t->feature_channels;
    nn_graph *graph = nn_graph_new();
    assert_non_null(graph);
    nn_value image = nn_image(graph, 2, t->height, t->width), feature = NN_NONE, style = NN_NONE;
    nn_conv_options mix = {.input = image,
                           .weight = weight_of(w, IMAGE_TO_SOURCE, 1),

                           .activation = NN_LINEAR,
                           .outputs = t->channels,
                           .kernel = 1,
                           .stride = 1};
    nn_value source = nn_conv(graph, &mix);
    if (t->feature_channels) {
        mix.weight = weight_of(w, IMAGE_TO_FEATURE, 1);
        mix.outputs = t->feature_channels;
        feature = nn_conv(graph, &mix);
    }
    nn_weight weight = weight_of(w, WEIGHT, 0.25f);
    if (t->modulated) /* a vector from nothing: a learned 1x1 map, flattened */
        style = nn_flatten(graph, nn_constant(graph, weight_of(w, STYLE, 1), inputs, 1, 1));
    nn_value out =
        nn_conv(graph, &(nn_conv_options){.input = t->planar ? image : source,
                                          .feature = {feature, weight_of(w, GAIN, 1), weight_of(w, FEATURE_BIAS, 1)},
                                          .style = style,
                                          .demodulation = t->modulated ? nn_demodulate(graph, style, weight, t->outputs,
                                                                                       t->kernel * t->kernel)
                                                                       : NN_NONE,
                                          .weight = weight,
                                          .bias = weight_of(w, BIAS, 1),
                                          .activation = NN_LEAKY_SCALED,
                                          .outputs = t->outputs,
                                          .kernel = t->kernel,
                                          .stride = t->stride,
                                          .padding = t->padding,
                                          .transposed = t->transposed});
    nn_mark(graph, out, "result");
    nn_output(graph, t->planar ? out : image); /* the marked map is what is looked at */
    return graph;
}

/* The plan's result; *count its numbers. precision: 0 or NN_BF16. */
static float *run_plan(const trial *t, tensors *w, const float *image, int threads, int precision, int64_t *count)
{
    gpen_error error = {0};
    nn_device *device;
    nn_plan *plan;
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = threads}, &error), GPEN_OK);
    nn_graph *graph = make_graph(t, w);
    nn_weights source = {.context = w, .read = read_tensor};
    if (nn_plan_compile(&plan, device, graph, &source, NN_KEEP_MARKS | precision, &error))
        fail_msg("%s", error.message);
    nn_graph_free(graph);
    float *output = malloc((size_t)(2 * t->height * t->width) * sizeof *output);
    assert_non_null(output);
    nn_plan_run(plan, image, (float *[]){t->planar ? NULL : output});
    free(output);
    *count = nn_plan_read(plan, "result", NULL);
    float *values = malloc((size_t)*count * sizeof *values);
    assert_non_null(values);
    nn_plan_read(plan, "result", values);
    nn_plan_free(plan);
    nn_device_close(device);
    return values;
}

static void check_trial(const trial *t, int precision)
{
    tensors w = make_tensors(t);
    size_t plane = (size_t)t->height * (size_t)t->width;
    float *image = malloc(2 * plane * sizeof *image);
    assert_non_null(image);
    for (size_t i = 0; i < 2 * plane; i++)
        image[i] = random_float();
    int64_t count, count_threads;
    float *actual = run_plan(t, &w, image, 1, precision, &count);
    float *threaded = run_plan(t, &w, image, 3, precision, &count_threads);
    assert_int_equal(count, count_threads);
    assert_memory_equal(actual, threaded, (size_t)count * sizeof *actual);

    int height = t->transposed ? 2 * t->height + 1 : (t->height + 2 * t->padding - t->kernel) / t->stride + 1;
    int width = t->transposed ? 2 * t->width + 1 : (t->width + 2 * t->padding - t->kernel) / t->stride + 1;
    assert_int_equal(count, (int64_t)t->outputs * height * width);
    double *maps = inputs_of(t, &w, image, t->modulated), difference = 0, norm = 0;
    for (int o = 0; o < t->outputs; o++) {
        double scale = 0.25 * (t->modulated ? demodulation(t, &w, o) : 1);
        /* the large ones are checked on a sample of outputs */
        for (int y = 0; y<height; y += t->outputs * height> 2000 ? 3 : 1)
            for (int x = y % 2; x<width; x += t->outputs * height> 2000 ? 5 : 1) {
                double expected =
                    leaky(scale * tap_sum(t, &w, maps, o, y, x) + (double)w.values[BIAS][o], 0.2, sqrt(2));
                double d =
                    expected - (double)actual[((size_t)o * (size_t)height + (size_t)y) * (size_t)width + (size_t)x];
                difference += d * d;
                norm += expected * expected;
            }
    }
    /* Winograd's F(4x4) loses two or three bits of bfloat16's eight */
    if (!(sqrt(difference / norm) < (precision == NN_BF16 ? 5e-2 : 5e-6)))
        fail_msg("%d+%d->%d %dx%d kernel %d: relative L2 %.3g", t->channels, t->feature_channels, t->outputs, t->height,
                 t->width, t->kernel, sqrt(difference / norm));
    free(maps);
    free(actual);
    free(threaded);
    free(image);
    for (int i = 1; i < TENSORS; i++)
        free(w.values[i]);
}

/* Those that take longer than all others together: not in an emulator, where only the kernels differ from other machines, nor under
 * sanitizers, which find no more in them than in smaller ones. */
static bool too_slow(const trial *t)
{
    double products = 9.0 * (t->channels + t->feature_channels) * t->outputs * t->height * t->width;
    return (getenv("GPEN_EMULATED") || getenv("GPEN_SANITIZED")) && products > 2e9;
}

static void convolutions_equal_a_direct_sum(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
        if (!too_slow(&trials[i]))
            check_trial(&trials[i], 0);
}

static void in_bfloat16_they_come_near(void **state)
{
    (void)state;
    nn_device *device;
    assert_int_equal(nn_device_open(&device, &(nn_device_options){.threads = 1}, NULL), GPEN_OK);
    bool here = nn_device_has_bf16(device);
    nn_device_close(device);
    if (!here)
        skip();
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
        if (!too_slow(&trials[i]))
            check_trial(&trials[i], NN_BF16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(convolutions_equal_a_direct_sum),
                                       cmocka_unit_test(in_bfloat16_they_come_near)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

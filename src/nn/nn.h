/* nn.h: networks as graphs, compiled to plans. The face of src/nn.
 *
 *     nn_device *device;                                  a processor, an instruction level and a pool of threads
 *     nn_device_open(&device, &(nn_device_options){.threads = 2}, error);
 *     nn_graph *graph = nn_graph_new();
 *     nn_value image = nn_image(graph, 3, 64, 64);
 *     nn_value map = nn_conv(graph, &(nn_conv_options){.input = image, ...});
 *     nn_output(graph, ...);
 *     nn_plan *plan;
 *     nn_plan_compile(&plan, device, graph, &weights, 0, error);      the graph may be freed now
 *     nn_plan_run(plan, input, output);
 *
 * All shapes are known when a graph is built, so compiling places every value at a fixed offset of one arena, packs the
 * weights for the chosen kernels, and leaves a list of steps. Running a plan allocates nothing and cannot fail.
 *
 * Values are of three kinds:
 *     vector   [n] floats: styles, codes
 *     planar   [channels][height][width]: pictures at the network's two ends
 *     map      [ceil(channels / 16)][height][width][16]: activations. One vector register (or two, or four) is sixteen
 *              channels of a pixel. Channels beyond the last are zero.
 *
 * One result for one input: at one instruction level and precision the output is the same to the bit for any number of threads,
 * because work is divided among threads only along outputs, never along a sum.
 */
#ifndef GPEN_NN_H
#define GPEN_NN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/threads.h"

/* ---------------------------------------------------------------- devices */

typedef struct nn_device nn_device;

typedef struct nn_device_options {
    int threads; /* 0: one for each processor this process may use */
    const char
        *level; /* "generic", "neon", "avx2", "avx512", "avx512-bf16"; NULL: the best there is, lowered by GPEN_CPU */
} nn_device_options;

/* Errors: BAD_ARGUMENT (a level that is unknown or that this processor lacks), OUT_OF_MEMORY. Release with nn_device_close,
 * after the plans compiled for it. */
gpen_status nn_device_open(nn_device **device, const nn_device_options *options, gpen_error *error);
void nn_device_close(nn_device *device);
const char *nn_device_level(const nn_device *device); /* static */
int nn_device_threads(const nn_device *device);
thread_pool *nn_device_pool(nn_device *device);   /* the device's, to be used while no plan runs */
bool nn_device_has_bf16(const nn_device *device); /* NN_BF16 may be asked for */

/* The levels compiled into this program that this processor can run, best first. Returns how many; names are static. */
int nn_levels_available(const char **names, int capacity);

/* ---------------------------------------------------------------- weights
 * A graph names its tensors by number, from 1; compiling asks for them one after another, so that the unpacked numbers of at most one
 * tensor are in memory beside the packed ones. */

typedef struct nn_weights {
    void *context;
    /* Writes all `count` numbers of tensor `tensor`, row-major, to values. count is what the graph expects. */
    gpen_status (*read)(void *context, int tensor, float *values, int64_t count, gpen_error *error);
    /* Where the packed form is kept for the next time and for other processes: the beginning of a file's path, different for different
     * weights, in a folder that is there. NULL: nowhere. A file that cannot be read or written costs time, never a failure. */
    const char *kept;
} nn_weights;

/* A piece of a tensor as an operation uses it: numbers from `offset` on, each times `scale`. */
typedef struct nn_weight {
    int tensor; /* 0: absent */
    int64_t offset;
    int64_t count; /* of the whole tensor */
    float scale;
} nn_weight;

/* ---------------------------------------------------------------- graphs
 * Every builder returns the new value, or NN_NONE once something went wrong: the first failure (a shape that does not fit, no
 * memory) sticks to the graph, later calls do nothing, and nn_plan_compile reports it. So a model reads as its figure does,
 * without an error check a line. */

typedef int nn_value; /* from 1; so that what an options struct does not name is absent */
enum { NN_NONE = 0 };

typedef struct nn_graph nn_graph;

nn_graph *nn_graph_new(void); /* NULL: no memory */
void nn_graph_free(nn_graph *graph);

/* The network's input: planar. */
nn_value nn_image(nn_graph *graph, int channels, int height, int width);

/* A learned map that no input changes. */
nn_value nn_constant(nn_graph *graph, nn_weight weight, int channels, int height, int width);

/* A second source of channels, read behind the first without being copied: GPEN's encoder features, which stand where
 * StyleGAN2 adds noise. A number x of channel c is read as leaky(gain * x + bias[c]). */
typedef struct nn_feature {
    nn_value map;   /* NN_NONE: absent. The height and width of the first source */
    nn_weight gain; /* one number */
    nn_weight bias; /* one number a channel */
} nn_feature;

/* leaky(x) = x where positive, slope * x elsewhere, then times gain. {1, 1} is nothing at all. */
typedef struct nn_activation {
    float slope, gain;
} nn_activation;

#define NN_LINEAR       ((nn_activation){1.0f, 1.0f})
#define NN_LEAKY_SCALED ((nn_activation){0.2f, 1.41421356f}) /* StyleGAN2's, keeps the variance */

/* Batch normalisation with fixed statistics (epsilon 1e-5): x times gain / sqrt(variance + epsilon), plus what puts mean to shift. */
typedef struct nn_norm {
    nn_weight gain, shift, mean, variance; /* all absent, or one number an output channel each */
} nn_norm;

typedef enum nn_padding {
    NN_PAD_ZERO,
    NN_PAD_REFLECT, /* the row or column before the first is the second */
} nn_padding;

/* y[o] = leaky(demodulation[o] * norm(sum over i and taps of weight[o][i][tap] * style[i] * x[i]) + bias[o] + add[o])
 * over the channels i of the source and then of the feature. With fixed weights this is a plain convolution; with style and
 * demodulation it is StyleGAN2's modulated one, whose weights need not be touched for each picture (Karras et al., CVPR 2020,
 * section 2.2: scaling the weights by the style equals scaling the input). */
typedef struct nn_conv_options {
    nn_value input; /* map or planar */
    nn_feature feature;
    nn_value style;        /* vector over all input channels, or NN_NONE */
    nn_value demodulation; /* vector over the output channels, or NN_NONE */
    nn_weight weight;      /* [outputs][inputs][kernel][kernel] */
    nn_weight bias;        /* [outputs] or absent */
    nn_norm norm;          /* absent with demodulation */
    nn_value add;          /* map of the output's shape, or NN_NONE */
    nn_activation activation;
    int outputs;
    int kernel;  /* side, odd */
    int stride;  /* 1 or 2 */
    int padding; /* on each side */
    nn_padding padding_mode;
    bool doubled;    /* the input is read as if every pixel stood there twice in both directions */
    bool transposed; /* kernel 3, stride 2, no padding: height and width become twice plus one */
    bool any_size;   /* the packed weights must serve every height and width: for nn_plan_resize */
} nn_conv_options;

nn_value nn_conv(nn_graph *graph, const nn_conv_options *options);

/* Each channel with a 3x3 kernel of its own, zero padding 1: leaky(norm(sum)). weight [channels][3][3]. */
typedef struct nn_depthwise_options {
    nn_value input;
    nn_weight weight;
    nn_norm norm;
    nn_activation activation;
    int stride; /* 1 or 2 */
} nn_depthwise_options;

nn_value nn_depthwise(nn_graph *graph, const nn_depthwise_options *options);

/* The largest of 3x3 pixels, stride 2, padding 1. */
nn_value nn_max_pool(nn_graph *graph, nn_value map);

/* a + b, where b is read at the nearest pixel (index * size of b / size of a, rounded down) when it is smaller. */
nn_value nn_add(nn_graph *graph, nn_value a, nn_value b);

/* The channels of `count` (2..4) maps of one size behind each other. */
nn_value nn_concat(nn_graph *graph, const nn_value *maps, int count);

/* The number of the largest channel of each pixel, the first of equals: planar, one channel. */
nn_value nn_argmax(nn_graph *graph, nn_value map);

/* Depthwise 4x4 FIR, zero padding before and after each axis, then bias and activation:
 * y[c] = leaky(fir(x[c]) + bias[c]). The kernel must be separable (the published one is [1 3 3 1] squared);
 * it is applied flipped, as upfirdn2d does. Height and width grow by before + after - 3. */
typedef struct nn_blur_options {
    nn_value input;   /* map */
    nn_weight kernel; /* [4][4] */
    int before, after;
    nn_weight bias;
    nn_activation activation;
} nn_blur_options;

nn_value nn_blur(nn_graph *graph, const nn_blur_options *options);

/* Twice the height and width: zeros between samples, padding 2 before and 1 after, then the 4x4 kernel. planar to planar. */
nn_value nn_upsample(nn_graph *graph, nn_value planar, nn_weight kernel);

/* A modulated 1x1 convolution to a few channels, without demodulation, plus bias, plus what is there already: planar. */
typedef struct nn_to_rgb_options {
    nn_value input; /* map */
    nn_feature feature;
    nn_value style;
    nn_weight weight; /* [outputs][inputs] */
    nn_weight bias;
    nn_value add; /* planar, or NN_NONE */
    int outputs;  /* 1..4 */
} nn_to_rgb_options;

nn_value nn_to_rgb(nn_graph *graph, const nn_to_rgb_options *options);

/* y = leaky(weight x + bias). weight [outputs][n]. */
nn_value nn_dense(nn_graph *graph, nn_value vector, nn_weight weight, nn_weight bias, int outputs,
                  nn_activation activation);

/* y[o] = 1 / sqrt(sum over i of style[i]^2 * sum over taps of weight[o][i][tap]^2 + 1e-8): how much a modulated convolution
 * must scale its outputs so that they keep unit variance. weight [outputs][n][taps], as the convolution has it. */
nn_value nn_demodulate(nn_graph *graph, nn_value style, nn_weight weight, int outputs, int taps);

/* y = x / sqrt(mean(x^2) + 1e-8) */
nn_value nn_pixel_norm(nn_graph *graph, nn_value vector);

/* All numbers of a map in the order channel, row, column, as a vector. */
nn_value nn_flatten(nn_graph *graph, nn_value map);

/* Gives a value a name, under which nn_plan_read finds it when the plan was compiled with NN_KEEP_MARKS. */
void nn_mark(nn_graph *graph, nn_value value, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Declares an output: a planar value or a map. The first call names output 0, and so on, up to NN_MAX_OUTPUTS. */
enum { NN_MAX_OUTPUTS = 12 };
void nn_output(nn_graph *graph, nn_value value);

/* ---------------------------------------------------------------- plans */

typedef struct nn_plan nn_plan;

enum {
    NN_KEEP_MARKS = 1, /* marked values keep their memory to the end of a run, for tests */
    NN_BF16 = 2,       /* maps and convolutions' weights in bfloat16, sums in floats: half the memory, half the time */
};

/* Compiles; asks weights->read for each tensor at least once. Errors: what the graph recorded (BAD_ARGUMENT, OUT_OF_MEMORY),
 * what read returned, MODEL_INVALID (a FIR kernel that is not separable), BAD_ARGUMENT (NN_BF16 on a device without it). The device
 * must outlive the plan. */
gpen_status nn_plan_compile(nn_plan **plan, nn_device *device, const nn_graph *graph, const nn_weights *weights,
                            int flags, gpen_error *error);
void nn_plan_free(nn_plan *plan);

/* Makes the plan one of the same network for another input size: `graph` is the same graph with other heights and widths. When
 * all its convolutions are any_size, the packed weights stay as they are and only the arena is laid out anew; weights->read is
 * asked for nothing. On failure the plan is as it was. Errors: those of nn_plan_compile. */
gpen_status nn_plan_resize(nn_plan *plan, const nn_graph *graph, const nn_weights *weights, gpen_error *error);

/* input: planar, the shape of nn_image. outputs[i]: receives output i in the order channel, row, column, NULL: not wanted. Input
 * and outputs may be the same array. */
void nn_plan_run(nn_plan *plan, const float *input, float *const *outputs);

typedef struct nn_plan_info {
    size_t weight_bytes, arena_bytes;
    int steps;
    double gflop_direct;   /* multiplications and additions of the network, convolutions counted directly */
    double gflop_executed; /* what the chosen algorithms execute in their products */
} nn_plan_info;

void nn_plan_describe(const nn_plan *plan, nn_plan_info *info);

/* One step's name, shape and last duration, for `gpen bench --layers`. false past the end. */
typedef struct nn_step_info {
    char name[96];
    double seconds, gflop_direct, gflop_executed;
} nn_step_info;

bool nn_plan_step(const nn_plan *plan, int index, nn_step_info *info);

/* The most that the plan's device could do at its precision and with its threads, GFLOP/s: measured now, in about a tenth of a
 * second, by products that stay in registers. */
double nn_plan_peak(const nn_plan *plan);

/* The marked value `name` of the last run in the order channel, row, column. Returns how many numbers it has, 0 when there is
 * no such mark; writes them when values is not NULL. */
int64_t nn_plan_read(const nn_plan *plan, const char *name, float *values);

#endif

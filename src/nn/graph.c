/* Building graphs: each function checks the shapes and appends one node. */
#include "nn/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 1 << 16, MAX_CHANNELS = 1 << 16 };

nn_graph *nn_graph_new(void)
{
    enum { FIRST_CAPACITY = 64 };
    nn_graph *graph = calloc(1, sizeof *graph);
    if (!graph)
        return NULL;
    graph->nodes = calloc(FIRST_CAPACITY, sizeof *graph->nodes);
    if (!graph->nodes) {
        free(graph);
        return NULL;
    }
    graph->capacity = FIRST_CAPACITY;
    graph->count = 1;
    return graph;
}

void nn_graph_free(nn_graph *graph)
{
    if (graph)
        free(graph->nodes);
    free(graph);
}

/* Records the first failure. */
static nn_value refuse(nn_graph *graph, const char *operation, const char *why)
{
    if (!graph->error.status)
        gpen_fail(&graph->error, GPEN_BAD_ARGUMENT, "network step %d (%s): %s", graph->count, operation, why);
    return NN_NONE;
}

static bool good(const nn_graph *graph, nn_value value, nn_kind kind)
{
    return !graph->error.status && value > NN_NONE && value < graph->count && graph->nodes[value].shape.kind == kind;
}

static const nn_shape *shape_of(const nn_graph *graph, nn_value value)
{
    return &graph->nodes[value].shape;
}

/* Is `value` a vector of `length`, or absent? */
static bool optional_vector(const nn_graph *graph, nn_value value, int length)
{
    return value == NN_NONE || (good(graph, value, NN_VECTOR) && shape_of(graph, value)->channels == length);
}

/* Does the weight have `count` numbers from its offset on? */
static bool fits(nn_weight weight, int64_t count)
{
    return weight.tensor > 0 && weight.offset >= 0 && weight.offset <= weight.count &&
           count <= weight.count - weight.offset;
}

static bool optional_fits(nn_weight weight, int64_t count)
{
    return !weight.tensor || fits(weight, count);
}

static nn_value append(nn_graph *graph, nn_node node, const nn_value *inputs, int input_count)
{
    if (graph->error.status)
        return NN_NONE;
    if (node.shape.channels < 1 || node.shape.channels > MAX_CHANNELS || node.shape.height < 1 ||
        node.shape.width < 1 || node.shape.height > MAX_SIDE || node.shape.width > MAX_SIDE)
        return refuse(graph, "shape", "a size out of range");
    if (graph->count == graph->capacity) {
        int capacity = graph->capacity * 2;
        nn_node *nodes = realloc(graph->nodes, (size_t)capacity * sizeof *nodes);
        if (!nodes) {
            gpen_fail_memory(&graph->error, "the network's steps", (size_t)capacity * sizeof *nodes);
            return NN_NONE;
        }
        graph->nodes = nodes;
        graph->capacity = capacity;
    }
    for (int i = 0; i < NN_MAX_INPUTS; i++)
        node.inputs[i] = i < input_count ? inputs[i] : NN_NONE;
    graph->nodes[graph->count] = node;
    return graph->count++;
}

nn_value nn_image(nn_graph *graph, int channels, int height, int width)
{
    if (graph->image != NN_NONE)
        return refuse(graph, "image", "a network has one input");
    nn_node node = {.operation = NN_OP_IMAGE, .shape = {NN_PLANAR, channels, height, width}};
    return graph->image = append(graph, node, NULL, 0);
}

nn_value nn_constant(nn_graph *graph, nn_weight weight, int channels, int height, int width)
{
    if (!fits(weight, (int64_t)channels * height * width))
        return refuse(graph, "constant", "the weights are of another size");
    nn_node node = {.operation = NN_OP_CONSTANT,
                    .shape = {NN_MAP, channels, height, width},
                    .dense = {.weight = weight}};
    return append(graph, node, NULL, 0);
}

/* Channels of source and feature together; 0 when they do not fit each other. */
static int input_channels(nn_graph *graph, nn_value input, const nn_feature *feature)
{
    const nn_shape *source = shape_of(graph, input);
    if (feature->map == NN_NONE)
        return source->channels;
    if (source->kind != NN_MAP || !good(graph, feature->map, NN_MAP))
        return 0;
    const nn_shape *second = shape_of(graph, feature->map);
    if (second->height != source->height || second->width != source->width || !fits(feature->gain, 1) ||
        !fits(feature->bias, second->channels))
        return 0;
    return source->channels + second->channels;
}

/* Height and width of a convolution's result; false when the options contradict each other. */
static bool convolved(const nn_conv_options *o, const nn_shape *in, nn_shape *out)
{
    *out = (nn_shape){NN_MAP, o->outputs, 0, 0};
    if (o->transposed) {
        if (in->kind != NN_MAP || o->kernel != 3 || o->stride != 2 || o->padding || o->doubled)
            return false;
        out->height = 2 * in->height + 1;
        out->width = 2 * in->width + 1;
        return true;
    }
    if (o->kernel < 1 || o->kernel > 15 || o->kernel % 2 == 0 || (o->stride != 1 && o->stride != 2) || o->padding < 0 ||
        o->padding > o->kernel)
        return false;
    int height = in->height << o->doubled, width = in->width << o->doubled;
    if (height + 2 * o->padding < o->kernel || width + 2 * o->padding < o->kernel)
        return false;
    if (o->padding_mode == NN_PAD_REFLECT && (o->padding >= height || o->padding >= width))
        return false;
    out->height = (height + 2 * o->padding - o->kernel) / o->stride + 1;
    out->width = (width + 2 * o->padding - o->kernel) / o->stride + 1;
    return true;
}

/* All four parts of a normalisation of `channels`, or none. */
static bool norm_fits(const nn_norm *norm, int channels)
{
    if (!norm->gain.tensor && !norm->shift.tensor && !norm->mean.tensor && !norm->variance.tensor)
        return true;
    return fits(norm->gain, channels) && fits(norm->shift, channels) && fits(norm->mean, channels) &&
           fits(norm->variance, channels);
}

static bool same_shape(const nn_shape *a, const nn_shape *b)
{
    return a->kind == b->kind && a->channels == b->channels && a->height == b->height && a->width == b->width;
}

nn_value nn_conv(nn_graph *graph, const nn_conv_options *options)
{
    nn_value input = options->input;
    if (!good(graph, input, NN_MAP) && !good(graph, input, NN_PLANAR))
        return refuse(graph, "convolution", "it has no input");
    int channels = input_channels(graph, input, &options->feature);
    if (!channels)
        return refuse(graph, "convolution", "the feature does not fit the input");
    if (shape_of(graph, input)->kind == NN_PLANAR &&
        (options->doubled || options->style != NN_NONE || options->feature.map != NN_NONE))
        return refuse(graph, "convolution", "a picture is read as it is");
    nn_node node = {.operation = NN_OP_CONV, .conv = *options};
    if (options->outputs < 1 || options->outputs > MAX_CHANNELS ||
        !convolved(options, shape_of(graph, input), &node.shape))
        return refuse(graph, "convolution", "kernel, stride or padding out of range");
    if (!fits(options->weight, (int64_t)options->outputs * channels * options->kernel * options->kernel) ||
        !optional_fits(options->bias, options->outputs) || !norm_fits(&options->norm, options->outputs) ||
        (options->norm.gain.tensor && options->demodulation != NN_NONE))
        return refuse(graph, "convolution", "the weights are of another size");
    if (options->add != NN_NONE &&
        (!good(graph, options->add, NN_MAP) || !same_shape(shape_of(graph, options->add), &node.shape)))
        return refuse(graph, "convolution", "what it adds is of another size");
    if (options->add != NN_NONE && options->activation.gain != 1.0f)
        return refuse(graph, "convolution", "an activation with a gain cannot follow an addition");
    if (!optional_vector(graph, options->style, channels) ||
        !optional_vector(graph, options->demodulation, options->outputs))
        return refuse(graph, "convolution", "style or demodulation of another length");
    return append(graph, node,
                  (nn_value[]){input, options->feature.map, options->style, options->demodulation, options->add}, 5);
}

nn_value nn_depthwise(nn_graph *graph, const nn_depthwise_options *options)
{
    if (!good(graph, options->input, NN_MAP) || (options->stride != 1 && options->stride != 2))
        return refuse(graph, "depthwise", "it has no input, or its stride is out of range");
    const nn_shape *in = shape_of(graph, options->input);
    if (!fits(options->weight, (int64_t)in->channels * 9) || !norm_fits(&options->norm, in->channels))
        return refuse(graph, "depthwise", "the weights are of another size");
    nn_node node = {.operation = NN_OP_DEPTHWISE,
                    .shape = {NN_MAP, in->channels, (in->height - 1) / options->stride + 1,
                              (in->width - 1) / options->stride + 1},
                    .depthwise = *options};
    return append(graph, node, &options->input, 1);
}

nn_value nn_max_pool(nn_graph *graph, nn_value map)
{
    if (!good(graph, map, NN_MAP))
        return refuse(graph, "max pool", "it has no input");
    const nn_shape *in = shape_of(graph, map);
    nn_node node = {.operation = NN_OP_MAX_POOL,
                    .shape = {NN_MAP, in->channels, (in->height - 1) / 2 + 1, (in->width - 1) / 2 + 1}};
    return append(graph, node, &map, 1);
}

nn_value nn_add(nn_graph *graph, nn_value a, nn_value b)
{
    if (!good(graph, a, NN_MAP) || !good(graph, b, NN_MAP))
        return refuse(graph, "addition", "it has no input");
    const nn_shape *x = shape_of(graph, a), *y = shape_of(graph, b);
    if (x->channels != y->channels || y->height > x->height || y->width > x->width)
        return refuse(graph, "addition", "the second map is of another size");
    return append(graph, (nn_node){.operation = NN_OP_ADD, .shape = *x}, (nn_value[]){a, b}, 2);
}

nn_value nn_concat(nn_graph *graph, const nn_value *maps, int count)
{
    nn_node node = {.operation = NN_OP_CONCAT};
    if (count < 2 || count > 4)
        return refuse(graph, "concatenation", "it takes 2 to 4 maps");
    for (int i = 0; i < count; i++) {
        if (!good(graph, maps[i], NN_MAP))
            return refuse(graph, "concatenation", "it has no input");
        const nn_shape *in = shape_of(graph, maps[i]);
        if (i && (in->height != node.shape.height || in->width != node.shape.width))
            return refuse(graph, "concatenation", "the maps are of several sizes");
        node.shape = (nn_shape){NN_MAP, node.shape.channels + in->channels, in->height, in->width};
    }
    return append(graph, node, maps, count);
}

nn_value nn_argmax(nn_graph *graph, nn_value map)
{
    if (!good(graph, map, NN_MAP))
        return refuse(graph, "argmax", "it has no input");
    const nn_shape *in = shape_of(graph, map);
    nn_node node = {.operation = NN_OP_ARGMAX, .shape = {NN_PLANAR, 1, in->height, in->width}};
    return append(graph, node, &map, 1);
}

nn_value nn_blur(nn_graph *graph, const nn_blur_options *options)
{
    if (!good(graph, options->input, NN_MAP))
        return refuse(graph, "blur", "it has no input");
    const nn_shape *in = shape_of(graph, options->input);
    int grow = options->before + options->after - 3;
    if (options->before < 0 || options->after < 0 || options->before > 3 || options->after > 3 ||
        in->height + grow < 1 || in->width + grow < 1)
        return refuse(graph, "blur", "padding out of range");
    if (!fits(options->kernel, 16) || !optional_fits(options->bias, in->channels))
        return refuse(graph, "blur", "the weights are of another size");
    nn_node node = {.operation = NN_OP_BLUR,
                    .shape = {NN_MAP, in->channels, in->height + grow, in->width + grow},
                    .blur = *options};
    return append(graph, node, &options->input, 1);
}

nn_value nn_upsample(nn_graph *graph, nn_value planar, nn_weight kernel)
{
    if (!good(graph, planar, NN_PLANAR) || !fits(kernel, 16))
        return refuse(graph, "upsampling", "it has no input or no kernel");
    const nn_shape *in = shape_of(graph, planar);
    nn_node node = {.operation = NN_OP_UPSAMPLE,
                    .shape = {NN_PLANAR, in->channels, 2 * in->height, 2 * in->width},
                    .dense = {.weight = kernel}};
    return append(graph, node, &planar, 1);
}

nn_value nn_to_rgb(nn_graph *graph, const nn_to_rgb_options *options)
{
    if (!good(graph, options->input, NN_MAP))
        return refuse(graph, "to_rgb", "it has no input");
    int channels = input_channels(graph, options->input, &options->feature);
    const nn_shape *in = shape_of(graph, options->input);
    nn_node node = {.operation = NN_OP_TO_RGB,
                    .shape = {NN_PLANAR, options->outputs, in->height, in->width},
                    .to_rgb = *options};
    if (!channels || options->outputs < 1 || options->outputs > 4 ||
        !fits(options->weight, (int64_t)options->outputs * channels) ||
        !optional_fits(options->bias, options->outputs) || options->style == NN_NONE ||
        !optional_vector(graph, options->style, channels))
        return refuse(graph, "to_rgb", "feature, weights or style of another size");
    if (options->add != NN_NONE &&
        (!good(graph, options->add, NN_PLANAR) || !same_shape(shape_of(graph, options->add), &node.shape)))
        return refuse(graph, "to_rgb", "what it adds to is of another size");
    return append(graph, node, (nn_value[]){options->input, options->feature.map, options->style, options->add}, 4);
}

nn_value nn_dense(nn_graph *graph, nn_value vector, nn_weight weight, nn_weight bias, int outputs,
                  nn_activation activation)
{
    if (!good(graph, vector, NN_VECTOR))
        return refuse(graph, "dense", "it has no input");
    if (outputs < 1 || outputs > MAX_CHANNELS || !fits(weight, (int64_t)outputs * shape_of(graph, vector)->channels) ||
        !optional_fits(bias, outputs))
        return refuse(graph, "dense", "the weights are of another size");
    nn_node node = {.operation = NN_OP_DENSE,
                    .shape = {NN_VECTOR, outputs, 1, 1},
                    .dense = {.weight = weight, .bias = bias, .activation = activation}};
    return append(graph, node, &vector, 1);
}

nn_value nn_demodulate(nn_graph *graph, nn_value style, nn_weight weight, int outputs, int taps)
{
    if (!good(graph, style, NN_VECTOR) || outputs < 1 || outputs > MAX_CHANNELS || taps < 1 ||
        !fits(weight, (int64_t)outputs * shape_of(graph, style)->channels * taps))
        return refuse(graph, "demodulation", "the weights are of another size");
    nn_node node = {.operation = NN_OP_DEMODULATE,
                    .shape = {NN_VECTOR, outputs, 1, 1},
                    .dense = {.weight = weight, .taps = taps}};
    return append(graph, node, &style, 1);
}

nn_value nn_pixel_norm(nn_graph *graph, nn_value vector)
{
    if (!good(graph, vector, NN_VECTOR))
        return refuse(graph, "pixel norm", "it has no input");
    nn_node node = {.operation = NN_OP_PIXEL_NORM, .shape = *shape_of(graph, vector)};
    return append(graph, node, &vector, 1);
}

nn_value nn_flatten(nn_graph *graph, nn_value map)
{
    if (!good(graph, map, NN_MAP))
        return refuse(graph, "flatten", "it has no input");
    const nn_shape *in = shape_of(graph, map);
    int64_t length = (int64_t)in->channels * in->height * in->width;
    if (length > MAX_CHANNELS)
        return refuse(graph, "flatten", "the map is too large");
    nn_node node = {.operation = NN_OP_FLATTEN, .shape = {NN_VECTOR, (int)length, 1, 1}};
    return append(graph, node, &map, 1);
}

void nn_mark(nn_graph *graph, nn_value value, const char *format, ...)
{
    if (graph->error.status || value <= NN_NONE || value >= graph->count)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(graph->nodes[value].mark, NN_MARK_LENGTH, format, arguments);
    va_end(arguments);
}

void nn_output(nn_graph *graph, nn_value value)
{
    if ((!good(graph, value, NN_PLANAR) && !good(graph, value, NN_MAP)) || graph->output_count == NN_MAX_OUTPUTS)
        refuse(graph, "output", "it has no input, or there are too many");
    else
        graph->outputs[graph->output_count++] = value;
}

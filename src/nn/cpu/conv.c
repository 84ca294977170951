/* Which algorithm a convolution goes by. */
#include <stdio.h>

#include "nn/cpu/cpu.h"

/* Winograd's transforms and its four times larger weights pay off from this many output pixels on. A transposed convolution gains
 * less: a quarter of its time at 64x64. In bfloat16, where a plain product is quick, the layers of few pixels keep the bit that
 * Winograd costs, and so do those of stride 2: a parser has dozens of them in a row. Where the transformed weights are heavy, four times
 * as many pixels must share them: in a GPEN-512 of floats that saves 54 MiB and costs a fortieth of the time. */
enum { WINOGRAD_PIXELS = 32 * 32, BF16_PIXELS = 64 * 64, TRANSPOSED_PIXELS = 128 * 128, DOWN_PIXELS = 64 * 64 };
enum { HEAVY_BYTES = 48 << 20, HEAVY_DOWN_BYTES = 24 << 20 };
enum { HEAVY_TRANSPOSED_BYTES = 40 << 20, HEAVY_TRANSPOSED_BF16_BYTES = 16 << 20 }; /* there the product is as quick */

static int input_channels(const nn_graph *graph, const nn_conv_options *conv)
{
    int channels = graph->nodes[conv->input].shape.channels;
    return conv->feature.map == NN_NONE ? channels : channels + graph->nodes[conv->feature.map].shape.channels;
}

bool conv_by_winograd(const cpu_program *program, const nn_graph *graph, const nn_node *node)
{
    const nn_conv_options *conv = &node->conv;
    if (graph->nodes[conv->input].shape.kind != NN_MAP || conv->kernel != 3)
        return false;
    size_t weights = WINOGRAD_MOST_POINTS * (size_t)input_channels(graph, conv) * (size_t)conv->outputs *
                     program->kernels->number_bytes;
    bool floats = program->kernels->number_bytes == sizeof(float), down = conv->stride == 2 && !conv->transposed;
    int least = conv->transposed ? TRANSPOSED_PIXELS : down ? DOWN_PIXELS : floats ? WINOGRAD_PIXELS : BF16_PIXELS;
    size_t heavy = !conv->transposed ? HEAVY_BYTES : floats ? HEAVY_TRANSPOSED_BYTES : HEAVY_TRANSPOSED_BF16_BYTES;
    if (weights > heavy)
        least *= 4;
    if (!conv->any_size && node->shape.height * node->shape.width < least)
        return false;
    if (down)
        return floats && weights <= HEAVY_DOWN_BYTES && conv->padding <= 1;
    return conv->transposed || conv->padding == 1;
}

gpen_status prepare_conv(cpu_upload *upload, cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    gpen_status status = prepare_conv_maps(upload, step, &conv->feature, &conv->norm, conv->bias, conv->activation);
    if (status)
        return status;
    const nn_shape *in = &step->input_shape, *out = &step->node.shape;
    int channels = input_channels(upload->graph, conv);
    bool winograd = conv_by_winograd(upload->program, upload->graph, &step->node);
    bool picture = conv_picture_suits(upload, step);
    /* A transposed convolution applies its kernel once an input pixel, any other once an output pixel. */
    const nn_shape *applied = conv->transposed ? in : out;
    step->gflop_direct =
        2e-9 * channels * conv->outputs * conv->kernel * conv->kernel * applied->height * applied->width;
    snprintf(step->name, sizeof step->name, "%s %dx%d%s %d->%d @%dx%d",
             winograd  ? "winograd"
             : picture ? "where read"
                       : "product",
             conv->kernel, conv->kernel,
             conv->transposed    ? " up"
             : conv->stride == 2 ? " down"
                                 : "",
             channels, conv->outputs, out->height, out->width);
    if (picture)
        return prepare_conv_picture(upload, step);
    return winograd ? prepare_conv_winograd(upload, step) : prepare_conv_product(upload, step);
}

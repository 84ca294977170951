/* A 1x1 convolution of the picture whose map is never kept: what reads it computes the pixels it needs, from three planes that stay in
 * the cache. In a GPEN that is the encoder's first feature, 64 MiB at 512x512, which would wait for the decoder's last layer to the end
 * of a run. Its own file because it is a convolution that does nothing when its turn comes. */
#include <stdio.h>
#include <string.h>

#include "nn/cpu/cpu.h"

enum { LEAST_BYTES = 1 << 20 }; /* of a map worth the trouble */

/* A convolution that reads its feature tile by tile, zeros beyond the edge (computed_tiles of winograd_tiles.c). */
static bool tiles_suit(const nn_conv_options *conv)
{
    return conv->stride == 1 && !conv->doubled && conv->padding_mode == NN_PAD_ZERO;
}

/* Whether `reader` computes pixels of `value` by itself. */
static bool computes(const cpu_program *program, const nn_graph *graph, const nn_node *reader, nn_value value)
{
    switch (reader->operation) {
    case NN_OP_BLUR: return true;
    case NN_OP_TO_RGB: return reader->to_rgb.feature.map == value && reader->to_rgb.input != value;
    case NN_OP_CONV:
        return reader->conv.feature.map == value && reader->conv.input != value && reader->conv.add != value &&
               tiles_suit(&reader->conv) && conv_by_winograd(program, graph, reader);
    default: return false;
    }
}

bool conv_picture_suits(const cpu_upload *upload, const cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    const nn_graph *graph = upload->graph;
    if (!upload->program->steps[conv->input].in_place || conv->kernel != 1 || conv->stride != 1 || conv->padding ||
        conv->add != NN_NONE || conv->demodulation != NN_NONE || value_lasts(upload->program, step) ||
        nn_shape_floats(&step->node.shape) * sizeof(float) < LEAST_BYTES)
        return false;
    for (nn_value reader = step->value + 1; reader < graph->count; reader++)
        for (int i = 0; i < NN_MAX_INPUTS; i++)
            if (graph->nodes[reader].inputs[i] == step->value &&
                !computes(upload->program, graph, &graph->nodes[reader], step->value))
                return false;
    return true;
}

static void run_nothing(const cpu_program *program, const cpu_step *step)
{
    (void)program;
    (void)step;
}

/* Packed: a block's weights, [inputs][16], after another's; and each channel's factor, with the activation's gain in it. */
gpen_status prepare_conv_picture(cpu_upload *upload, cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    size_t inputs = (size_t)step->input_shape.channels, outputs = (size_t)conv->outputs;
    size_t padded = (size_t)nn_blocks(conv->outputs) * BLOCK;
    step->computed = true;
    step->scratch_floats = 0;
    step->run = run_nothing;
    step->weights = pack_reserve(upload, inputs * padded);
    step->extra = pack_reserve(upload, padded);
    float *values, *to = pack_at(upload, step->weights), *scales = pack_at(upload, step->extra);
    size_t bytes;
    gpen_status status = pack_read(upload, conv->weight, &values, &bytes);
    for (size_t o = 0; values && o < outputs; o++) {
        scales[o] = pack_at(upload, step->maps.scale)[o] * conv->activation.gain;
        for (size_t i = 0; i < inputs; i++)
            to[(o / BLOCK * inputs + i) * BLOCK + o % BLOCK] =
                values[(size_t)conv->weight.offset + o * inputs + i] * conv->weight.scale;
    }
    aligned_free(values, bytes);
    return status;
}

void conv_picture_pixels(const cpu_program *program, nn_value value, int block, size_t first, int count,
                         const read_map *read, void *to)
{
    const cpu_step *step = &program->steps[value];
    const nn_shape *in = &step->input_shape;
    write_map map = {.scale = program->packed + step->extra + block * BLOCK,
                     .bias = program->packed + step->maps.bias + block * BLOCK,
                     .slope = step->node.conv.activation.slope};
    program->kernels->picture_row(planar_at(program, step->node.inputs[0]) + first,
                                  (size_t)in->height * (size_t)in->width, in->channels,
                                  program->packed + step->weights + (size_t)(block * in->channels) * BLOCK, &map, read,
                                  count, to);
}

void conv_picture_square(const cpu_program *program, nn_value value, int block, const picture_square *square,
                         const read_map *read, char *to)
{
    const nn_shape *shape = value_shape(program, value);
    int left = square->column < 0 ? -square->column : 0;
    int beyond = square->column + square->columns - shape->width, right = beyond > 0 ? beyond : 0;
    for (int y = 0; y < square->rows; y++, to += pixel_bytes(program, (size_t)square->columns)) {
        int row = square->row + y;
        if (row < 0 || row >= shape->height || left + right >= square->columns) {
            memset(to, 0, pixel_bytes(program, (size_t)square->columns));
            continue;
        }
        memset(to, 0, pixel_bytes(program, (size_t)left));
        memset(to + pixel_bytes(program, (size_t)(square->columns - right)), 0, pixel_bytes(program, (size_t)right));
        conv_picture_pixels(program, value, block, (size_t)row * (size_t)shape->width + (size_t)(square->column + left),
                            square->columns - left - right, read, to + pixel_bytes(program, (size_t)left));
    }
}

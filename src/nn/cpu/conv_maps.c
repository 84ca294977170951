/* What all convolutions share: how channels are read and written, and where pixels beyond the edge come from. */
#include "nn/cpu/cpu.h"

const float block_of_ones[BLOCK]
    __attribute__((aligned(MEMORY_ALIGNMENT))) = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

gpen_status prepare_conv_maps(cpu_upload *upload, cpu_step *step, const nn_feature *feature, const nn_norm *norm,
                              nn_weight bias, nn_activation activation)
{
    conv_maps *maps = &step->maps;
    int unit = upload->program->kernels->columns > BLOCK ? upload->program->kernels->columns : BLOCK;
    maps->outputs = step->node.shape.channels;
    maps->columns = (int)round_up((size_t)maps->outputs, (size_t)unit);
    maps->source_blocks = nn_blocks(step->input_shape.channels);
    maps->feature_blocks = 0;
    gpen_status status = pack_norm(upload, norm, bias, (size_t)maps->outputs, activation.gain, (size_t)maps->columns,
                                   &maps->scale, &maps->bias);
    if (!status && feature->map != NN_NONE) {
        /* The feature's activation is StyleGAN2's, its gain multiplied into both numbers before the bend. */
        int channels = upload->graph->nodes[feature->map].shape.channels;
        size_t blocks_floats = (size_t)nn_blocks(channels) * BLOCK;
        maps->feature_blocks = nn_blocks(channels);
        status = pack_vector(upload, feature->bias, (size_t)channels, NN_LEAKY_SCALED.gain, 0.0f, blocks_floats,
                             &maps->feature_bias);
        if (!status)
            status = pack_vector(upload, feature->gain, 1, NN_LEAKY_SCALED.gain, 0.0f, 1, &maps->feature_gain);
    }
    maps->read_scale = 0;
    maps->write_scale = (size_t)(maps->source_blocks + maps->feature_blocks) * BLOCK;
    step->scratch_floats = maps->write_scale + (size_t)maps->columns;
    return status;
}

/* The vector's numbers, or ones, for `count` channels and zeros for the padding behind them. */
static void fill_scale(float *to, const float *from, int count, int padded, float factor)
{
    for (int i = 0; i < padded; i++)
        to[i] = i >= count ? 0.0f : from ? from[i] * factor : factor;
}

void begin_conv_maps(const cpu_program *program, const cpu_step *step, nn_value style, nn_value demodulation,
                     float gain)
{
    const conv_maps *maps = &step->maps;
    float *scratch = step_scratch(program, step);
    float *read = scratch + maps->read_scale;
    const float *styles = style == NN_NONE ? NULL : value_at(program, style);
    int source = step->input_shape.channels;
    fill_scale(read, styles, source, maps->source_blocks * BLOCK, 1.0f);
    if (maps->feature_blocks) {
        int channels = value_shape(program, step->node.inputs[1])->channels;
        fill_scale(read + maps->source_blocks * BLOCK, styles ? styles + source : NULL, channels,
                   maps->feature_blocks * BLOCK, 1.0f);
    }
    const float *outputs = demodulation == NN_NONE ? program->packed + maps->scale : value_at(program, demodulation);
    fill_scale(scratch + maps->write_scale, outputs, maps->outputs, maps->columns, gain);
}

const char *conv_input_plane(const cpu_program *program, const cpu_step *step, int block, read_map *map)
{
    const conv_maps *maps = &step->maps;
    *map = (read_map){.scale = step_scratch(program, step) + maps->read_scale + block * BLOCK};
    if (block < maps->source_blocks)
        return plane_at(program, step->node.inputs[0], block);
    block -= maps->source_blocks;
    map->bias = program->packed + maps->feature_bias + block * BLOCK;
    map->gain = program->packed[maps->feature_gain];
    map->slope = NN_LEAKY_SCALED.slope;
    return plane_at(program, step->node.inputs[1], block);
}

write_map conv_output_map(const cpu_program *program, const cpu_step *step, int block)
{
    return (write_map){.scale = step_scratch(program, step) + step->maps.write_scale + block * BLOCK,
                       .bias = program->packed + step->maps.bias + block * BLOCK,
                       .slope = step->node.conv.activation.slope};
}

const char *conv_added_plane(const cpu_program *program, const cpu_step *step, int block)
{
    nn_value add = step->node.conv.add;
    return add == NN_NONE ? NULL : plane_at(program, add, block);
}

int conv_padded_position(int position, int length, nn_padding mode)
{
    if (position < 0 && mode == NN_PAD_REFLECT)
        position = -position;
    if (position >= length && mode == NN_PAD_REFLECT)
        position = 2 * length - 2 - position;
    return position >= 0 && position < length ? position : -1;
}

int32_t conv_input_pixel(const cpu_step *step, int row, int column)
{
    const nn_conv_options *conv = &step->node.conv;
    row = conv_padded_position(row, step->input_shape.height << conv->doubled, conv->padding_mode);
    column = conv_padded_position(column, step->input_shape.width << conv->doubled, conv->padding_mode);
    if (row < 0 || column < 0)
        return -1;
    return (row >> conv->doubled) * step->input_shape.width + (column >> conv->doubled);
}

int conv_input_blocks(const cpu_step *step)
{
    return step->maps.source_blocks + step->maps.feature_blocks;
}

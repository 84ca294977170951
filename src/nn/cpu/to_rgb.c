/* The modulated 1x1 convolution that turns a level's map into a picture, added to the picture of the level below. */
#include <stdio.h>

#include "nn/cpu/cpu.h"

enum { RUN_PIXELS = 1024 };

static void run_to_rgb(const cpu_program *program, const cpu_step *step);

/* Scratch behind the maps' scales: the weights times the style, [outputs][channels]. */
gpen_status prepare_to_rgb(cpu_upload *upload, cpu_step *step)
{
    const nn_to_rgb_options *rgb = &step->node.to_rgb;
    gpen_status status = prepare_conv_maps(upload, step, &rgb->feature, &(nn_norm){0}, rgb->bias, NN_LINEAR);
    if (status)
        return status;
    int source = step->input_shape.channels;
    int channels = source + (rgb->feature.map == NN_NONE ? 0 : upload->graph->nodes[rgb->feature.map].shape.channels);
    size_t padded = (size_t)(step->maps.source_blocks + step->maps.feature_blocks) * BLOCK;
    step->weights = pack_reserve(upload, (size_t)rgb->outputs * padded);
    step->extra = round_up(step->scratch_floats, BLOCK);
    step->scratch_floats = step->extra + (size_t)rgb->outputs * padded;
    if (rgb->feature.map != NN_NONE && upload->program->steps[rgb->feature.map].computed)
        step->thread_floats = number_floats(upload->program, (size_t)step->maps.feature_blocks * RUN_PIXELS * BLOCK);
    step->run = run_to_rgb;
    step->gflop_direct = step->gflop_executed =
        2e-9 * channels * rgb->outputs * step->node.shape.height * step->node.shape.width;
    snprintf(step->name, sizeof step->name, "to_rgb %d->%d @%dx%d", channels, rgb->outputs, step->node.shape.height,
             step->node.shape.width);
    float *values;
    size_t bytes;
    status = pack_read(upload, rgb->weight, &values, &bytes);
    float *to = pack_at(upload, step->weights);
    for (int o = 0; values && o < rgb->outputs; o++)
        for (int c = 0; c < channels; c++)
            to[(size_t)o * padded + (size_t)nn_padded_channel(c, source)] =
                values[(size_t)rgb->weight.offset + (size_t)o * (size_t)channels + (size_t)c] * rgb->weight.scale;
    aligned_free(values, bytes);
    return status;
}

typedef struct job {
    const cpu_program *program;
    const cpu_step *step;
    const float *weights; /* times the style */
    size_t padded, pixels;
} job;

/* One run of pixels of the blocks from `first` on: where they are, and from one block to the next. */
static const char *run_planes(const job *j, int first, size_t from, int pixels, int worker, size_t *stride)
{
    nn_value feature = j->step->node.to_rgb.feature.map;
    *stride = j->pixels * BLOCK;
    if (first < j->step->maps.source_blocks || !j->program->steps[feature].computed) {
        read_map same;
        return conv_input_plane(j->program, j->step, first, &same) + pixel_bytes(j->program, from);
    }
    *stride = (size_t)RUN_PIXELS * BLOCK;
    void *scratch = thread_scratch(j->program, j->step, worker);
    char *planes = scratch;
    int block = first - j->step->maps.source_blocks;
    for (int i = 0; block + i < j->step->maps.feature_blocks; i++)
        conv_picture_pixels(j->program, feature, block + i, from, pixels, NULL,
                            planes + pixel_bytes(j->program, (size_t)i * RUN_PIXELS));
    return planes;
}

/* Adds the projection of blocks [first, first + count) for one run of pixels. */
static void project_blocks(const job *j, int first, int count, size_t from, int pixels, float *to, int worker)
{
    enum { AT_ONCE = 32 };
    for (int block = 0; block < count; block += AT_ONCE) {
        read_map maps[AT_ONCE];
        int blocks = count - block < AT_ONCE ? count - block : AT_ONCE;
        for (int i = 0; i < blocks; i++) {
            conv_input_plane(j->program, j->step, first + block + i, &maps[i]);
            maps[i].scale = block_of_ones; /* the style is in the weights already */
        }
        size_t stride;
        const char *planes = run_planes(j, first + block, from, pixels, worker, &stride);
        j->program->kernels->project(planes, stride, blocks, maps, j->weights + (size_t)(first + block) * BLOCK,
                                     j->padded, j->step->node.to_rgb.outputs, pixels, to, j->pixels);
    }
}

static void rgb_run(void *context, int index, int worker)
{
    const job *j = context;
    const cpu_step *step = j->step;
    const nn_to_rgb_options *rgb = &step->node.to_rgb;
    size_t from = (size_t)index * RUN_PIXELS;
    int pixels = (int)(j->pixels - from < RUN_PIXELS ? j->pixels - from : RUN_PIXELS);
    float *to = value_at(j->program, step->value) + from;
    const float *add = rgb->add == NN_NONE ? NULL : value_at(j->program, rgb->add) + from;
    for (int o = 0; o < rgb->outputs; o++) {
        float bias = j->program->packed[step->maps.bias + (size_t)o];
        for (size_t p = 0; p < (size_t)pixels; p++)
            to[(size_t)o * j->pixels + p] = bias + (add ? add[(size_t)o * j->pixels + p] : 0.0f);
    }
    project_blocks(j, 0, step->maps.source_blocks, from, pixels, to, worker);
    if (step->maps.feature_blocks)
        project_blocks(j, step->maps.source_blocks, step->maps.feature_blocks, from, pixels, to, worker);
}

static void run_to_rgb(const cpu_program *program, const cpu_step *step)
{
    begin_conv_maps(program, step, step->node.to_rgb.style, NN_NONE, 1.0f);
    job j = {.program = program,
             .step = step,
             .weights = step_scratch(program, step) + step->extra,
             .padded = (size_t)(step->maps.source_blocks + step->maps.feature_blocks) * BLOCK,
             .pixels = (size_t)step->node.shape.height * (size_t)step->node.shape.width};
    float *weights = step_scratch(program, step) + step->extra;
    const float *packed = program->packed + step->weights, *style = step_scratch(program, step) + step->maps.read_scale;
    for (int o = 0; o < step->node.to_rgb.outputs; o++)
        for (size_t c = 0; c < j.padded; c++)
            weights[(size_t)o * j.padded + c] = packed[(size_t)o * j.padded + c] * style[c];
    thread_pool_run(program->pool, (int)((j.pixels + RUN_PIXELS - 1) / RUN_PIXELS), rgb_run, &j);
}

/* Steps that only move numbers: the picture in, learned constants, maps as vectors. */
#include <stdio.h>
#include <string.h>

#include "nn/cpu/cpu.h"

static void run_image(const cpu_program *program, const cpu_step *step)
{
    if (!step->in_place)
        memcpy(value_at(program, step->value), program->input, nn_shape_floats(&step->node.shape) * sizeof(float));
}

gpen_status prepare_image(cpu_upload *upload, cpu_step *step)
{
    step->in_place = !value_lasts(upload->program, step);
    for (nn_value reader = step->value + 1; reader < upload->graph->count; reader++)
        for (int i = 0; i < NN_MAX_INPUTS; i++)
            if (upload->graph->nodes[reader].inputs[i] == step->value &&
                upload->graph->nodes[reader].operation != NN_OP_CONV)
                step->in_place = false;
    step->run = run_image;
    snprintf(step->name, sizeof step->name, "image %d @%dx%d", step->node.shape.channels, step->node.shape.height,
             step->node.shape.width);
    return GPEN_OK;
}

static void run_constant(const cpu_program *program, const cpu_step *step)
{
    program->kernels->narrow(program->packed + step->weights, nn_shape_floats(&step->node.shape),
                             value_at(program, step->value));
}

gpen_status prepare_constant(cpu_upload *upload, cpu_step *step)
{
    const nn_shape *shape = &step->node.shape;
    nn_weight weight = step->node.dense.weight;
    size_t pixels = (size_t)shape->height * (size_t)shape->width;
    step->run = run_constant;
    snprintf(step->name, sizeof step->name, "constant %d @%dx%d", shape->channels, shape->height, shape->width);
    step->weights = pack_reserve(upload, nn_shape_floats(shape));
    float *values;
    size_t bytes;
    gpen_status status = pack_read(upload, weight, &values, &bytes);
    float *to = pack_at(upload, step->weights);
    for (size_t c = 0; values && c < (size_t)shape->channels; c++)
        for (size_t p = 0; p < pixels; p++)
            to[(c / BLOCK * pixels + p) * BLOCK + c % BLOCK] =
                values[(size_t)weight.offset + c * pixels + p] * weight.scale;
    aligned_free(values, bytes);
    return status;
}

static void run_flatten(const cpu_program *program, const cpu_step *step)
{
    const nn_shape *in = &step->input_shape;
    float *to = value_at(program, step->value);
    size_t pixels = (size_t)in->height * (size_t)in->width, length = (size_t)step->node.shape.channels;
    for (int block = 0; block < nn_blocks(in->channels); block++)
        for (size_t p = 0; p < pixels; p++) {
            float numbers[BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT)));
            program->kernels->widen(plane_at(program, step->node.inputs[0], block) + pixel_bytes(program, p), BLOCK,
                                    numbers);
            for (int c = block * BLOCK; c < in->channels && c < (block + 1) * BLOCK; c++)
                to[(size_t)c * pixels + p] = numbers[c % BLOCK];
        }
    for (size_t i = length; i < round_up(length, BLOCK); i++)
        to[i] = 0.0f;
}

gpen_status prepare_flatten(cpu_upload *upload, cpu_step *step)
{
    (void)upload;
    step->run = run_flatten;
    snprintf(step->name, sizeof step->name, "flatten %d", step->node.shape.channels);
    return GPEN_OK;
}

/* Vectors: fully connected layers, the demodulation of styles, normalisation. Each output is one dot product, so that the
 * division among threads cannot change a sum. These layers read every weight once: memory sets their speed. */
#include <math.h>
#include <stdio.h>

#include "nn/cpu/cpu.h"

enum { ROWS_A_TASK = 32 };

static size_t padded_length(const cpu_step *step)
{
    return round_up((size_t)step->input_shape.channels, BLOCK);
}

typedef struct job job;
struct job {
    const cpu_program *program;
    const cpu_step *step;
    const float *x;
    float (*finish)(const job *j, float sum, int output);
};

static void dense_rows(void *context, int index, int worker)
{
    (void)worker;
    const job *j = context;
    size_t length = padded_length(j->step);
    int outputs = j->step->node.shape.channels;
    float *to = value_at(j->program, j->step->value);
    for (int o = index * ROWS_A_TASK; o < outputs && o < (index + 1) * ROWS_A_TASK; o++)
        to[o] = j->finish(
            j, j->program->kernels->dot(j->program->packed + j->step->weights + (size_t)o * length, j->x, length), o);
}

/* Runs all rows and leaves zeros in the vector's padding. */
static void multiply_rows(job *j)
{
    int outputs = j->step->node.shape.channels;
    thread_pool_run(j->program->pool, (outputs + ROWS_A_TASK - 1) / ROWS_A_TASK, dense_rows, j);
    float *to = value_at(j->program, j->step->value);
    for (size_t i = (size_t)outputs; i < round_up((size_t)outputs, BLOCK); i++)
        to[i] = 0.0f;
}

static void describe(cpu_step *step, const char *kind)
{
    step->gflop_direct = step->gflop_executed = 2e-9 * step->input_shape.channels * step->node.shape.channels;
    snprintf(step->name, sizeof step->name, "%s %d->%d", kind, step->input_shape.channels, step->node.shape.channels);
}

/* ---------------------------------------------------------------- fully connected */

static float finish_dense(const job *j, float sum, int output)
{
    float slope = j->step->node.dense.activation.slope;
    float t = sum + j->program->packed[j->step->extra + (size_t)output];
    return t > slope * t ? t : slope * t;
}

static void run_dense(const cpu_program *program, const cpu_step *step)
{
    job j = {program, step, value_at(program, step->node.inputs[0]), finish_dense};
    multiply_rows(&j);
}

/* The activation's gain is multiplied into weights and bias. */
gpen_status prepare_dense(cpu_upload *upload, cpu_step *step)
{
    size_t length = padded_length(step), outputs = (size_t)step->node.shape.channels,
           n = (size_t)step->input_shape.channels;
    float gain = step->node.dense.activation.gain;
    nn_weight weight = step->node.dense.weight;
    step->run = run_dense;
    describe(step, "dense");
    step->weights = pack_reserve(upload, outputs * length);
    gpen_status status = pack_vector(upload, step->node.dense.bias, outputs, gain, 0.0f, outputs, &step->extra);
    if (status)
        return status;
    float *values;
    size_t bytes;
    status = pack_read(upload, weight, &values, &bytes);
    float *to = pack_at(upload, step->weights);
    for (size_t o = 0; values && o < outputs; o++)
        for (size_t i = 0; i < n; i++)
            to[o * length + i] = values[(size_t)weight.offset + o * n + i] * weight.scale * gain;
    aligned_free(values, bytes);
    return status;
}

/* ---------------------------------------------------------------- demodulation */

static float finish_demodulation(const job *j, float sum, int output)
{
    (void)j;
    (void)output;
    return 1.0f / sqrtf(sum + 1e-8f);
}

static void run_demodulate(const cpu_program *program, const cpu_step *step)
{
    const float *style = value_at(program, step->node.inputs[0]);
    float *squares = step_scratch(program, step);
    for (size_t i = 0; i < padded_length(step); i++)
        squares[i] = style[i] * style[i];
    job j = {program, step, squares, finish_demodulation};
    multiply_rows(&j);
}

gpen_status prepare_demodulate(cpu_upload *upload, cpu_step *step)
{
    size_t length = padded_length(step), outputs = (size_t)step->node.shape.channels,
           n = (size_t)step->input_shape.channels;
    size_t taps = (size_t)step->node.dense.taps;
    nn_weight weight = step->node.dense.weight;
    step->run = run_demodulate;
    step->scratch_floats = length;
    describe(step, "demodulate");
    step->weights = pack_reserve(upload, outputs * length);
    float *values;
    size_t bytes;
    gpen_status status = pack_read(upload, weight, &values, &bytes);
    float *to = pack_at(upload, step->weights);
    for (size_t o = 0; values && o < outputs; o++)
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t tap = 0; tap < taps; tap++) {
                double w = (double)values[(size_t)weight.offset + (o * n + i) * taps + tap] * (double)weight.scale;
                sum += w * w;
            }
            to[o * length + i] = (float)sum;
        }
    aligned_free(values, bytes);
    return status;
}

/* ---------------------------------------------------------------- normalisation */

static void run_pixel_norm(const cpu_program *program, const cpu_step *step)
{
    const float *x = value_at(program, step->node.inputs[0]);
    float *to = value_at(program, step->value);
    size_t length = padded_length(step);
    float mean = program->kernels->dot(x, x, length) / (float)step->input_shape.channels;
    float scale = 1.0f / sqrtf(mean + 1e-8f);
    for (size_t i = 0; i < length; i++)
        to[i] = x[i] * scale;
}

gpen_status prepare_pixel_norm(cpu_upload *upload, cpu_step *step)
{
    (void)upload;
    step->run = run_pixel_norm;
    describe(step, "pixel norm");
    step->gflop_direct = step->gflop_executed = 3e-9 * step->input_shape.channels;
    return GPEN_OK;
}

/* Steps that combine maps or look at neighbours without products: depthwise convolution's rows, pooling, sums, concatenation,
 * the largest class. Memory sets their speed. */
#include <stdio.h>
#include <string.h>

#include "nn/cpu/cpu.h"

typedef struct job {
    const cpu_program *program;
    const cpu_step *step;
} job;

/* One task for each row of each block of the output. */
static void run_rows(const cpu_program *program, const cpu_step *step, thread_task *task)
{
    job j = {program, step};
    const nn_shape *out = &step->node.shape;
    thread_pool_run(program->pool, nn_blocks(out->channels) * out->height, task, &j);
}

static void describe(cpu_step *step, const char *kind)
{
    const nn_shape *out = &step->node.shape;
    snprintf(step->name, sizeof step->name, "%s %d @%dx%d", kind, out->channels, out->height, out->width);
}

static char *output_row(const job *j, int block, int row)
{
    return plane_at(j->program, j->step->value, block) +
           pixel_bytes(j->program, (size_t)row * (size_t)j->step->node.shape.width);
}

/* Row `row` of block `block` of a value, NULL outside. */
static const char *input_row(const job *j, nn_value value, int block, int row)
{
    const nn_shape *in = value_shape(j->program, value);
    if (row < 0 || row >= in->height)
        return NULL;
    return plane_at(j->program, value, block) + pixel_bytes(j->program, (size_t)row * (size_t)in->width);
}

/* ---------------------------------------------------------------- depthwise convolution */

static void depthwise_row(void *context, int index, int worker)
{
    (void)worker;
    const job *j = context;
    const nn_depthwise_options *options = &j->step->node.depthwise;
    const nn_shape *out = &j->step->node.shape;
    int block = index / out->height, row = index % out->height;
    const void *rows[3];
    for (int i = 0; i < 3; i++)
        rows[i] = input_row(j, options->input, block, row * options->stride + i - 1);
    write_map map = {.scale = j->program->packed + j->step->maps.scale + block * BLOCK,
                     .bias = j->program->packed + j->step->maps.bias + block * BLOCK,
                     .slope = options->activation.slope};
    j->program->kernels->depthwise_row(rows, j->step->input_shape.width, options->stride,
                                       j->program->packed + j->step->weights + (size_t)block * 9 * BLOCK,
                                       output_row(j, block, row), out->width, &map);
}

static void run_depthwise(const cpu_program *program, const cpu_step *step)
{
    run_rows(program, step, depthwise_row);
}

gpen_status prepare_depthwise(cpu_upload *upload, cpu_step *step)
{
    const nn_depthwise_options *options = &step->node.depthwise;
    size_t channels = (size_t)step->node.shape.channels, padded = round_up(channels, BLOCK);
    step->run = run_depthwise;
    describe(step, options->stride == 2 ? "depthwise down" : "depthwise");
    step->gflop_direct = step->gflop_executed = 2e-9 * 9 * (double)nn_shape_floats(&step->node.shape);
    gpen_status status = pack_norm(upload, &options->norm, (nn_weight){0}, channels, options->activation.gain, padded,
                                   &step->maps.scale, &step->maps.bias);
    if (status)
        return status;
    step->weights = pack_reserve(upload, padded * 9);
    float *values, *to = pack_at(upload, step->weights);
    size_t bytes;
    status = pack_read(upload, options->weight, &values, &bytes);
    for (size_t i = 0; values && i < channels * 9; i++) /* the activation's gain scales a sum through its weights */
        to[(i / 9 / BLOCK * 9 + i % 9) * BLOCK + i / 9 % BLOCK] =
            values[(size_t)options->weight.offset + i] * options->weight.scale * options->activation.gain;
    aligned_free(values, bytes);
    return status;
}

/* ---------------------------------------------------------------- pooling */

static void max_row(void *context, int index, int worker)
{
    (void)worker;
    const job *j = context;
    const nn_shape *in = &j->step->input_shape, *out = &j->step->node.shape;
    int block = index / out->height, row = index % out->height;
    const void *rows[3];
    for (int i = 0; i < 3; i++)
        rows[i] = input_row(j, j->step->node.inputs[0], block, row * 2 + i - 1);
    j->program->kernels->max_row(rows, in->width, output_row(j, block, row), out->width);
}

static void run_max_pool(const cpu_program *program, const cpu_step *step)
{
    run_rows(program, step, max_row);
}

gpen_status prepare_max_pool(cpu_upload *upload, cpu_step *step)
{
    (void)upload;
    step->run = run_max_pool;
    describe(step, "max pool");
    return GPEN_OK;
}

/* ---------------------------------------------------------------- sums */

static void add_row(void *context, int index, int worker)
{
    (void)worker;
    const job *j = context;
    const nn_shape *out = &j->step->node.shape, *second = value_shape(j->program, j->step->node.inputs[1]);
    int block = index / out->height, row = index % out->height;
    const char *a = input_row(j, j->step->node.inputs[0], block, row);
    const char *b = input_row(j, j->step->node.inputs[1], block, (int)((int64_t)row * second->height / out->height));
    j->program->kernels->add_row(a, b, second->width, output_row(j, block, row), out->width);
}

static void run_add(const cpu_program *program, const cpu_step *step)
{
    run_rows(program, step, add_row);
}

gpen_status prepare_add(cpu_upload *upload, cpu_step *step)
{
    (void)upload;
    step->run = run_add;
    describe(step, "add");
    return GPEN_OK;
}

/* ---------------------------------------------------------------- concatenation */

/* One output block: whole blocks are copied; where a map's channels do not fill its last block, they are taken one by one. */
static void concat_row(void *context, int index, int worker)
{
    (void)worker;
    const job *j = context;
    const nn_shape *out = &j->step->node.shape;
    int block = index / out->height, row = index % out->height, first = 0;
    size_t number = j->program->kernels->number_bytes, row_bytes = pixel_bytes(j->program, (size_t)out->width);
    char *to = output_row(j, block, row);
    memset(to, 0, row_bytes);
    for (int i = 0; i < NN_MAX_INPUTS && j->step->node.inputs[i] != NN_NONE; i++) {
        int channels = value_shape(j->program, j->step->node.inputs[i])->channels;
        for (int channel = block * BLOCK; channel < (block + 1) * BLOCK; channel++) {
            int c = channel - first;
            if (c < 0 || c >= channels)
                continue;
            const char *from = input_row(j, j->step->node.inputs[i], c / BLOCK, row);
            if (c % BLOCK == 0 && channel % BLOCK == 0 && channels - c >= BLOCK) {
                memcpy(to, from, row_bytes);
                break;
            }
            for (size_t at = 0; at < row_bytes; at += BLOCK * number)
                memcpy(to + at + (size_t)(channel % BLOCK) * number, from + at + (size_t)(c % BLOCK) * number, number);
        }
        first += channels;
    }
}

static void run_concat(const cpu_program *program, const cpu_step *step)
{
    run_rows(program, step, concat_row);
}

gpen_status prepare_concat(cpu_upload *upload, cpu_step *step)
{
    (void)upload;
    step->run = run_concat;
    describe(step, "concat");
    return GPEN_OK;
}

/* ---------------------------------------------------------------- the largest class */

static void argmax_row(void *context, int row, int worker)
{
    (void)worker;
    const job *j = context;
    const nn_shape *in = &j->step->input_shape;
    float *to = value_at(j->program, j->step->value) + (size_t)row * (size_t)in->width;
    for (int x = 0; x < in->width; x++) {
        float numbers[BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT))), most = 0;
        int best = 0;
        for (int c = 0; c < in->channels; c++) {
            if (c % BLOCK == 0)
                j->program->kernels->widen(input_row(j, j->step->node.inputs[0], c / BLOCK, row) +
                                               pixel_bytes(j->program, (size_t)x),
                                           BLOCK, numbers);
            if (c == 0 || numbers[c % BLOCK] > most) {
                most = numbers[c % BLOCK];
                best = c;
            }
        }
        to[x] = (float)best;
    }
}

static void run_argmax(const cpu_program *program, const cpu_step *step)
{
    job j = {program, step};
    thread_pool_run(program->pool, step->node.shape.height, argmax_row, &j);
}

gpen_status prepare_argmax(cpu_upload *upload, cpu_step *step)
{
    (void)upload;
    step->run = run_argmax;
    describe(step, "argmax");
    return GPEN_OK;
}

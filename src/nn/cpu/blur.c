/* The FIR filters of StyleGAN2: the separable 4x4 blur of maps, and the doubling of planar pictures. */
#include <stdio.h>
#include <string.h>

#include "nn/cpu/cpu.h"

enum { STRIP_ROWS = 16, FIR_ROWS = 4 };

static void run_blur(const cpu_program *program, const cpu_step *step);

/* Scratch: one scale for every channel of a block and a row of zeros; each thread has a row of sums. */
gpen_status prepare_blur(cpu_upload *upload, cpu_step *step)
{
    const nn_blur_options *blur = &step->node.blur;
    const nn_shape *out = &step->node.shape;
    size_t channels = (size_t)nn_blocks(out->channels) * BLOCK;
    gpen_status status =
        pack_vector(upload, blur->bias, (size_t)out->channels, blur->activation.gain, 0.0f, channels, &step->weights);
    if (!status)
        status = pack_separable(upload, blur->kernel, &step->extra);
    step->scratch_floats = BLOCK + number_floats(upload->program, (size_t)step->input_shape.width * BLOCK);
    step->thread_floats = (size_t)(out->width + 3) * BLOCK;
    step->rows = step->thread_floats;
    if (upload->program->steps[blur->input].computed)
        step->thread_floats +=
            number_floats(upload->program, (size_t)FIR_ROWS * (size_t)step->input_shape.width * BLOCK);
    step->run = run_blur;
    step->gflop_direct = step->gflop_executed = 2e-9 * 8 * (double)nn_shape_floats(out);
    snprintf(step->name, sizeof step->name, "blur %d @%dx%d", out->channels, out->height, out->width);
    return status;
}

typedef struct job {
    const cpu_program *program;
    const cpu_step *step;
    const float *scale;
    const char *zeros;
    int strips;
} job;

/* A row of the input: where it is kept, or, for a map that is not, in the thread's ring of four, computed when it is fresh. */
static const char *input_row(const job *j, int block, int row, bool fresh, int worker)
{
    const cpu_step *step = j->step;
    nn_value input = step->node.inputs[0];
    size_t width = (size_t)step->input_shape.width;
    if (!j->program->steps[input].computed)
        return plane_at(j->program, input, block) + pixel_bytes(j->program, (size_t)row * width);
    void *ring = thread_scratch(j->program, step, worker) + step->rows;
    char *to = (char *)ring + pixel_bytes(j->program, (size_t)(row % FIR_ROWS) * width);
    if (fresh)
        conv_picture_pixels(j->program, input, block, (size_t)row * width, (int)width, NULL, to);
    return to;
}

static void blur_strip(void *context, int index, int worker)
{
    const job *j = context;
    const cpu_step *step = j->step;
    const nn_shape *in = &step->input_shape, *out = &step->node.shape;
    int blocks = nn_blocks(out->channels), block = index % blocks, first = index / blocks * STRIP_ROWS;
    int last = first + STRIP_ROWS < out->height ? first + STRIP_ROWS : out->height;
    char *to = plane_at(j->program, step->value, block);
    const float *taps = j->program->packed + step->extra;
    write_map map = {.scale = j->scale,
                     .bias = j->program->packed + step->weights + block * BLOCK,
                     .slope = step->node.blur.activation.slope};
    for (int y = first; y < last; y++) {
        const void *rows[FIR_ROWS];
        for (int i = 0; i < FIR_ROWS; i++) {
            int row = y + i - step->node.blur.before;
            bool fresh = y == first || i == FIR_ROWS - 1;
            rows[i] = row >= 0 && row < in->height ? input_row(j, block, row, fresh, worker) : j->zeros;
        }
        j->program->kernels->fir_row(rows, in->width, step->node.blur.before, taps, taps + 4,
                                     thread_scratch(j->program, step, worker),
                                     to + pixel_bytes(j->program, (size_t)y * (size_t)out->width), out->width, &map);
    }
}

static void run_blur(const cpu_program *program, const cpu_step *step)
{
    const nn_shape *out = &step->node.shape;
    float *scale = step_scratch(program, step);
    void *zeros = scale + BLOCK;
    for (int c = 0; c < BLOCK; c++)
        scale[c] = step->node.blur.activation.gain;
    memset(zeros, 0, pixel_bytes(program, (size_t)step->input_shape.width));
    job j = {program, step, scale, zeros, (out->height + STRIP_ROWS - 1) / STRIP_ROWS};
    thread_pool_run(program->pool, nn_blocks(out->channels) * j.strips, blur_strip, &j);
}

static void run_upsample(const cpu_program *program, const cpu_step *step);

gpen_status prepare_upsample(cpu_upload *upload, cpu_step *step)
{
    const nn_shape *out = &step->node.shape;
    step->run = run_upsample;
    step->gflop_direct = step->gflop_executed = 2e-9 * 8 * (double)nn_shape_floats(out);
    snprintf(step->name, sizeof step->name, "upsample %d @%dx%d", out->channels, out->height, out->width);
    return pack_separable(upload, step->node.dense.weight, &step->extra);
}

/* Between zeros, an output sees two samples: at 2i taps 0 and 2 on samples i - 1 and i, at 2i + 1 taps 1 and 3 on i and i + 1. */
static void doubled(int position, int length, const float taps[4], int at[2], float weight[2])
{
    int first = position / 2 - 1 + position % 2;
    for (int i = 0; i < 2; i++) {
        bool inside = first + i >= 0 && first + i < length;
        at[i] = inside ? first + i : 0;
        weight[i] = inside ? taps[position % 2 + 2 * i] : 0.0f;
    }
}

static void upsample_row(void *context, int index, int worker)
{
    (void)worker;
    const job *j = context;
    const nn_shape *in = &j->step->input_shape, *out = &j->step->node.shape;
    int plane = index / out->height, y = index % out->height;
    const float *from =
        value_at(j->program, j->step->node.inputs[0]) + (size_t)plane * (size_t)in->height * (size_t)in->width;
    float *to = value_at(j->program, j->step->value) + (size_t)index * (size_t)out->width;
    const float *taps = j->program->packed + j->step->extra;
    int rows[2];
    float down[2];
    doubled(y, in->height, taps, rows, down);
    const float *upper = from + (size_t)rows[0] * (size_t)in->width,
                *lower = from + (size_t)rows[1] * (size_t)in->width;
    for (int x = 0; x < out->width; x++) {
        int columns[2];
        float across[2];
        doubled(x, in->width, taps + 4, columns, across);
        to[x] = across[0] * (down[0] * upper[columns[0]] + down[1] * lower[columns[0]]) +
                across[1] * (down[0] * upper[columns[1]] + down[1] * lower[columns[1]]);
    }
}

static void run_upsample(const cpu_program *program, const cpu_step *step)
{
    job j = {.program = program, .step = step};
    thread_pool_run(program->pool, step->node.shape.channels * step->node.shape.height, upsample_row, &j);
}

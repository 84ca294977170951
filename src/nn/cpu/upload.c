/* From a graph to a program, and running it.
 *
 * Every step is prepared twice: the first pass only counts packed numbers and scratch, then arena and packed memory are taken
 * at once, and the second pass writes the weights. A prepare function does the same in both; pack_at tells them apart. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn/backend.h"
#include "nn/cpu/cpu.h"
#include "nn/device.h"

typedef gpen_status prepare_function(cpu_upload *upload, cpu_step *step);

static prepare_function *const prepares[] = {
    [NN_OP_IMAGE] = prepare_image,           [NN_OP_CONSTANT] = prepare_constant,
    [NN_OP_CONV] = prepare_conv,             [NN_OP_BLUR] = prepare_blur,
    [NN_OP_UPSAMPLE] = prepare_upsample,     [NN_OP_TO_RGB] = prepare_to_rgb,
    [NN_OP_DENSE] = prepare_dense,           [NN_OP_DEMODULATE] = prepare_demodulate,
    [NN_OP_PIXEL_NORM] = prepare_pixel_norm, [NN_OP_FLATTEN] = prepare_flatten,
};

/* ---------------------------------------------------------------- packed weights */

size_t pack_reserve(cpu_upload *upload, size_t floats)
{
    size_t offset = upload->program->packed_floats;
    upload->program->packed_floats += round_up(floats, BLOCK);
    return offset;
}

float *pack_at(cpu_upload *upload, size_t offset)
{
    return upload->program->packed ? upload->program->packed + offset : NULL;
}

gpen_status pack_read(cpu_upload *upload, nn_weight weight, float **values, size_t *bytes)
{
    *values = NULL;
    *bytes = (size_t)weight.count * sizeof(float);
    if (!upload->program->packed)
        return GPEN_OK;
    *values = aligned_new(*bytes);
    if (!*values)
        return gpen_fail_memory(upload->error, "a tensor", *bytes);
    gpen_status status =
        upload->weights->read(upload->weights->context, weight.tensor, *values, weight.count, upload->error);
    if (status) {
        aligned_free(*values, *bytes);
        *values = NULL;
    }
    return status;
}

gpen_status pack_vector(cpu_upload *upload, nn_weight weight, size_t count, float factor, float absent, size_t floats,
                        size_t *offset)
{
    *offset = pack_reserve(upload, floats);
    float *to = pack_at(upload, *offset);
    if (!to)
        return GPEN_OK;
    if (weight.tensor == NN_NONE) {
        for (size_t i = 0; i < count; i++)
            to[i] = absent;
        return GPEN_OK;
    }
    float *values;
    size_t bytes;
    gpen_status status = pack_read(upload, weight, &values, &bytes);
    for (size_t i = 0; !status && i < count; i++)
        to[i] = values[(size_t)weight.offset + i] * weight.scale * factor;
    aligned_free(values, bytes);
    return status;
}

gpen_status pack_separable(cpu_upload *upload, nn_weight kernel, float down[4], float across[4])
{
    float *values;
    size_t bytes;
    gpen_status status = pack_read(upload, kernel, &values, &bytes);
    if (status || !values)
        return status;
    const float *k = values + kernel.offset;
    int largest = 0;
    for (int i = 1; i < 16; i++)
        if (fabsf(k[i]) > fabsf(k[largest]))
            largest = i;
    float peak = k[largest];
    for (int i = 0; i < 4; i++) {
        across[3 - i] = k[largest / 4 * 4 + i] * kernel.scale;
        down[3 - i] = peak != 0.0f ? k[i * 4 + largest % 4] / peak : 0.0f;
    }
    for (int i = 0; i < 16 && !status; i++) {
        float product = down[3 - i / 4] * across[3 - i % 4];
        if (!(fabsf(product - k[i] * kernel.scale) <= 1e-5f * fabsf(peak * kernel.scale)))
            status = gpen_fail(upload->error, GPEN_MODEL_INVALID, "a 4x4 blur kernel is not separable");
    }
    aligned_free(values, bytes);
    return status;
}

/* ---------------------------------------------------------------- places */

static nn_value last_reader(const nn_graph *graph, nn_value value)
{
    nn_value last = value;
    for (nn_value reader = value + 1; reader < graph->count; reader++)
        for (int i = 0; i < NN_MAX_INPUTS; i++)
            if (graph->nodes[reader].inputs[i] == value)
                last = reader;
    return last;
}

/* Values and every step's scratch, placed in one arena. */
static gpen_status place(cpu_program *program, const nn_graph *graph, gpen_error *error)
{
    int count = program->count, threads = thread_pool_size(program->pool);
    arena_block *blocks = calloc(2 * (size_t)count, sizeof *blocks);
    if (!blocks)
        return gpen_fail_memory(error, "a plan", 2 * (size_t)count * sizeof *blocks);
    for (int i = 0; i < count; i++) {
        const cpu_step *step = &program->steps[i];
        bool kept = i == graph->output || (program->keep_marks && *program->marks[i]);
        blocks[i] = (arena_block){nn_shape_floats(&step->node.shape), i, kept ? count : last_reader(graph, i), 0};
        blocks[count + i] = (arena_block){step->scratch_floats + (size_t)threads * step->thread_floats, i, i, 0};
    }
    bool placed = arena_place(blocks, 2 * count, &program->arena_floats);
    for (int i = 0; placed && i < count; i++) {
        program->value_offsets[i] = blocks[i].offset;
        program->steps[i].scratch = blocks[count + i].offset;
    }
    free(blocks);
    return placed ? GPEN_OK : gpen_fail_memory(error, "a plan", 0);
}

static gpen_status prepare_all(cpu_upload *upload)
{
    cpu_program *program = upload->program;
    program->packed_floats = 0;
    for (int i = 0; i < program->count; i++) {
        cpu_step *step = &program->steps[i];
        *step = (cpu_step){.node = upload->graph->nodes[i], .value = i};
        if (step->node.inputs[0] != NN_NONE)
            step->input_shape = upload->graph->nodes[step->node.inputs[0]].shape;
        gpen_status status = prepares[step->node.operation](upload, step);
        if (status)
            return status;
        step->scratch_floats = round_up(step->scratch_floats, BLOCK);
        step->thread_floats = round_up(step->thread_floats, BLOCK);
    }
    return GPEN_OK;
}

/* ---------------------------------------------------------------- the backend's functions */

static void release(void *state)
{
    cpu_program *program = state;
    aligned_free(program->arena, program->arena_floats * sizeof(float));
    aligned_free(program->packed, program->packed_capacity * sizeof(float));
    free(program->steps);
    free(program->value_offsets);
    free(program->shapes);
    free(program->marks);
    free(program);
}

static gpen_status take_memory(cpu_program *program, gpen_error *error)
{
    program->packed_capacity = program->packed_floats;
    program->packed = aligned_new(program->packed_capacity * sizeof(float));
    if (!program->packed)
        return gpen_fail_memory(error, "the packed weights", program->packed_capacity * sizeof(float));
    memset(program->packed, 0, program->packed_capacity * sizeof(float));
    program->arena = aligned_new(program->arena_floats * sizeof(float));
    if (!program->arena)
        return gpen_fail_memory(error, "the network's working memory", program->arena_floats * sizeof(float));
    return GPEN_OK;
}

static gpen_status fill(cpu_upload *upload)
{
    cpu_program *program = upload->program;
    size_t count = (size_t)upload->graph->count;
    program->steps = calloc(count, sizeof *program->steps);
    program->value_offsets = calloc(count, sizeof *program->value_offsets);
    program->shapes = calloc(count, sizeof *program->shapes);
    program->marks = calloc(count, sizeof *program->marks);
    if (!program->steps || !program->value_offsets || !program->shapes || !program->marks)
        return gpen_fail_memory(upload->error, "a plan", count * sizeof *program->steps);
    program->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        program->shapes[i] = upload->graph->nodes[i].shape;
        memcpy(program->marks[i], upload->graph->nodes[i].mark, NN_MARK_LENGTH);
    }
    gpen_status status = prepare_all(upload);
    if (!status)
        status = place(program, upload->graph, upload->error);
    if (!status)
        status = take_memory(program, upload->error);
    size_t *scratch = status ? NULL : calloc(count, sizeof *scratch);
    if (!status && !scratch)
        status = gpen_fail_memory(upload->error, "a plan", count * sizeof *scratch);
    for (size_t i = 0; !status && i < count; i++)
        scratch[i] = program->steps[i].scratch;
    if (!status)
        status = prepare_all(upload);
    for (size_t i = 0; !status && i < count; i++)
        program->steps[i].scratch = scratch[i];
    free(scratch);
    return status;
}

static gpen_status upload_graph(void **out, nn_device *device, const nn_graph *graph, const nn_weights *weights, int flags,
                                gpen_error *error)
{
    *out = NULL;
    cpu_program *program = calloc(1, sizeof *program);
    if (!program)
        return gpen_fail_memory(error, "a plan", sizeof *program);
    program->kernels = device->kernels;
    program->pool = device->pool;
    program->keep_marks = flags & NN_KEEP_MARKS;
    program->image = graph->image;
    program->output = graph->output;
    cpu_upload upload = {program, graph, weights, error};
    gpen_status status = fill(&upload);
    if (status) {
        release(program);
        return status;
    }
    *out = program;
    return GPEN_OK;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void run(void *state, const float *input, float *output)
{
    cpu_program *program = state;
    program->input = input;
    double before = seconds_now();
    for (int i = 0; i < program->count; i++) {
        cpu_step *step = &program->steps[i];
        step->run(program, step);
        double now = seconds_now();
        step->seconds = now - before;
        before = now;
    }
    memcpy(output, value_at(program, program->output), nn_shape_floats(&program->shapes[program->output]) * sizeof(float));
}

static void describe(const void *state, nn_plan_info *info)
{
    const cpu_program *program = state;
    *info = (nn_plan_info){.weight_bytes = program->packed_floats * sizeof(float),
                           .arena_bytes = program->arena_floats * sizeof(float),
                           .steps = program->count};
    for (int i = 0; i < program->count; i++) {
        info->gflop_direct += program->steps[i].gflop_direct;
        info->gflop_executed += program->steps[i].gflop_executed;
    }
}

static bool describe_step(const void *state, int index, nn_step_info *info)
{
    const cpu_program *program = state;
    if (index < 0 || index >= program->count)
        return false;
    const cpu_step *step = &program->steps[index];
    *info = (nn_step_info){.seconds = step->seconds, .gflop_direct = step->gflop_direct, .gflop_executed = step->gflop_executed};
    memcpy(info->name, step->name, sizeof info->name);
    return true;
}

static void unblock(const float *map, const nn_shape *shape, float *values)
{
    size_t pixels = (size_t)shape->height * (size_t)shape->width;
    for (int c = 0; c < shape->channels; c++)
        for (size_t p = 0; p < pixels; p++)
            values[(size_t)c * pixels + p] = map[((size_t)(c / BLOCK) * pixels + p) * BLOCK + (size_t)(c % BLOCK)];
}

static int64_t read_mark(const void *state, const char *mark, float *values)
{
    const cpu_program *program = state;
    for (int i = 0; program->keep_marks && i < program->count; i++) {
        if (strcmp(program->marks[i], mark))
            continue;
        const nn_shape *shape = &program->shapes[i];
        int64_t count = (int64_t)shape->channels * shape->height * shape->width;
        if (values && shape->kind == NN_MAP)
            unblock(value_at(program, i), shape, values);
        else if (values)
            memcpy(values, value_at(program, i), (size_t)count * sizeof *values);
        return count;
    }
    return 0;
}

const nn_backend nn_backend_cpu = {
    .name = "cpu",
    .upload = upload_graph,
    .run = run,
    .release = release,
    .describe = describe,
    .step = describe_step,
    .read = read_mark,
};

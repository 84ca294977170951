/* From a graph to a program, and running it.
 *
 * Every step is prepared twice: the first pass only counts packed numbers and scratch, then arena and packed memory are taken
 * at once, and the second pass writes the weights (unless a file has them already). A prepare function does the same in both; pack_at tells them apart. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "nn/backend.h"
#include "nn/cpu/bf16.h"
#include "nn/cpu/cpu.h"
#include "nn/device.h"

typedef gpen_status prepare_function(cpu_upload *upload, cpu_step *step);

static prepare_function *const prepares[] = {
    [NN_OP_IMAGE] = prepare_image,     [NN_OP_CONSTANT] = prepare_constant,     [NN_OP_CONV] = prepare_conv,
    [NN_OP_BLUR] = prepare_blur,       [NN_OP_UPSAMPLE] = prepare_upsample,     [NN_OP_TO_RGB] = prepare_to_rgb,
    [NN_OP_DENSE] = prepare_dense,     [NN_OP_DEMODULATE] = prepare_demodulate, [NN_OP_PIXEL_NORM] = prepare_pixel_norm,
    [NN_OP_FLATTEN] = prepare_flatten, [NN_OP_DEPTHWISE] = prepare_depthwise,   [NN_OP_MAX_POOL] = prepare_max_pool,
    [NN_OP_ADD] = prepare_add,         [NN_OP_CONCAT] = prepare_concat,         [NN_OP_ARGMAX] = prepare_argmax,
};

/* ---------------------------------------------------------------- packed weights */

/* FNV-1a's step. */
static uint64_t mixed(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001B3);
}

size_t pack_reserve(cpu_upload *upload, size_t floats)
{
    size_t offset = upload->program->packed_floats;
    upload->program->packed_floats += round_up(floats, BLOCK);
    upload->program->layout = mixed(upload->program->layout, floats);
    return offset;
}

float *pack_at(cpu_upload *upload, size_t offset)
{
    return upload->writing ? upload->program->packed_block.floats + offset : NULL;
}

void pack_number(const cpu_kernels *kernels, void *panel, size_t row, size_t column, float value)
{
    size_t place = packed_place(kernels, row, column);
    if (kernels->number_bytes == sizeof(float)) {
        float *floats = panel;
        floats[place] = value;
    } else {
        uint16_t *halves = panel;
        halves[place] = bf16_from_float(value);
    }
}

gpen_status pack_read(cpu_upload *upload, nn_weight weight, float **values, size_t *bytes)
{
    *values = NULL;
    *bytes = (size_t)weight.count * sizeof(float);
    if (!upload->writing)
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
    if (!weight.tensor) {
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

/* Row and column through the largest number are the factors, if there are any. */
static bool separate(const float *k, float scale, float *down, float *across)
{
    int largest = 0;
    for (int i = 1; i < 16; i++)
        if (fabsf(k[i]) > fabsf(k[largest]))
            largest = i;
    float peak = k[largest];
    for (int i = 0; i < 4; i++) {
        across[3 - i] = k[largest / 4 * 4 + i] * scale;
        down[3 - i] = peak != 0.0f ? k[i * 4 + largest % 4] / peak : 0.0f;
    }
    for (int i = 0; i < 16; i++)
        if (!(fabsf(down[3 - i / 4] * across[3 - i % 4] - k[i] * scale) <= 1e-5f * fabsf(peak * scale)))
            return false;
    return true;
}

gpen_status pack_separable(cpu_upload *upload, nn_weight kernel, size_t *offset)
{
    *offset = pack_reserve(upload, 8);
    float *to = pack_at(upload, *offset), *values;
    size_t bytes;
    gpen_status status = pack_read(upload, kernel, &values, &bytes);
    if (status || !values)
        return status;
    if (!separate(values + kernel.offset, kernel.scale, to, to + 4))
        status = gpen_fail(upload->error, GPEN_MODEL_INVALID, "a 4x4 blur kernel is not separable");
    aligned_free(values, bytes);
    return status;
}

gpen_status pack_norm(cpu_upload *upload, const nn_norm *norm, nn_weight bias, size_t count, float gain, size_t floats,
                      size_t *scale, size_t *summand)
{
    const double epsilon = 1e-5;
    size_t shift = 0, mean = 0, variance = 0;
    gpen_status status = pack_vector(upload, norm->gain, count, 1.0f, 1.0f, floats, scale);
    if (!status)
        status = pack_vector(upload, bias, count, gain, 0.0f, floats, summand);
    if (status || !norm->gain.tensor)
        return status;
    status = pack_vector(upload, norm->shift, count, 1.0f, 0.0f, floats, &shift);
    if (!status)
        status = pack_vector(upload, norm->mean, count, 1.0f, 0.0f, floats, &mean);
    if (!status)
        status = pack_vector(upload, norm->variance, count, 1.0f, 0.0f, floats, &variance);
    float *factors = pack_at(upload, *scale), *summands = pack_at(upload, *summand);
    for (size_t i = 0; !status && factors && i < count; i++) {
        double factor = (double)factors[i] / sqrt((double)pack_at(upload, variance)[i] + epsilon);
        factors[i] = (float)factor;
        summands[i] += gain * (float)((double)pack_at(upload, shift)[i] - (double)pack_at(upload, mean)[i] * factor);
    }
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

bool value_lasts(const cpu_program *program, const cpu_step *step)
{
    for (int i = 0; i < program->output_count; i++)
        if (program->outputs[i] == step->value)
            return true;
    return program->keep_marks && *step->node.mark;
}

/* Values and every step's scratch, placed in one arena. */
static gpen_status place(cpu_program *program, const nn_graph *graph, gpen_error *error)
{
    int count = program->count, threads = thread_pool_size(program->pool);
    arena_block *blocks = calloc(2 * (size_t)count, sizeof *blocks);
    if (!blocks)
        return gpen_fail_memory(error, "a plan", 2 * (size_t)count * sizeof *blocks);
    for (int i = 1; i < count; i++) {
        const cpu_step *step = &program->steps[i];
        bool kept = value_lasts(program, step);
        size_t floats = step->in_place || step->computed ? 0 : nn_shape_floats(&step->node.shape);
        if (step->node.shape.kind == NN_MAP)
            floats = number_floats(program, floats);
        blocks[i] = (arena_block){floats, i, kept ? count : last_reader(graph, i), 0};
        blocks[count + i] = (arena_block){step->scratch_floats + (size_t)threads * step->thread_floats, i, i, 0};
    }
    bool placed = arena_place(blocks, 2 * count, &program->arena_floats);
    for (int i = 1; placed && i < count; i++) {
        program->value_offsets[i] = blocks[i].offset;
        program->steps[i].scratch = blocks[count + i].offset;
    }
    free(blocks);
    return placed ? GPEN_OK : gpen_fail_memory(error, "a plan", 0);
}

/* Prepares every step; the places that place() gave them stay. */
static gpen_status prepare_all(cpu_upload *upload)
{
    cpu_program *program = upload->program;
    program->packed_floats = program->layout = 0;
    for (int i = 1; i < program->count; i++) {
        cpu_step *step = &program->steps[i];
        *step = (cpu_step){.node = upload->graph->nodes[i], .value = i, .scratch = step->scratch};
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

/* All that belongs to one program, but not the struct itself. */
static void release_parts(cpu_program *program)
{
    aligned_free(program->arena, program->arena_floats * sizeof(float));
    packed_release(&program->packed_block);
    free(program->steps);
    free(program->value_offsets);
}

static void release(void *state)
{
    release_parts(state);
    free(state);
}

static gpen_status take_arena(cpu_program *program, gpen_error *error)
{
    program->arena = aligned_new(program->arena_floats * sizeof(float));
    if (!program->arena)
        return gpen_fail_memory(error, "the network's working memory", program->arena_floats * sizeof(float));
    return GPEN_OK;
}

static gpen_status pack_all(cpu_upload *upload)
{
    cpu_program *program = upload->program;
    if (!packed_new(&program->packed_block, program->packed_floats))
        return gpen_fail_memory(upload->error, "the packed weights", program->packed_floats * sizeof(float));
    upload->writing = true;
    gpen_status status = prepare_all(upload);
    upload->writing = false;
    return status;
}

/* What the packed numbers depend on beside the weights themselves. */
static uint64_t packed_key(const cpu_program *program)
{
    uint64_t key = mixed(mixed(program->layout, program->kernels->number_bytes), PACKING_VERSION);
    const char *texts[] = {gpen_version(), program->kernels->level};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (const char *c = texts[i]; *c; c++)
            key = mixed(key, (unsigned char)*c);
    return key;
}

/* WEIGHTS-LEVEL-KEY.packed; NULL: there is no place for it. */
static char *packed_file(const cpu_upload *upload, uint64_t key)
{
    char *path = NULL;
    const char *kept = upload->weights->kept;
    if (!kept || asprintf(&path, "%s-%s-%016" PRIx64 ".packed", kept, upload->program->kernels->level, key) < 0)
        return NULL;
    return path;
}

/* Packed by an earlier upload, or packed now and kept for the next. What was kept is mapped at once, so that processes that
 * start together share it too; before that the own copy goes, so that there are never two. */
static gpen_status take_packed(cpu_upload *upload)
{
    cpu_program *program = upload->program;
    uint64_t key = packed_key(program);
    char *path = packed_file(upload, key);
    gpen_status status = GPEN_OK;
    if (!path || !packed_map(&program->packed_block, path, key, program->packed_floats)) {
        status = pack_all(upload);
        if (!status && path && packed_write(&program->packed_block, path, key)) {
            packed_release(&program->packed_block);
            if (!packed_map(&program->packed_block, path, key, program->packed_floats))
                status = pack_all(upload);
        }
    }
    free(path);
    program->packed = program->packed_block.floats;
    return status;
}

/* Everything but the packed weights: the steps, where values stand, the arena. */
static gpen_status lay_out(cpu_upload *upload)
{
    cpu_program *program = upload->program;
    const nn_graph *graph = upload->graph;
    size_t count = (size_t)graph->count;
    memcpy(program->outputs, graph->outputs, sizeof program->outputs);
    program->output_count = graph->output_count;
    program->steps = calloc(count, sizeof *program->steps);
    program->value_offsets = calloc(count, sizeof *program->value_offsets);
    if (!program->steps || !program->value_offsets)
        return gpen_fail_memory(upload->error, "a plan", count * sizeof *program->steps);
    program->count = (int)count;
    gpen_status status = prepare_all(upload);
    if (!status)
        status = place(program, graph, upload->error);
    return status ? status : take_arena(program, upload->error);
}

static gpen_status upload_graph(void **out, nn_device *device, const nn_graph *graph, const nn_weights *weights,
                                int flags, gpen_error *error)
{
    *out = NULL;
    cpu_program *program = calloc(1, sizeof *program);
    if (!program)
        return gpen_fail_memory(error, "a plan", sizeof *program);
    program->floats = cpu_kernels_of_floats(device->kernels);
    program->kernels = flags & NN_BF16 ? device->kernels : program->floats;
    program->pool = device->pool;
    program->keep_marks = flags & NN_KEEP_MARKS;
    cpu_upload upload = {.program = program, .graph = graph, .weights = weights, .error = error};
    gpen_status status = lay_out(&upload);
    if (!status)
        status = take_packed(&upload);
    if (status) {
        release(program);
        return status;
    }
    *out = program;
    return GPEN_OK;
}

static gpen_status resize(void *state, const nn_graph *graph, const nn_weights *weights, gpen_error *error)
{
    cpu_program *old = state;
    cpu_program new = {.kernels = old->kernels,
                       .floats = old->floats,
                       .pool = old->pool,
                       .keep_marks = old->keep_marks};
    cpu_upload upload = {.program = &new, .graph = graph, .weights = weights, .error = error};
    gpen_status status = lay_out(&upload);
    bool same_weights = new.layout == old->layout &&new.packed_floats == old->packed_floats;
    if (!status && !same_weights)
        status = take_packed(&upload);
    if (status) {
        release_parts(&new);
        return status;
    }
    if (same_weights) {
        new.packed = old->packed;
        new.packed_block = old->packed_block;
        old->packed_block = (packed_weights){0};
    }
    release_parts(old);
    *old = new;
    return GPEN_OK;
}

static void unblock(const cpu_program *program, nn_value value, float *values)
{
    const nn_shape *shape = value_shape(program, value);
    size_t pixels = (size_t)shape->height * (size_t)shape->width;
    for (int block = 0; block < nn_blocks(shape->channels); block++)
        for (size_t p = 0; p < pixels; p++) {
            float numbers[BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT)));
            program->kernels->widen(plane_at(program, value, block) + pixel_bytes(program, p), BLOCK, numbers);
            for (int c = block * BLOCK; c < shape->channels && c < (block + 1) * BLOCK; c++)
                values[(size_t)c * pixels + p] = numbers[c % BLOCK];
        }
}

/* A value's numbers in the order channel, row, column. */
static void read_value(const cpu_program *program, nn_value value, float *values)
{
    const nn_shape *shape = value_shape(program, value);
    if (shape->kind == NN_MAP)
        unblock(program, value, values);
    else
        memcpy(values, value_at(program, value),
               (size_t)shape->channels * (size_t)shape->height * (size_t)shape->width * sizeof *values);
}

static void run(void *state, const float *input, float *const *outputs)
{
    cpu_program *program = state;
    program->input = input;
    double before = clock_seconds();
    for (int i = 1; i < program->count; i++) {
        cpu_step *step = &program->steps[i];
        step->run(program, step);
        double now = clock_seconds();
        step->seconds = now - before;
        before = now;
    }
    for (int i = 0; i < program->output_count; i++)
        if (outputs[i])
            read_value(program, program->outputs[i], outputs[i]);
}

static void describe(const void *state, nn_plan_info *info)
{
    const cpu_program *program = state;
    *info = (nn_plan_info){.weight_bytes = program->packed_floats * sizeof(float),
                           .arena_bytes = program->arena_floats * sizeof(float),
                           .steps = program->count - 1};
    for (int i = 1; i < program->count; i++) {
        info->gflop_direct += program->steps[i].gflop_direct;
        info->gflop_executed += program->steps[i].gflop_executed;
    }
}

static bool describe_step(const void *state, int index, nn_step_info *info)
{
    const cpu_program *program = state;
    if (index < 0 || index + 1 >= program->count)
        return false;
    const cpu_step *step = &program->steps[index + 1];
    *info = (nn_step_info){.seconds = step->seconds,
                           .gflop_direct = step->gflop_direct,
                           .gflop_executed = step->gflop_executed};
    memcpy(info->name, step->name, sizeof info->name);
    return true;
}

static int64_t read_mark(const void *state, const char *mark, float *values)
{
    const cpu_program *program = state;
    for (int i = 1; program->keep_marks && i < program->count; i++) {
        if (strcmp(program->steps[i].node.mark, mark))
            continue;
        if (values)
            read_value(program, i, values);
        const nn_shape *shape = value_shape(program, i);
        return (int64_t)shape->channels * shape->height * shape->width;
    }
    return 0;
}

static double peak(const void *state)
{
    return cpu_peak(state);
}

const nn_backend nn_backend_cpu = {
    .name = "cpu",
    .upload = upload_graph,
    .resize = resize,
    .run = run,
    .release = release,
    .describe = describe,
    .step = describe_step,
    .read = read_mark,
    .peak = peak,
};

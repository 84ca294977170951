/* Convolution as a product: the input pixels that some output pixels need are gathered into rows (im2col, a block at a time,
 * never the whole picture), and the rows are multiplied with panels of weights.
 *
 *     rows a [pixels][taps * channels of a chunk]  x  panel [taps * channels][columns]  ->  c [pixels][columns]
 *
 * Any kernel, any stride. A transposed convolution of stride 2 is four plain ones, one for each parity of the output's row and
 * column, which use 4, 2, 2 and 1 of the nine taps; each writes every other pixel. */
#include <string.h>

#include "nn/cpu/cpu.h"

enum {
    BLOCK_PIXELS = 96,    /* output pixels a task: a multiple of every level's tile rows */
    CHUNK_NUMBERS = 1152, /* numbers gathered for a pixel at a time: rows of a task stay in the second-level cache */
    TASKS_A_THREAD = 4,
};

/* Taps of a plain convolution: all, in order. */
static void plain_phase(conv_phase *phase, const nn_conv_options *conv, const nn_shape *out)
{
    *phase = (conv_phase){.height = out->height, .width = out->width};
    for (int y = 0; y < conv->kernel; y++)
        for (int x = 0; x < conv->kernel; x++) {
            phase->tap_row[phase->taps] = (short)(y - conv->padding);
            phase->tap_column[phase->taps] = (short)(x - conv->padding);
            phase->tap[phase->taps++] = (short)(y * conv->kernel + x);
        }
}

/* Output row 2i + parity sums kernel row k of input row (2i + parity - k) / 2, for the k that leave a whole number. */
static void transposed_phase(conv_phase *phase, int row_parity, int column_parity, const nn_shape *in)
{
    *phase = (conv_phase){.height = in->height + 1 - row_parity,
                          .width = in->width + 1 - column_parity,
                          .row = row_parity,
                          .column = column_parity};
    for (int y = row_parity; y < 3; y += 2)
        for (int x = column_parity; x < 3; x += 2) {
            phase->tap_row[phase->taps] = (short)(-y / 2);
            phase->tap_column[phase->taps] = (short)(-x / 2);
            phase->tap[phase->taps++] = (short)(y * 3 + x);
        }
}

/* Numbers of one tap: the channels of a planar input as they are, those of maps padded to blocks. */
static int tap_channels(const cpu_step *step)
{
    return step->input_shape.kind == NN_PLANAR ? step->input_shape.channels : conv_input_blocks(step) * BLOCK;
}

static int kernel_numbers(const cpu_step *step)
{
    return step->node.conv.kernel * step->node.conv.kernel;
}

/* Where channel `channel`, tap `tap` of a phase stands in a row: chunk after chunk, in a chunk tap after tap. */
static size_t row_place(const cpu_step *step, const conv_phase *phase, int channel, int tap)
{
    if (step->input_shape.kind == NN_PLANAR)
        return planar_row_place(step, channel, tap);
    int block = channel / BLOCK, first = block / phase->chunk * phase->chunk;
    int blocks = conv_input_blocks(step) - first < phase->chunk ? conv_input_blocks(step) - first : phase->chunk;
    return ((size_t)first * (size_t)phase->taps + (size_t)(tap * blocks + block - first)) * BLOCK +
           (size_t)(channel % BLOCK);
}

/* The kernels of a step's rows and panels. Planar inputs, the picture itself, stay floats. */
static const cpu_kernels *row_kernels(const cpu_program *program, const cpu_step *step)
{
    return step->input_shape.kind == NN_PLANAR ? program->floats : program->kernels;
}

static void pack_phase(cpu_upload *upload, const cpu_step *step, const conv_phase *phase, int channels,
                       const float *values)
{
    const nn_conv_options *conv = &step->node.conv;
    const cpu_kernels *kernels = row_kernels(upload->program, step);
    int columns = kernels->columns, numbers = kernel_numbers(step);
    void *packed = pack_at(upload, phase->packed);
    char *panels = packed;
    size_t panel_bytes = phase->depth * (size_t)columns * kernels->number_bytes;
    for (int channel = 0; channel < channels; channel++)
        for (int tap = 0; tap < phase->taps; tap++) {
            int padded =
                step->input_shape.kind == NN_PLANAR ? channel : nn_padded_channel(channel, step->input_shape.channels);
            size_t row = row_place(step, phase, padded, tap);
            const float *from = values + (size_t)channel * (size_t)numbers + phase->tap[tap];
            for (int o = 0; o < conv->outputs; o++)
                pack_number(kernels, panels + (size_t)(o / columns) * panel_bytes, row, (size_t)(o % columns),
                            from[(size_t)o * (size_t)channels * (size_t)numbers] * conv->weight.scale);
        }
}

static void run_conv_product(const cpu_program *program, const cpu_step *step);

gpen_status prepare_conv_product(cpu_upload *upload, cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    conv_product *product = &step->product;
    product->phases = conv->transposed ? 4 : 1;
    product->spacing = conv->transposed ? 2 : 1;
    product->stride = conv->transposed ? 1 : conv->stride;
    int channels = step->input_shape.channels;
    if (conv->feature.map != NN_NONE)
        channels += upload->graph->nodes[conv->feature.map].shape.channels;
    size_t bytes_a_number = row_kernels(upload->program, step)->number_bytes;
    float *values;
    size_t bytes, longest = 0;
    gpen_status status = pack_read(upload, conv->weight, &values, &bytes);
    if (status)
        return status;
    for (int i = 0; i < product->phases; i++) {
        conv_phase *phase = &product->phase[i];
        if (conv->transposed)
            transposed_phase(phase, i / 2, i % 2, &step->input_shape);
        else
            plain_phase(phase, conv, &step->node.shape);
        int chunk = CHUNK_NUMBERS / (phase->taps * BLOCK);
        phase->chunk = chunk < 1 ? 1 : chunk > conv_input_blocks(step) ? conv_input_blocks(step) : chunk;
        phase->depth = (size_t)tap_channels(step) * (size_t)phase->taps;
        phase->packed =
            pack_reserve(upload, phase->depth * (size_t)step->maps.columns * bytes_a_number / sizeof(float));
        size_t row =
            step->input_shape.kind == NN_PLANAR ? phase->depth : (size_t)phase->chunk * (size_t)phase->taps * BLOCK;
        longest = row > longest ? row : longest;
        if (values)
            pack_phase(upload, step, phase, channels, values + conv->weight.offset);
        step->gflop_executed += 2e-9 * (double)phase->depth * step->maps.columns * phase->height * phase->width;
    }
    aligned_free(values, bytes);
    size_t line = MEMORY_ALIGNMENT / bytes_a_number;
    product->a_numbers =
        round_up(longest, line) + line; /* an odd number of cache lines: rows fall into different sets */
    if (product->a_numbers / line % 2 == 0)
        product->a_numbers += line;
    product->c_floats = (size_t)step->maps.columns + BLOCK;
    step->thread_floats = BLOCK_PIXELS * (product->a_numbers * bytes_a_number / sizeof(float) + product->c_floats);
    step->run = run_conv_product;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- running */

typedef struct job {
    const cpu_program *program;
    const cpu_step *step;
    const conv_phase *phase;
    int pixel_blocks, groups; /* a task is a block of pixels and a group of columns */
    int group_columns;
} job;

/* The coordinates of a task's output pixels, in units of the phase. */
typedef struct pixels {
    int count;
    int row[BLOCK_PIXELS], column[BLOCK_PIXELS];
} pixels;

static void locate(pixels *p, const conv_phase *phase, int first)
{
    int total = phase->height * phase->width;
    p->count = total - first < BLOCK_PIXELS ? total - first : BLOCK_PIXELS;
    for (int i = 0; i < p->count; i++) {
        p->row[i] = (first + i) / phase->width;
        p->column[i] = (first + i) % phase->width;
    }
}

/* Numbers of the input pixels that tap `tap` reads for each output pixel, -1 in the padding. */
static void tap_pixels(int32_t *numbers, const pixels *p, const job *j, int tap)
{
    int stride = j->step->product.stride;
    for (int i = 0; i < p->count; i++)
        numbers[i] = conv_input_pixel(j->step, p->row[i] * stride + j->phase->tap_row[tap],
                                      p->column[i] * stride + j->phase->tap_column[tap]);
}

static void gather_chunk(const job *j, const pixels *p, int first, int blocks, char *a, size_t a_stride)
{
    for (int tap = 0; tap < j->phase->taps; tap++) {
        int32_t numbers[BLOCK_PIXELS];
        tap_pixels(numbers, p, j, tap);
        for (int block = 0; block < blocks; block++) {
            read_map map;
            const char *plane = conv_input_plane(j->program, j->step, first + block, &map);
            j->program->kernels->gather(a + pixel_bytes(j->program, (size_t)tap * (size_t)blocks + (size_t)block),
                                        a_stride, plane, numbers, p->count, &map);
        }
    }
}

/* c (+)= rows x the panels of columns [first, first + count), numbers [from, from + depth) of each panel. */
static void multiply(const job *j, int rows, const void *a, size_t from, size_t depth, int first, int count, float *c,
                     bool accumulate)
{
    const cpu_kernels *kernels = row_kernels(j->program, j->step);
    const void *packed = j->program->packed + j->phase->packed;
    size_t width = (size_t)kernels->columns;
    for (int column = 0; column < count; column += kernels->columns) {
        const char *panel =
            (const char *)packed + ((size_t)(first + column) * j->phase->depth + from * width) * kernels->number_bytes;
        kernels->product(rows, (int)depth, a, j->step->product.a_numbers, panel, c + column, j->step->product.c_floats,
                         accumulate);
    }
}

static void write_out(const job *j, const pixels *p, int first, int count, const float *c)
{
    const nn_shape *out = &j->step->node.shape;
    int32_t numbers[BLOCK_PIXELS];
    int spacing = j->step->product.spacing;
    for (int i = 0; i < p->count; i++)
        numbers[i] = (p->row[i] * spacing + j->phase->row) * out->width + p->column[i] * spacing + j->phase->column;
    for (int column = 0; column < count && first + column < out->channels; column += BLOCK) {
        int block = (first + column) / BLOCK;
        write_map map = conv_output_map(j->program, j->step, block);
        j->program->kernels->scatter(c + column, j->step->product.c_floats, plane_at(j->program, j->step->value, block),
                                     numbers, p->count, &map, conv_added_plane(j->program, j->step, block));
    }
}

static void conv_task(void *context, int index, int worker)
{
    const job *j = context;
    const conv_product *product = &j->step->product;
    int first = index % j->groups * j->group_columns;
    int count = j->step->maps.columns - first < j->group_columns ? j->step->maps.columns - first : j->group_columns;
    float *c = thread_scratch(j->program, j->step, worker), *a = c + BLOCK_PIXELS * product->c_floats;
    void *rows = a;
    pixels p;
    int first_pixel = index / j->groups * BLOCK_PIXELS;
    locate(&p, j->phase, first_pixel);
    if (j->step->input_shape.kind == NN_PLANAR) {
        planar_rows(j->program, j->step, first_pixel, p.count, a, product->a_numbers);
        multiply(j, p.count, a, 0, j->phase->depth, first, count, c, false);
    } else {
        int all = conv_input_blocks(j->step), taps = j->phase->taps;
        for (int block = 0; block < all; block += j->phase->chunk) {
            int blocks = all - block < j->phase->chunk ? all - block : j->phase->chunk;
            gather_chunk(j, &p, block, blocks, rows, product->a_numbers);
            multiply(j, p.count, a, (size_t)block * (size_t)taps * BLOCK, (size_t)blocks * (size_t)taps * BLOCK, first,
                     count, c, block > 0);
        }
    }
    write_out(j, &p, first, count, c);
}

static void run_conv_product(const cpu_program *program, const cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    begin_conv_maps(program, step, conv->style, conv->demodulation, conv->activation.gain);
    int unit = program->kernels->columns > BLOCK ? program->kernels->columns : BLOCK;
    int units = step->maps.columns / unit, wanted = TASKS_A_THREAD * thread_pool_size(program->pool);
    for (int i = 0; i < step->product.phases; i++) {
        job j = {.program = program, .step = step, .phase = &step->product.phase[i]};
        j.pixel_blocks = (j.phase->height * j.phase->width + BLOCK_PIXELS - 1) / BLOCK_PIXELS;
        int groups = (wanted + j.pixel_blocks - 1) / j.pixel_blocks;
        groups = groups > units ? units : groups;
        j.group_columns = (units + groups - 1) / groups * unit;
        j.groups = (step->maps.columns + j.group_columns - 1) / j.group_columns;
        thread_pool_run(program->pool, j.pixel_blocks * j.groups, conv_task, &j);
    }
}

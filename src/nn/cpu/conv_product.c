/* Convolution as a product: the input pixels that some output pixels need are gathered into rows (im2col, a block at a time,
 * never the whole picture), and the rows are multiplied with panels of weights.
 *
 *     rows a [pixels][taps * channels of a chunk]  x  panel [taps * channels][columns]  ->  c [pixels][columns]
 *
 * A 1x1 kernel that reads its input as it is needs no gathering: the map's own pixels are the rows. Sums go from the registers to the
 * output, unless channels come in several chunks, or the output's numbers are not those of the rows.
 *
 * Any kernel, any stride. A transposed convolution of stride 2 is four plain ones, one for each parity of the output's row and
 * column, which use 4, 2, 2 and 1 of the nine taps; each writes every other pixel. */
#include <string.h>

#include "nn/cpu/cpu.h"

enum {
    LEAST_PIXELS = 96,    /* output pixels a task: a multiple of every level's tile rows; */
    MOST_PIXELS = 384,    /* more of them where rows are short */
    CHUNK_NUMBERS = 1152, /* numbers gathered for a pixel at a time: rows of a task stay in the second-level cache */
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

/* Columns that are multiplied and written at a time: whole panels and whole blocks. */
static int column_unit(const cpu_kernels *kernels)
{
    return kernels->columns > BLOCK ? kernels->columns : BLOCK;
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
    product->direct = conv->kernel == 1 && conv->stride == 1 && !conv->padding && !conv->doubled &&
                      conv->style == NN_NONE && conv->feature.map == NN_NONE && step->input_shape.kind == NN_MAP;
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
        product->chunked = product->chunked || phase->chunk < conv_input_blocks(step);
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
    if (product->direct)
        product->a_numbers = 0;
    int least = CHUNK_NUMBERS / (int)longest * LEAST_PIXELS;
    product->pixels = least < LEAST_PIXELS ? LEAST_PIXELS : least > MOST_PIXELS ? MOST_PIXELS : least;
    for (int i = 0; i < product->phases; i++) {
        conv_phase *phase = &product->phase[i];
        phase->task =
            divide_work(phase->height * phase->width, product->pixels, step->maps.columns,
                        column_unit(row_kernels(upload->program, step)), thread_pool_size(upload->program->pool));
    }
    /* Sums of one panel at a time, unless several chunks of channels are added up. */
    product->c_floats = (size_t)(product->chunked ? step->maps.columns : column_unit(upload->program->kernels)) + BLOCK;
    step->thread_floats =
        (size_t)product->pixels * (product->a_numbers * bytes_a_number / sizeof(float) + product->c_floats);
    step->run = run_conv_product;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- running */

typedef struct job {
    const cpu_program *program;
    const cpu_step *step;
    const conv_phase *phase;
    int groups; /* of columns */
} job;

/* The coordinates of a task's output pixels, in units of the phase. */
typedef struct pixels {
    int count;
    int row[MOST_PIXELS], column[MOST_PIXELS];
} pixels;

static void locate(pixels *p, const job *j, int first)
{
    const conv_phase *phase = j->phase;
    int left = phase->height * phase->width - first, most = phase->task.rows;
    p->count = left < most ? left : most;
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
        int32_t numbers[MOST_PIXELS];
        tap_pixels(numbers, p, j, tap);
        for (int block = 0; block < blocks; block++) {
            read_map map;
            const char *plane = conv_input_plane(j->program, j->step, first + block, &map);
            j->program->kernels->gather(a + pixel_bytes(j->program, (size_t)tap * (size_t)blocks + (size_t)block),
                                        a_stride, plane, numbers, p->count, &map);
        }
    }
}

/* Rows of numbers as the product reads them. */
typedef struct rows {
    int count;
    const void *numbers;
    size_t stride, block; /* in numbers: from a row to the next, from one block of a row to the next */
} rows;

/* Channel blocks [first, first + blocks) of all taps, for the pixels from `first_pixel` on. */
static rows chunk_rows(const job *j, const pixels *p, int first_pixel, int first, int blocks, float *scratch)
{
    const conv_product *product = &j->step->product;
    rows r = {.count = p->count, .numbers = scratch, .stride = product->a_numbers, .block = BLOCK};
    if (j->step->input_shape.kind == NN_PLANAR) {
        planar_rows(j->program, j->step, first_pixel, p->count, scratch, product->a_numbers);
    } else if (product->direct) {
        r.numbers = plane_at(j->program, j->step->node.inputs[0], first) + pixel_bytes(j->program, (size_t)first_pixel);
        r.stride = BLOCK;
        r.block = (size_t)j->phase->height * (size_t)j->phase->width * BLOCK;
    } else {
        void *gathered = scratch;
        gather_chunk(j, p, first, blocks, gathered, product->a_numbers);
    }
    return r;
}

/* The numbers of the output pixels. */
static void output_pixels(int32_t *numbers, const job *j, const pixels *p)
{
    int spacing = j->step->product.spacing, width = j->step->node.shape.width;
    for (int i = 0; i < p->count; i++)
        numbers[i] = (p->row[i] * spacing + j->phase->row) * width + p->column[i] * spacing + j->phase->column;
}

/* Where the sums of block `block` go. */
static write_target target_of(const job *j, int block)
{
    if (block * BLOCK >= j->step->node.shape.channels)
        return (write_target){0};
    return (write_target){plane_at(j->program, j->step->value, block), conv_added_plane(j->program, j->step, block),
                          conv_output_map(j->program, j->step, block)};
}

/* A piece of a task: rows, and which numbers of a panel belong to them. */
typedef struct piece {
    rows rows;
    size_t from, depth;
    bool first, last; /* of all channels */
} piece;

/* The panel whose first column is `column`: its products added to c, and with the last piece written out. */
static void multiply(const job *j, const piece *p, int column, float *c, const int32_t *numbers)
{
    const cpu_kernels *kernels = row_kernels(j->program, j->step);
    const void *packed = j->program->packed + j->phase->packed;
    const char *panel = (const char *)packed +
                        ((size_t)column * j->phase->depth + p->from * (size_t)kernels->columns) * kernels->number_bytes;
    const rows *r = &p->rows;
    size_t c_stride = j->step->product.c_floats;
    if (!p->last || kernels != j->program->kernels) {
        kernels->product(r->count, (int)p->depth, r->numbers, r->stride, r->block, panel, c, c_stride, !p->first);
        return;
    }
    write_target to[2] = {target_of(j, column / BLOCK), target_of(j, column / BLOCK + 1)};
    size_t lane = (size_t)(column % BLOCK);
    if (lane && to[0].plane) { /* a panel of half a block */
        to[0].plane = (char *)to[0].plane + lane * kernels->number_bytes;
        to[0].add = to[0].add ? (const char *)to[0].add + lane * kernels->number_bytes : NULL;
        to[0].map.scale += lane;
        to[0].map.bias += lane;
    }
    kernels->product_write(r->count, (int)p->depth, r->numbers, r->stride, r->block, panel, p->first ? NULL : c,
                           c_stride, numbers, to);
}

/* Sums of floats into a map of other numbers. */
static void write_out(const job *j, const int32_t *numbers, int count, int column, const float *c)
{
    for (int block = column / BLOCK; block * BLOCK < column + column_unit(j->program->kernels); block++, c += BLOCK) {
        write_target to = target_of(j, block);
        if (to.plane)
            j->program->kernels->scatter(c, j->step->product.c_floats, to.plane, numbers, count, &to.map, to.add);
    }
}

static void conv_task(void *context, int index, int worker)
{
    const job *j = context;
    const conv_product *product = &j->step->product;
    const cpu_kernels *kernels = row_kernels(j->program, j->step);
    int first = index % j->groups * j->phase->task.columns, unit = column_unit(kernels), taps = j->phase->taps;
    int last =
        first + j->phase->task.columns < j->step->maps.columns ? first + j->phase->task.columns : j->step->maps.columns;
    int first_pixel = index / j->groups * j->phase->task.rows, all = conv_input_blocks(j->step);
    float *c = thread_scratch(j->program, j->step, worker), *a = c + (size_t)product->pixels * product->c_floats;
    pixels p;
    int32_t numbers[MOST_PIXELS];
    locate(&p, j, first_pixel);
    output_pixels(numbers, j, &p);
    for (int block = 0; block < all; block += j->phase->chunk) {
        int blocks = all - block < j->phase->chunk ? all - block : j->phase->chunk;
        piece part = {.first = block == 0, .last = block + blocks == all};
        part.rows = chunk_rows(j, &p, first_pixel, block, blocks, a);
        part.from = (size_t)block * (size_t)taps * BLOCK;
        part.depth = part.last ? j->phase->depth - part.from : (size_t)blocks * (size_t)taps * BLOCK;
        for (int column = first; column < last; column += unit) {
            float *sums = product->chunked ? c + column - first : c;
            for (int panel = 0; panel < unit; panel += kernels->columns)
                multiply(j, &part, column + panel, sums + panel, numbers);
            if (part.last && kernels != j->program->kernels)
                write_out(j, numbers, p.count, column, sums);
        }
    }
}

static void run_conv_product(const cpu_program *program, const cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    begin_conv_maps(program, step, conv->style, conv->demodulation, conv->activation.gain);
    for (int i = 0; i < step->product.phases; i++) {
        job j = {.program = program, .step = step, .phase = &step->product.phase[i]};
        const division *task = &j.phase->task;
        j.groups = (step->maps.columns + task->columns - 1) / task->columns;
        int pixel_blocks = (j.phase->height * j.phase->width + task->rows - 1) / task->rows;
        thread_pool_run(program->pool, pixel_blocks * j.groups, conv_task, &j);
    }
}

/* Convolution 3x3, stride 1, by Winograd's minimal filtering F(4x4, 3x3): a tile of 4x4 outputs takes 36 multiplications a pair of
 * channels instead of 144. And transposed convolution 3x3, stride 2, as four passes, one for each parity of the output's row and
 * column, which have 2x2, 2x1, 1x2 and 1 taps: 81 multiplications instead of 144 for as many outputs.
 *
 *     input tiles --B^T d B--> v [points][tiles][channels] --a product a point with u [channels][outputs]--> m [points][tiles][outputs]
 *     --A^T m A--> output tiles
 *
 * An axis with one tap is not transformed: its positions are points that share their weights.
 *
 * Two ways to divide the work. Where a pass's transformed weights fit the last-level cache, every thread takes groups of tiles
 * through all three stages alone, and v and m stay in its second-level cache. Where they do not (deep layers of few pixels), all
 * threads share one large group and divide each stage, so that the weights come from memory once a group. */
#include <stdio.h>

#include "nn/cpu/cpu.h"
#include "nn/cpu/winograd.h"

enum {
    COMPUTED_TILES = 16, /* whose pixels of a map that is not kept are computed at a time */
    COMPUTED_PIXELS = WINOGRAD_MOST * (COMPUTED_TILES * WINOGRAD_OUT + WINOGRAD_MOST - WINOGRAD_OUT),
    STAGED_WEIGHTS = 12 << 20, /* bytes of transformed weights from which on the threads share a group */
    STAGED_TILES = 128,
    OWN_BYTES = 1200 << 10, /* v and m of a thread's own group */
    OWN_MOST = 96,
    OWN_LEAST = 24,
    TILE_UNIT = 12, /* a multiple of every level's tile rows */
};

/* ---------------------------------------------------------------- weights */

/* Points of an axis that have weights of their own. */
static int weighted_points(int taps)
{
    return taps == 1 ? 1 : winograd_inputs(taps);
}

static int weight_matrices(winograd_form form)
{
    return weighted_points(winograd_row_taps(form)) * weighted_points(winograd_column_taps(form));
}

/* Which of the matrices belongs to a point. */
static int point_matrix(winograd_form form, int point)
{
    int row_taps = winograd_row_taps(form), column_taps = winograd_column_taps(form);
    int columns = winograd_inputs(column_taps);
    int row = row_taps == 1 ? 0 : point / columns, column = column_taps == 1 ? 0 : point % columns;
    return row * weighted_points(column_taps) + column;
}

/* The number of the 3x3 kernel that is tap `tap` of an axis: in a transposed convolution an output of even position sums the last
 * number times the input before it and the first times its own, one of odd position the middle one alone. */
static int kernel_position(int taps, int tap)
{
    return taps == 3 ? tap : taps == 2 ? 2 - 2 * tap : 1;
}

typedef struct pack_job {
    const cpu_kernels *kernels;
    const cpu_step *step;
    const winograd_pass *pass;
    winograd_axis down, across;
    const float *values;
    char *packed;
    int channels;
} pack_job;

/* u = G g G^T, one number of each matrix */
static void transform_kernel(const pack_job *j, const float *g, double scale, float *u)
{
    int row_taps = winograd_row_taps(j->pass->form), column_taps = winograd_column_taps(j->pass->form);
    double rows[WINOGRAD_MOST][3];
    for (int i = 0; i < weighted_points(row_taps); i++)
        for (int x = 0; x < column_taps; x++) {
            rows[i][x] = 0;
            for (int y = 0; y < row_taps; y++)
                rows[i][x] += j->down.g[i][y] * scale *
                              (double)g[kernel_position(row_taps, y) * 3 + kernel_position(column_taps, x)];
        }
    for (int i = 0; i < weighted_points(row_taps); i++)
        for (int k = 0; k < weighted_points(column_taps); k++) {
            double sum = 0;
            for (int x = 0; x < column_taps; x++)
                sum += rows[i][x] * j->across.g[k][x];
            u[i * weighted_points(column_taps) + k] = (float)sum;
        }
}

static void pack_channel(void *context, int channel, int worker)
{
    (void)worker;
    const pack_job *j = context;
    const nn_conv_options *conv = &j->step->node.conv;
    int columns = j->kernels->columns, matrices = weight_matrices(j->pass->form);
    size_t depth = (size_t)conv_input_blocks(j->step) * BLOCK;
    size_t row = (size_t)nn_padded_channel(channel, j->step->input_shape.channels);
    size_t panel = depth * (size_t)columns * j->kernels->number_bytes;
    size_t matrix = depth * (size_t)j->step->maps.columns * j->kernels->number_bytes;
    for (int o = 0; o < conv->outputs; o++) {
        float u[WINOGRAD_MOST_POINTS];
        transform_kernel(j, j->values + ((size_t)o * (size_t)j->channels + (size_t)channel) * 9,
                         (double)conv->weight.scale, u);
        for (int i = 0; i < matrices; i++)
            pack_number(j->kernels, j->packed + (size_t)i * matrix + (size_t)(o / columns) * panel, row,
                        (size_t)(o % columns), u[i]);
    }
}

static gpen_status pack_weights(cpu_upload *upload, cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    float *values;
    size_t bytes;
    gpen_status status = pack_read(upload, conv->weight, &values, &bytes);
    if (status || !values)
        return status;
    pack_job j = {.kernels = upload->program->kernels,
                  .step = step,
                  .values = values + conv->weight.offset,
                  .channels = step->input_shape.channels};
    if (conv->feature.map != NN_NONE)
        j.channels += upload->graph->nodes[conv->feature.map].shape.channels;
    for (int i = 0; i < step->winograd.passes; i++) {
        j.pass = &step->winograd.pass[i];
        winograd_axis_make(&j.down, j.kernels->nodes, winograd_row_taps(j.pass->form));
        winograd_axis_make(&j.across, j.kernels->nodes, winograd_column_taps(j.pass->form));
        void *packed = pack_at(upload, j.pass->packed);
        j.packed = packed;
        thread_pool_run(upload->program->pool, j.channels, pack_channel, &j);
    }
    aligned_free(values, bytes);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- preparing */

/* The group of a pass and the scratch it wants: shared when staged, else a thread's. */
static size_t choose_group(const cpu_program *program, const cpu_step *step, winograd_pass *pass)
{
    int threads = thread_pool_size(program->pool);
    size_t number_bytes = program->kernels->number_bytes;
    const conv_winograd *w = &step->winograd;
    size_t weights =
        (size_t)weight_matrices(pass->form) * (size_t)conv_input_blocks(step) * BLOCK * (size_t)step->maps.columns;
    int tiles = pass->tile_rows * pass->tile_columns, points = winograd_points(pass->form);
    pass->staged = number_bytes * weights >= STAGED_WEIGHTS;
    if (pass->staged) {
        pass->group = tiles < STAGED_TILES ? tiles : STAGED_TILES;
    } else {
        size_t own = OWN_BYTES / ((size_t)points * (number_bytes * w->v_tile + sizeof(float) * w->m_tile));
        pass->group = (int)(own / TILE_UNIT) * TILE_UNIT;
        pass->group = pass->group < OWN_LEAST ? OWN_LEAST : pass->group > OWN_MOST ? OWN_MOST : pass->group;
        while (pass->group > TILE_UNIT && pass->group * threads > tiles)
            pass->group -= TILE_UNIT;
    }
    pass->v_point = (size_t)pass->group * w->v_tile;
    pass->m_point = (size_t)pass->group * w->m_tile;
    return number_floats(program, (size_t)points * pass->v_point) + (size_t)points * pass->m_point;
}

static void run_conv_winograd(const cpu_program *program, const cpu_step *step);

/* Whether the feature is a map that is not kept. */
static bool feature_computed(const cpu_program *program, const cpu_step *step)
{
    return program->steps[step->node.conv.feature.map].computed; /* number 0 is no step */
}

gpen_status prepare_conv_winograd(cpu_upload *upload, cpu_step *step)
{
    static const winograd_form phases[CONV_MAX_PHASES] = {WINOGRAD_2X2, WINOGRAD_2X1, WINOGRAD_1X2, WINOGRAD_1X1};
    bool transposed = step->node.conv.transposed;
    conv_winograd *w = &step->winograd;
    size_t depth = (size_t)conv_input_blocks(step) * BLOCK, shared = 0;
    w->passes = transposed ? CONV_MAX_PHASES : 1;
    w->spacing = transposed ? 2 : 1;
    /* One cache line more than the channels: tiles beside each other fall into different sets. */
    w->v_tile = depth + MEMORY_ALIGNMENT / upload->program->kernels->number_bytes;
    w->m_tile = (size_t)step->maps.columns + BLOCK;
    for (int i = 0; i < w->passes; i++) {
        winograd_pass *pass = &w->pass[i];
        *pass = (winograd_pass){.form = transposed ? phases[i] : WINOGRAD_3X3, .row = i / 2, .column = i % 2};
        pass->height = (step->node.shape.height - pass->row + w->spacing - 1) / w->spacing;
        pass->width = (step->node.shape.width - pass->column + w->spacing - 1) / w->spacing;
        pass->tile_rows = (pass->height + WINOGRAD_OUT - 1) / WINOGRAD_OUT;
        pass->tile_columns = (pass->width + WINOGRAD_OUT - 1) / WINOGRAD_OUT;
        size_t scratch = choose_group(upload->program, step, pass);
        if (pass->staged)
            shared = scratch > shared ? scratch : shared;
        else
            step->thread_floats = scratch > step->thread_floats ? scratch : step->thread_floats;
        pass->packed = pack_reserve(upload, number_floats(upload->program, (size_t)weight_matrices(pass->form) * depth *
                                                                               (size_t)step->maps.columns));
        step->gflop_executed += 2e-9 * winograd_points(pass->form) * pass->tile_rows * pass->tile_columns *
                                (double)depth * (double)step->maps.columns;
    }
    step->extra = round_up(step->scratch_floats, BLOCK);
    step->scratch_floats = step->extra + shared;
    step->rows = round_up(step->thread_floats, BLOCK);
    if (feature_computed(upload->program, step))
        step->thread_floats = step->rows + number_floats(upload->program, (size_t)COMPUTED_PIXELS * BLOCK);
    step->run = run_conv_winograd;
    return pack_weights(upload, step);
}

/* ---------------------------------------------------------------- running */

/* A group of tiles in one thread's or everyone's v and m. */
typedef struct group {
    const cpu_program *program;
    const cpu_step *step;
    const winograd_pass *pass;
    char *v; /* numbers */
    float *m;
    int first, tiles;
    int worker;
} group;

/* A tile's inputs begin one row above it where its axis has more than one tap; likewise columns. */
static int lead(int taps)
{
    return taps > 1;
}

/* A tile that reaches over the picture's edge, or whose pixels do not stand beside each other in a doubled input: they are
 * gathered into a square of their own. */
static void gathered_tile(const group *g, const char *plane, const read_map *map, int tile_row, int tile_column,
                          char *v)
{
    winograd_form form = g->pass->form;
    int row_taps = winograd_row_taps(form), column_taps = winograd_column_taps(form);
    int rows = winograd_inputs(row_taps), columns = winograd_inputs(column_taps);
    float square[WINOGRAD_MOST_POINTS * BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT)));
    int32_t pixels[WINOGRAD_MOST_POINTS];
    for (int i = 0; i < rows * columns; i++)
        pixels[i] = conv_input_pixel(g->step, tile_row * WINOGRAD_OUT - lead(row_taps) + i / columns,
                                     tile_column * WINOGRAD_OUT - lead(column_taps) + i % columns);
    g->program->kernels->gather(square, BLOCK, plane, pixels, rows * columns, map);
    read_map as_is = {.scale = block_of_ones};
    g->program->kernels->winograd_input[form](square, (size_t)columns, 1, &as_is, v, g->pass->v_point,
                                              g->step->winograd.v_tile);
}

/* Tiles whose inputs all lie inside [0, length): from the returned first one up to *end. */
static int inner_tiles(int taps, int length, int *end)
{
    int beyond = winograd_inputs(taps) - lead(taps); /* inputs from the tile's own first row on */
    *end = length < beyond ? 0 : (length - beyond) / WINOGRAD_OUT + 1;
    return lead(taps);
}

/* Tiles [from, to) of the group, one block of a feature that is not kept: its pixels are computed, already bent and scaled, and with
 * the zeros beyond the edge. */
static void computed_tiles(const group *g, int block, int from, int to)
{
    const winograd_pass *pass = g->pass;
    int row_taps = winograd_row_taps(pass->form), column_taps = winograd_column_taps(pass->form);
    size_t v_tile = g->step->winograd.v_tile;
    read_map map, as_is = {.scale = block_of_ones};
    (void)conv_input_plane(g->program, g->step, block, &map);
    void *scratch = thread_scratch(g->program, g->step, g->worker) + g->step->rows;
    for (int t = from, run; t < to; t += run) {
        int row = (g->first + t) / pass->tile_columns, column = (g->first + t) % pass->tile_columns;
        run = pass->tile_columns - column < to - t ? pass->tile_columns - column : to - t;
        run = run < COMPUTED_TILES ? run : COMPUTED_TILES;
        picture_square square = {row * WINOGRAD_OUT - lead(row_taps), column * WINOGRAD_OUT - lead(column_taps),
                                 winograd_inputs(row_taps), (run - 1) * WINOGRAD_OUT + winograd_inputs(column_taps)};
        conv_picture_square(g->program, g->step->node.conv.feature.map, block - g->step->maps.source_blocks, &square,
                            &map, scratch);
        char *v = g->v + ((size_t)t * v_tile + (size_t)block * BLOCK) * g->program->kernels->number_bytes;
        g->program->kernels->winograd_input[pass->form](scratch, (size_t)square.columns, run, &as_is, v, pass->v_point,
                                                        v_tile);
    }
}

/* Tiles [from, to) of the group, one block of channels. */
static void input_tiles(const group *g, int block, int from, int to)
{
    const winograd_pass *pass = g->pass;
    const nn_shape *in = &g->step->input_shape;
    size_t v_tile = g->step->winograd.v_tile;
    int row_end, column_end, row_taps = winograd_row_taps(pass->form), column_taps = winograd_column_taps(pass->form);
    int row_first = inner_tiles(row_taps, in->height, &row_end),
        column_first = inner_tiles(column_taps, in->width, &column_end);
    read_map map;
    if (block >= g->step->maps.source_blocks && feature_computed(g->program, g->step)) {
        computed_tiles(g, block, from, to);
        return;
    }
    const char *plane = conv_input_plane(g->program, g->step, block, &map);
    for (int t = from; t < to;) {
        int row = (g->first + t) / pass->tile_columns, column = (g->first + t) % pass->tile_columns;
        char *v = g->v + ((size_t)t * v_tile + (size_t)block * BLOCK) * g->program->kernels->number_bytes;
        int run = column_end - column < to - t ? column_end - column : to - t;
        if (row < row_first || row >= row_end || column < column_first || run < 1 || g->step->node.conv.doubled) {
            gathered_tile(g, plane, &map, row, column, v);
            t++;
            continue;
        }
        size_t pixel = (size_t)(row * WINOGRAD_OUT - lead(row_taps)) * (size_t)in->width +
                       (size_t)(column * WINOGRAD_OUT - lead(column_taps));
        g->program->kernels->winograd_input[pass->form](plane + pixel_bytes(g->program, pixel), (size_t)in->width, run,
                                                        &map, v, pass->v_point, v_tile);
        t += run;
    }
}

/* The products of one point with the panels of columns [first, last). */
static void multiply_point(const group *g, int point, int first, int last)
{
    const conv_winograd *w = &g->step->winograd;
    const cpu_kernels *kernels = g->program->kernels;
    size_t depth = (size_t)conv_input_blocks(g->step) * BLOCK;
    const void *packed = g->program->packed + g->pass->packed;
    const char *u = (const char *)packed + (size_t)point_matrix(g->pass->form, point) * depth *
                                               (size_t)g->step->maps.columns * kernels->number_bytes;
    for (int column = first; column < last; column += kernels->columns)
        kernels->product(g->tiles, (int)depth, g->v + (size_t)point * g->pass->v_point * kernels->number_bytes,
                         w->v_tile, BLOCK, u + (size_t)column * depth * kernels->number_bytes,
                         g->m + (size_t)point * g->pass->m_point + column, w->m_tile, false);
}

/* Tiles [from, to) of the group, one block of output channels. */
static void output_tiles(const group *g, int block, int from, int to)
{
    const winograd_pass *pass = g->pass;
    const nn_shape *out = &g->step->node.shape;
    int spacing = g->step->winograd.spacing;
    write_map map = conv_output_map(g->program, g->step, block);
    char *plane = plane_at(g->program, g->step->value, block);
    const char *add = conv_added_plane(g->program, g->step, block);
    for (int t = from; t < to; t++) {
        int y = (g->first + t) / pass->tile_columns * WINOGRAD_OUT,
            x = (g->first + t) % pass->tile_columns * WINOGRAD_OUT;
        int height = pass->height - y < WINOGRAD_OUT ? pass->height - y : WINOGRAD_OUT;
        int width = pass->width - x < WINOGRAD_OUT ? pass->width - x : WINOGRAD_OUT;
        size_t at = pixel_bytes(g->program, (size_t)(y * spacing + pass->row) * (size_t)out->width +
                                                (size_t)(x * spacing + pass->column));
        g->program->kernels->winograd_output[pass->form](g->m + (size_t)t * g->step->winograd.m_tile +
                                                             (size_t)block * BLOCK,
                                                         pass->m_point, plane + at, (size_t)out->width, spacing, height,
                                                         width, &map, add ? add + at : NULL);
    }
}

static int group_tiles(const winograd_pass *pass, int first)
{
    int left = pass->tile_rows * pass->tile_columns - first;
    return left < pass->group ? left : pass->group;
}

/* m, then v. */
static void place_group(group *g, float *scratch)
{
    g->m = scratch;
    void *behind = scratch + (size_t)winograd_points(g->pass->form) * g->pass->m_point;
    g->v = behind;
}

/* One thread's own group, all three stages. */
static void own_group(void *context, int index, int worker)
{
    group g = *(const group *)context;
    int points = winograd_points(g.pass->form);
    place_group(&g, thread_scratch(g.program, g.step, worker));
    g.worker = worker;
    g.first = index * g.pass->group;
    g.tiles = group_tiles(g.pass, g.first);
    for (int block = 0; block < conv_input_blocks(g.step); block++)
        input_tiles(&g, block, 0, g.tiles);
    for (int point = 0; point < points; point++)
        multiply_point(&g, point, 0, g.step->maps.columns);
    for (int block = 0; block < nn_blocks(g.step->maps.outputs); block++)
        output_tiles(&g, block, 0, g.tiles);
}

static void input_stage(void *context, int block, int worker)
{
    group g = *(const group *)context;
    g.worker = worker;
    input_tiles(&g, block, 0, g.tiles);
}

enum { STAGED_COLUMNS = 128 }; /* columns of a task of the second stage: a multiple of every level's panel */

static int column_parts(const cpu_step *step)
{
    return (step->maps.columns + STAGED_COLUMNS - 1) / STAGED_COLUMNS;
}

static void product_stage(void *context, int index, int worker)
{
    (void)worker;
    const group *g = context;
    int parts = column_parts(g->step), first = index % parts * STAGED_COLUMNS, last = first + STAGED_COLUMNS;
    multiply_point(g, index / parts, first, last < g->step->maps.columns ? last : g->step->maps.columns);
}

static void output_stage(void *context, int block, int worker)
{
    (void)worker;
    const group *g = context;
    output_tiles(g, block, 0, g->tiles);
}

static void run_staged(group *g)
{
    thread_pool *pool = g->program->pool;
    int points = winograd_points(g->pass->form), tiles = g->pass->tile_rows * g->pass->tile_columns;
    place_group(g, step_scratch(g->program, g->step) + g->step->extra);
    for (g->first = 0; g->first < tiles; g->first += g->pass->group) {
        g->tiles = group_tiles(g->pass, g->first);
        thread_pool_run(pool, conv_input_blocks(g->step), input_stage, g);
        thread_pool_run(pool, points * column_parts(g->step), product_stage, g);
        thread_pool_run(pool, nn_blocks(g->step->maps.outputs), output_stage, g);
    }
}

static void run_conv_winograd(const cpu_program *program, const cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    begin_conv_maps(program, step, conv->style, conv->demodulation, conv->activation.gain);
    for (int i = 0; i < step->winograd.passes; i++) {
        group g = {.program = program, .step = step, .pass = &step->winograd.pass[i]};
        int tiles = g.pass->tile_rows * g.pass->tile_columns;
        if (g.pass->staged)
            run_staged(&g);
        else
            thread_pool_run(program->pool, (tiles + g.pass->group - 1) / g.pass->group, own_group, &g);
    }
}

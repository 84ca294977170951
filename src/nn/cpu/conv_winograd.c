/* Convolution 3x3, stride 1, by Winograd's minimal filtering F(4x4, 3x3): a tile of 4x4 outputs takes 36 multiplications a pair of
 * channels instead of 144. And transposed convolution 3x3, stride 2, as four passes, one for each parity of the output's row and
 * column, which have 2x2, 2x1, 1x2 and 1 taps: 81 multiplications instead of 144 for as many outputs.
 *
 *     input tiles --B^T d B--> v [points][tiles][channels] --a product a point with u [channels][outputs]--> m [points][tiles][outputs]
 *     --A^T m A--> output tiles
 *
 * A convolution of stride 2 is the transposed one turned round: four passes, one for each parity of the input's row and column, whose
 * outputs are added up, tile by tile.
 *
 * An axis with one tap is not transformed: its positions are points that share their weights.
 *
 * Two ways to divide the work. Where a pass's transformed weights fit the last-level cache, every thread takes groups of tiles
 * through all three stages alone, and v and m stay in its second-level cache. Where they do not (deep layers of few pixels), all
 * threads share one large group and divide each stage, so that the weights come from memory once a group. */
#include "nn/cpu/cpu.h"

enum {
    COMPUTED_TILES = 16, /* whose pixels of a map that is not kept are computed at a time */
    COMPUTED_PIXELS = WINOGRAD_MOST * (COMPUTED_TILES * WINOGRAD_OUT + WINOGRAD_MOST - WINOGRAD_OUT),
    STAGED_WEIGHTS = 12 << 20, /* bytes of transformed weights from which on the threads share a group */
    STAGED_TILES = 128,
    OWN_BYTES = 1200 << 10, /* v and m of a thread's own group */
    OWN_MOST = 96,
    ONCE_WEIGHTS =
        4
        << 20, /* bytes of transformed weights that a thread better reads once, if its share of the tiles is one group */
    OWN_LEAST = 24,
    TILE_UNIT = 12, /* a multiple of every level's tile rows */
};

/* ---------------------------------------------------------------- preparing */

/* A tile's sums of all passes: [block][4 * 4 pixels][16]. */
static size_t sum_floats(const cpu_step *step)
{
    return (size_t)nn_blocks(step->maps.outputs) * WINOGRAD_OUT * WINOGRAD_OUT * BLOCK;
}

/* The group of a pass and the scratch it wants: shared when staged, else a thread's. */
static size_t choose_group(const cpu_program *program, const cpu_step *step, winograd_pass *pass)
{
    int threads = thread_pool_size(program->pool);
    size_t number_bytes = program->kernels->number_bytes;
    const conv_winograd *w = &step->winograd;
    size_t weights =
        (size_t)winograd_matrices(pass->form) * (size_t)conv_input_blocks(step) * BLOCK * (size_t)step->maps.columns;
    int tiles = pass->tile_rows * pass->tile_columns, points = winograd_points(pass->form);
    /* The passes whose outputs are added up have one group, that of the largest. */
    int most = w->summed ? winograd_points(WINOGRAD_2X2) : points;
    size_t sums = w->summed ? sum_floats(step) : 0;
    pass->staged = number_bytes * weights >= STAGED_WEIGHTS && !w->summed;
    if (pass->staged) {
        pass->group = tiles < STAGED_TILES ? tiles : STAGED_TILES;
    } else {
        size_t own =
            OWN_BYTES / ((size_t)most * (number_bytes * w->v_tile + sizeof(float) * w->m_tile) + sums * sizeof(float));
        int group_most = (int)(own / TILE_UNIT) * TILE_UNIT;
        group_most = group_most < OWN_LEAST ? OWN_LEAST : group_most > OWN_MOST ? OWN_MOST : group_most;
        if (number_bytes * weights >= ONCE_WEIGHTS && tiles <= OWN_MOST * threads)
            group_most = (tiles + threads - 1) / threads;
        pass->group = divide_work(tiles, group_most, step->maps.columns, step->maps.columns, threads).rows;
    }
    pass->v_point = (size_t)pass->group * w->v_tile;
    pass->m_point = (size_t)pass->group * w->m_tile;
    return number_floats(program, (size_t)points * pass->v_point) + (size_t)points * pass->m_point +
           (size_t)pass->group * sums;
}

/* A tile's inputs begin one row above it where its axis has more than one tap; likewise columns. */
static int lead(int taps)
{
    return taps > 1;
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
    const nn_conv_options *conv = &step->node.conv;
    bool transposed = conv->transposed, phased = conv->stride == 2;
    conv_winograd *w = &step->winograd;
    size_t depth = (size_t)conv_input_blocks(step) * BLOCK, shared = 0;
    w->passes = phased ? CONV_MAX_PHASES : 1;
    w->spacing = transposed ? 2 : 1;
    w->in_spacing = phased && !transposed ? 2 : 1;
    w->summed = phased && !transposed;
    /* One cache line more than the channels: tiles beside each other fall into different sets. */
    w->v_tile = depth + MEMORY_ALIGNMENT / upload->program->kernels->number_bytes;
    w->m_tile = (size_t)step->maps.columns + BLOCK;
    for (int i = 0; i < w->passes; i++) {
        winograd_pass *pass = &w->pass[i];
        *pass = (winograd_pass){.form = phased ? phases[i] : WINOGRAD_3X3};
        if (transposed) {
            pass->row = i / 2;
            pass->column = i % 2;
        }
        pass->in_row = w->summed ? i / 2 - conv->padding : -lead(winograd_row_taps(pass->form));
        pass->in_column = w->summed ? i % 2 - conv->padding : -lead(winograd_column_taps(pass->form));
        pass->height = (step->node.shape.height - pass->row + w->spacing - 1) / w->spacing;
        pass->width = (step->node.shape.width - pass->column + w->spacing - 1) / w->spacing;
        pass->tile_rows = (pass->height + WINOGRAD_OUT - 1) / WINOGRAD_OUT;
        pass->tile_columns = (pass->width + WINOGRAD_OUT - 1) / WINOGRAD_OUT;
        size_t scratch = choose_group(upload->program, step, pass);
        if (pass->staged)
            shared = scratch > shared ? scratch : shared;
        else
            step->thread_floats = scratch > step->thread_floats ? scratch : step->thread_floats;
        pass->packed = pack_reserve(upload, number_floats(upload->program, (size_t)winograd_matrices(pass->form) *
                                                                               depth * (size_t)step->maps.columns));
        step->gflop_executed += 2e-9 * winograd_points(pass->form) * pass->tile_rows * pass->tile_columns *
                                (double)depth * (double)step->maps.columns;
    }
    step->extra = round_up(step->scratch_floats, BLOCK);
    step->scratch_floats = step->extra + shared;
    step->rows = round_up(step->thread_floats, BLOCK);
    if (feature_computed(upload->program, step))
        step->thread_floats = step->rows + number_floats(upload->program, (size_t)COMPUTED_PIXELS * BLOCK);
    step->run = run_conv_winograd;
    return pack_winograd(upload, step);
}

/* ---------------------------------------------------------------- running */

/* A group of tiles in one thread's or everyone's v and m. */
typedef struct group {
    const cpu_program *program;
    const cpu_step *step;
    const winograd_pass *pass;
    char *v; /* numbers */
    float *m, *sums;
    int first, tiles;
    int worker;
} group;

/* A tile that reaches over the picture's edge, or whose pixels do not stand beside each other in a doubled input: they are
 * gathered into a square of their own. */
static void gathered_tile(const group *g, const char *plane, const read_map *map, int tile_row, int tile_column,
                          char *v)
{
    winograd_form form = g->pass->form;
    int row_taps = winograd_row_taps(form), column_taps = winograd_column_taps(form);
    int rows = winograd_inputs(row_taps), columns = winograd_inputs(column_taps);
    int spacing = g->step->winograd.in_spacing;
    float square[WINOGRAD_MOST_POINTS * BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT)));
    int32_t pixels[WINOGRAD_MOST_POINTS];
    for (int i = 0; i < rows * columns; i++)
        pixels[i] = conv_input_pixel(g->step, (tile_row * WINOGRAD_OUT + i / columns) * spacing + g->pass->in_row,
                                     (tile_column * WINOGRAD_OUT + i % columns) * spacing + g->pass->in_column);
    g->program->kernels->gather(square, BLOCK, plane, pixels, rows * columns, map);
    read_map as_is = {.scale = block_of_ones};
    g->program->kernels->winograd_input[form](square, (size_t)columns, 1, 1, &as_is, v, g->pass->v_point,
                                              g->step->winograd.v_tile);
}

/* Tiles of an axis whose inputs, of which the first tile's first is at `first`, all lie inside [0, length): from the returned one up
 * to *end. */
static int inner_tiles(int taps, int first, int spacing, int length, int *end)
{
    int step = WINOGRAD_OUT * spacing, left = length - 1 - first - (winograd_inputs(taps) - 1) * spacing;
    *end = left < 0 ? 0 : left / step + 1;
    return first < 0 ? (-first + step - 1) / step : 0;
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
        picture_square square = {row * WINOGRAD_OUT + pass->in_row, column * WINOGRAD_OUT + pass->in_column,
                                 winograd_inputs(row_taps), (run - 1) * WINOGRAD_OUT + winograd_inputs(column_taps)};
        conv_picture_square(g->program, g->step->node.conv.feature.map, block - g->step->maps.source_blocks, &square,
                            &map, scratch);
        char *v = g->v + ((size_t)t * v_tile + (size_t)block * BLOCK) * g->program->kernels->number_bytes;
        g->program->kernels->winograd_input[pass->form](scratch, (size_t)square.columns, 1, run, &as_is, v,
                                                        pass->v_point, v_tile);
    }
}

/* Tiles [from, to) of the group, one block of channels. */
static void input_tiles(const group *g, int block, int from, int to)
{
    const winograd_pass *pass = g->pass;
    const nn_shape *in = &g->step->input_shape;
    size_t v_tile = g->step->winograd.v_tile;
    int row_end, column_end, row_taps = winograd_row_taps(pass->form), column_taps = winograd_column_taps(pass->form);
    int spacing = g->step->winograd.in_spacing;
    int row_first = inner_tiles(row_taps, pass->in_row, spacing, in->height, &row_end),
        column_first = inner_tiles(column_taps, pass->in_column, spacing, in->width, &column_end);
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
        size_t pixel = (size_t)(row * WINOGRAD_OUT * spacing + pass->in_row) * (size_t)in->width +
                       (size_t)(column * WINOGRAD_OUT * spacing + pass->in_column);
        g->program->kernels->winograd_input[pass->form](plane + pixel_bytes(g->program, pixel),
                                                        (size_t)(in->width * spacing), spacing, run, &map, v,
                                                        pass->v_point, v_tile);
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
    const char *u = (const char *)packed + (size_t)winograd_matrix(g->pass->form, point) * depth *
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

/* The sums of all passes, m, then v. */
static void place_group(group *g, float *scratch)
{
    g->sums = scratch;
    if (g->step->winograd.summed)
        scratch += (size_t)g->pass->group * sum_floats(g->step);
    g->m = scratch;
    void *behind = scratch + (size_t)winograd_points(g->pass->form) * g->pass->m_point;
    g->v = behind;
}

/* The first two stages of a thread's own group. */
static void transform_and_multiply(const group *g)
{
    for (int block = 0; block < conv_input_blocks(g->step); block++)
        input_tiles(g, block, 0, g->tiles);
    for (int point = 0; point < winograd_points(g->pass->form); point++)
        multiply_point(g, point, 0, g->step->maps.columns);
}

/* A thread's own group, all three stages. */
static void all_stages(const group *g)
{
    transform_and_multiply(g);
    for (int block = 0; block < nn_blocks(g->step->maps.outputs); block++)
        output_tiles(g, block, 0, g->tiles);
}

static void own_group(void *context, int index, int worker)
{
    group g = *(const group *)context;
    place_group(&g, thread_scratch(g.program, g.step, worker));
    g.worker = worker;
    g.first = index * g.pass->group;
    g.tiles = group_tiles(g.pass, g.first);
    all_stages(&g);
}

enum { BAND_ROWS = 2, BANDS_A_THREAD = 16 }; /* rows of tiles; fewer bands would leave a thread waiting */

/* All passes over a band of tile rows, one after another, while what they read is in a cache. */
static void own_band(void *context, int index, int worker)
{
    group g = *(const group *)context;
    const conv_winograd *w = &g.step->winograd;
    for (int i = 0; i < w->passes; i++) {
        g.pass = &w->pass[i];
        place_group(&g, thread_scratch(g.program, g.step, worker));
        int row = index * BAND_ROWS, rows = g.pass->tile_rows - row < BAND_ROWS ? g.pass->tile_rows - row : BAND_ROWS;
        int end = (row + rows) * g.pass->tile_columns;
        for (g.first = row * g.pass->tile_columns; g.first < end; g.first += g.tiles) {
            g.tiles = end - g.first < g.pass->group ? end - g.first : g.pass->group;
            all_stages(&g);
        }
    }
}

static const float block_of_zeros[BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT)));

/* The third stage of a pass whose outputs are added up: the sums of the passes before it, plus its own. */
static void add_tiles(const group *g, bool first)
{
    const write_map as_is = {.scale = block_of_ones, .bias = block_of_zeros, .slope = 1.0f};
    float *to = g->sums;
    for (int t = 0; t < g->tiles; t++)
        for (int block = 0; block < nn_blocks(g->step->maps.outputs); block++) {
            const float *m = g->m + (size_t)t * g->step->winograd.m_tile + (size_t)block * BLOCK;
            g->program->kernels->winograd_output[g->pass->form](m, g->pass->m_point, to, WINOGRAD_OUT, 1, WINOGRAD_OUT,
                                                                WINOGRAD_OUT, &as_is, first ? NULL : to);
            to += WINOGRAD_OUT * WINOGRAD_OUT * BLOCK;
        }
}

/* The sums of all passes to the output, one block. */
static void write_sums(const group *g, int block)
{
    const winograd_pass *pass = g->pass;
    write_map map = conv_output_map(g->program, g->step, block);
    char *plane = plane_at(g->program, g->step->value, block);
    const char *add = conv_added_plane(g->program, g->step, block);
    for (int t = 0; t < g->tiles; t++) {
        const float *sums =
            g->sums + (size_t)t * sum_floats(g->step) + (size_t)block * WINOGRAD_OUT * WINOGRAD_OUT * BLOCK;
        int row = (g->first + t) / pass->tile_columns * WINOGRAD_OUT,
            column = (g->first + t) % pass->tile_columns * WINOGRAD_OUT;
        for (int y = 0; y < WINOGRAD_OUT && row + y < pass->height; y++, sums += WINOGRAD_OUT * BLOCK) {
            int32_t pixels[WINOGRAD_OUT];
            int count = 0;
            for (; count < WINOGRAD_OUT && column + count < pass->width; count++)
                pixels[count] = (row + y) * pass->width + column + count;
            g->program->kernels->scatter(sums, BLOCK, plane, pixels, count, &map, add);
        }
    }
}

/* As own_group, with all passes. */
static void summed_group(void *context, int index, int worker)
{
    group g = *(const group *)context;
    const conv_winograd *w = &g.step->winograd;
    g.first = index * g.pass->group;
    g.tiles = group_tiles(g.pass, g.first);
    for (int i = 0; i < w->passes; i++) {
        g.pass = &w->pass[i];
        place_group(&g, thread_scratch(g.program, g.step, worker));
        transform_and_multiply(&g);
        add_tiles(&g, i == 0);
    }
    for (int block = 0; block < nn_blocks(g.step->maps.outputs); block++)
        write_sums(&g, block);
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
    const conv_winograd *w = &step->winograd;
    begin_conv_maps(program, step, conv->style, conv->demodulation, conv->activation.gain);
    if (conv->transposed && !w->pass[0].staged &&
        w->pass[0].tile_rows >= BANDS_A_THREAD * BAND_ROWS * thread_pool_size(program->pool)) {
        group g = {.program = program, .step = step};
        thread_pool_run(program->pool, (w->pass[0].tile_rows + BAND_ROWS - 1) / BAND_ROWS, own_band, &g);
        return;
    }
    for (int i = 0; i < (w->summed ? 1 : w->passes); i++) {
        group g = {.program = program, .step = step, .pass = &w->pass[i]};
        int groups = (g.pass->tile_rows * g.pass->tile_columns + g.pass->group - 1) / g.pass->group;
        if (g.pass->staged)
            run_staged(&g);
        else
            thread_pool_run(program->pool, groups, w->summed ? summed_group : own_group, &g);
    }
}

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
#include "nn/cpu/winograd_group.h"

enum {
    STAGED_WEIGHTS = 12 << 20, /* bytes of transformed weights from which on the threads share a group */
    STAGED_TILES = 128,
    OWN_BYTES = 1200 << 10, /* v and m of a thread's own group */
    OWN_MOST = 96,
    OWN_LEAST = 24,
    ONCE_WEIGHTS = 4 << 20, /* bytes that a thread better reads once, where its share of the tiles is one group */
    TILE_UNIT = 12,         /* a multiple of every level's tile rows */
};

/* ---------------------------------------------------------------- preparing */

/* The group of a pass and the scratch it wants: shared when staged, else a thread's. */
static size_t choose_group(const cpu_program *program, const cpu_step *step, winograd_pass *pass)
{
    int threads = thread_pool_size(program->pool);
    size_t number_bytes = program->kernels->number_bytes;
    const conv_winograd *w = &step->winograd;
    /* The passes whose outputs are added up have one group, that of the largest: whatever decides about it must be the same for all. */
    winograd_form largest = w->summed ? WINOGRAD_2X2 : pass->form;
    size_t weights =
        (size_t)winograd_matrices(largest) * (size_t)conv_input_blocks(step) * BLOCK * (size_t)step->maps.columns;
    int tiles = pass->tile_rows * pass->tile_columns, points = winograd_points(pass->form);
    int most = winograd_points(largest);
    size_t sums = w->summed ? group_sum_floats(step) : 0;
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
    if (group_feature_computed(upload->program, step))
        step->thread_floats = step->rows + number_floats(upload->program, (size_t)COMPUTED_PIXELS * BLOCK);
    step->run = run_conv_winograd;
    return pack_winograd(upload, step);
}

/* ---------------------------------------------------------------- running */

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
        scratch += (size_t)g->pass->group * group_sum_floats(g->step);
    g->m = scratch;
    void *behind = scratch + (size_t)winograd_points(g->pass->form) * g->pass->m_point;
    g->v = behind;
}

/* The first two stages of a thread's own group. */
static void transform_and_multiply(const group *g)
{
    for (int block = 0; block < conv_input_blocks(g->step); block++)
        group_input(g, block, 0, g->tiles);
    for (int point = 0; point < winograd_points(g->pass->form); point++)
        group_multiply(g, point, 0, g->step->maps.columns);
}

/* A thread's own group, all three stages. */
static void all_stages(const group *g)
{
    transform_and_multiply(g);
    for (int block = 0; block < nn_blocks(g->step->maps.outputs); block++)
        group_output(g, block, 0, g->tiles);
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
        group_add(&g, i == 0);
    }
    for (int block = 0; block < nn_blocks(g.step->maps.outputs); block++)
        group_write_sums(&g, block);
}

static void input_stage(void *context, int block, int worker)
{
    group g = *(const group *)context;
    g.worker = worker;
    group_input(&g, block, 0, g.tiles);
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
    group_multiply(g, index / parts, first, last < g->step->maps.columns ? last : g->step->maps.columns);
}

static void output_stage(void *context, int block, int worker)
{
    (void)worker;
    const group *g = context;
    group_output(g, block, 0, g->tiles);
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

/* Convolution 3x3, stride 1, by Winograd's F(4x4, 3x3): a tile of 4x4 outputs takes 36 multiplications a pair of channels
 * instead of 144.
 *
 *     input tiles --B^T d B--> v [36][tiles][channels] --36 products with u [36][channels][outputs]--> m [36][tiles][outputs]
 *     --A^T m A--> output tiles
 *
 * Two ways to divide the work. Where a layer's transformed weights fit the last-level cache, every thread takes groups of tiles
 * through all three stages alone, and v and m stay in its second-level cache. Where they do not (deep layers of few pixels), all
 * threads share one large group and divide each stage, so that the weights come from memory once a group. */
#include <stdio.h>

#include "nn/cpu/cpu.h"

enum {
    STAGED_WEIGHTS = 8 << 20, /* bytes of transformed weights from which on the threads share a group */
    STAGED_TILES = 128,
    OWN_BYTES = 1200 << 10,   /* v and m of a thread's own group */
    OWN_MOST = 96,
    OWN_LEAST = 24,
    TILE_UNIT = 12,           /* a multiple of every level's tile rows */
};

/* u = G g G^T */
static void transform_kernel(const float *g, double scale, float *u, size_t u_stride)
{
    static const double G[WINOGRAD_IN][3] = {{1.0 / 4, 0, 0},
                                             {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                             {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                             {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                             {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                             {0, 0, 1}};
    double rows[WINOGRAD_IN][3];
    for (int i = 0; i < WINOGRAD_IN; i++)
        for (int x = 0; x < 3; x++)
            rows[i][x] = (G[i][0] * (double)g[x] + G[i][1] * (double)g[3 + x] + G[i][2] * (double)g[6 + x]) * scale;
    for (int i = 0; i < WINOGRAD_IN; i++)
        for (int j = 0; j < WINOGRAD_IN; j++)
            u[(size_t)(i * WINOGRAD_IN + j) * u_stride] =
                (float)(rows[i][0] * G[j][0] + rows[i][1] * G[j][1] + rows[i][2] * G[j][2]);
}

typedef struct pack_job {
    const cpu_step *step;
    const float *values;
    float *packed;
    int channels, columns;
} pack_job;

static void pack_channel(void *context, int channel, int worker)
{
    (void)worker;
    const pack_job *j = context;
    const nn_conv_options *conv = &j->step->node.conv;
    size_t depth = (size_t)conv_input_blocks(j->step) * BLOCK, columns = (size_t)j->columns;
    size_t row = (size_t)nn_padded_channel(channel, j->step->input_shape.channels);
    for (int o = 0; o < conv->outputs; o++) {
        float *to = j->packed + ((size_t)o / columns * depth + row) * columns + (size_t)o % columns;
        transform_kernel(j->values + ((size_t)o * (size_t)j->channels + (size_t)channel) * 9, (double)conv->weight.scale, to,
                         (size_t)j->step->maps.columns * depth);
    }
}

static void choose_groups(cpu_step *step, int threads)
{
    conv_winograd *w = &step->winograd;
    int depth = conv_input_blocks(step) * BLOCK, columns = step->maps.columns;
    int tiles = w->tile_rows * w->tile_columns;
    w->staged = sizeof(float) * WINOGRAD_POINTS * (size_t)depth * (size_t)columns >= STAGED_WEIGHTS;
    /* One cache line more than the channels: tiles beside each other fall into different sets. */
    w->v_tile = (size_t)depth + BLOCK;
    w->m_tile = (size_t)columns + BLOCK;
    if (w->staged) {
        w->group = tiles < STAGED_TILES ? tiles : STAGED_TILES;
    } else {
        size_t own = OWN_BYTES / (sizeof(float) * WINOGRAD_POINTS * (w->v_tile + w->m_tile));
        w->group = (int)(own / TILE_UNIT) * TILE_UNIT;
        w->group = w->group < OWN_LEAST ? OWN_LEAST : w->group > OWN_MOST ? OWN_MOST : w->group;
        while (w->group > TILE_UNIT && w->group * threads > tiles)
            w->group -= TILE_UNIT;
    }
    w->v_point = (size_t)w->group * w->v_tile;
    w->m_point = (size_t)w->group * w->m_tile;
    size_t both = WINOGRAD_POINTS * (w->v_point + w->m_point);
    if (w->staged)
        step->scratch_floats = round_up(step->scratch_floats, BLOCK) + both;
    else
        step->thread_floats = both;
}

static void run_conv_winograd(const cpu_program *program, const cpu_step *step);

gpen_status prepare_conv_winograd(cpu_upload *upload, cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    conv_winograd *w = &step->winograd;
    w->tile_rows = (step->node.shape.height + WINOGRAD_OUT - 1) / WINOGRAD_OUT;
    w->tile_columns = (step->node.shape.width + WINOGRAD_OUT - 1) / WINOGRAD_OUT;
    choose_groups(step, thread_pool_size(upload->program->pool));
    size_t depth = (size_t)conv_input_blocks(step) * BLOCK;
    step->weights = pack_reserve(upload, WINOGRAD_POINTS * depth * (size_t)step->maps.columns);
    step->gflop_executed =
        2e-9 * WINOGRAD_POINTS * w->tile_rows * w->tile_columns * (double)depth * (double)step->maps.columns;
    step->run = run_conv_winograd;
    float *values;
    size_t bytes;
    gpen_status status = pack_read(upload, conv->weight, &values, &bytes);
    if (status || !values)
        return status;
    pack_job j = {step, values + conv->weight.offset, pack_at(upload, step->weights), step->input_shape.channels,
                  upload->program->kernels->columns};
    if (conv->feature.map != NN_NONE)
        j.channels += upload->graph->nodes[conv->feature.map].shape.channels;
    thread_pool_run(upload->program->pool, j.channels, pack_channel, &j);
    aligned_free(values, bytes);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- running */

/* A group of tiles in one thread's or everyone's v and m. */
typedef struct group {
    const cpu_program *program;
    const cpu_step *step;
    float *v, *m;
    int first, tiles;
} group;

/* A tile that reaches over the picture's edge, or whose pixels do not stand beside each other in a doubled input: they are
 * gathered into a square of their own. */
static void gathered_tile(const group *g, const float *plane, const read_map *map, int tile_row, int tile_column, float *v)
{
    static const float ones[BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT))) = {1, 1, 1, 1, 1, 1, 1, 1,
                                                                                1, 1, 1, 1, 1, 1, 1, 1};
    float square[WINOGRAD_POINTS * BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT)));
    int32_t pixels[WINOGRAD_POINTS];
    for (int i = 0; i < WINOGRAD_POINTS; i++) {
        int y = tile_row * WINOGRAD_OUT - 1 + i / WINOGRAD_IN, x = tile_column * WINOGRAD_OUT - 1 + i % WINOGRAD_IN;
        pixels[i] = conv_input_pixel(g->step, y, x);
    }
    g->program->kernels->gather(square, BLOCK, plane, pixels, WINOGRAD_POINTS, map);
    read_map as_is = {.scale = ones};
    g->program->kernels->winograd_input(square, WINOGRAD_IN, 1, &as_is, v, g->step->winograd.v_point,
                                        g->step->winograd.v_tile);
}

/* Tiles of a row whose 6x6 pixels all lie inside: from column 1 up to the returned one. */
static int inner_end(const nn_shape *in)
{
    return (in->width - WINOGRAD_OUT - 1) / WINOGRAD_OUT + 1;
}

/* Tiles [from, to) of the group, one block of channels. */
static void input_tiles(const group *g, int block, int from, int to)
{
    const conv_winograd *w = &g->step->winograd;
    const nn_shape *in = &g->step->input_shape;
    read_map map;
    const float *plane = conv_input_plane(g->program, g->step, block, &map);
    for (int t = from; t < to;) {
        int row = (g->first + t) / w->tile_columns, column = (g->first + t) % w->tile_columns;
        float *v = g->v + (size_t)t * w->v_tile + (size_t)block * BLOCK;
        int run = inner_end(in) - column;
        run = run < to - t ? run : to - t;
        bool row_inside = row > 0 && row * WINOGRAD_OUT + WINOGRAD_OUT < in->height;
        if (!row_inside || column == 0 || run < 1 || g->step->node.conv.doubled) {
            gathered_tile(g, plane, &map, row, column, v);
            t++;
            continue;
        }
        size_t pixel = (size_t)(row * WINOGRAD_OUT - 1) * (size_t)in->width + (size_t)(column * WINOGRAD_OUT - 1);
        g->program->kernels->winograd_input(plane + pixel * BLOCK, (size_t)in->width, run, &map, v, w->v_point, w->v_tile);
        t += run;
    }
}

/* The products of one of the 36 points with the panels of columns [first, last). */
static void multiply_point(const group *g, int point, int first, int last)
{
    const conv_winograd *w = &g->step->winograd;
    const cpu_kernels *kernels = g->program->kernels;
    size_t depth = (size_t)conv_input_blocks(g->step) * BLOCK;
    const float *u = g->program->packed + g->step->weights + (size_t)point * depth * (size_t)g->step->maps.columns;
    for (int column = first; column < last; column += kernels->columns)
        kernels->product(g->tiles, (int)depth, g->v + (size_t)point * w->v_point, w->v_tile, u + (size_t)column * depth,
                         g->m + (size_t)point * w->m_point + column, w->m_tile, false);
}

/* Tiles [from, to) of the group, one block of output channels. */
static void output_tiles(const group *g, int block, int from, int to)
{
    const conv_winograd *w = &g->step->winograd;
    const nn_shape *out = &g->step->node.shape;
    write_map map = conv_output_map(g->program, g->step, block);
    float *plane = value_at(g->program, g->step->value) + (size_t)block * plane_floats(out);
    const float *add = conv_added_plane(g->program, g->step, block);
    for (int t = from; t < to; t++) {
        int y = (g->first + t) / w->tile_columns * WINOGRAD_OUT, x = (g->first + t) % w->tile_columns * WINOGRAD_OUT;
        int height = out->height - y < WINOGRAD_OUT ? out->height - y : WINOGRAD_OUT;
        int width = out->width - x < WINOGRAD_OUT ? out->width - x : WINOGRAD_OUT;
        size_t at = ((size_t)y * (size_t)out->width + (size_t)x) * BLOCK;
        g->program->kernels->winograd_output(g->m + (size_t)t * w->m_tile + (size_t)block * BLOCK, w->m_point,
                                             plane + at, (size_t)out->width, height, width, &map, add ? add + at : NULL);
    }
}

static int group_tiles(const conv_winograd *w, int first)
{
    int left = w->tile_rows * w->tile_columns - first;
    return left < w->group ? left : w->group;
}

/* One thread's own group, all three stages. */
static void own_group(void *context, int index, int worker)
{
    const group *all = context;
    const conv_winograd *w = &all->step->winograd;
    group g = *all;
    g.v = thread_scratch(g.program, g.step, worker);
    g.m = g.v + WINOGRAD_POINTS * w->v_point;
    g.first = index * w->group;
    g.tiles = group_tiles(w, g.first);
    for (int block = 0; block < conv_input_blocks(g.step); block++)
        input_tiles(&g, block, 0, g.tiles);
    for (int point = 0; point < WINOGRAD_POINTS; point++)
        multiply_point(&g, point, 0, g.step->maps.columns);
    for (int block = 0; block < nn_blocks(g.step->maps.outputs); block++)
        output_tiles(&g, block, 0, g.tiles);
}

static void input_stage(void *context, int block, int worker)
{
    (void)worker;
    const group *g = context;
    input_tiles(g, block, 0, g->tiles);
}

enum { STAGED_COLUMNS = 128 }; /* columns of a task of the second stage: a multiple of every level's panel */

static void product_stage(void *context, int index, int worker)
{
    (void)worker;
    const group *g = context;
    int parts = (g->step->maps.columns + STAGED_COLUMNS - 1) / STAGED_COLUMNS;
    int first = index % parts * STAGED_COLUMNS, last = first + STAGED_COLUMNS;
    multiply_point(g, index / parts, first, last < g->step->maps.columns ? last : g->step->maps.columns);
}

static void output_stage(void *context, int block, int worker)
{
    (void)worker;
    const group *g = context;
    output_tiles(g, block, 0, g->tiles);
}

static void run_conv_winograd(const cpu_program *program, const cpu_step *step)
{
    const nn_conv_options *conv = &step->node.conv;
    const conv_winograd *w = &step->winograd;
    begin_conv_maps(program, step, conv->style, conv->demodulation, conv->activation.gain);
    group g = {.program = program, .step = step};
    int tiles = w->tile_rows * w->tile_columns;
    if (!w->staged) {
        thread_pool_run(program->pool, (tiles + w->group - 1) / w->group, own_group, &g);
        return;
    }
    g.v = step_scratch(program, step) + step->scratch_floats - WINOGRAD_POINTS * (w->v_point + w->m_point);
    g.m = g.v + WINOGRAD_POINTS * w->v_point;
    int parts = (step->maps.columns + STAGED_COLUMNS - 1) / STAGED_COLUMNS;
    for (g.first = 0; g.first < tiles; g.first += w->group) {
        g.tiles = group_tiles(w, g.first);
        thread_pool_run(program->pool, conv_input_blocks(step), input_stage, &g);
        thread_pool_run(program->pool, WINOGRAD_POINTS * parts, product_stage, &g);
        thread_pool_run(program->pool, nn_blocks(step->maps.outputs), output_stage, &g);
    }
}

/* The three stages of a convolution by Winograd, on tiles of one group. Its own file because conv_winograd.c is about dividing the work,
 * and this about pixels. */
#include "nn/cpu/winograd_group.h"

size_t group_sum_floats(const cpu_step *step)
{
    return (size_t)nn_blocks(step->maps.outputs) * WINOGRAD_OUT * WINOGRAD_OUT * BLOCK;
}

bool group_feature_computed(const cpu_program *program, const cpu_step *step)
{
    return program->steps[step->node.conv.feature.map].computed; /* number 0 is no step */
}

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

void group_input(const group *g, int block, int from, int to)
{
    const winograd_pass *pass = g->pass;
    const nn_shape *in = &g->step->input_shape;
    size_t v_tile = g->step->winograd.v_tile;
    int row_end, column_end, row_taps = winograd_row_taps(pass->form), column_taps = winograd_column_taps(pass->form);
    int spacing = g->step->winograd.in_spacing;
    int row_first = inner_tiles(row_taps, pass->in_row, spacing, in->height, &row_end),
        column_first = inner_tiles(column_taps, pass->in_column, spacing, in->width, &column_end);
    read_map map;
    if (block >= g->step->maps.source_blocks && group_feature_computed(g->program, g->step)) {
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
                                                        (size_t)in->width * (size_t)spacing, spacing, run, &map, v,
                                                        pass->v_point, v_tile);
        t += run;
    }
}

void group_multiply(const group *g, int point, int first, int last)
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

void group_output(const group *g, int block, int from, int to)
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

static const float block_of_zeros[BLOCK] __attribute__((aligned(MEMORY_ALIGNMENT)));

void group_add(const group *g, bool first)
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

void group_write_sums(const group *g, int block)
{
    const winograd_pass *pass = g->pass;
    write_map map = conv_output_map(g->program, g->step, block);
    char *plane = plane_at(g->program, g->step->value, block);
    const char *add = conv_added_plane(g->program, g->step, block);
    for (int t = 0; t < g->tiles; t++) {
        const float *sums =
            g->sums + (size_t)t * group_sum_floats(g->step) + (size_t)block * WINOGRAD_OUT * WINOGRAD_OUT * BLOCK;
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

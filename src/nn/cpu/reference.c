/* The kernels as their definitions say, one number after another, summed in double: the oracle of tests/kernels. */
#include <math.h>
#include <string.h>

#include "nn/cpu/winograd.h"

enum { REFERENCE_COLUMNS = 8 };

static void product(int rows, int depth, const void *from, size_t a_stride, size_t a_block, const void *panel, float *c,
                    size_t c_stride, bool accumulate)
{
    const float *a = from, *b = panel;
    for (int r = 0; r < rows; r++)
        for (int column = 0; column < REFERENCE_COLUMNS; column++) {
            double sum = accumulate ? (double)c[(size_t)r * c_stride + column] : 0.0;
            for (int k = 0; k < depth; k++)
                sum += (double)a[(size_t)r * a_stride + (size_t)(k / BLOCK) * a_block + k % BLOCK] *
                       (double)b[(size_t)k * REFERENCE_COLUMNS + column];
            c[(size_t)r * c_stride + column] = (float)sum;
        }
}

static double leaky(double x, double slope)
{
    return x > slope * x ? x : slope * x;
}

static double read_number(double x, const read_map *map, int channel)
{
    if (map->bias)
        x = leaky((double)map->gain * x + (double)map->bias[channel], (double)map->slope);
    return x * (double)map->scale[channel];
}

static double write_number(double sum, const write_map *map, int channel, double add)
{
    return leaky((double)map->scale[channel] * sum + (double)map->bias[channel] + add, (double)map->slope);
}

static void gather(void *rows, size_t a_stride, const void *plane, const int32_t *pixels, int count,
                   const read_map *map)
{
    float *a = rows;
    const float *from = plane;
    for (int i = 0; i < count; i++)
        for (int c = 0; c < BLOCK; c++)
            a[(size_t)i * a_stride + c] =
                pixels[i] < 0 ? 0.0f : (float)read_number((double)from[(size_t)pixels[i] * BLOCK + c], map, c);
}

static void product_write(int rows, int depth, const void *a, size_t a_stride, size_t a_block, const void *panel,
                          const float *c, size_t c_stride, const int32_t *pixels, const write_target *to)
{
    const float *add = to->add;
    float *plane = to->plane;
    for (int r = 0; r < rows; r++) {
        float sums[REFERENCE_COLUMNS] = {0};
        if (c)
            memcpy(sums, c + (size_t)r * c_stride, sizeof sums);
        product(1, depth, (const float *)a + (size_t)r * a_stride, a_stride, a_block, panel, sums, 0, true);
        for (int k = 0; k < REFERENCE_COLUMNS; k++) {
            size_t at = (size_t)pixels[r] * BLOCK + (size_t)k;
            plane[at] = (float)write_number((double)sums[k], &to->map, k, add ? (double)add[at] : 0.0);
        }
    }
}

static void scatter(const float *c, size_t c_stride, void *plane, const int32_t *pixels, int count,
                    const write_map *map, const void *added)
{
    float *to = plane;
    const float *add = added;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < BLOCK; k++) {
            size_t at = (size_t)pixels[i] * BLOCK + (size_t)k;
            to[at] = (float)write_number((double)c[(size_t)i * c_stride + k], map, k, add ? (double)add[at] : 0.0);
        }
}

/* Which transform: at which points, and for how many taps. */
typedef struct transform {
    const winograd_nodes *nodes;
    winograd_form form;
} transform;

static void winograd_input(transform t, const float *from, size_t row_pixels, int spacing, int tiles,
                           const read_map *map, float *v, size_t point_stride, size_t tile_stride)
{
    int row_taps = winograd_row_taps(t.form), column_taps = winograd_column_taps(t.form);
    int rows = winograd_inputs(row_taps), columns = winograd_inputs(column_taps);
    winograd_axis down, across;
    winograd_axis_make(&down, t.nodes, row_taps);
    winograd_axis_make(&across, t.nodes, column_taps);
    for (int tile = 0; tile < tiles; tile++)
        for (int point = 0; point < rows * columns; point++)
            for (int c = 0; c < BLOCK; c++) {
                double sum = 0;
                for (int y = 0; y < rows; y++)
                    for (int x = 0; x < columns; x++) {
                        size_t pixel = (size_t)y * row_pixels + (size_t)((tile * WINOGRAD_OUT + x) * spacing);
                        sum += down.bt[point / columns][y] * across.bt[point % columns][x] *
                               read_number((double)from[pixel * BLOCK + c], map, c);
                    }
                v[(size_t)point * point_stride + (size_t)tile * tile_stride + c] = (float)sum;
            }
}

static void winograd_output(transform t, const float *m, size_t point_stride, float *to, size_t row_pixels, int spacing,
                            int height, int width, const write_map *map, const float *add)
{
    int row_taps = winograd_row_taps(t.form), column_taps = winograd_column_taps(t.form);
    int rows = winograd_inputs(row_taps), columns = winograd_inputs(column_taps);
    winograd_axis down, across;
    winograd_axis_make(&down, t.nodes, row_taps);
    winograd_axis_make(&across, t.nodes, column_taps);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < BLOCK; c++) {
                double sum = 0;
                for (int point = 0; point < rows * columns; point++)
                    sum += down.at[y][point / columns] * across.at[x][point % columns] *
                           (double)m[(size_t)point * point_stride + c];
                size_t at = ((size_t)y * row_pixels + (size_t)x) * (size_t)spacing * BLOCK + (size_t)c;
                to[at] = (float)write_number(sum, map, c, add ? (double)add[at] : 0.0);
            }
}

#define WINOGRAD_FUNCTIONS(points, form, size)                                                                         \
    static void winograd_input_##points##_##size(const void *from, size_t row_pixels, int spacing, int tiles,          \
                                                 const read_map *map, void *v, size_t point_stride,                    \
                                                 size_t tile_stride)                                                   \
    {                                                                                                                  \
        winograd_input((transform){&winograd_nodes_##points, form}, from, row_pixels, spacing, tiles, map, v,          \
                       point_stride, tile_stride);                                                                     \
    }                                                                                                                  \
    static void winograd_output_##points##_##size(const float *m, size_t point_stride, void *to, size_t row_pixels,    \
                                                  int spacing, int height, int width, const write_map *map,            \
                                                  const void *add)                                                     \
    {                                                                                                                  \
        winograd_output((transform){&winograd_nodes_##points, form}, m, point_stride, to, row_pixels, spacing, height, \
                        width, map, add);                                                                              \
    }

WINOGRAD_FUNCTIONS(floats, WINOGRAD_3X3, 3x3)
WINOGRAD_FUNCTIONS(floats, WINOGRAD_2X2, 2x2)
WINOGRAD_FUNCTIONS(floats, WINOGRAD_2X1, 2x1)
WINOGRAD_FUNCTIONS(floats, WINOGRAD_1X2, 1x2)
WINOGRAD_FUNCTIONS(floats, WINOGRAD_1X1, 1x1)
WINOGRAD_FUNCTIONS(bf16, WINOGRAD_3X3, 3x3)
WINOGRAD_FUNCTIONS(bf16, WINOGRAD_2X2, 2x2)
WINOGRAD_FUNCTIONS(bf16, WINOGRAD_2X1, 2x1)
WINOGRAD_FUNCTIONS(bf16, WINOGRAD_1X2, 1x2)
WINOGRAD_FUNCTIONS(bf16, WINOGRAD_1X1, 1x1)

static void fir_row(const void *const rows[4], int columns, int before, const float down[4], const float across[4],
                    float *sums, void *row, int width, const write_map *map)
{
    const float *from[4] = {rows[0], rows[1], rows[2], rows[3]};
    float *to = row;
    (void)sums;
    for (int x = 0; x < width; x++)
        for (int c = 0; c < BLOCK; c++) {
            double sum = 0;
            for (int i = 0; i < 4; i++)
                for (int j = 0; j < 4; j++) {
                    int column = x + j - before;
                    if (column >= 0 && column < columns)
                        sum += (double)down[i] * (double)across[j] * (double)from[i][(size_t)column * BLOCK + c];
                }
            to[(size_t)x * BLOCK + c] = (float)write_number(sum, map, c, 0.0);
        }
}

static void depthwise_row(const void *const from[3], int columns, int stride, const float *weights, void *row,
                          int width, const write_map *map)
{
    const float *rows[3] = {from[0], from[1], from[2]};
    float *to = row;
    for (int x = 0; x < width; x++)
        for (int c = 0; c < BLOCK; c++) {
            double sum = 0;
            for (int tap = 0; tap < 9; tap++) {
                int column = x * stride + tap % 3 - 1;
                if (rows[tap / 3] && column >= 0 && column < columns)
                    sum += (double)weights[tap * BLOCK + c] * (double)rows[tap / 3][(size_t)column * BLOCK + c];
            }
            to[(size_t)x * BLOCK + c] = (float)write_number(sum, map, c, 0.0);
        }
}

static void picture_row(const float *planes, size_t plane_stride, int channels, const float *weights,
                        const write_map *write, const read_map *read, int count, void *row)
{
    float *to = row;
    for (int x = 0; x < count; x++)
        for (int k = 0; k < BLOCK; k++) {
            double sum = 0;
            for (int c = 0; c < channels; c++)
                sum += (double)planes[(size_t)c * plane_stride + (size_t)x] * (double)weights[c * BLOCK + k];
            sum = write_number(sum, write, k, 0);
            to[x * BLOCK + k] = (float)(read ? read_number(sum, read, k) : sum);
        }
}

static float dot(const float *x, const float *y, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)y[i];
    return (float)sum;
}

static void project(const void *from, size_t plane_stride, int blocks, const read_map *maps, const float *weights,
                    size_t weight_stride, int outputs, int count, float *to, size_t to_stride)
{
    const float *planes = from;
    for (int o = 0; o < outputs; o++)
        for (int p = 0; p < count; p++) {
            double sum = (double)to[(size_t)o * to_stride + p];
            for (int channel = 0; channel < blocks * BLOCK; channel++) {
                int block = channel / BLOCK, c = channel % BLOCK;
                double x = (double)planes[(size_t)block * plane_stride + (size_t)p * BLOCK + c];
                sum += read_number(x, &maps[block], c) * (double)weights[(size_t)o * weight_stride + channel];
            }
            to[(size_t)o * to_stride + p] = (float)sum;
        }
}

static void add_row(const void *first, const void *second, int columns, void *row, int width)
{
    const float *a = first, *b = second;
    float *to = row;
    for (int i = 0; i < width * BLOCK; i++)
        to[i] = a[i] + b[i / BLOCK * columns / width * BLOCK + i % BLOCK];
}

static void max_row(const void *const from[3], int columns, void *row, int width)
{
    float *to = row;
    for (int i = 0; i < width * BLOCK; i++) {
        to[i] = -INFINITY;
        for (int tap = 0; tap < 9; tap++) {
            const float *pixels = from[tap / 3];
            int column = i / BLOCK * 2 + tap % 3 - 1;
            if (pixels && column >= 0 && column < columns && pixels[column * BLOCK + i % BLOCK] > to[i])
                to[i] = pixels[column * BLOCK + i % BLOCK];
        }
    }
}

static void widen(const void *from, size_t count, float *to)
{
    memcpy(to, from, count * sizeof *to);
}

static void narrow(const float *from, size_t count, void *to)
{
    memcpy(to, from, count * sizeof *from);
}

#define REFERENCE_TABLE(points_name)                                                                                   \
    {                                                                                                                  \
        .level = "reference", .number_bytes = sizeof(float), .columns = REFERENCE_COLUMNS,                             \
        .nodes = &winograd_nodes_##points_name, .product = product, .product_write = product_write, .gather = gather,  \
        .scatter = scatter,                                                                                            \
        .winograd_input = {winograd_input_##points_name##_3x3, winograd_input_##points_name##_2x2,                     \
                           winograd_input_##points_name##_2x1, winograd_input_##points_name##_1x2,                     \
                           winograd_input_##points_name##_1x1},                                                        \
        .winograd_output = {winograd_output_##points_name##_3x3, winograd_output_##points_name##_2x2,                  \
                            winograd_output_##points_name##_2x1, winograd_output_##points_name##_1x2,                  \
                            winograd_output_##points_name##_1x1},                                                      \
        .fir_row = fir_row, .depthwise_row = depthwise_row, .picture_row = picture_row, .dot = dot,                    \
        .project = project, .add_row = add_row, .max_row = max_row, .widen = widen, .narrow = narrow,                  \
    }

const cpu_kernels cpu_kernels_reference = REFERENCE_TABLE(floats);
const cpu_kernels cpu_kernels_reference_bf16 = REFERENCE_TABLE(bf16);

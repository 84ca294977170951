/* The transformed weights of a convolution by Winograd, written into the packed block. Its own file because it is the only part that runs
 * when a model is loaded, and no picture. */
#include "nn/cpu/cpu.h"
#include "nn/cpu/winograd.h"

/* Points of an axis that have weights of their own. */
static int weighted_points(int taps)
{
    return taps == 1 ? 1 : winograd_inputs(taps);
}

int winograd_matrices(winograd_form form)
{
    return weighted_points(winograd_row_taps(form)) * weighted_points(winograd_column_taps(form));
}

int winograd_matrix(winograd_form form, int point)
{
    int row_taps = winograd_row_taps(form), column_taps = winograd_column_taps(form);
    int columns = winograd_inputs(column_taps);
    int row = row_taps == 1 ? 0 : point / columns, column = column_taps == 1 ? 0 : point % columns;
    return row * weighted_points(column_taps) + column;
}

/* The number of the 3x3 kernel that is tap `tap` of an axis: in a transposed convolution an output of even position sums the last
 * number times the input before it and the first times its own, one of odd position the middle one alone. In one of stride 2 the first
 * and the last meet inputs of one parity, the middle one those of the other. */
static int kernel_position(int taps, int tap, bool transposed)
{
    return taps == 3 ? tap : taps == 1 ? 1 : transposed ? 2 - 2 * tap : 2 * tap;
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
    bool transposed = j->step->node.conv.transposed;
    double rows[WINOGRAD_MOST][3];
    for (int i = 0; i < weighted_points(row_taps); i++)
        for (int x = 0; x < column_taps; x++) {
            rows[i][x] = 0;
            for (int y = 0; y < row_taps; y++)
                rows[i][x] +=
                    j->down.g[i][y] * scale *
                    (double)
                        g[kernel_position(row_taps, y, transposed) * 3 + kernel_position(column_taps, x, transposed)];
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
    int columns = j->kernels->columns, matrices = winograd_matrices(j->pass->form);
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

gpen_status pack_winograd(cpu_upload *upload, cpu_step *step)
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

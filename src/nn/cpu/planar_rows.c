/* Rows of a convolution that reads a picture (im2col of planar numbers). Its own file because a picture's few channels are copied in runs
 * along its rows, where maps are gathered block by block. */
#include <string.h>

#include "nn/cpu/cpu.h"

/* One row of the input, or what stands for it beyond the edge. */
typedef struct source_row {
    const float *numbers; /* NULL: zeros */
    int width, kernel, stride;
    nn_padding mode;
} source_row;

static void copy_numbers(const source_row *from, int column, float *to)
{
    for (int k = 0; k < from->kernel; k++) {
        int at = from->numbers ? conv_padded_position(column + k, from->width, from->mode) : -1;
        to[k] = at < 0 ? 0.0f : from->numbers[at];
    }
}

/* For each of `count` pixels `length` numbers from its column on, where so many stand inside the row: as long as the kernel, or a
 * little longer, so that the compiler knows it. */
static inline __attribute__((always_inline)) void copy_runs(const int length, const source_row *from, int column,
                                                            int count, float *a, size_t a_stride)
{
    int stride = from->stride, last = from->width - length; /* the last column with a whole run */
    int before = column < 0 ? (-column + stride - 1) / stride : 0;
    int inside = from->numbers && last >= column ? (last - column) / stride + 1 : 0;
    before = before < count ? before : count;
    inside = inside < count ? inside : count;
    int i = 0;
    for (; i < before; i++)
        copy_numbers(from, column + i * stride, a + (size_t)i * a_stride);
    for (; i < inside; i++)
        memcpy(a + (size_t)i * a_stride, from->numbers + column + i * stride, (size_t)length * sizeof *a);
    for (; i < count; i++)
        copy_numbers(from, column + i * stride, a + (size_t)i * a_stride);
}

static void copy_row(const source_row *from, int column, int count, float *a, size_t a_stride)
{
    if (from->kernel == 1)
        copy_runs(1, from, column, count, a, a_stride);
    else if (from->kernel <= 4)
        copy_runs(4, from, column, count, a, a_stride);
    else if (from->kernel <= 8)
        copy_runs(8, from, column, count, a, a_stride);
    else
        copy_runs(16, from, column, count, a, a_stride);
}

/* A run may write over the numbers that the next one of its row writes: so channels and rows go upwards. */
void planar_rows(const cpu_program *program, const cpu_step *step, int first, int count, float *a, size_t a_stride)
{
    const nn_conv_options *conv = &step->node.conv;
    const nn_shape *in = &step->input_shape;
    const float *planes = planar_at(program, step->node.inputs[0]);
    size_t plane = (size_t)in->height * (size_t)in->width;
    source_row from = {.width = in->width, .kernel = conv->kernel, .stride = conv->stride, .mode = conv->padding_mode};
    int width = step->node.shape.width;
    for (int done = 0, run; done < count; done += run) {
        int row = (first + done) / width, column = (first + done) % width;
        run = width - column < count - done ? width - column : count - done;
        for (int c = 0; c < in->channels; c++)
            for (int y = 0; y < conv->kernel; y++) {
                int at = conv_padded_position(row * conv->stride + y - conv->padding, in->height, conv->padding_mode);
                from.numbers = at < 0 ? NULL : planes + (size_t)c * plane + (size_t)at * (size_t)in->width;
                copy_row(&from, column * conv->stride - conv->padding, run,
                         a + (size_t)done * a_stride + planar_row_place(step, c, y * conv->kernel), a_stride);
            }
    }
}

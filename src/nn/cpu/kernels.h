/* The table of functions that an instruction level fills in: all arithmetic of the CPU backend that is worth vectorising.
 *
 * Contracts that hold for every function
 *   alignment  Pointers to maps, panels and scratch are 64-byte aligned unless said otherwise.
 *   blocks     "block" is sixteen floats: sixteen channels of one pixel.
 *   order      Each output is summed in one fixed order, whatever the number of rows, pixels or tiles in a call: a caller may
 *              divide work as it likes without changing a bit.
 *   NaN        NaN and infinity in give NaN or infinity out; nothing is trapped.
 * Tolerance against reference.c (which sums in double): relative L2 of 2e-6 for sums, 2e-5 for the Winograd pair.
 */
#ifndef GPEN_NN_CPU_KERNELS_H
#define GPEN_NN_CPU_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 16 };

/* Forms of Winograd's minimal filtering F(4x4, RxC): tiles of 4x4 outputs of a kernel of R rows and C columns. Each axis with three
 * taps takes six inputs and points, with two taps five, with one tap four. 3x3 is the plain convolution, the others are the four
 * phases of a transposed one of stride 2. */
typedef enum winograd_form {
    WINOGRAD_3X3,
    WINOGRAD_2X2,
    WINOGRAD_2X1,
    WINOGRAD_1X2,
    WINOGRAD_1X1,
    WINOGRAD_FORMS
} winograd_form;

enum {
    WINOGRAD_OUT = 4,
    WINOGRAD_MOST = 6,         /* inputs of an axis at most */
    WINOGRAD_MOST_POINTS = 36, /* inputs of a tile at most */
};

static inline int winograd_row_taps(winograd_form form)
{
    return form == WINOGRAD_3X3 ? 3 : form == WINOGRAD_2X2 || form == WINOGRAD_2X1 ? 2 : 1;
}

static inline int winograd_column_taps(winograd_form form)
{
    return form == WINOGRAD_3X3 ? 3 : form == WINOGRAD_2X2 || form == WINOGRAD_1X2 ? 2 : 1;
}

/* Inputs, and points, of an axis with so many taps. */
static inline int winograd_inputs(int taps)
{
    return WINOGRAD_OUT + taps - 1;
}

static inline int winograd_points(winograd_form form)
{
    return winograd_inputs(winograd_row_taps(form)) * winograd_inputs(winograd_column_taps(form));
}

/* How a number of sixteen channels is read: leaky(gain * x + bias[c]) * scale[c]; without activation x * scale[c]. */
typedef struct read_map {
    const float *scale; /* [16], aligned */
    const float *bias;  /* [16], aligned, or NULL: no gain, bias and activation */
    float gain, slope;
} read_map;

/* How a sum of sixteen channels is written: leaky(scale[c] * sum + bias[c]), leaky(t) = max(t, slope * t), slope in 0..1. */
typedef struct write_map {
    const float *scale, *bias; /* [16] each, aligned */
    float slope;
} write_map;

typedef struct cpu_kernels {
    const char *level;
    int columns; /* columns of the register tile, the width of a weight panel: 8, 16 or 32 */

    /* c[r][0 .. columns) = (accumulate ? c : 0) + sum over k of a[r][k] * b[k][0 .. columns), r < rows, k < depth.
     * a: rows a_stride floats apart, any alignment. b: packed panel. c: rows c_stride apart (a multiple of 16). */
    void (*product)(int rows, int depth, const float *a, size_t a_stride, const float *b, float *c, size_t c_stride,
                    bool accumulate);

    /* a[i][0 .. 16) = plane[pixels[i]] read through map, or zeros where pixels[i] < 0; i < count.
     * plane: one block a pixel. a: rows a_stride floats apart (a multiple of 16). */
    void (*gather)(float *a, size_t a_stride, const float *plane, const int32_t *pixels, int count,
                   const read_map *map);

    /* plane[pixels[i]] = c[i] written through map, add[pixels[i]] added before the bend; i < count. add: NULL for nothing. */
    void (*scatter)(const float *c, size_t c_stride, float *plane, const int32_t *pixels, int count,
                    const write_map *map, const float *add);

    /* Winograd input transform B^T d B of `tiles` tiles beside each other, 4 pixels apart, all of their pixels inside the
     * plane. from: the first tile's upper left pixel; row_pixels: pixels from one row to the next.
     * v[point * point_stride + tile * tile_stride + channel], both strides multiples of 16. */
    void (*winograd_input[WINOGRAD_FORMS])(const float *from, size_t row_pixels, int tiles, const read_map *map,
                                           float *v, size_t point_stride, size_t tile_stride);

    /* Winograd output transform A^T m A of one tile, written through map to height x width (1..4) pixels from `to` on, every
     * `spacing`-th of a row and a column; add: what is added before the bend, its pixels placed as those of `to`, or NULL. */
    void (*winograd_output[WINOGRAD_FORMS])(const float *m, size_t point_stride, float *to, size_t row_pixels,
                                            int spacing, int height, int width, const write_map *map, const float *add);

    /* One output row of the separable FIR: to[x] = leaky(scale * sum over i, j of down[i] * across[j] * row[i][x + j] + bias),
     * scale and bias those of map, x < width. rows: four pointers to rows of `columns` blocks, which stand behind `before` zero blocks and before as many as
     * width + 3 asks for. sums: scratch of width + 3 blocks. */
    void (*fir_row)(const float *const rows[4], int columns, int before, const float down[4], const float across[4],
                    float *sums, float *to, int width, const write_map *map);

    /* One output row of a depthwise 3x3 convolution: to[x] = sum over i, j of weights[i * 3 + j] * rows[i][x * stride + j - 1]
     * written through map, x < width. rows: three pointers to rows of `columns` blocks, NULL for a row of zeros; columns outside
     * are zeros. weights: nine blocks. */
    void (*depthwise_row)(const float *const rows[3], int columns, int stride, const float *weights, float *to,
                          int width, const write_map *map);

    /* sum of x[i] * y[i], i < count; count is a multiple of 16. */
    float (*dot)(const float *x, const float *y, size_t count);

    /* to[o][p] += sum over the blocks' channels of weights[o][block * 16 + c] * (map's reading of plane[block][p]), p < count,
     * o < outputs (1..4). planes are plane_stride floats apart, weights rows weight_stride; maps: one a block; `to` rows are
     * to_stride apart, any alignment. */
    void (*project)(const float *planes, size_t plane_stride, int blocks, const read_map *maps, const float *weights,
                    size_t weight_stride, int outputs, int count, float *to, size_t to_stride);
} cpu_kernels;

extern const cpu_kernels cpu_kernels_generic;
#ifdef GPEN_HAVE_AVX2
extern const cpu_kernels cpu_kernels_avx2;
#endif
#ifdef GPEN_HAVE_AVX512
extern const cpu_kernels cpu_kernels_avx512;
#endif
#ifdef GPEN_HAVE_NEON
extern const cpu_kernels cpu_kernels_neon;
#endif

/* Naive, summed in double: what the tests compare with. Never used to run a network. */
extern const cpu_kernels cpu_kernels_reference;

/* The table of a level this processor can run; NULL when it cannot, or there is none of that name. */
const cpu_kernels *cpu_kernels_named(const char *level);

/* The levels this processor can run, best first; returns how many. */
int cpu_kernels_available(const cpu_kernels **tables, int capacity);

#endif

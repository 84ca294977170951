/* The table of functions that an instruction level fills in: all arithmetic of the CPU backend that is worth vectorising.
 *
 * Contracts that hold for every function
 *   alignment  Pointers to maps, panels and scratch are 64-byte aligned unless said otherwise.
 *   numbers    Maps, rows and panels, which stand behind pointers to void, hold "numbers": floats, or bfloat16 in a table whose
 *              number_bytes is 2. Strides of theirs are counted in numbers. All else is floats, and so is every sum.
 *   blocks     "block" is sixteen numbers: sixteen channels of one pixel.
 *   order      Each output is summed in one fixed order, whatever the number of rows, pixels or tiles in a call: a caller may
 *              divide work as it likes without changing a bit.
 *   NaN        NaN and infinity in give NaN or infinity out; nothing is trapped.
 * Tolerance against reference.c (which sums in double): relative L2 of 2e-6 for sums, 2e-5 for the Winograd pair; where bfloat16
 * numbers are written, 2^-8, their rounding.
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

/* The finite points at which an axis with three taps, and one with two, is evaluated: winograd.h. Those of floats make short sums. In
 * bfloat16, where each number of a transform is rounded to eight bits, others lose half as much. */
typedef struct winograd_nodes {
    double of_three[5], of_two[4];
} winograd_nodes;

static const winograd_nodes winograd_nodes_floats = {{0, 1, -1, 2, -2}, {0, 1, -1, 2}};
#define WINOGRAD_BF16_THREE_NEAR 0.6875
#define WINOGRAD_BF16_THREE_FAR  1.5
#define WINOGRAD_BF16_TWO_NEAR   0.5
#define WINOGRAD_BF16_TWO_FAR    1.25
static const winograd_nodes winograd_nodes_bf16 = {{0, WINOGRAD_BF16_THREE_NEAR, -WINOGRAD_BF16_THREE_NEAR,
                                                    WINOGRAD_BF16_THREE_FAR, -WINOGRAD_BF16_THREE_FAR},
                                                   {WINOGRAD_BF16_TWO_NEAR, -WINOGRAD_BF16_TWO_NEAR,
                                                    WINOGRAD_BF16_TWO_FAR, -WINOGRAD_BF16_TWO_FAR}};

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

/* Where the sums of a block's channels go, or of as many as a narrower panel has: pixels of a plane, both pointers at the first of the
 * channels. */
typedef struct write_target {
    void *plane;     /* NULL: nowhere */
    const void *add; /* what is added before the bend, its pixels placed as those of the plane; NULL: nothing */
    write_map map;
} write_target;

typedef struct cpu_kernels {
    const char *level;
    size_t number_bytes; /* 4, or 2 */
    int columns;         /* columns of the register tile, the width of a weight panel: 8, 16 or 32 */
    const winograd_nodes *nodes;

    /* c[r][0 .. columns) = (accumulate ? c : 0) + sum over k of a[r][k] * b[k][0 .. columns), r < rows, k < depth.
     * a: rows a_stride apart, any alignment; in a row, each sixteen numbers stand a_block behind the sixteen before them, so that a map
     * can be read as it is. b: a panel as packed_place has it. c: rows c_stride floats apart (a multiple of 16).
     * Of bfloat16 numbers: an even depth; products exact, sums in floats. */
    void (*product)(int rows, int depth, const void *a, size_t a_stride, size_t a_block, const void *b, float *c,
                    size_t c_stride, bool accumulate);

    /* As product, with the sums written to pixel pixels[r] of the targets as scatter does, two of them where a panel has 32 columns, else
     * one. They begin with c's where c is not NULL. */
    void (*product_write)(int rows, int depth, const void *a, size_t a_stride, size_t a_block, const void *b,
                          const float *c, size_t c_stride, const int32_t *pixels, const write_target *to);

    /* peak_flop multiplications and additions a round, all in registers, as fast as they can be started. The sum is of no meaning. */
    float (*peak)(long rounds, float x);
    int peak_flop;

    /* a[i][0 .. 16) = plane[pixels[i]] read through map, or zeros where pixels[i] < 0; i < count.
     * plane: one block a pixel. a: rows a_stride apart (a multiple of 16). */
    void (*gather)(void *a, size_t a_stride, const void *plane, const int32_t *pixels, int count, const read_map *map);

    /* plane[pixels[i]] = c[i] written through map, add[pixels[i]] added before the bend; i < count. add: NULL for nothing. */
    void (*scatter)(const float *c, size_t c_stride, void *plane, const int32_t *pixels, int count,
                    const write_map *map, const void *add);

    /* Winograd input transform B^T d B of `tiles` tiles beside each other, 4 inputs apart, all of their inputs inside the
     * plane. from: the first tile's upper left input; row_pixels, spacing: pixels from one row of inputs, and from one column, to the
     * next.
     * v[point * point_stride + tile * tile_stride + channel], both strides multiples of 16. */
    void (*winograd_input[WINOGRAD_FORMS])(const void *from, size_t row_pixels, int spacing, int tiles,
                                           const read_map *map, void *v, size_t point_stride, size_t tile_stride);

    /* Winograd output transform A^T m A of one tile, written through map to height x width (1..4) pixels from `to` on, every
     * `spacing`-th of a row and a column; add: what is added before the bend, its pixels placed as those of `to`, or NULL. */
    void (*winograd_output[WINOGRAD_FORMS])(const float *m, size_t point_stride, void *to, size_t row_pixels,
                                            int spacing, int height, int width, const write_map *map, const void *add);

    /* One output row of the separable FIR: to[x] = leaky(scale * sum over i, j of down[i] * across[j] * row[i][x + j] + bias),
     * scale and bias those of map, x < width. rows: four pointers to rows of `columns` blocks, which stand behind `before` zero blocks and before as many as
     * width + 3 asks for. sums: scratch of width + 3 blocks of floats. */
    void (*fir_row)(const void *const rows[4], int columns, int before, const float down[4], const float across[4],
                    float *sums, void *to, int width, const write_map *map);

    /* One output row of a depthwise 3x3 convolution: to[x] = sum over i, j of weights[i * 3 + j] * rows[i][x * stride + j - 1]
     * written through map, x < width. rows: three pointers to rows of `columns` blocks, NULL for a row of zeros; columns outside
     * are zeros. weights: nine blocks of floats. */
    void (*depthwise_row)(const void *const rows[3], int columns, int stride, const float *weights, void *to, int width,
                          const write_map *map);

    /* One row of one block of a 1x1 convolution of a picture: to[x] = sum over c of weights[c][16] * planes[c * plane_stride + x],
     * written through `write`, and read again through `read` unless that is NULL; x < count. planes: any alignment. read has a bias. */
    void (*picture_row)(const float *planes, size_t plane_stride, int channels, const float *weights,
                        const write_map *write, const read_map *read, int count, void *to);

    /* sum of x[i] * y[i], i < count; count is a multiple of 16. */
    float (*dot)(const float *x, const float *y, size_t count);

    /* to[o][p] += sum over the blocks' channels of weights[o][block * 16 + c] * (map's reading of plane[block][p]), p < count,
     * o < outputs (1..4). planes are plane_stride numbers apart, weights rows weight_stride; maps: one a block; `to` rows are
     * to_stride apart, any alignment. */
    void (*project)(const void *planes, size_t plane_stride, int blocks, const read_map *maps, const float *weights,
                    size_t weight_stride, int outputs, int count, float *to, size_t to_stride);

    /* to[x] = a[x] + b[x * columns / width], x < width: b is a row of `columns` blocks, read at the nearest one. */
    void (*add_row)(const void *a, const void *b, int columns, void *to, int width);

    /* One output row of pooling: to[x] = the largest of rows[i][2x - 1 .. 2x + 1] inside rows of `columns` blocks, x < width. rows:
     * NULL for one outside. */
    void (*max_row)(const void *const rows[3], int columns, void *to, int width);

    /* Numbers to floats and back; count is a multiple of 16. */
    void (*widen)(const void *from, size_t count, float *to);
    void (*narrow)(const float *from, size_t count, void *to);
} cpu_kernels;

/* Where number (row, column) of a panel stands: row after row; bfloat16 numbers in pairs of rows, as their product takes them. */
static inline size_t packed_place(const cpu_kernels *kernels, size_t row, size_t column)
{
    size_t columns = (size_t)kernels->columns;
    if (kernels->number_bytes == sizeof(float))
        return row * columns + column;
    return (row / 2 * columns + column) * 2 + row % 2;
}

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
#ifdef GPEN_HAVE_AVX512_BF16
extern const cpu_kernels cpu_kernels_avx512_bf16;
#endif

/* Naive, summed in double: what the tests compare with, both on floats, the second with the points of bfloat16 tables. Never used
 * to run a network. */
extern const cpu_kernels cpu_kernels_reference, cpu_kernels_reference_bf16;

/* The table of a level this processor can run; NULL when it cannot, or there is none of that name. */
const cpu_kernels *cpu_kernels_named(const char *level);

/* The table of floats at a table's level: itself, or the one beside a bfloat16 table. */
const cpu_kernels *cpu_kernels_of_floats(const cpu_kernels *kernels);

/* The levels this processor can run, best first; returns how many. A bfloat16 table stands directly before the one of floats. */
int cpu_kernels_available(const cpu_kernels **tables, int capacity);

#endif

/* The CPU backend's program: steps over an arena and packed weights. Private to src/nn/cpu.
 *
 * Memory of a program
 *     packed   one block, written while uploading or mapped from a file that an earlier upload left, only read while running:
 *              [node 0's weights][node 1's] ...
 *     arena    one block: every value and every step's scratch at a fixed offset, shared by those whose lifetimes allow it
 *
 * A kind of step is one file with two functions: prepare_NAME decides how the step will work, asks for scratch and packs its
 * weights; run_NAME does it.
 */
#ifndef GPEN_NN_CPU_H
#define GPEN_NN_CPU_H

#include "base/memory.h"
#include "base/threads.h"
#include "nn/arena.h"
#include "nn/cpu/kernels.h"
#include "nn/cpu/packed.h"
#include "nn/graph.h"

typedef struct cpu_program cpu_program;
typedef struct cpu_step cpu_step;

/* divide.c: a step of rows times columns cut into tasks of at most so many of each, all but the last ones alike. Columns stay multiples of
 * their unit, or all together. The results' bits do not depend on it. */
typedef struct division {
    int rows, columns;
} division;
division divide_work(int rows, int most_rows, int columns, int column_unit, int threads);

/* A convolution as products of gathered pixels with weight panels (conv_product.c). */
enum { CONV_MAX_TAPS = 225, CONV_MAX_PHASES = 4 };

typedef struct conv_phase {
    int height, width; /* output pixels of this phase */
    int row, column;   /* the first one's place in the output; the next is `spacing` further */
    int taps;
    short tap_row[CONV_MAX_TAPS], tap_column[CONV_MAX_TAPS]; /* input pixel = output pixel * stride + tap */
    short tap[CONV_MAX_TAPS];                                /* which number of the kernel */
    int chunk;                                               /* channel blocks gathered at a time */
    division task;                                           /* output pixels, columns */
    size_t depth, packed;                                    /* length of a panel; where the panels start */
} conv_phase;

typedef struct conv_product {
    int phases, spacing, stride;
    bool direct; /* rows are the map's own pixels: a 1x1 kernel that reads them as they are */
    conv_phase phase[CONV_MAX_PHASES];
    bool chunked;               /* some phase's channels are gathered in several pieces */
    int pixels;                 /* output pixels of a task at most */
    size_t a_numbers, c_floats; /* of a row, in a thread's scratch */
} conv_product;

/* A convolution by Winograd's minimal filtering (conv_winograd.c): one pass, or four for the phases of a transposed one. */
typedef struct winograd_pass {
    winograd_form form;
    int height, width;     /* output pixels of this pass */
    int row, column;       /* the first one's place in the output; the next is `spacing` further */
    int in_row, in_column; /* of the first tile's first input; -1: in the padding */
    int tile_rows, tile_columns;
    int group;   /* tiles transformed at a time */
    bool staged; /* all threads share a group and meet after each of the three stages; else each has its own */
    size_t v_point, m_point; /* strides, numbers and floats */
    size_t packed;           /* where the transformed weights are */
} winograd_pass;

typedef struct conv_winograd {
    int passes, spacing, in_spacing; /* of outputs and inputs of a pass: pixels from one to the next */
    bool summed;                     /* the passes' outputs are added up: stride 2 */
    winograd_pass pass[CONV_MAX_PHASES];
    size_t v_tile, m_tile; /* strides, numbers and floats */
} conv_winograd;

/* What convolutions share: where channels come from and how they are read and written. */
typedef struct conv_maps {
    int source_blocks, feature_blocks; /* of the inputs */
    int outputs;                       /* channels */
    int columns;                       /* output channels rounded up to whole panels and blocks */
    size_t feature_bias, feature_gain; /* packed offsets */
    size_t scale, bias;                /* likewise; the normalisation, and bias times the activation's gain */
    size_t read_scale, write_scale;    /* offsets in the step's scratch */
} conv_maps;

struct cpu_step {
    nn_node node;
    nn_value value;       /* its number: where the output goes */
    nn_shape input_shape; /* of node.inputs[0], when there is one */
    void (*run)(const cpu_program *program, const cpu_step *step);
    bool in_place;         /* the image, and only convolutions read it: from where the caller has it (planar_at) */
    bool computed;         /* a map that is not kept: what reads it computes it (conv_picture.c) */
    size_t scratch_floats; /* shared by the threads: the maps' scales and what a kind needs */
    size_t thread_floats;  /* for each thread */
    size_t scratch;        /* arena offset, of the shared part followed by the threads' */
    size_t weights;        /* packed offset of the main weights */
    size_t extra;          /* packed offset of further numbers, as the kind says */
    size_t rows;           /* offset in a thread's scratch: pixels of a map that is computed where it is read */
    conv_maps maps;
    conv_product product; /* for steps of this kind */
    conv_winograd winograd;
    char name[96];
    double gflop_direct, gflop_executed, seconds;
};

struct cpu_program {
    const cpu_kernels *kernels; /* of what maps hold: floats or bfloat16 */
    const cpu_kernels *floats;  /* the same level's for floats */
    thread_pool *pool;
    cpu_step *steps; /* numbered as their values; number 0 is no step */
    int count;
    size_t *value_offsets; /* arena offset of each value */
    float *arena;
    const float *packed;         /* the weights' first number */
    packed_weights packed_block; /* what holds them */
    size_t arena_floats, packed_floats;
    uint64_t layout; /* of the packed weights: the same number, the same places */
    bool keep_marks;
    const float *input; /* during a run */
    nn_value outputs[NN_MAX_OUTPUTS];
    int output_count;
};

/* While uploading: the program, its graph and where weights come from. */
typedef struct cpu_upload {
    cpu_program *program;
    const nn_graph *graph;
    const nn_weights *weights;
    gpen_error *error;
    bool writing; /* the second pass */
} cpu_upload;

/* Reserves room for `floats` packed numbers, zeroed, and gives its offset. Before the second pass of uploading there is no
 * memory behind it: see upload.c. */
size_t pack_reserve(cpu_upload *upload, size_t floats);

/* The reserved numbers, NULL in the first pass, in which only sizes are counted. */
float *pack_at(cpu_upload *upload, size_t offset);

/* Writes number (row, column) of a panel. */
void pack_number(const cpu_kernels *kernels, void *panel, size_t row, size_t column, float value);

/* Reads a weight's whole tensor into a fresh array (aligned_free with *bytes), times nothing. *values is NULL, and GPEN_OK
 * returned, in the first pass. */
gpen_status pack_read(cpu_upload *upload, nn_weight weight, float **values, size_t *bytes);

/* Packs `count` numbers from the weight's offset on, times its scale and `factor`, followed by zeros up to `floats`. An absent
 * weight gives `absent` in the first `count`. */
gpen_status pack_vector(cpu_upload *upload, nn_weight weight, size_t count, float factor, float absent, size_t floats,
                        size_t *offset);

/* The two factors of a 4x4 kernel in the order of correlation: four numbers down, four across. MODEL_INVALID when it has none. */
gpen_status pack_separable(cpu_upload *upload, nn_weight kernel, size_t *offset);

/* One factor and one summand for each of `count` channels, each padded with zeros to `floats`: those of the normalisation, or 1
 * and 0; plus the bias, if there is one. The summand is times gain. */
gpen_status pack_norm(cpu_upload *upload, const nn_norm *norm, nn_weight bias, size_t count, float gain, size_t floats,
                      size_t *scale, size_t *summand);

/* Whether a step's value is still looked at when a run is over. */
bool value_lasts(const cpu_program *program, const cpu_step *step);

gpen_status prepare_image(cpu_upload *upload, cpu_step *step);
gpen_status prepare_constant(cpu_upload *upload, cpu_step *step);
gpen_status prepare_conv(cpu_upload *upload, cpu_step *step);
gpen_status prepare_conv_product(cpu_upload *upload, cpu_step *step);
gpen_status prepare_conv_winograd(cpu_upload *upload, cpu_step *step);
gpen_status prepare_blur(cpu_upload *upload, cpu_step *step);
gpen_status prepare_upsample(cpu_upload *upload, cpu_step *step);
gpen_status prepare_to_rgb(cpu_upload *upload, cpu_step *step);
gpen_status prepare_dense(cpu_upload *upload, cpu_step *step);
gpen_status prepare_demodulate(cpu_upload *upload, cpu_step *step);
gpen_status prepare_pixel_norm(cpu_upload *upload, cpu_step *step);
gpen_status prepare_flatten(cpu_upload *upload, cpu_step *step);
gpen_status prepare_depthwise(cpu_upload *upload, cpu_step *step);
gpen_status prepare_max_pool(cpu_upload *upload, cpu_step *step);
gpen_status prepare_add(cpu_upload *upload, cpu_step *step);
gpen_status prepare_concat(cpu_upload *upload, cpu_step *step);
gpen_status prepare_argmax(cpu_upload *upload, cpu_step *step);

/* ---------------------------------------------------------------- while running */

static inline float *value_at(const cpu_program *program, nn_value value)
{
    return program->arena + program->value_offsets[value];
}

/* A planar value's numbers, of any alignment: those of the caller's picture where no step needed a copy of it. */
static inline const float *planar_at(const cpu_program *program, nn_value value)
{
    return program->steps[value].in_place ? program->input : value_at(program, value);
}

static inline const nn_shape *value_shape(const cpu_program *program, nn_value value)
{
    return &program->steps[value].node.shape;
}

static inline float *step_scratch(const cpu_program *program, const cpu_step *step)
{
    return program->arena + step->scratch;
}

static inline float *thread_scratch(const cpu_program *program, const cpu_step *step, int worker)
{
    return program->arena + step->scratch + step->scratch_floats + (size_t)worker * step->thread_floats;
}

/* Floats of memory that so many of the maps' numbers take. */
static inline size_t number_floats(const cpu_program *program, size_t numbers)
{
    return round_up(numbers * program->kernels->number_bytes / sizeof(float), BLOCK);
}

/* Bytes of so many pixels of a block. */
static inline size_t pixel_bytes(const cpu_program *program, size_t pixels)
{
    return pixels * BLOCK * program->kernels->number_bytes;
}

/* Block `block` of a map. */
static inline char *plane_at(const cpu_program *program, nn_value value, int block)
{
    const nn_shape *shape = value_shape(program, value);
    void *map = value_at(program, value);
    return (char *)map + pixel_bytes(program, (size_t)block * (size_t)shape->height * (size_t)shape->width);
}

/* conv_maps.c: prepares what convolutions and to_rgb share, fills in the scales for one run, and gives the maps. */
gpen_status prepare_conv_maps(cpu_upload *upload, cpu_step *step, const nn_feature *feature, const nn_norm *norm,
                              nn_weight bias, nn_activation activation);
void begin_conv_maps(const cpu_program *program, const cpu_step *step, nn_value style, nn_value demodulation,
                     float gain);

/* conv_picture.c: a convolution whose map is computed where it is read, and its preparing. */
bool conv_picture_suits(const cpu_upload *upload, const cpu_step *step);
gpen_status prepare_conv_picture(cpu_upload *upload, cpu_step *step);

/* Pixels [first, first + count) of a block of such a value, as numbers; read through `read` unless that is NULL. */
void conv_picture_pixels(const cpu_program *program, nn_value value, int block, size_t first, int count,
                         const read_map *read, void *to);

/* Likewise a rectangle, row behind row, zeros where it reaches beyond the map. */
typedef struct picture_square {
    int row, column, rows, columns;
} picture_square;
void conv_picture_square(const cpu_program *program, nn_value value, int block, const picture_square *square,
                         const read_map *read, char *to);

/* winograd_weights.c: matrices of transformed weights of a form, which of them a point has, and their packing. */
int winograd_matrices(winograd_form form);
int winograd_matrix(winograd_form form, int point);
gpen_status pack_winograd(cpu_upload *upload, cpu_step *step);

/* conv.c: whether a convolution will go by Winograd. */
bool conv_by_winograd(const cpu_program *program, const nn_graph *graph, const nn_node *node);

/* The plane of input block `block` (source, then feature) and how it is read. */
const char *conv_input_plane(const cpu_program *program, const cpu_step *step, int block, read_map *map);
write_map conv_output_map(const cpu_program *program, const cpu_step *step, int block);

/* Sixteen ones: the scale of a read_map that reads as it is. */
extern const float block_of_ones[BLOCK];

/* What is added to output block `block`, or NULL. */
const char *conv_added_plane(const cpu_program *program, const cpu_step *step, int block);

/* The row or column of the input that stands at `position` of the padded one; -1 where there are zeros. */
int conv_padded_position(int position, int length, nn_padding mode);

/* The number of the input pixel that stands at (row, column) of the padded, perhaps doubled input; -1 where there are zeros. */
int32_t conv_input_pixel(const cpu_step *step, int row, int column);

int conv_input_blocks(const cpu_step *step); /* of source and feature */

/* planar_rows.c: rows of a convolution that reads a picture, for output pixels [first, first + count): row after row a_stride floats
 * apart, each with kernel * kernel numbers a channel, followed by up to PLANAR_BEYOND numbers of no meaning. */
enum { PLANAR_BEYOND = 8 };
void planar_rows(const cpu_program *program, const cpu_step *step, int first, int count, float *a, size_t a_stride);

/* Where a channel's tap stands in such a row. */
static inline size_t planar_row_place(const cpu_step *step, int channel, int tap)
{
    return (size_t)channel * (size_t)(step->node.conv.kernel * step->node.conv.kernel) + (size_t)tap;
}

/* peak.c: GFLOP/s of the program's kernels and threads in registers, measured now. */
double cpu_peak(const cpu_program *program);

#endif

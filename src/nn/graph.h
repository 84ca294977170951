/* What a graph holds: private to src/nn, read by the backends. */
#ifndef GPEN_NN_GRAPH_H
#define GPEN_NN_GRAPH_H

#include "nn/nn.h"

enum { NN_BLOCK = 16 }; /* channels side by side in a map */

typedef enum nn_kind { NN_VECTOR, NN_PLANAR, NN_MAP } nn_kind;

typedef struct nn_shape {
    nn_kind kind;
    int channels, height, width; /* a vector: its length, 1, 1 */
} nn_shape;

typedef enum nn_operation {
    NN_OP_IMAGE,
    NN_OP_CONSTANT,
    NN_OP_CONV,
    NN_OP_BLUR,
    NN_OP_UPSAMPLE,
    NN_OP_TO_RGB,
    NN_OP_DENSE,
    NN_OP_DEMODULATE,
    NN_OP_PIXEL_NORM,
    NN_OP_FLATTEN,
    NN_OP_DEPTHWISE,
    NN_OP_MAX_POOL,
    NN_OP_ADD,
    NN_OP_CONCAT,
    NN_OP_ARGMAX,
} nn_operation;

enum { NN_MAX_INPUTS = 5, NN_MARK_LENGTH = 24 };

/* One operation and the value it makes; a value's number is its node's. Nodes stand in an order in which they can run;
 * number 0 is no node. */
typedef struct nn_node {
    nn_operation operation;
    nn_shape shape;
    nn_value inputs[NN_MAX_INPUTS]; /* all that it reads; NN_NONE fills the rest */
    char mark[NN_MARK_LENGTH];      /* "" for none */
    union {
        nn_conv_options conv;
        nn_blur_options blur;
        nn_to_rgb_options to_rgb;
        nn_depthwise_options depthwise;
        struct {
            nn_weight weight, bias;
            nn_activation activation;
            int taps;
        } dense; /* dense, demodulate, and the weight of constant and upsample */
    };
} nn_node;

struct nn_graph {
    nn_node *nodes;
    int count, capacity; /* count includes number 0 */
    nn_value image;
    nn_value outputs[NN_MAX_OUTPUTS];
    int output_count;
    gpen_error error; /* the first failure */
};

static inline int nn_blocks(int channels)
{
    return (channels + NN_BLOCK - 1) / NN_BLOCK;
}

/* Floats in memory, padding channels included; for a vector rounded up to a whole block. */
static inline size_t nn_shape_floats(const nn_shape *shape)
{
    if (shape->kind == NN_PLANAR)
        return (size_t)shape->channels * (size_t)shape->height * (size_t)shape->width;
    return (size_t)nn_blocks(shape->channels) * NN_BLOCK * (size_t)shape->height * (size_t)shape->width;
}

/* Channels of a map are numbered with the padding between source and feature: where channel `channel` of source-then-feature
 * stands when both are padded to whole blocks. */
static inline int nn_padded_channel(int channel, int source_channels)
{
    return channel < source_channels ? channel : nn_blocks(source_channels) * NN_BLOCK + channel - source_channels;
}

#endif

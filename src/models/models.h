/* models.h: the networks of a portrait pipeline, built from the tensors of a weights file. The face of src/models. */
#ifndef GPEN_MODELS_H
#define GPEN_MODELS_H

#include "nn/nn.h"
#include "weights/weights.h"

/* ---------------------------------------------------------------- GPEN, the restorer (gpen.c, gpen_shapes.c) */

enum { GPEN_MAX_LEVELS = 10 }; /* 4, 8, ... 2048 pixels */

/* What the tensors' names and shapes say about a GPEN. Level l has maps of 4 << l pixels. */
typedef struct gpen_architecture {
    int size;           /* pixels a side: 64..2048 */
    int levels;         /* 4 << (levels - 1) == size */
    int channels[GPEN_MAX_LEVELS];
    int style_length;
    int mapping_layers;
} gpen_architecture;

/* Reads the architecture and checks that every tensor it needs is there, in the right shape, and no other.
 * Errors: MODEL_INVALID, naming the first tensor that is missing, misshapen or not known. */
gpen_status gpen_architecture_read(gpen_architecture *architecture, const weights *file, gpen_error *error);

/* The generator as a graph: planar [3][size][size], RGB in -1..1, to the same, unclamped. Marks "style", "map4", "map8", ...
 * and "rgb4", "rgb8", ... Tensor n is the file's number n - 1: use weights_for_plan. NULL: no memory. */
nn_graph *gpen_graph(const gpen_architecture *architecture, const weights *file);

/* How nn_plan_compile reads the tensors of a file. The file must stay open meanwhile. */
nn_weights weights_for_plan(const weights *file);

#endif

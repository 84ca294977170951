/* models.h: the networks of a portrait pipeline, built from the tensors of a weights file. The face of src/models. */
#ifndef GPEN_MODELS_H
#define GPEN_MODELS_H

#include "nn/nn.h"
#include "weights/weights.h"

/* ---------------------------------------------------------------- GPEN, the restorer (gpen.c, gpen_shapes.c) */

enum { GPEN_MAX_LEVELS = 10 }; /* 4, 8, ... 2048 pixels */

/* What the tensors' names and shapes say about a GPEN. Level l has maps of 4 << l pixels. */
typedef struct gpen_architecture {
    int size;   /* pixels a side: 64..2048 */
    int levels; /* 4 << (levels - 1) == size */
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

/* ---------------------------------------------------------------- RetinaFace, the detector (retinaface.c)
 * Deng et al., "RetinaFace: Single-Shot Multi-Level Face Localisation in the Wild", CVPR 2020; with ResNet-50 or a narrow
 * MobileNet (0.25 or other widths) as its body. */

typedef struct retinaface_architecture {
    bool resnet;
    int width; /* channels of the feature pyramid */
} retinaface_architecture;

/* Outputs of the graph: for pyramid level l (strides 8, 16, 32) number 3 l + these. Two anchors a pixel: channels of anchor a are
 * a * 4 .. (box: centre x, y, width, height offsets), a * 2 .. (logits: background, face), a * 10 .. (five points x, y). */
enum { RETINAFACE_BOXES, RETINAFACE_SCORES, RETINAFACE_LANDMARKS, RETINAFACE_HEADS, RETINAFACE_LEVELS = 3 };

/* Errors: MODEL_INVALID, as gpen_architecture_read. */
gpen_status retinaface_architecture_read(retinaface_architecture *architecture, const weights *file, gpen_error *error);

/* Input planar [3][height][width], BGR minus (104, 117, 123), any size from 32x32. All convolutions serve any size. */
nn_graph *retinaface_graph(const retinaface_architecture *architecture, const weights *file, int height, int width);

/* ---------------------------------------------------------------- ParseNet, the parser (parsenet.c) */

typedef struct parsenet_architecture {
    int steps;   /* halvings on the way in, doublings on the way out */
    int depth;   /* blocks in between */
    int classes; /* 19: background, skin, brows, eyes, ... */
} parsenet_architecture;

enum { PARSENET_SIZE = 512 };

/* Errors: MODEL_INVALID, as gpen_architecture_read. */
gpen_status parsenet_architecture_read(parsenet_architecture *architecture, const weights *file, gpen_error *error);

/* Input planar [3][512][512], RGB in -1..1; output 0 planar [1][512][512], the class of each pixel. Mark "logits". */
nn_graph *parsenet_graph(const parsenet_architecture *architecture, const weights *file);

/* How nn_plan_compile reads the tensors of a file. The file must stay open meanwhile. */
nn_weights weights_for_plan(const weights *file);

#endif

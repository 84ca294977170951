/* What the files of src/portrait share: the three networks on one device. Private to the room. */
#ifndef GPEN_PORTRAIT_ROOM_H
#define GPEN_PORTRAIT_ROOM_H

#include "image/image.h"
#include "models/models.h"
#include "portrait/portrait.h"

/* What nn_plan_compile takes for a precision, FP32 or BF16. */
int room_plan_flags(gpen_precision precision);

/* nn_plan_compile of a file's tensors, packed before if the cache folder (or NULL) has them, kept there if not. Frees the graph; a graph
 * of NULL is OUT_OF_MEMORY. */
gpen_status room_compile(nn_plan **plan, nn_device *device, nn_graph *graph, const weights *file, int flags,
                         const char *cache, gpen_error *error);

/* ---------------------------------------------------------------- the restorer (restorer.c) */

typedef struct restorer {
    gpen_architecture architecture;
    int64_t parameters;
    nn_plan *plan;
    float *planar; /* [3][size][size], input and output of the plan */
    size_t planar_bytes;
} restorer;

gpen_status restorer_open(restorer *r, nn_device *device, gpen_precision precision, const weights *file,
                          const char *cache, gpen_error *error);
void restorer_close(restorer *r);

/* One crop through the network: crop and restored are size x size, of the same channels and bits, and may be the same image; alpha
 * is copied. Grey crops are restored in three equal channels. false: some of the network's numbers are not finite, and
 * restored is of no use. */
bool restorer_apply(restorer *r, const gpen_image *crop, gpen_image *restored);

/* restored = restored * strength % + crop * the rest, rounded to nearest even; alpha stays. */
void blend_strength(const gpen_image *crop, int strength, gpen_image *restored);

/* ---------------------------------------------------------------- the detector (detector.c, boxes.c) */

typedef struct detector {
    retinaface_architecture architecture;
    weights *file; /* stays open: another photo size needs another graph */
    nn_device *device;
    char *cache;   /* or NULL */
    nn_plan *plan; /* for pictures of width x height; NULL before the first */
    int width, height;
} detector;

gpen_status detector_open(detector *d, nn_device *device, const char *path, const char *cache, gpen_error *error);
void detector_close(detector *d);

/* Makes the plan one for pictures of width x height, which has these outputs. Errors: OUT_OF_MEMORY. */
gpen_status detector_fit(detector *d, int width, int height, gpen_error *error);
enum { DETECTOR_PLANES = RETINAFACE_LEVELS * RETINAFACE_HEADS };
size_t detector_plane_floats(int output, int width, int height);

gpen_status detector_find(detector *d, const gpen_image *photo, float least_score, gpen_faces *faces,
                          gpen_error *error);

/* The network's nine planes for a picture of width x height as faces in its pixels: offsets applied to the anchors, those of at
 * least least_score kept, the best 5000 thinned by non-maximum suppression (overlap 0.4), at most 750. */
gpen_status boxes_decode(float *const planes[RETINAFACE_LEVELS * RETINAFACE_HEADS], int width, int height,
                         float least_score, gpen_faces *faces, gpen_error *error);

/* ---------------------------------------------------------------- the parser and the masks (parser.c, mask.c) */

typedef struct parser {
    nn_plan *plan;  /* NULL: there is none */
    float *planar;  /* [3][512][512] */
    float *classes; /* [512][512] */
} parser;

gpen_status parser_open(parser *p, nn_device *device, gpen_precision precision, const char *path, const char *cache,
                        gpen_error *error);
void parser_close(parser *p);

/* 1 where the face (any size, any channels and bits) shows skin, features or hair, 0 elsewhere and in a border of 26 px: mask is
 * a plane of 512x512. Errors: OUT_OF_MEMORY. */
gpen_status parser_mask(parser *p, const gpen_image *face, plane *mask, gpen_error *error);

/* The soft mask of a restored face, size x size, 0..1: the parser's, or without one the published feathered square (plain) or an
 * ellipse around the five landmarks' places (natural). Release with plane_free. Errors: OUT_OF_MEMORY. */
gpen_status mask_make(parser *p, const gpen_image *face, gpen_mode mode, plane *mask, gpen_error *error);

/* ---------------------------------------------------------------- alignment (align.c) */

/* Where the five landmarks stand in a crop of `size` pixels. */
void align_template(int size, float points[5][2]);

/* The similarity transform (turn, scale, shift) that brings the landmarks nearest to the template, in the sense of least squares,
 * and the way back as the published code takes it. false: the landmarks do not determine one.
 * Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991. */
bool align_face(float landmarks[5][2], int size, image_affine *forward, image_affine *back);

/* ---------------------------------------------------------------- pasting (paste.c) */

/* A photo's result while its faces come in. */
typedef struct canvas {
    const gpen_image *photo; /* as it came */
    gpen_image *result;      /* begins as a copy of it */
    plane strongest;         /* the strongest mask so far at each pixel; its untouched pages take no memory */
    uint8_t *touched;        /* or NULL */
    float margin;            /* by how much a mask must be stronger than one before it */
} canvas;

/* mode plain: any stronger mask wins, as published, so that where two full masks meet the last bits decide from pixel to pixel;
 * natural: there the face that came first keeps the pixel. */
gpen_status canvas_begin(canvas *c, const gpen_image *photo, gpen_mode mode, gpen_image *result, uint8_t *touched,
                         gpen_error *error);
void canvas_end(canvas *c);

/* Puts one face where its mask is stronger than what is there. face and mask are crops of the same size, back leads from the crop
 * to the photo. Only the pixels under the crop are looked at. Errors: OUT_OF_MEMORY. */
gpen_status canvas_paste(canvas *c, const gpen_image *face, const plane *mask, const image_affine *back,
                         gpen_error *error);

/* ---------------------------------------------------------------- */

struct gpen_model {
    nn_device *device;
    gpen_precision precision; /* FP32 or BF16 */
    restorer restorer;        /* plan NULL: there is none */
    detector detector;        /* file NULL: there is none */
    parser parser;
};

#endif

/* What the files of src/portrait share: the three networks on one device. Private to the room. */
#ifndef GPEN_PORTRAIT_ROOM_H
#define GPEN_PORTRAIT_ROOM_H

#include "finish/finish.h"
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
 * least least_score kept, the best 5000 thinned by non-maximum suppression (BOXES_SAME_FACE), at most 750. */
gpen_status boxes_decode(float *const planes[RETINAFACE_LEVELS * RETINAFACE_HEADS], int width, int height,
                         float least_score, gpen_faces *faces, gpen_error *error);

/* Intersection over union of boxes whose last pixel counts, as the published code has it: 0..1. */
float boxes_overlap(const float a[4], const float b[4]);

/* Boxes that overlap by more are around the same face. */
#define BOXES_SAME_FACE 0.4f

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
 * a plane of 512x512. classes: [512][512], each pixel's class, or NULL. Errors: OUT_OF_MEMORY. */
gpen_status parser_mask(parser *p, const gpen_image *face, uint8_t *classes, plane *mask, gpen_error *error);

/* The soft mask of a restored face, size x size, 0..1: the parser's, or without one the published feathered square (plain) or an
 * ellipse around the five landmarks' places (other modes). classes: as in parser_mask, left as they are without a parser. Release with
 * plane_free. Errors: OUT_OF_MEMORY. */
gpen_status mask_make(parser *p, const gpen_image *face, gpen_mode mode, uint8_t *classes, plane *mask,
                      gpen_error *error);

/* ---------------------------------------------------------------- alignment (align.c) */

/* Where the five landmarks stand in a crop of `size` pixels. */
void align_template(int size, float points[5][2]);

/* The similarity transform (turn, scale, shift) that brings the landmarks nearest to the template, in the sense of least squares,
 * and the way back as the published code takes it. false: the landmarks do not determine one.
 * Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991. */
bool align_face(float landmarks[5][2], int size, image_affine *forward, image_affine *back);

/* ---------------------------------------------------------------- one face through the networks (crop.c, shift.c) */

struct likeness; /* likeness.h */

/* A face as the networks left it. Crops are size x size, in the photo's channels and bits. */
typedef struct face_crop {
    image_affine forward, back; /* from the photo to the crop, and back */
    gpen_image before;          /* as it came */
    gpen_image after;           /* restored; softened where the face is small */
    plane mask;                 /* how much of `after` is pasted, 0..1 */
    bool square;                /* the mask is the published square, which the other modes have no use for */
    uint8_t *classes;           /* [PARSENET_SIZE][PARSENET_SIZE], or NULL without a parser */
    struct likeness *likeness;  /* of before and after; NULL until it was asked for */
    plane shift[2]; /* where what stands in `before` stands in `after`: pixels across and down, on a coarse grid;
                                 * without values where only mode plain was asked for */
} face_crop;

/* What a face is restored from, and for. */
typedef struct crop_wish {
    const gpen_image *photo; /* as it came */
    const gpen_image *clean; /* without its noise, to restore from; or NULL */
    gpen_mode mode;
} crop_wish;

/* Restores a face in state FOUND. Where that cannot be done the state says why, and *crop is empty. Release with
 * face_crop_free. Errors: OUT_OF_MEMORY. */
gpen_status face_crop_make(face_crop *crop, gpen_model *model, const crop_wish *wish, gpen_face *face,
                           gpen_error *error);
void face_crop_free(face_crop *crop);

/* Makes mask and shift what a mode needs, where they are not yet; no network has to run for that. Errors: OUT_OF_MEMORY. */
gpen_status face_crop_fit(face_crop *crop, parser *p, gpen_mode mode, gpen_error *error);

/* Measures the likeness, where that is not done yet. face: whose crop it is; finder: or NULL, then its landmarks do not count.
 * Errors: OUT_OF_MEMORY. */
gpen_status face_crop_judge(face_crop *crop, detector *finder, const gpen_face *face, gpen_error *error);

/* Of the box, pixels. */
float face_shorter_side(const gpen_face *face);

/* Finds shift (as in face_crop) between two faces of the same size. Release both planes. Errors: OUT_OF_MEMORY. */
gpen_status shift_find(plane shift[2], const gpen_image *before, const gpen_image *after, gpen_error *error);

/* ---------------------------------------------------------------- planes of a face (planes.c) */

/* Between four neighbours; beyond the edges the outermost go on. */
float plane_between(const plane *from, float x, float y);
float sample_between(const gpen_image *from, float x, float y, int channel);

float luma_of(const float colours[3]); /* ITU-R BT.601 */

/* Each makes a plane, to be released, or makes one anew in its place. Errors: OUT_OF_MEMORY. */
gpen_status plane_luma(plane *p, const gpen_image *image, gpen_error *error); /* 0..1 */
gpen_status plane_copy(plane *to, const plane *from, gpen_error *error);
gpen_status plane_halve(plane *p, gpen_error *error);
gpen_status plane_mean_twice(plane *p, int radius, gpen_error *error);

/* What of a plane is coarser than about 2 to the power of `halvings` pixels, so often halved (plane_resize_row brings it back). */
gpen_status plane_coarse(plane *coarse, const plane *fine, int halvings, gpen_error *error);

/* ---------------------------------------------------------------- what a face looks like (look.c, blend.c, fine.c) */

/* A face as it came and restored, of one size. */
typedef struct face_pair {
    const gpen_image *before, *after;
    const plane *shift; /* [2], as in face_crop */
    float shift_scale;  /* pixels of these pictures in a pixel of the shift */
    int halvings;       /* detail is what is lost when the pictures are halved so often: 4 px of the photo */
} face_pair;

/* How much of the restored face there is, 0..1: of its places, of what is coarse, of fine detail. */
typedef struct blend_weights {
    float place, coarse, detail;
} blend_weights;

/* Of modes natural and strong. */
blend_weights blend_weights_of(gpen_mode mode, int strength);

/* Each fills the colours of *to, of the pair's size, channels and bits. Errors: OUT_OF_MEMORY. */
gpen_status blend_faces(const face_pair *pair, blend_weights weights, thread_pool *pool, gpen_image *to,
                        gpen_error *error);
gpen_status add_fine_detail(const face_pair *pair, int strength, thread_pool *pool, gpen_image *to, gpen_error *error);

typedef struct look_wish {
    gpen_mode mode;
    int strength; /* 1..100 */
    bool grey;    /* the photo is black and white */
    int halvings; /* for a preview: so many times half of the crop's size */
} look_wish;

/* What is pasted. */
typedef struct face_look {
    gpen_image before, face; /* of one size: as it came, and as it becomes */
    float kept;  /* how much stays of what the photo has and `before` has not: detail finer than a crop's pixels */
    float grain; /* how much of the photo's grain it needs: what was replaced had so much */
} face_look;

gpen_status face_look_make(face_look *look, const face_crop *crop, const look_wish *wish, thread_pool *pool,
                           gpen_error *error);
void face_look_free(face_look *look);

/* ---------------------------------------------------------------- pasting (paste.c) */

/* A photo's result while its faces come in. */
typedef struct canvas {
    const gpen_image *photo;   /* as it came */
    const gpen_image *clean;   /* without its noise, or NULL */
    float cleaned;             /* how much of `clean` there is under the faces, 0..1 */
    const finish_grain *grain; /* that restored faces get, or NULL */
    uint8_t *touched;          /* or NULL */
    thread_pool *pool;

    gpen_image *result; /* begins as a copy of the photo */
    plane strongest;    /* the strongest mask so far at each pixel; its untouched pages take no memory */
    float margin;       /* by how much a mask must be stronger than one before it */
} canvas;

/* Begins a result on a canvas whose first fields are filled in. mode plain: any stronger mask wins, as published, so that where
 * two full masks meet the last bits decide from pixel to pixel; others: there the face that came first keeps the pixel.
 * Errors: OUT_OF_MEMORY. */
gpen_status canvas_begin(canvas *c, gpen_mode mode, gpen_image *result, gpen_error *error);
void canvas_end(canvas *c);

/* Puts one face where its mask (as large as its crops) is stronger than what is there; back leads from the crop to the photo. Only
 * the pixels under the crop are looked at. Errors: OUT_OF_MEMORY. */
gpen_status canvas_paste(canvas *c, const face_look *look, const plane *mask, const image_affine *back,
                         gpen_error *error);

/* ---------------------------------------------------------------- a whole photo (source.c, choose.c, pointed.c, compose.c) */

/* A photo and what all looks of it share, at one size. */
typedef struct photo_source {
    gpen_image photo;    /* the caller's pixels at full size, reduced ones in a preview */
    bool owned;          /* photo is to be released */
    double across, down; /* its pixels in a pixel of the whole photo; 1 at full size */
    bool grey;           /* colours that are none: black and white */
    gpen_image clean;    /* without its noise; pixels NULL until a mode asks for it */
    finish_grain *grain; /* like its own; NULL until a mode asks for it */
} photo_source;

/* edge 0, or no smaller than the photo's: full size. The pixels must live as long as the source. Release with
 * source_close. Errors: OUT_OF_MEMORY. */
gpen_status source_open(photo_source *source, const gpen_image *photo, int edge, gpen_error *error);
void source_close(photo_source *source);

/* Makes what a mode needs, where it is not there yet. Errors: OUT_OF_MEMORY. */
gpen_status source_prepare(photo_source *source, gpen_mode mode, thread_pool *pool, gpen_error *error);

/* What a face of a source prepared for the mode is restored from. */
crop_wish crop_wish_of(const photo_source *source, gpen_mode mode);

/* Finds a photo's faces, also such as are only likely enough to be mentioned; all in state FOUND. */
gpen_status photo_find(gpen_model *model, const gpen_image *photo, float least_score, gpen_faces *faces,
                       gpen_error *error);

/* The least score of faces that photos' results mention. */
#define LEAST_MENTIONED 0.5f

/* The face that a box in the settings' ranges stands for, pointed_at and in state FOUND: as the detector sees it from close, where it sees
 * one; else with its landmarks where a face that fills the box has them, and score 0. Such a face of a box outside of the photo has all
 * landmarks in one place. Errors: OUT_OF_MEMORY. */
gpen_status pointed_find(gpen_model *model, const gpen_image *photo, const float box[4], gpen_face *face,
                         gpen_error *error);

/* Puts a face of pointed_find behind the others, for which there must be room, or marks the one that it is. */
void faces_point(gpen_faces *faces, const gpen_face *face);

/* The faces that photo_find finds, from LEAST_MENTIONED on, and those that the settings point at. */
gpen_status photo_faces(gpen_model *model, const gpen_image *photo, const gpen_settings *settings, gpen_faces *faces,
                        gpen_error *error);

/* Gives each face the state that the settings give it: FOUND where it is to be restored, or why it is left. */
void faces_choose(gpen_faces *faces, const gpen_settings *settings);

/* A result while it comes about: begun, a face after the other, finished. */
typedef struct composition {
    const photo_source *source;
    const gpen_settings *settings;
    gpen_faces *faces;
    canvas canvas;
    gpen_image result;
    finish_face *finish_faces; /* of each face */
} composition;

/* The source is prepared for the settings' mode. touched: as in photo_enhance, or NULL. Errors: OUT_OF_MEMORY; ended then. */
gpen_status compose_begin(composition *c, const photo_source *source, const gpen_settings *settings, gpen_faces *faces,
                          uint8_t *touched, thread_pool *pool, gpen_error *error);

/* Do the settings ask that faces stay themselves? Then their crops are to be judged before they are pasted. */
bool guards_likeness(const gpen_settings *settings);

/* Pastes face `index` from its crop, if it is to be restored and the crop is not empty, and gives it its last state and strength. The
 * crop's classes must live until the photo is finished. pasted (may be NULL): the face as it was pasted, to be released; empty
 * where it was not. Errors: OUT_OF_MEMORY. */
gpen_status compose_face(composition *c, size_t index, const face_crop *crop, gpen_image *pasted, gpen_error *error);

/* Finishes the photo; the result is the caller's. Errors: OUT_OF_MEMORY. */
gpen_status compose_finish(composition *c, gpen_image *result, gpen_error *error);
void compose_end(composition *c);

/* What a restoring call needs: a restorer, and settings that can be. Errors: MODEL_MISSING, BAD_ARGUMENT. */
gpen_status check_restoring(const gpen_model *model, const gpen_settings *settings, gpen_error *error);

/* ---------------------------------------------------------------- */

struct gpen_model {
    nn_device *device;
    gpen_precision precision; /* FP32 or BF16 */
    restorer restorer;        /* plan NULL: there is none */
    detector detector;        /* file NULL: there is none */
    parser parser;
};

#endif

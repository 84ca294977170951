/* Faces drawn by formula, for tests of looks: one as it came and one as a restorer might have made it. */
#ifndef GPEN_TESTS_PAIRS_H
#define GPEN_TESTS_PAIRS_H

#include "portrait/room.h"

/* How a face is drawn: where, how sharp, in which colour. */
typedef struct drawing {
    double across, down; /* pixels its features are moved by */
    double softness;     /* pixels from dark to light at an edge */
    double tint[3];      /* added to the colours, 0..255 */
    int noise;           /* largest, 0..255 */
} drawing;

/* A face of 0..255 in size x size pixels; alpha, where there is one, is a pattern. */
gpen_image draw_face(int size, int channels, int bits, const drawing *how);

/* A crop of both, with its shift, a mask that is 1 in the middle and fades out, and the crop being the photo itself. */
face_crop crop_of(gpen_image before, gpen_image after);

/* Correlation of the edges (sizes of gradients of luma) of two pictures, but for their outermost pixels. */
double edge_correlation(const gpen_image *a, const gpen_image *b);

/* Mean size of the difference of the colours, in parts of the whitest sample. */
double mean_difference(const gpen_image *a, const gpen_image *b);

#endif

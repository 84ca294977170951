/* finish.h: how a photo looks once its faces are done. The face of src/finish.
 *
 * Every control is neutral at 0: with all of them at 0 the result is the photo, bit for bit. The result is the same bits
 * for any number of threads and on every processor. Alpha is never touched.
 */
#ifndef GPEN_FINISH_H
#define GPEN_FINISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/threads.h"
#include "image/image.h"

typedef struct finish_settings {
    int denoise;      /* 0..100, whole photo; what counts as noise follows from the photo's own; about 60 suits most */
    int sharpen;      /* 0..100, whole photo */
    int contrast;     /* -100..100, whole photo */
    int brightness;   /* -100..100, whole photo */
    int skin_protect; /* 0..100, faces: holds the colour of skin to the original's */
    int detail_boost; /* 0..100, faces: eyes, brows and lips; hair too where a parser told where it is */
    int fading;       /* 0..100, whole photo: undoes a faded print and its cast */
    int dust; /* 0..100, whole photo: removes thin scratches and specks outside faces; more finds fainter ones. The eyes
                         of a small face that is not among `faces` may be taken for specks */
} finish_settings;

/* A face of the photo. */
typedef struct finish_face {
    float landmarks[5][2];   /* right eye, left eye, nose, right and left corner of the mouth, pixels of the photo */
    const uint8_t *classes;  /* ParseNet's class of each pixel of its crop, [side][side], or NULL */
    int side;                /* of the class map, 1..4096; ignored without one */
    image_affine to_classes; /* from pixels of the photo to those of the class map */
} finish_face;

/* Makes *to, as large as `from` and of its channels and bits, with the settings applied; release it with gpen_image_free.
 * from: the photo with its restored faces, sRGB or grey. original: the photo before, of the same size, channels and bits,
 * to which skin is held; NULL: `from` itself. faces: those whose regions count, `count` of them (0: none, then
 * skin_protect and detail_boost do nothing); a face whose landmarks make no sense is passed over.
 * Needs, beside *to, about 9 MB a thread (4 MB without dust) and at most 2 MB for a face at a time, however large the photo is.
 * Errors: BAD_ARGUMENT, OUT_OF_MEMORY; *to is zeroed then. */
gpen_status finish_apply(const gpen_image *from, const gpen_image *original, const finish_settings *settings,
                         const finish_face *faces, int count, thread_pool *pool, gpen_image *to, gpen_error *error);

/* The noise of a photo, as standard deviations in parts of its whitest sample: of the finest detail and of detail twice
 * as coarse (where noise is white both say the same). [0] luminance, [1] and [2] the two chroma planes; of grey photos
 * only [0]. Source: Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 1994 (diagonal
 * detail of the Haar wavelet), taken in the quieter blocks so that texture does not count as noise. */
typedef struct finish_noise {
    float fine[3], coarse[3];
} finish_noise;

gpen_status finish_measure_noise(const gpen_image *photo, thread_pool *pool, finish_noise *noise, gpen_error *error);

/* Grain like a photo's: a pattern that depends on nothing but the noise and a pixel's place. */
enum { FINISH_GRAIN_SIDE = 128 };

typedef struct finish_grain {
    float values[FINISH_GRAIN_SIDE][FINISH_GRAIN_SIDE][3]; /* parts of the whitest sample; of grey photos only [0] */
} finish_grain;

/* As strong and as coarse as `noise` of a photo with `colours` (1 or 3) channels, but no stronger than 2.5 % of the whitest sample:
 * what is more is damage. */
void finish_grain_fill(finish_grain *grain, const finish_noise *noise, int colours);

/* The grain at a pixel of the photo; the pattern is laid anew in each square of FINISH_GRAIN_SIDE, each time shifted, so
 * that no repetition is seen. */
const float *finish_grain_at(const finish_grain *grain, int x, int y);

/* Gives `face` the colour and lightness that `like`, of the same size, channels and bits, has in its low frequencies (about a sixteenth
 * of its width and lower), in a perceptual space; what is finer stays. Alpha stays; grey pictures are matched in lightness.
 * Source: Ottosson, "A perceptual color space for image processing", 2020 (Oklab). Errors: OUT_OF_MEMORY. */
gpen_status finish_match_colour(gpen_image *face, const gpen_image *like, thread_pool *pool, gpen_error *error);

#endif

/* What the files of src/finish share: a tile of the photo in floats, on which every control works. Private to the room. */
#ifndef GPEN_FINISH_ROOM_H
#define GPEN_FINISH_ROOM_H

#include "finish/finish.h"

/* Loops that gcc turns into wide vectors where the processor has them. Nothing is fused or reordered, so every clone gives
 * the same bits. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define FINISH_WIDE __attribute__((target_clones("default", "avx2")))
#else
#define FINISH_WIDE
#endif

/* ---------------------------------------------------------------- tiles (tile.c) */

enum {
    TILE_SIDE = 256,  /* pixels of the photo that a tile makes, each way */
    TILE_MARGIN = 40, /* most pixels around them that its filters look at */
    TILE_STRIDE = TILE_SIDE + 2 * TILE_MARGIN,
    TILE_VALUES = TILE_STRIDE * TILE_STRIDE,
};

/* Planes of samples, 0..1 as the file has them (gamma-encoded), [height][TILE_STRIDE]. Beyond the photo it is mirrored.
 * width and height are multiples of 8, and so is the distance of (left, top) from the photo's corner. */
typedef struct tile {
    int left, top, width, height;
    int colours; /* 1 or 3 */
    float *planes[3];
} tile;

/* Fills the planes from the photo: `colours` of them. */
void tile_load(tile *t, const gpen_image *photo);

/* Writes the tile without `margin` pixels on each side to the photo, where it is one, rounded to the nearest. A sample that is
 * neither black nor white in `from` stays so. */
void tile_store(const tile *t, int margin, const gpen_image *from, gpen_image *photo);

/* The place that stands for one beyond the edge. */
int finish_mirrored(int place, int length);

/* ---------------------------------------------------------------- noise (noise.c, denoise.c) */

/* Red, green and blue to luminance and two chroma planes and back: orthonormal, so that noise stays as strong as it was. */
void tile_to_opponent(tile *t, int inset);
void tile_from_opponent(tile *t, int inset);

/* Working memory of one thread. */
typedef struct denoise_scratch denoise_scratch;
denoise_scratch *denoise_scratch_new(void);
void denoise_scratch_free(denoise_scratch *scratch);

enum { DENOISE_MARGIN = 8 };

/* Denoises what lies at least `inset` (a multiple of 8, DENOISE_MARGIN or more) from the tile's edge. */
void tile_denoise(tile *t, int inset, int strength, const finish_noise *noise, denoise_scratch *scratch);

#endif

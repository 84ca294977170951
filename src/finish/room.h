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
    TILE_MARGIN = 64, /* most pixels around them that its filters look at */
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

/* A value, 0..1, as the sample that takes the place of `was`, 0..top: rounded to the nearest, and where `was` is neither black nor
 * white, neither is this. */
long finish_sample(float value, int was, int top);

/* Writes the tile without `margin` pixels on each side to the photo, where it is one, as finish_sample has it. */
void tile_store(const tile *t, int margin, const gpen_image *from, gpen_image *photo);

/* The place that stands for one beyond the edge. */
int finish_mirrored(int place, int length);

/* ---------------------------------------------------------------- opponent colours (opponent.c) */

#define ROOT_THIRD 0.57735027f
#define ROOT_HALF  0.70710678f
#define ROOT_SIXTH 0.40824829f

/* Red, green and blue as luminance and two chroma values: orthonormal, so that noise stays as strong as it was. */
static inline float opponent_light(float red, float green, float blue)
{
    return (red + green + blue) * ROOT_THIRD;
}

static inline float opponent_across(float red, float blue)
{
    return (red - blue) * ROOT_HALF;
}

static inline float opponent_green(float red, float green, float blue)
{
    return (red - 2 * green + blue) * ROOT_SIXTH;
}

static inline void opponent_back(const float from[3], float to[3])
{
    float light = from[0] * ROOT_THIRD, across = from[1] * ROOT_HALF, green = from[2] * ROOT_SIXTH;
    to[0] = light + across + green;
    to[1] = light - 2 * green;
    to[2] = light - across + green;
}

/* The same for a tile's planes, and back. */
void tile_to_opponent(tile *t, int inset);
void tile_from_opponent(tile *t, int inset);

/* ---------------------------------------------------------------- noise (noise.c, denoise.c) */

/* Working memory of one thread. */
typedef struct denoise_scratch denoise_scratch;
denoise_scratch *denoise_scratch_new(void);
void denoise_scratch_free(denoise_scratch *scratch);

enum { DENOISE_MARGIN = 8 };

/* Denoises what lies at least `inset` (a multiple of 8, DENOISE_MARGIN or more) from the tile's edge. */
void tile_denoise(tile *t, int inset, int strength, const finish_noise *noise, denoise_scratch *scratch);

/* ---------------------------------------------------------------- light (light.c) */

enum { LIGHT_STEPS = 1024 };

/* Read with light_look_up. Light and samples are 0..1. */
typedef struct light_tables {
    float decode[LIGHT_STEPS + 2]; /* sample to light */
    float encode[LIGHT_STEPS + 2]; /* root of light to sample */
    float root[LIGHT_STEPS + 2];   /* root of light to the root that CIELAB takes of it */
} light_tables;

void light_tables_fill(light_tables *t);

/* CIELAB's cube root with its straight piece near black. */
double light_root(double light);

/* Between the two nearest entries; places beyond 0..1 read the ends. */
static inline float light_look_up(const float *table, float place)
{
    place = place > 0 ? place : 0;
    place = (place < 1 ? place : 1) * LIGHT_STEPS;
    int whole = (int)place;
    float share = place - (float)whole;
    return table[whole] + (table[whole + 1] - table[whole]) * share;
}

/* ---------------------------------------------------------------- fading (fading.c) */

/* What a sample of each channel becomes: sample * gain + offset. */
typedef struct fading_cure {
    float gain[3], offset[3];
} fading_cure;

fading_cure fading_diagnose(const gpen_image *photo, int strength);
void tile_unfade(tile *t, int inset, const fading_cure *cure);

/* ---------------------------------------------------------------- sharpness and tone (sharpen.c, tone.c) */

enum { SHARPEN_MARGIN = 8 };

typedef struct sharpening {
    int radius;    /* of the Gaussian's taps, up to 6 */
    float taps[7]; /* from the middle outwards */
    float amount;  /* 0: none */
    float noise;   /* deviation of what noise is left, in samples: detail that small stays as it is */
} sharpening;

sharpening sharpen_plan(const finish_settings *settings, const gpen_image *photo, const finish_noise *noise);

/* Luminance plane to its sharpened self. `to` is valid SHARPEN_MARGIN further in; scratch is one more plane. */
void tile_sharpen(const tile *t, const float *from, float *to, float *scratch, int inset, const sharpening *plan);

/* Luminance before to luminance after, read with light_look_up at the root of luminance. */
void tone_curve(const finish_settings *settings, float curve[LIGHT_STEPS + 2]);

/* Planes of samples to planes of light, and the luminance of each pixel. */
void tile_to_light(tile *t, int inset, const light_tables *tables, float *luminance);

/* Gives each pixel the luminance that the curve (NULL: none) makes of `wanted`, keeps its colour as far as it can be shown, and turns
 * light back into samples. */
void tile_from_light(tile *t, int inset, const light_tables *tables, const float *luminance, const float *wanted,
                     const float *curve);

/* ---------------------------------------------------------------- faces (region.c, detail.c, skin.c) */

/* Where a face is. Distances are in units of that between its eyes. */
typedef struct face_frame {
    float centre[2];    /* between eyes and mouth, pixels */
    float across[2];    /* unit vector along the eyes, in the photo */
    float eyes;         /* pixels between the eyes */
    float points[5][2]; /* the landmarks in the face's frame: across, and down, from the centre */
} face_frame;

/* false when the landmarks make no sense: not finite, eyes less than a pixel apart or more than the photo is long, the mouth
 * above the eyes. */
bool face_frame_find(face_frame *frame, const finish_face *face, const gpen_image *photo);

/* A pixel's place in the face's frame. */
static inline void face_place(const face_frame *frame, float x, float y, float place[2])
{
    float dx = (x - frame->centre[0]) / frame->eyes, dy = (y - frame->centre[1]) / frame->eyes;
    place[0] = dx * frame->across[0] + dy * frame->across[1];
    place[1] = dy * frame->across[0] - dx * frame->across[1];
}

/* 1 in the inner part of an ellipse, fading to 0 at its edge. */
float face_ellipse(const float place[2], const float centre[2], float across, float down);

/* How much of a pixel (its centre) is skin, and how much eye, brow, lip or hair: 0..1. */
float face_skin(const face_frame *frame, const finish_face *face, float x, float y);
float face_feature(const face_frame *frame, const finish_face *face, float x, float y);

/* A window of the photo around a face in cells of `cell` pixels a side, few enough that a large face needs no more memory than a
 * small one. Planes are [height][width]. */
enum { GRID_SIDE = 256, GRID_PLANES = 6 };

typedef struct face_grid {
    int left, top, right, bottom; /* pixels of the photo, right and bottom behind the last */
    int cell, width, height;
    float *planes[GRID_PLANES];
} face_grid;

gpen_status face_grid_new(face_grid *grid, const face_frame *frame, const gpen_image *photo, gpen_error *error);
void face_grid_free(face_grid *grid);

/* Mean over (2 radius + 1) squared cells, fewer at the edges; scratch is a plane, and so may `to` be `from`. */
void face_grid_blur(const face_grid *grid, const float *from, int radius, float *scratch, float *to);

/* A row of pixels between the cells: `count` values from the grid's left on, at row y of the photo. */
void face_grid_row(const face_grid *grid, const float *values, int y, float *to);

/* Local contrast on eyes, brows, lips and hair of one face, in place. */
gpen_status face_boost_detail(gpen_image *photo, const finish_face *face, const face_frame *frame, int strength,
                              thread_pool *pool, gpen_error *error);

/* The colour of skin of one face held to the original's, in place. */
gpen_status face_protect_skin(gpen_image *photo, const gpen_image *original, const finish_face *face,
                              const face_frame *frame, int strength, const light_tables *tables, thread_pool *pool,
                              gpen_error *error);

/* ---------------------------------------------------------------- dust (dust.c) */

enum { DUST_MARGIN = 48 };

/* Working memory of one thread. */
typedef struct dust_scratch dust_scratch;
dust_scratch *dust_scratch_new(void);
void dust_scratch_free(dust_scratch *scratch);

/* Removes thin marks that lie at least `inset` (DUST_MARGIN or more) from the tile's edge; never on a face; frames (zeroed
 * where there is none) say where faces are. */
void tile_remove_dust(tile *t, int inset, int strength, const finish_noise *noise, const face_frame *frames, int count,
                      dust_scratch *scratch);

#endif

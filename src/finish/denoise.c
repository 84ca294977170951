/* Denoising: the photo is cut into overlapping blocks of 8x8, each is taken to its cosine frequencies, where noise is spread
 * evenly and the picture is not, what is no larger than noise is taken away, and the blocks are averaged back.
 *
 * Sources: Yu and Sapiro, "DCT image denoising: a simple and effective image denoising algorithm", IPOL 2011 (blocks,
 * decorrelated colours); Guleryuz, "Weighted averaging for denoising with overcomplete dictionaries", IEEE Transactions on
 * Image Processing 2007 (a block counts the more, the fewer frequencies it kept); Gao, "Wavelet shrinkage denoising using the
 * non-negative garrote", 1998 (frequencies fade out instead of being cut).
 *
 * Blocks overlap in both directions, so a row's horizontal transform is shared by all blocks that cover it, and so is its
 * inverse: rows are transformed once for each column of blocks and kept in a ring of eight. Everything lies so that a loop runs
 * over neighbouring blocks, one a lane. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "finish/room.h"

enum {
    SIDE = 8,
    LUMA_STEP = 2, /* pixels from block to block; chroma is smooth and can do with fewer blocks */
    CHROMA_STEP = 4,
    LANES = 8,
    /* In a row of blocks, at most, a multiple of LANES. */
    BLOCKS = (TILE_STRIDE / LUMA_STEP + LANES - 1) / LANES * LANES,
    SPARE = LANES, /* around what is read at a shifted place */
};

/* The compiler's own vectors: two of four where the processor has no wider ones. Eight neighbouring blocks. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t lane_bits __attribute__((vector_size(LANES * sizeof(int32_t))));

struct denoise_scratch {
    lanes rows[SIDE][SIDE][BLOCKS / LANES];         /* ring of rows [row][across frequency][block] */
    lanes sums[SIDE][SIDE][BLOCKS / LANES];         /* ring of the result's rows, weighted */
    lanes coefficients[SIDE][SIDE][BLOCKS / LANES]; /* a row of blocks: [across][down][block] */
    lanes weights[SIDE][BLOCKS / LANES];            /* ring of rows of blocks */
    float phases[CHROMA_STEP][BLOCKS + SPARE];      /* a row of pixels, every step-th one */
    float lines[SIDE][SPARE + BLOCKS];              /* a row of the result, each block's own pixels */
    float total[SPARE + BLOCKS];                    /* weights of the blocks that cover a row */
    float pixels[CHROMA_STEP][BLOCKS];              /* of that row, every step-th one */
    float squares[SIDE][SIDE];                      /* of the thresholds */
};

denoise_scratch *denoise_scratch_new(void)
{
    denoise_scratch *scratch = aligned_new(sizeof *scratch);
    if (scratch)
        memset(scratch, 0, sizeof *scratch);
    return scratch;
}

void denoise_scratch_free(denoise_scratch *scratch)
{
    aligned_free(scratch, sizeof *scratch);
}

#define INLINE static inline __attribute__((always_inline))

/* cos(k pi / 16) / 2, and 1 / sqrt(8). */
#define C1 0.49039264f
#define C2 0.46193977f
#define C3 0.41573481f
#define C5 0.27778512f
#define C6 0.19134172f
#define C7 0.09754516f
#define C0 0.35355339f

/* The cosine transform of eight values, orthonormal, in each lane. */
INLINE void forward_8(const lanes v[SIDE], lanes f[SIDE])
{
    lanes s0 = v[0] + v[7], s1 = v[1] + v[6], s2 = v[2] + v[5], s3 = v[3] + v[4];
    lanes d0 = v[0] - v[7], d1 = v[1] - v[6], d2 = v[2] - v[5], d3 = v[3] - v[4];
    lanes e0 = s0 + s3, e1 = s1 + s2, e2 = s0 - s3, e3 = s1 - s2;
    f[0] = (e0 + e1) * C0;
    f[4] = (e0 - e1) * C0;
    f[2] = e2 * C2 + e3 * C6;
    f[6] = e2 * C6 - e3 * C2;
    f[1] = (d0 * C1 + d1 * C3) + (d2 * C5 + d3 * C7);
    f[3] = (d0 * C3 - d1 * C7) - (d2 * C1 + d3 * C5);
    f[5] = (d0 * C5 - d1 * C1) + (d2 * C7 + d3 * C3);
    f[7] = (d0 * C7 - d1 * C5) + (d2 * C3 - d3 * C1);
}

INLINE void inverse_8(const lanes f[SIDE], lanes v[SIDE])
{
    lanes a = (f[0] + f[4]) * C0, b = (f[0] - f[4]) * C0;
    lanes c = f[2] * C2 + f[6] * C6, d = f[2] * C6 - f[6] * C2;
    lanes e0 = a + c, e3 = a - c, e1 = b + d, e2 = b - d;
    lanes o0 = (f[1] * C1 + f[3] * C3) + (f[5] * C5 + f[7] * C7);
    lanes o1 = (f[1] * C3 - f[3] * C7) - (f[5] * C1 + f[7] * C5);
    lanes o2 = (f[1] * C5 - f[3] * C1) + (f[5] * C7 + f[7] * C3);
    lanes o3 = (f[1] * C7 - f[3] * C5) + (f[5] * C3 - f[7] * C1);
    v[0] = e0 + o0;
    v[1] = e1 + o1;
    v[2] = e2 + o2;
    v[3] = e3 + o3;
    v[4] = e3 - o3;
    v[5] = e2 - o2;
    v[6] = e1 - o1;
    v[7] = e0 - o0;
}

/* One row of pixels into the horizontal frequencies of all blocks, which begin at every step-th pixel. */
INLINE void row_forward(const float *pixels, int blocks, int step, denoise_scratch *s, lanes (*to)[BLOCKS / LANES])
{
    int places = blocks + SIDE / step - 1;
    for (int j = 0; j < step; j++)
        for (int i = 0; i < places; i++)
            s->phases[j][i] = pixels[i * step + j];
    for (int i = 0; i * LANES < blocks; i++) {
        lanes v[SIDE], f[SIDE];
        for (int n = 0; n < SIDE; n++)
            memcpy(&v[n], &s->phases[n % step][i * LANES + n / step], sizeof v[n]);
        forward_8(v, f);
        for (int k = 0; k < SIDE; k++)
            to[k][i] = f[k];
    }
}

/* Eight blocks, all whose rows begin with row `top` of the ring: vertical frequencies, shrunk, weighted and added to the
 * result's rows. The mean of a block (across = down = 0) is never shrunk. */
INLINE void shrink_blocks(denoise_scratch *s, int top, int i, lanes *weight)
{
    const lanes tiny = (lanes){0} + 1e-20f;
    lanes kept = {0};
    for (int k = 0; k < SIDE; k++) {
        lanes v[SIDE], f[SIDE];
        for (int n = 0; n < SIDE; n++)
            v[n] = s->rows[(top + n) % SIDE][k][i];
        forward_8(v, f);
        for (int l = 0; l < SIDE; l++) {
            lanes share = 1 - s->squares[k][l] / (f[l] * f[l] + tiny);
            share = (lanes)((share > 0) & (lane_bits)share);
            kept += share * share;
            s->coefficients[k][l][i] = f[l] * share;
        }
    }
    *weight = 1 / (1 + kept);
    for (int k = 0; k < SIDE; k++) {
        lanes f[SIDE], v[SIDE];
        for (int l = 0; l < SIDE; l++)
            f[l] = s->coefficients[k][l][i] * *weight;
        inverse_8(f, v);
        for (int n = 0; n < SIDE; n++)
            s->sums[(top + n) % SIDE][k][i] += v[n];
    }
}

/* A finished row of the result: back from horizontal frequencies, the blocks' pixels added, divided by their weights. */
INLINE void row_inverse(lanes (*from)[BLOCKS / LANES], int blocks, int step, denoise_scratch *s, float *pixels)
{
    for (int i = 0; i * LANES < blocks; i++) {
        lanes f[SIDE], v[SIDE];
        for (int k = 0; k < SIDE; k++)
            f[k] = from[k][i];
        inverse_8(f, v);
        for (int n = 0; n < SIDE; n++)
            memcpy(&s->lines[n][SPARE + i * LANES], &v[n], sizeof v[n]);
    }
    for (int i = 0; i * LANES < blocks; i++) {
        lanes weight = {0}, part;
        for (int m = 0; m < SIDE / step; m++) {
            memcpy(&part, &s->total[SPARE + i * LANES - m], sizeof part);
            weight += part;
        }
        for (int j = 0; j < step; j++) {
            lanes sum = {0};
            for (int m = 0; m < SIDE / step; m++) {
                memcpy(&part, &s->lines[j + m * step][SPARE + i * LANES - m], sizeof part);
                sum += part;
            }
            sum /= weight;
            memcpy(&s->pixels[j][i * LANES], &sum, sizeof sum);
        }
    }
    for (int i = SIDE / step; i < blocks; i++)
        for (int j = 0; j < step; j++)
            pixels[i * step + j] = s->pixels[j][i];
}

/* A row of blocks. */
INLINE void block_row(denoise_scratch *s, int top, int blocks, int step)
{
    for (int i = 0; i * LANES < blocks; i++) {
        lanes total = {0};
        shrink_blocks(s, top, i, &s->weights[top / step % (SIDE / step)][i]);
        for (int m = 0; m < SIDE / step; m++)
            total += s->weights[m][i];
        memcpy(&s->total[SPARE + i * LANES], &total, sizeof total);
    }
}

/* In place: a row is written when no block needs it any more. */
INLINE void denoise_plane(float *values, int width, int height, int inset, int step, denoise_scratch *s)
{
    int left = inset - SIDE, blocks = (width - 2 * inset + SIDE) / step;
    memset(s->sums, 0, sizeof s->sums);
    memset(s->weights, 0, sizeof s->weights);
    for (int y = left; y < left + SIDE - step; y++)
        row_forward(values + y * TILE_STRIDE + left, blocks, step, s, s->rows[y % SIDE]);
    for (int top = left; top < height - inset; top += step) {
        for (int y = top + SIDE - step; y < top + SIDE; y++) {
            row_forward(values + y * TILE_STRIDE + left, blocks, step, s, s->rows[y % SIDE]);
            memset(s->sums[y % SIDE], 0, sizeof s->sums[0]);
        }
        block_row(s, top, blocks, step);
        for (int y = top; y < top + step && top >= inset; y++)
            row_inverse(s->sums[y % SIDE], blocks, step, s, values + y * TILE_STRIDE + left);
    }
}

FINISH_WIDE static void denoise_luma(float *values, int width, int height, int inset, denoise_scratch *s)
{
    denoise_plane(values, width, height, inset, LUMA_STEP, s);
}

FINISH_WIDE static void denoise_chroma(float *values, int width, int height, int inset, denoise_scratch *s)
{
    denoise_plane(values, width, height, inset, CHROMA_STEP, s);
}

/* Thresholds from the lowest frequencies, where coarse noise lives, to the highest. */
static void set_thresholds(float squares[SIDE][SIDE], float coarse, float fine, float factor)
{
    for (int k = 0; k < SIDE; k++)
        for (int l = 0; l < SIDE; l++) {
            int frequency = k > l ? k : l;
            float share = (float)(frequency < 2 ? 0 : frequency > 5 ? 3 : frequency - 2) / 3;
            float threshold = factor * (coarse + (fine - coarse) * share);
            squares[k][l] = threshold * threshold;
        }
    squares[0][0] = 0;
}

void tile_denoise(tile *t, int inset, int strength, const finish_noise *noise, denoise_scratch *s)
{
    const float luma = 0.025f, chroma = 0.031f;
    for (int c = 0; c < t->colours; c++) {
        float fine = noise->fine[c], coarse = noise->coarse[c] > fine ? noise->coarse[c] : fine;
        if (coarse <= 0)
            continue;
        set_thresholds(s->squares, coarse, fine, (c ? chroma : luma) * (float)strength);
        if (c)
            denoise_chroma(t->planes[c], t->width, t->height, inset, s);
        else
            denoise_luma(t->planes[c], t->width, t->height, inset, s);
    }
}

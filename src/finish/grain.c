/* Grain: what a smooth restored face lacks beside a photo's own noise. White noise and noise of twice the size are mixed so that
 * finish_measure_noise would find in the pattern what it found in the photo. */
#include <math.h>

#include "finish/room.h"

enum { SIDE = FINISH_GRAIN_SIDE };

/* A number that looks like chance. Source: Wellons, "Prospecting for hash functions", 2018 (lowbias32). */
static uint32_t mixed(uint32_t x)
{
    x = (x ^ (x >> 16)) * 0x7feb352dU;
    x = (x ^ (x >> 15)) * 0x846ca68bU;
    return x ^ (x >> 16);
}

/* Mean 0, deviation 1, nearly normal: the sum of four bytes. */
static float normal(int x, int y, int kind)
{
    const float deviation = 147.8005f; /* of the sum of four even numbers 0..255 */
    uint32_t place = (uint32_t)(y & (SIDE - 1)) * SIDE + (uint32_t)(x & (SIDE - 1));
    uint32_t bits = mixed(place + (uint32_t)kind * SIDE * SIDE + 1);
    uint32_t sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
    return ((float)sum - 510) / deviation;
}

/* The same softened by [1 2 1] both ways, deviation 1 again. */
static float soft_normal(int x, int y, int kind)
{
    static const float weights[3] = {1, 2, 1};
    float sum = 0;
    for (int i = 0; i < 9; i++)
        sum += weights[i / 3] * weights[i % 3] * normal(x + i % 3 - 1, y + i / 3 - 1, kind);
    return sum / 6;
}

/* How much of white and of soft noise measures as `fine` and `coarse`. Of soft noise the finest diagonal detail has 1/9 of the
 * variance, that of twice the size 49/36. */
static void mix(float fine, float coarse, float *white, float *soft)
{
    float most = 0.025f, more = coarse * coarse - fine * fine;
    float soft_variance = more > 0 ? more / (49.0f / 36 - 1.0f / 9) : 0;
    float white_variance = fine * fine - soft_variance / 9;
    white_variance = white_variance > 0 ? white_variance : 0;
    float all = sqrtf(white_variance + soft_variance), share = all > most ? most / all : 1;
    *white = sqrtf(white_variance) * share;
    *soft = sqrtf(soft_variance) * share;
}

void finish_grain_fill(finish_grain *grain, const finish_noise *noise, int colours)
{
    float white[3], soft[3], v[3] = {0};
    for (int c = 0; c < colours; c++)
        mix(noise->fine[c], noise->coarse[c], &white[c], &soft[c]);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float *to = grain->values[y][x];
            for (int c = 0; c < colours; c++)
                v[c] = white[c] * normal(x, y, 2 * c) + soft[c] * soft_normal(x, y, 2 * c + 1);
            to[0] = v[0];
            if (colours == 3)
                opponent_back(v, to);
        }
}

const float *finish_grain_at(const finish_grain *grain, int x, int y)
{
    uint32_t shift = mixed((uint32_t)(y / SIDE) * 65537U + (uint32_t)(x / SIDE));
    return grain->values[((uint32_t)y + (shift >> 16)) & (SIDE - 1)][((uint32_t)x + shift) & (SIDE - 1)];
}

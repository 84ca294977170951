/* Sharpening: an unsharp mask on luminance, in linear light, where an edge darkens one side as much as it brightens the other.
 * Detail no larger than the noise that is left stays as it is, and no pixel leaves the range of its neighbours by more than
 * a little, so that edges get steeper without growing halos. */
#include <math.h>

#include "finish/room.h"

sharpening sharpen_plan(const finish_settings *settings, const gpen_image *photo, const finish_noise *noise)
{
    int edge = photo->width > photo->height ? photo->width : photo->height;
    double sigma = 0.5 + edge / 4000.0, sum = 1;
    sigma = sigma < 0.6 ? 0.6 : sigma > 2 ? 2 : sigma;
    sharpening plan = {.radius = (int)ceil(3 * sigma), .amount = 1.5f * (float)settings->sharpen / 100};
    double taps[7] = {1};
    for (int i = 1; i <= plan.radius; i++) {
        taps[i] = exp(-i * i / (2 * sigma * sigma));
        sum += 2 * taps[i];
    }
    for (int i = 0; i <= plan.radius; i++)
        plan.taps[i] = (float)(taps[i] / sum);
    float left = 1 - (float)settings->denoise / 60;
    plan.noise = noise->fine[0] * (left > 0.15f ? left : 0.15f);
    return plan;
}

/* The Gaussian down a column, for a row of pixels. */
FINISH_WIDE static void blur_down(const float *restrict from, float *restrict to, int first, int end,
                                  const sharpening *plan)
{
    for (int x = first; x < end; x++)
        to[x] = from[x] * plan->taps[0];
    for (int k = 1; k <= plan->radius; k++) {
        float tap = plan->taps[k];
        const float *above = from - k * TILE_STRIDE, *below = from + k * TILE_STRIDE;
        for (int x = first; x < end; x++)
            to[x] += (above[x] + below[x]) * tap;
    }
}

FINISH_WIDE static void blur_across(const float *restrict from, float *restrict to, int first, int end,
                                    const sharpening *plan)
{
    for (int x = first; x < end; x++)
        to[x] = from[x] * plan->taps[0];
    for (int k = 1; k <= plan->radius; k++) {
        float tap = plan->taps[k];
        for (int x = first; x < end; x++)
            to[x] += (from[x - k] + from[x + k]) * tap;
    }
}

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

/* The smallest and largest of five down a column. */
FINISH_WIDE static void extremes_down(const float *restrict from, float *restrict low, float *restrict high, int first,
                                      int end)
{
    for (int x = first; x < end; x++) {
        float a = from[x - 2 * TILE_STRIDE], b = from[x - TILE_STRIDE], c = from[x], d = from[x + TILE_STRIDE],
              e = from[x + 2 * TILE_STRIDE];
        low[x] = least(least(least(a, b), least(c, d)), e);
        high[x] = most(most(most(a, b), most(c, d)), e);
    }
}

/* low and high: of the columns; blurred: what is subtracted, overwritten with the result. */
FINISH_WIDE static void sharpen_row(const float *restrict from, const float *restrict low, const float *restrict high,
                                    float *restrict blurred, int first, int end, const sharpening *plan)
{
    const float overshoot = 0.1f, sizes = 1.5f; /* of the neighbours' range; deviations that count as noise */
    for (int x = first; x < end; x++) {
        float down = least(least(least(low[x - 2], low[x - 1]), least(low[x], low[x + 1])), low[x + 2]);
        float up = most(most(most(high[x - 2], high[x - 1]), most(high[x], high[x + 1])), high[x + 2]);
        /* Light a step of the sample: about the slope of sRGB's curve. */
        float quiet = sizes * plan->noise * (0.08f + 2.1f * sqrtf(from[x]));
        float detail = from[x] - blurred[x];
        float size = most(fabsf(detail) - quiet, 0) * plan->amount;
        float value = detail < 0 ? from[x] - size : from[x] + size, room = overshoot * (up - down);
        value = most(least(value, up + room), down - room);
        blurred[x] = most(least(value, 1), 0);
    }
}

void tile_sharpen(const tile *t, const float *from, float *to, float *scratch, int inset, const sharpening *plan)
{
    int first = inset, end = t->width - inset;
    for (int y = inset + SHARPEN_MARGIN; y < t->height - inset - SHARPEN_MARGIN; y++) {
        float *down = scratch, *low = scratch + TILE_STRIDE, *high = scratch + 2 * TILE_STRIDE;
        const float *row = from + y * TILE_STRIDE;
        float *out = to + y * TILE_STRIDE;
        blur_down(row, down, first, end, plan);
        blur_across(down, out, first + SHARPEN_MARGIN, end - SHARPEN_MARGIN, plan);
        extremes_down(row, low, high, first, end);
        sharpen_row(row, low, high, out, first + SHARPEN_MARGIN, end - SHARPEN_MARGIN, plan);
    }
}

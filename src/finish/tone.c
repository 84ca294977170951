/* Brightness and contrast: one curve on lightness for the whole photo, black and white fixed, so that nothing is pushed out at
 * either end. Source: Schlick, "Fast alternatives to Perlin's bias and gain functions", Graphics Gems IV, 1994, on CIELAB's L. */
#include <math.h>
#include <string.h>

#include "finish/light.h"
#include "finish/room.h"

/* 0 to 0, 1 to 1, a half to `half`. */
static double bias(double t, double half)
{
    return t / ((1 / half - 2) * (1 - t) + 1);
}

/* Each half bent the other way: steep in the middle where `half` is below a half. */
static double gain(double t, double half)
{
    return t < 0.5 ? bias(2 * t, half) / 2 : 1 - bias(2 - 2 * t, half) / 2;
}

void tone_curve(const finish_settings *settings, float curve[TONE_STEPS + 2])
{
    const double brightest = 0.15, steepest = 0.17;
    double middle = 0.5 + brightest * settings->brightness / 100, knee = 0.5 - steepest * settings->contrast / 100;
    for (int i = 0; i <= TONE_STEPS; i++) {
        float place = (float)i / TONE_STEPS, lightness = 1.16f * light_root(place * place) - 0.16f;
        double curved = gain(bias((double)fminf(fmaxf(lightness, 0), 1), middle), knee);
        curve[i] = light_of_root(((float)curved + 0.16f) / 1.16f);
    }
    curve[TONE_STEPS + 1] = 1;
}

/* Between the two nearest entries of the curve; more than 1 reads the end. */
FINISH_WIDE static void look_up_row(const float *curve, const float *from, float *restrict to, int count)
{
    for (int x = 0; x < count; x++) {
        float root = sqrtf(from[x] > 0 ? from[x] : 0), place = (root < 1 ? root : 1) * TONE_STEPS;
        int whole = (int)place;
        to[x] = curve[whole] + (curve[whole + 1] - curve[whole]) * (place - (float)whole);
    }
}

FINISH_WIDE void row_to_light(float *restrict values, int count)
{
    for (int x = 0; x < count; x++)
        values[x] = light_of_sample(values[x]);
}

FINISH_WIDE static void luminance_row(const float *restrict red, const float *restrict green,
                                      const float *restrict blue, float *restrict luminance, int count)
{
    for (int x = 0; x < count; x++)
        luminance[x] = red[x] * 0.2126f + green[x] * 0.7152f + blue[x] * 0.0722f;
}

void tile_to_light(tile *t, int inset, float *luminance)
{
    int count = t->width - 2 * inset;
    for (int y = inset; y < t->height - inset; y++) {
        int first = y * TILE_STRIDE + inset;
        for (int c = 0; c < t->colours; c++)
            row_to_light(t->planes[c] + first, count);
        if (t->colours == 3)
            luminance_row(t->planes[0] + first, t->planes[1] + first, t->planes[2] + first, luminance + first, count);
        else
            memcpy(luminance + first, t->planes[0] + first, (size_t)count * sizeof *luminance);
    }
}

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

/* Scales pixels to their new luminance. Where a channel would be more than white, the pixel is mixed with grey of that luminance
 * until it is not: lightness and hue are kept, and what was not clipped does not become so. */
FINISH_WIDE static void scale_row(float *restrict red, float *restrict green, float *restrict blue,
                                  const float *restrict before, const float *restrict after, int count)
{
    const float darkest = 1e-6f;
    for (int x = 0; x < count; x++) {
        float to = after[x], scale = to / larger(before[x], darkest);
        float r = red[x] * scale, g = green[x] * scale, b = blue[x] * scale;
        float most = larger(larger(r, g), b), room = larger(1 - to, 0) / larger(most - to, darkest);
        float share = room < 1 ? room : 1;
        red[x] = to + (r - to) * share;
        green[x] = to + (g - to) * share;
        blue[x] = to + (b - to) * share;
    }
}

FINISH_WIDE static void sample_row(float *restrict values, int count)
{
    for (int x = 0; x < count; x++)
        values[x] = light_to_sample(values[x]);
}

void tile_from_light(tile *t, int inset, const float *luminance, const float *wanted, const float *curve)
{
    int count = t->width - 2 * inset;
    for (int y = inset; y < t->height - inset; y++) {
        int first = y * TILE_STRIDE + inset;
        float curved[TILE_STRIDE];
        const float *after = wanted + first;
        if (curve) {
            look_up_row(curve, after, curved, count);
            after = curved;
        }
        if (t->colours == 3)
            scale_row(t->planes[0] + first, t->planes[1] + first, t->planes[2] + first, luminance + first, after,
                      count);
        else
            memcpy(t->planes[0] + first, after, (size_t)count * sizeof *after);
        for (int c = 0; c < t->colours; c++)
            sample_row(t->planes[c] + first, count);
    }
}

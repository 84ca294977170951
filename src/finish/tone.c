/* Brightness and contrast: one curve on lightness for the whole photo, black and white fixed, so that nothing is pushed out at
 * either end. Source: Schlick, "Fast alternatives to Perlin's bias and gain functions", Graphics Gems IV, 1994, on CIELAB's L. */
#include <math.h>
#include <string.h>

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

static double luminance_of(double lightness)
{
    double root = (lightness * 100 + 16) / 116;
    return root > 6.0 / 29 ? root * root * root : (root - 4.0 / 29) * (108.0 / 841);
}

void tone_curve(const finish_settings *settings, float curve[LIGHT_STEPS + 2])
{
    const double brightest = 0.15, steepest = 0.17;
    double middle = 0.5 + brightest * settings->brightness / 100, knee = 0.5 - steepest * settings->contrast / 100;
    for (int i = 0; i <= LIGHT_STEPS; i++) {
        double place = (double)i / LIGHT_STEPS, lightness = 1.16 * light_root(place * place) - 0.16;
        curve[i] = (float)luminance_of(gain(bias(lightness, middle), knee));
    }
    curve[LIGHT_STEPS + 1] = 1;
}

FINISH_WIDE static void look_up_row(const float *table, float *restrict values, int count)
{
    for (int x = 0; x < count; x++)
        values[x] = light_look_up(table, values[x]);
}

/* For tables that are read at the root. */
FINISH_WIDE static void look_up_roots(const float *table, const float *from, float *restrict to, int count)
{
    for (int x = 0; x < count; x++)
        to[x] = light_look_up(table, sqrtf(from[x] > 0 ? from[x] : 0));
}

void tile_to_light(tile *t, int inset, const light_tables *tables, float *luminance)
{
    int count = t->width - 2 * inset;
    for (int y = inset; y < t->height - inset; y++) {
        int first = y * TILE_STRIDE + inset;
        float *light = luminance + first;
        for (int c = 0; c < t->colours; c++)
            look_up_row(tables->decode, t->planes[c] + first, count);
        const float *red = t->planes[0] + first, *green = t->planes[1] + first, *blue = t->planes[2] + first;
        if (t->colours == 3)
            for (int x = 0; x < count; x++)
                light[x] = red[x] * 0.2126f + green[x] * 0.7152f + blue[x] * 0.0722f;
        else
            memcpy(light, red, (size_t)count * sizeof *light);
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

void tile_from_light(tile *t, int inset, const light_tables *tables, const float *luminance, const float *wanted,
                     const float *curve)
{
    int count = t->width - 2 * inset;
    for (int y = inset; y < t->height - inset; y++) {
        int first = y * TILE_STRIDE + inset;
        float after[TILE_STRIDE];
        if (curve)
            look_up_roots(curve, wanted + first, after, count);
        else
            memcpy(after, wanted + first, (size_t)count * sizeof *after);
        if (t->colours == 3)
            scale_row(t->planes[0] + first, t->planes[1] + first, t->planes[2] + first, luminance + first, after,
                      count);
        else
            memcpy(t->planes[0] + first, after, (size_t)count * sizeof *after);
        for (int c = 0; c < t->colours; c++) {
            look_up_roots(tables->encode, t->planes[c] + first, after, count);
            memcpy(t->planes[c] + first, after, (size_t)count * sizeof *after);
        }
    }
}

/* Linear light: tables from samples as files have them to what a sensor would have counted, and back. Its own file because
 * sharpening, tone and skin all think in it. Source: IEC 61966-2-1 (sRGB), CIE 15 (lightness). */
#include <math.h>

#include "finish/room.h"

static double decoded(double sample)
{
    return sample <= 0.04045 ? sample / 12.92 : pow((sample + 0.055) / 1.055, 2.4);
}

static double encoded(double light)
{
    return light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055;
}

double light_root(double light)
{
    return light > 216.0 / 24389 ? cbrt(light) : light * (841.0 / 108) + 4.0 / 29;
}

void light_tables_fill(light_tables *t)
{
    for (int i = 0; i <= LIGHT_STEPS; i++) {
        double place = (double)i / LIGHT_STEPS;
        t->decode[i] = (float)decoded(place);
        t->encode[i] = (float)encoded(place * place);
        t->root[i] = (float)light_root(place * place);
    }
    /* What a look-up at 1 reads behind the end. */
    t->decode[LIGHT_STEPS + 1] = t->encode[LIGHT_STEPS + 1] = t->root[LIGHT_STEPS + 1] = 1;
}

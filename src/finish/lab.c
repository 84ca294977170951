/* CIELAB, for what is judged as a person sees it. Source: CIE 15 (CIELAB), IEC 61966-2-1 (sRGB and its white, D65). */
#include "finish/light.h"
#include "finish/room.h"

void lab_of_light(const float light[3], float lab[3])
{
    float xyz[3];
    light_multiply(light_to_xyz, light, xyz);
    float middle = light_root(xyz[1]);
    lab[0] = 116 * middle - 16;
    lab[1] = 500 * (light_root(xyz[0]) - middle);
    lab[2] = 200 * (middle - light_root(xyz[2]));
}

void finish_lab(const float samples[3], float lab[3])
{
    const float light[3] = {light_of_sample(samples[0]), light_of_sample(samples[1]), light_of_sample(samples[2])};
    lab_of_light(light, lab);
}

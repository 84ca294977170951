/* Linear light: from samples as files have them to what a sensor would have counted, and back. Its own file because sharpening, tone
 * and skin all think in it. Polynomials rather than tables, because a loop of them fills vectors; they stay within 2e-6 of the
 * standards' curves. Source: IEC 61966-2-1 (sRGB), CIE 15 (lightness). Private to the room. */
#ifndef GPEN_FINISH_LIGHT_H
#define GPEN_FINISH_LIGHT_H

#include <math.h>

/* Red, green and blue light to CIE XYZ in parts of D65's white, and back. */
static const float light_to_xyz[3][3] = {{0.433953f, 0.376219f, 0.189828f},
                                         {0.212673f, 0.715152f, 0.072175f},
                                         {0.017758f, 0.109477f, 0.872765f}};
static const float light_from_xyz[3][3] = {{3.079933f, -1.537150f, -0.542782f},
                                           {-0.921235f, 1.875992f, 0.045244f},
                                           {0.052891f, -0.204043f, 1.151152f}};

static inline void light_multiply(const float m[3][3], const float v[3], float to[3])
{
    for (int i = 0; i < 3; i++)
        to[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
}

/* The fourth root of what is at least 0: in it the curves' powers are smooth down to black. */
static inline float light_fourth_root(float light)
{
    return sqrtf(sqrtf(light > 0 ? light : 0));
}

/* A sample's light; both 0..1. */
static inline float light_of_sample(float s)
{
    float high = -0.8127694726f + s * (0.3820027709f + s * -0.0783115625f);
    high = 0.8716627955f + s * (-0.8998836279f + s * (1.0169752836f + s * high));
    high = 0.0008526095f + s * (0.0353846215f + s * (0.4840859473f + s * high));
    return s <= 0.04045f ? s * (1 / 12.92f) : high;
}

/* The sample of an amount of light; more than 1 may come out more than 1. */
static inline float light_to_sample(float light)
{
    float w = light_fourth_root(light), high = 0.6571792364f + w * (-0.3184096813f + w * 0.0682062283f);
    high = -0.0595466495f + w * (0.139604643f + w * (1.3659185171f + w * (-0.8529508114f + w * high)));
    return light <= 0.0031308f ? light * 12.92f : high;
}

/* CIELAB's cube root with its straight piece near black; light up to 1.1. */
static inline float light_root(float light)
{
    float w = light_fourth_root(light), high = 0.6849119067f + w * (-0.3147212863f + w * 0.0634284019f);
    high = -0.0109703964f + w * (0.4682078362f + w * (1.0088880062f + w * (-0.8997451663f + w * high)));
    return light <= 216.0f / 24389 ? light * (841.0f / 108) + 4.0f / 29 : high;
}

/* Its inverse. */
static inline float light_of_root(float root)
{
    return root > 6.0f / 29 ? root * root * root : (root - 4.0f / 29) * (108.0f / 841);
}

#endif

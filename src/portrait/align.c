/* Bringing a face upright: five landmarks to five places of the crop. */
#include <math.h>

#include "portrait/room.h"

/* Right eye, left eye, nose, right and left corner of the mouth in a 96x112 crop, as the published pipeline has them. */
static const double template_96x112[5][2] = {{30.29459953, 51.69630051},
                                             {65.53179932, 51.50139999},
                                             {48.02519989, 71.73660278},
                                             {33.54930115, 92.3655014},
                                             {62.72990036, 92.20410156}};

/* Eight pixels left and right make it a square of 112, a quarter of that on each side the crop's 168. */
void align_template(int size, float points[5][2])
{
    const double left = 8, margin = 112 * 0.25, side = 168;
    for (int i = 0; i < 5; i++) {
        points[i][0] = (float)((template_96x112[i][0] + left + margin) * (size / side));
        points[i][1] = (float)((template_96x112[i][1] + margin) * (size / side));
    }
}

static void mean_of(float points[5][2], float mean[2])
{
    for (int k = 0; k < 2; k++) {
        mean[k] = 0;
        for (int i = 0; i < 5; i++)
            mean[k] += points[i][k];
        mean[k] /= 5;
    }
}

/* Sums are taken in float32, as the reference does: a crop's coordinates are rounded to 1/32 pixel, and the last bits here
 * decide on which side they fall. */
bool align_face(float landmarks[5][2], int size, image_affine *forward, image_affine *back)
{
    float target[5][2], from[2], to[2], products[2][2] = {{0}}, spread[2] = {0};
    align_template(size, target);
    mean_of(landmarks, from);
    mean_of(target, to);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++) {
            float s = landmarks[i][k] - from[k];
            spread[k] += s * s;
            for (int row = 0; row < 2; row++)
                products[row][k] += (target[i][row] - to[row]) * s;
        }
    double along = (double)(products[0][0] / 5) + (double)(products[1][1] / 5);
    double across = (double)(products[1][0] / 5) - (double)(products[0][1] / 5);
    double length = hypot(along, across), scale = length / (double)(spread[0] / 5 + spread[1] / 5);
    if (!(length > 0) || !isfinite(scale) || !(scale > 1e-6))
        return false;
    double c = along / length, s = across / length;
    *forward = (image_affine){{{scale * c, -scale * s, 0}, {scale * s, scale * c, 0}}};
    *back = (image_affine){{{c / scale, s / scale, 0}, {-s / scale, c / scale, 0}}};
    for (int i = 0; i < 2; i++) {
        forward->m[i][2] = (double)to[i] - forward->m[i][0] * (double)from[0] - forward->m[i][1] * (double)from[1];
        back->m[i][2] = (double)from[i] - back->m[i][0] * (double)to[0] - back->m[i][1] * (double)to[1];
    }
    return true;
}

/* Luminance and two chroma planes, and back. Its own file because the noise is measured and taken away in these. */
#include "finish/room.h"

FINISH_WIDE void tile_to_opponent(tile *t, int inset)
{
    if (t->colours < 3)
        return;
    for (int y = inset; y < t->height - inset; y++) {
        float *restrict p = t->planes[0] + y * TILE_STRIDE, *restrict q = t->planes[1] + y * TILE_STRIDE;
        float *restrict r = t->planes[2] + y * TILE_STRIDE;
        for (int x = inset; x < t->width - inset; x++) {
            float red = p[x], green = q[x], blue = r[x];
            p[x] = opponent_light(red, green, blue);
            q[x] = opponent_across(red, blue);
            r[x] = opponent_green(red, green, blue);
        }
    }
}

FINISH_WIDE void tile_from_opponent(tile *t, int inset)
{
    if (t->colours < 3)
        return;
    for (int y = inset; y < t->height - inset; y++) {
        float *restrict p = t->planes[0] + y * TILE_STRIDE, *restrict q = t->planes[1] + y * TILE_STRIDE;
        float *restrict r = t->planes[2] + y * TILE_STRIDE;
        for (int x = inset; x < t->width - inset; x++) {
            float light = p[x] * ROOT_THIRD, across = q[x] * ROOT_HALF, green = r[x] * ROOT_SIXTH;
            p[x] = light + across + green;
            q[x] = light - 2 * green;
            r[x] = light - across + green;
        }
    }
}

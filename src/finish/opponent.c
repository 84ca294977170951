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
            const float from[3] = {p[x], q[x], r[x]};
            float to[3];
            opponent_back(from, to);
            p[x] = to[0];
            q[x] = to[1];
            r[x] = to[2];
        }
    }
}

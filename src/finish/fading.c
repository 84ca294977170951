/* A faded print: its blacks have become grey and its whites yellow. Each channel is stretched between its own darkest and lightest
 * parts, which brings contrast back and takes the cast out of both ends. Source: Limare, Lisani, Morel, Petro and Sbert, "Simplest
 * color balance", IPOL 2011. */
#include "finish/room.h"

enum { BINS = 256 };

/* The samples below and above which one in two hundred lies. */
static void ends(const gpen_image *photo, int channel, float *darkest, float *lightest)
{
    int64_t counts[BINS] = {0}, most = (int64_t)photo->width * photo->height / 200, seen = 0;
    for (int y = 0; y < photo->height; y++)
        for (int x = 0; x < photo->width; x++)
            counts[image_sample(photo, x, y, channel) >> (photo->bits - 8)]++;
    int low = 0, high = BINS - 1;
    while (low < BINS - 1 && (seen += counts[low]) <= most)
        low++;
    for (seen = 0; high > 0 && (seen += counts[high]) <= most;)
        high--;
    *darkest = (float)low / (BINS - 1);
    *lightest = (float)high / (BINS - 1);
}

fading_cure fading_diagnose(const gpen_image *photo, int strength)
{
    const float least_range = 0.25f; /* what has no more was not faded but fog: stretching it would only show grain */
    fading_cure cure = {{1, 1, 1}, {0, 0, 0}};
    float share = (float)strength / 100;
    for (int c = 0; c < image_colours(photo); c++) {
        float dark, light;
        ends(photo, c, &dark, &light);
        float missing = least_range - (light - dark);
        if (missing > 0) {
            dark = dark > missing / 2 ? dark - missing / 2 : 0;
            light = light < 1 - missing / 2 ? light + missing / 2 : 1;
        }
        float gain = 1 / (light - dark);
        cure.gain[c] = 1 + share * (gain - 1);
        cure.offset[c] = -share * dark * gain;
    }
    return cure;
}

void tile_unfade(tile *t, int inset, const fading_cure *cure)
{
    for (int c = 0; c < t->colours; c++)
        for (int y = inset; y < t->height - inset; y++) {
            float *values = t->planes[c] + y * TILE_STRIDE;
            for (int x = inset; x < t->width - inset; x++) {
                float value = values[x] * cure->gain[c] + cure->offset[c];
                values[x] = value < 0 ? 0 : value > 1 ? 1 : value;
            }
        }
}

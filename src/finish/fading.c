/* A faded print: its blacks have become grey and its whites yellow. Each channel is stretched between its own darkest and lightest
 * parts, which brings contrast back and takes the cast out of both ends. Source: Limare, Lisani, Morel, Petro and Sbert, "Simplest
 * color balance", IPOL 2011. */
#include "finish/room.h"

enum { BINS = 256, ENOUGH = 1 << 20 /* pixels to look at */ };

/* The samples below and above which one in two hundred lies; of a large photo some rows will do. */
static void ends(const gpen_image *photo, int channel, float *darkest, float *lightest)
{
    int64_t counts[BINS] = {0}, all = 0, seen = 0;
    int step = (int)((int64_t)photo->width * photo->height / ENOUGH) + 1;
    step = step < photo->height ? step : photo->height;
    for (int y = step / 2; y < photo->height; y += step, all += photo->width)
        for (int x = 0; x < photo->width; x++)
            counts[image_sample(photo, x, y, channel) >> (photo->bits - 8)]++;
    int low = 0, high = BINS - 1;
    while (low < BINS - 1 && (seen += counts[low]) <= all / 200)
        low++;
    for (seen = 0; high > 0 && (seen += counts[high]) <= all / 200;)
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

FINISH_WIDE static void stretch_row(float *restrict values, float gain, float offset, int count)
{
    for (int x = 0; x < count; x++) {
        float value = values[x] * gain + offset;
        value = value > 0 ? value : 0;
        values[x] = value < 1 ? value : 1;
    }
}

void tile_unfade(tile *t, int inset, const fading_cure *cure)
{
    for (int c = 0; c < t->colours; c++)
        for (int y = inset; y < t->height - inset; y++)
            stretch_row(t->planes[c] + y * TILE_STRIDE + inset, cure->gain[c], cure->offset[c], t->width - 2 * inset);
}

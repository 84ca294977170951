/* Scratches and dust: marks thinner than a few pixels, darker or lighter than all around them, are found by what a morphological
 * closing fills or an opening takes away, and painted over from their rims inwards.
 *
 * Fine texture is full of such marks, so a mark counts only where few others are near, where the picture without it differs less
 * from place to place than the mark does from it (the corner of a collar is no dust), and never on a face: its eyes look the same,
 * and the restorer has already taken its scratches away. Sources: Serra, "Image analysis and mathematical morphology", 1982
 * (top-hats); Oliveira, Bowen, McKenna and Chang, "Fast digital image inpainting", 2001 (repeated convolution over the hole). */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "finish/room.h"

enum {
    REACH = 3,   /* of the structuring square: a mark is at most twice as wide */
    NEAR = 16,   /* pixels around a mark in which others are counted */
    LAYERS = 5,  /* from the rim to the middle of the widest mark */
    ROUNDS = 11, /* of convolution afterwards */
    ROOM = 2,    /* pixels around a mark that are painted over with it: its soft edge */
};

/* Lightness in 8 bits is enough to find a mark, and goes 32 pixels at a time. */
_Static_assert(4 * REACH + NEAR + ROOM + LAYERS + ROUNDS <= (int)DUST_MARGIN, "nothing looks beyond the margin");

struct dust_scratch {
    uint8_t light[TILE_VALUES], first[TILE_VALUES], second[TILE_VALUES], between[TILE_VALUES];
    uint8_t high[TILE_VALUES], low[TILE_VALUES], marks[TILE_VALUES], sure[TILE_VALUES];
    uint8_t unknown[TILE_VALUES], reached[TILE_VALUES]; /* pixels of holes, while these are painted over */
    uint8_t across[TILE_VALUES];                        /* marks counted along the row */
    uint16_t near[TILE_VALUES];                         /* and around */
    int holes[TILE_VALUES];
    float painted[3][TILE_VALUES];
};

dust_scratch *dust_scratch_new(void)
{
    dust_scratch *scratch = aligned_new(sizeof *scratch);
    if (scratch)
        memset(scratch, 0, sizeof *scratch);
    return scratch;
}

void dust_scratch_free(dust_scratch *scratch)
{
    aligned_free(scratch, sizeof *scratch);
}

static inline uint8_t lower(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

static inline uint8_t higher(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* The smallest of each value and three neighbours on either side, `step` apart. */
FINISH_WIDE static void lowest_of_seven(const uint8_t *restrict v, int step, int count, uint8_t *restrict to)
{
    for (int x = 0; x < count; x++)
        to[x] = lower(lower(lower(v[x - 3 * step], v[x - 2 * step]), lower(v[x - step], v[x])),
                      lower(lower(v[x + step], v[x + 2 * step]), v[x + 3 * step]));
}

FINISH_WIDE static void highest_of_seven(const uint8_t *restrict v, int step, int count, uint8_t *restrict to)
{
    for (int x = 0; x < count; x++)
        to[x] = higher(higher(higher(v[x - 3 * step], v[x - 2 * step]), higher(v[x - step], v[x])),
                       higher(higher(v[x + step], v[x + 2 * step]), v[x + 3 * step]));
}

typedef void seven(const uint8_t *restrict v, int step, int count, uint8_t *restrict to);

/* Over the square around each pixel that lies REACH further in than `inset`. */
static void over_squares(const tile *t, seven *extreme, const uint8_t *from, uint8_t *between, uint8_t *to, int inset)
{
    int left = inset + REACH, count = t->width - 2 * left;
    for (int y = inset; y < t->height - inset; y++)
        extreme(from + y * TILE_STRIDE + left, 1, count, between + y * TILE_STRIDE + left);
    for (int y = left; y < t->height - left; y++)
        extreme(between + y * TILE_STRIDE + left, TILE_STRIDE, count, to + y * TILE_STRIDE + left);
}

FINISH_WIDE static void lightness_row(const float *a, const float *b, const float *c, int count, uint8_t *restrict to)
{
    for (int x = 0; x < count; x++) {
        float light = (a[x] + b[x] + c[x]) * 85 + 0.5f;
        to[x] = (uint8_t)(int)light;
    }
}

static void tile_lightness(const tile *t, uint8_t *light)
{
    for (int y = 0; y < t->height; y++) {
        int first = y * TILE_STRIDE;
        lightness_row(t->planes[0] + first, t->planes[t->colours == 3 ? 1 : 0] + first,
                      t->planes[t->colours == 3 ? 2 : 0] + first, t->width, light + first);
    }
}

/* marks: how far a pixel sticks out, 0 when its surroundings without the mark differ among themselves as much. */
FINISH_WIDE static void judge_row(const uint8_t *restrict higher_side, const uint8_t *restrict lower_side,
                                  const uint8_t *restrict high, const uint8_t *restrict low, int count,
                                  uint8_t *restrict marks, uint8_t *restrict sure)
{
    for (int x = 0; x < count; x++) {
        uint8_t size = (uint8_t)(higher_side[x] - lower_side[x]), range = (uint8_t)(high[x] - low[x]);
        marks[x] = higher(marks[x], size);
        sure[x] = higher(sure[x], (uint8_t)(size > range ? size : 0));
    }
}

/* One kind of mark, dark or bright: `base` is the picture without it, valid 2 REACH further in than `inset`. */
static void judge_marks(const tile *t, dust_scratch *s, const uint8_t *base, bool dark, int inset)
{
    int inner = inset + 2 * REACH, judged = inner + 2 * REACH;
    over_squares(t, highest_of_seven, base, s->between, s->first, inner);
    over_squares(t, highest_of_seven, s->first, s->between, s->high, inner + REACH);
    over_squares(t, lowest_of_seven, base, s->between, s->first, inner);
    over_squares(t, lowest_of_seven, s->first, s->between, s->low, inner + REACH);
    for (int y = judged; y < t->height - judged; y++) {
        int i = y * TILE_STRIDE + judged;
        judge_row((dark ? base : s->light) + i, (dark ? s->light : base) + i, s->high + i, s->low + i,
                  t->width - 2 * judged, s->marks + i, s->sure + i);
    }
}

/* Dark marks are what closing fills, bright ones what opening takes away. */
static void measure_marks(const tile *t, dust_scratch *s, int inset)
{
    memset(s->marks, 0, sizeof s->marks);
    memset(s->sure, 0, sizeof s->sure);
    over_squares(t, highest_of_seven, s->light, s->between, s->first, inset);
    over_squares(t, lowest_of_seven, s->first, s->between, s->second, inset + REACH);
    judge_marks(t, s, s->second, true, inset);
    over_squares(t, lowest_of_seven, s->light, s->between, s->first, inset);
    over_squares(t, highest_of_seven, s->first, s->between, s->second, inset + REACH);
    judge_marks(t, s, s->second, false, inset);
}

FINISH_WIDE static void add_row(uint16_t *restrict columns, const uint8_t *restrict in, const uint8_t *restrict out,
                                uint16_t *restrict to, int count)
{
    for (int x = 0; x < count; x++) {
        columns[x] = (uint16_t)(columns[x] + in[x]);
        to[x] = columns[x];
        columns[x] = (uint16_t)(columns[x] - out[x]);
    }
}

/* How many pixels near each one stick out by more than `least`, by running sums. */
static void count_near(const tile *t, dust_scratch *s, int inset, int least)
{
    int first = inset + NEAR, count = t->width - 2 * first;
    uint16_t columns[TILE_STRIDE] = {0}, ignored[TILE_STRIDE];
    static const uint8_t nothing[TILE_STRIDE] = {0};
    for (int y = inset; y < t->height - inset; y++) {
        const uint8_t *marks = s->marks + y * TILE_STRIDE;
        uint8_t *across = s->across + y * TILE_STRIDE;
        int sum = 0;
        for (int x = inset; x < inset + 2 * NEAR; x++)
            sum += marks[x] > least;
        for (int x = first; x < t->width - first; x++) {
            sum += marks[x + NEAR] > least;
            across[x] = (uint8_t)sum;
            sum -= marks[x - NEAR] > least;
        }
        bool whole = y >= inset + 2 * NEAR;
        add_row(columns, across + first, whole ? across + first - 2 * NEAR * TILE_STRIDE : nothing,
                whole ? s->near + (y - NEAR) * TILE_STRIDE + first : ignored, count);
    }
}

/* Is this pixel part of a face? */
static bool is_face(const tile *t, int x, int y, const face_frame *frames, int count)
{
    static const finish_face bare = {.classes = NULL};
    for (int i = 0; i < count; i++)
        if (frames[i].eyes > 0 && face_skin(&frames[i], &bare, (float)(t->left + x), (float)(t->top + y)) > 0)
            return true;
    return false;
}

FINISH_WIDE static uint8_t largest(const uint8_t *values, int count)
{
    uint8_t most = 0;
    for (int x = 0; x < count; x++)
        most = higher(most, values[x]);
    return most;
}

/* Adds a mark's pixel and the room around it to what is to be painted over. Returns how many pixels that is by now. */
static int add_hole(dust_scratch *s, int mark, int count)
{
    for (int y = -ROOM; y <= ROOM; y++)
        for (int x = -ROOM; x <= ROOM; x++) {
            int i = mark + y * TILE_STRIDE + x;
            if (s->unknown[i])
                continue;
            s->unknown[i] = 1;
            s->reached[i] = 0;
            s->holes[count++] = i;
        }
    return count;
}

/* The mean of the neighbours that are known (unknown NULL: all), with the weights of Oliveira's kernel; false when there is none. */
static bool mean_around(const float *values, const uint8_t *unknown, int i, float *mean)
{
    static const int places[8] = {
        -1, 1, -TILE_STRIDE, TILE_STRIDE, -TILE_STRIDE - 1, -TILE_STRIDE + 1, TILE_STRIDE - 1, TILE_STRIDE + 1};
    float sum = 0, weights = 0;
    for (int k = 0; k < 8; k++) {
        float weight = k < 4 ? 0.176765f : 0.073235f;
        if (unknown && unknown[i + places[k]])
            continue;
        sum += weight * values[i + places[k]];
        weights += weight;
    }
    *mean = sum / (weights > 0 ? weights : 1);
    return weights > 0;
}

/* Layer after layer from the rim, then the whole again and again; each round reads what the one before left. */
static void paint(tile *t, dust_scratch *s, int count)
{
    for (int round = 0; round < LAYERS + ROUNDS; round++) {
        const uint8_t *unknown = round < LAYERS ? s->unknown : NULL;
        for (int h = 0; h < count; h++) {
            int i = s->holes[h];
            for (int c = 0; c < t->colours; c++)
                if (round < LAYERS && !s->unknown[i])
                    s->painted[c][i] = t->planes[c][i];
                else if (mean_around(t->planes[c], unknown, i, &s->painted[c][i]))
                    s->reached[i] = 1; /* known from the next round on */
                else
                    s->painted[c][i] = t->planes[c][i];
        }
        for (int h = 0; h < count; h++) {
            int i = s->holes[h];
            for (int c = 0; c < t->colours; c++)
                t->planes[c][i] = s->painted[c][i];
            if (s->reached[i])
                s->unknown[i] = 0;
        }
    }
}

void tile_remove_dust(tile *t, int inset, int strength, const finish_noise *noise, const face_frame *frames, int count,
                      dust_scratch *s)
{
    const int crowded = (2 * NEAR + 1) * (2 * NEAR + 1) / 5;
    float grain = noise->fine[0] > noise->coarse[0] ? noise->fine[0] : noise->coarse[0];
    int least = (int)(255 * fminf(fmaxf(0.05f, 5 * grain), 1)), wanted = 61 - strength * 48 / 100;
    wanted = wanted > least ? wanted : least;
    int sound = inset - DUST_MARGIN, counted = sound + 4 * REACH, first = counted + NEAR, holes = 0;
    tile_lightness(t, s->light);
    measure_marks(t, s, sound);
    count_near(t, s, counted, least);
    memset(s->unknown, 0, sizeof s->unknown);
    for (int y = first; y < t->height - first; y++) {
        if (largest(s->sure + y * TILE_STRIDE + first, t->width - 2 * first) <= wanted)
            continue;
        for (int x = first; x < t->width - first; x++) {
            int i = y * TILE_STRIDE + x;
            if (s->sure[i] > wanted && s->near[i] < crowded && !is_face(t, x, y, frames, count))
                holes = add_hole(s, i, holes);
        }
    }
    paint(t, s, holes);
}

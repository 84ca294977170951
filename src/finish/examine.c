/* What state a photo is in, for choosing what to do about it: how far its tones reach, whether it has colours, whether it was a JPEG,
 * how blurred a part of it is. Its own file because it looks and changes nothing. Large photos are sampled: some rows will do.
 *
 * Sources: Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and estimation with a new no-reference perceptual blur
 * metric", SPIE 2007 (blur); Wang, Sheikh and Bovik, "No-reference perceptual quality assessment of JPEG compressed images", ICIP
 * 2002 (steps at the edges of blocks). */
#include <math.h>
#include <stdlib.h>

#include "finish/room.h"

enum {
    BINS = 256,
    ENOUGH = 1 << 20, /* pixels to look at */
    GRID = 8,         /* pixels from one JPEG block to the next */
    LEAST_SIDE = 24,  /* of a part whose blur can be told */
    SIDE = 96,        /* that it is reduced to */
};

/* Every row of these is looked at: the first, and the distance. */
static int rows_apart(const gpen_image *photo)
{
    int step = (int)((int64_t)photo->width * photo->height / ENOUGH) + 1;
    return step < photo->height ? step : photo->height;
}

/* ---------------------------------------------------------------- tones and colours */

typedef struct tones {
    int64_t luma[BINS], all;
    double sums[BINS][3];             /* of the colours of each luma */
    double across[BINS], green[BINS]; /* and of their chroma */
    double chroma, squares;           /* sizes of all chroma, and their squares */
    double steps[GRID], counts[GRID]; /* sizes of the differences to the pixel on the left, by column of a grid */
} tones;

static float luma_of(const float v[3])
{
    return 0.299f * v[0] + 0.587f * v[1] + 0.114f * v[2];
}

static void read_row(const gpen_image *photo, int y, float *const rows[3], tones *t)
{
    int colours = image_colours(photo);
    photo_read(photo, 0, y, photo->width, rows);
    for (int x = 0; x < photo->width; x++) {
        float v[3] = {rows[0][x], colours == 3 ? rows[1][x] : rows[0][x], colours == 3 ? rows[2][x] : rows[0][x]};
        int bin = (int)(luma_of(v) * (BINS - 1) + 0.5f);
        float across = opponent_across(v[0], v[2]), green = opponent_green(v[0], v[1], v[2]);
        t->luma[bin]++;
        for (int c = 0; c < 3; c++)
            t->sums[bin][c] += (double)v[c];
        t->across[bin] += (double)across;
        t->green[bin] += (double)green;
        t->squares += (double)(across * across + green * green);
        t->chroma += (double)sqrtf(across * across + green * green);
    }
    t->all += photo->width;
}

/* The luma below which `share` of the pixels lie. */
static int luma_at(const tones *t, double share)
{
    int64_t seen = 0;
    int bin = 0;
    while (bin < BINS - 1 && (double)(seen += t->luma[bin]) <= share * (double)t->all)
        bin++;
    return bin;
}

/* How coloured the lightest twentieth is: what its weakest channel lacks of its strongest. */
static float cast_of(const tones *t)
{
    double sums[3] = {0}, most = 0, least = INFINITY;
    for (int bin = luma_at(t, 0.95); bin < BINS; bin++)
        for (int c = 0; c < 3; c++)
            sums[c] += t->sums[bin][c];
    for (int c = 0; c < 3; c++) {
        most = fmax(most, sums[c]);
        least = fmin(least, sums[c]);
    }
    return most > 0 ? (float)(1 - least / most) : 0;
}

/* The deviation of chroma among pixels of one luma: a toned print has none. */
static float spread_of(const tones *t)
{
    double left = t->squares;
    for (int bin = 0; bin < BINS; bin++)
        if (t->luma[bin])
            left -= (t->across[bin] * t->across[bin] + t->green[bin] * t->green[bin]) / (double)t->luma[bin];
    return left > 0 ? (float)sqrt(left / (double)t->all) : 0;
}

/* ---------------------------------------------------------------- blocks */

/* Sizes of the steps between neighbours, by the column of the grid at which they are. What is larger than the edge of a block can be is
 * the picture's own and does not count. */
static void add_steps(const float *row, int width, tones *t)
{
    const float most = 32.0f / 255;
    for (int x = 1; x < width; x++) {
        float step = fabsf(row[x] - row[x - 1]);
        t->steps[x % GRID] += step < most ? (double)step : 0;
        t->counts[x % GRID] += step < most;
    }
}

/* How much larger the steps are at the edges of blocks, wherever the grid begins, than between them. */
static float blockiness(const tones *t)
{
    double most = 0, others = 0;
    for (int i = 0; i < GRID; i++) {
        double mean = t->counts[i] > 0 ? t->steps[i] / t->counts[i] : 0;
        most = fmax(most, mean);
        others += mean;
    }
    others = (others - most) / (GRID - 1);
    return others > 0 ? (float)(most / others) : 1;
}

gpen_status finish_examine(const gpen_image *photo, finish_condition *condition, gpen_error *error)
{
    *condition = (finish_condition){.blocks = 1};
    gpen_status status = image_check(photo, error);
    if (status)
        return status;
    size_t width = (size_t)photo->width;
    float *block = malloc(3 * width * sizeof *block);
    tones *t = calloc(1, sizeof *t);
    if (!block || !t) {
        free(block);
        free(t);
        return gpen_fail_memory(error, "examining a photo", 3 * width * sizeof *block);
    }
    float *const rows[3] = {block, block + width, block + 2 * width};
    for (int y = rows_apart(photo) / 2; y < photo->height; y += rows_apart(photo)) {
        read_row(photo, y, rows, t);
        if (image_colours(photo) == 3)
            for (int x = 0; x < photo->width; x++) {
                const float v[3] = {rows[0][x], rows[1][x], rows[2][x]};
                rows[0][x] = luma_of(v);
            }
        add_steps(rows[0], photo->width, t);
    }
    condition->dark = (float)luma_at(t, 0.005) / (BINS - 1);
    condition->light = (float)luma_at(t, 0.995) / (BINS - 1);
    condition->cast = cast_of(t);
    condition->chroma = (float)(t->chroma / (double)t->all);
    condition->spread = spread_of(t);
    condition->blocks = blockiness(t);
    free(block);
    free(t);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- blur */

/* The part's luma in side x side cells: each the mean of what it covers. */
static void reduce_part(const gpen_image *part, int side, float *cells)
{
    int colours = image_colours(part);
    float scale = 1.0f / (float)image_top(part);
    for (int i = 0; i < side * side; i++) {
        int left = i % side * part->width / side, right = (i % side + 1) * part->width / side;
        int top = i / side * part->height / side, bottom = (i / side + 1) * part->height / side;
        float sum = 0;
        for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++) {
                float v[3];
                for (int c = 0; c < 3; c++)
                    v[c] = (float)image_sample(part, x, y, colours == 3 ? c : 0);
                sum += luma_of(v);
            }
        cells[i] = sum * scale / (float)((right - left) * (bottom - top));
    }
}

/* The share of the differences along one direction that a blur of nine pixels leaves as they are: what was blurred loses little by
 * being blurred again. `step` leads to the next pixel of a line. */
static float blur_along(const float *cells, int side, int step)
{
    enum { REACH = 4 };
    int line = step == 1 ? side : 1;
    double all = 0, kept = 0;
    for (int i = 0; i < side; i++) {
        const float *v = cells + i * line;
        float before = 0;
        for (int x = 0; x < side; x++) {
            float mean = 0;
            for (int k = -REACH; k <= REACH; k++)
                mean += v[finish_mirrored(x + k, side) * step];
            mean /= 2 * REACH + 1;
            if (x > 0) {
                float sharp = fabsf(v[x * step] - v[(x - 1) * step]), soft = fabsf(mean - before);
                all += (double)sharp;
                kept += (double)(sharp < soft ? sharp : soft);
            }
            before = mean;
        }
    }
    return all > 0 ? (float)(kept / all) : 1;
}

gpen_status finish_measure_blur(const gpen_image *photo, const int part[4], thread_pool *pool, float *blur,
                                gpen_error *error)
{
    const finish_settings quiet = {.denoise = 100};
    *blur = 0;
    gpen_image view = *photo, clean;
    view.width = part[2] - part[0];
    view.height = part[3] - part[1];
    view.pixels = (unsigned char *)photo->pixels + (size_t)part[1] * photo->row_bytes +
                  (size_t)part[0] * (size_t)(photo->channels * photo->bits / 8);
    int side = view.width < view.height ? view.width : view.height;
    if (side < LEAST_SIDE)
        return GPEN_OK;
    side = side < SIDE ? side : SIDE;
    gpen_status status = finish_apply(&view, NULL, &quiet, NULL, 0, pool, &clean, error);
    if (status)
        return status;
    float cells[SIDE * SIDE];
    reduce_part(&clean, side, cells);
    float across = blur_along(cells, side, 1), down = blur_along(cells, side, side);
    *blur = across > down ? across : down;
    gpen_image_free(&clean);
    return GPEN_OK;
}

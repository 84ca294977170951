/* Detail boost: more local contrast where a portrait is looked at, eyes, brows, lips and hair. What is detail is told by a filter that
 * keeps edges, so that nothing gets a halo. Source: He and Sun, "Fast guided filter", 2015: its two coefficients are found on a
 * coarse grid and applied pixel by pixel. */
#include <math.h>

#include "finish/room.h"

enum { LIGHT, REGION, SLOPE, LEVEL, SCRATCH, SQUARES }; /* planes of the grid */
enum { COLOURS = 3 };                                   /* rows of pixels behind three of those planes' */

typedef struct boosting {
    gpen_image *photo;
    const finish_face *face;
    const face_frame *frame;
    const face_grid *grid;
    float amount;
} boosting;

/* Lightness as a person sees it, near enough. */
static inline float luma(float red, float green, float blue)
{
    return 0.299f * red + 0.587f * green + 0.114f * blue;
}

/* In place of the first of the rows. */
FINISH_WIDE static void luma_row(float *restrict red, const float *restrict green, const float *restrict blue,
                                 int count)
{
    for (int i = 0; i < count; i++)
        red[i] = luma(red[i], green[i], blue[i]);
}

static void read_cells(void *context, int row, int worker)
{
    const boosting *b = context;
    const face_grid *g = b->grid;
    float *const rows[3] = {face_grid_own(g, worker, 0), face_grid_own(g, worker, 1), face_grid_own(g, worker, 2)};
    float sums[GRID_SIDE] = {0};
    int width = g->right - g->left, top = row * g->cell;
    int height = g->bottom - g->top - top < g->cell ? g->bottom - g->top - top : g->cell;
    for (int y = 0; y < height; y++) {
        photo_read(b->photo, g->left, g->top + top + y, width, rows);
        if (image_colours(b->photo) == 3)
            luma_row(rows[0], rows[1], rows[2], width);
        for (int i = 0; i < width; i++)
            sums[i / g->cell] += rows[0][i];
    }
    for (int column = 0; column < g->width; column++) {
        int left = column * g->cell, across = width - left < g->cell ? width - left : g->cell;
        float x = (float)(g->left + left) + (float)(across - 1) / 2,
              y = (float)(g->top + top) + (float)(height - 1) / 2;
        float mean = sums[column] / (float)(across * height);
        g->planes[LIGHT][row * g->width + column] = mean;
        g->planes[SQUARES][row * g->width + column] = mean * mean;
        g->planes[REGION][row * g->width + column] = face_feature(b->frame, b->face, x, y);
    }
}

/* light * SLOPE + LEVEL is what a pixel has without its detail. */
static void find_coefficients(const face_grid *g, const face_frame *frame)
{
    const float flat = 0.05f * 0.05f; /* variance of what is detail rather than an edge */
    float *scratch = g->planes[SCRATCH];
    int radius = (int)lrintf(0.07f * frame->eyes / (float)g->cell);
    radius = radius < 1 ? 1 : radius;
    face_grid_blur(g, g->planes[LIGHT], radius, scratch, g->planes[LEVEL]);
    face_grid_blur(g, g->planes[SQUARES], radius, scratch, g->planes[SQUARES]);
    for (int i = 0; i < g->width * g->height; i++) {
        float mean = g->planes[LEVEL][i], variance = g->planes[SQUARES][i] - mean * mean;
        variance = variance > 0 ? variance : 0;
        g->planes[SLOPE][i] = variance / (variance + flat);
        g->planes[LEVEL][i] = mean * (1 - g->planes[SLOPE][i]);
    }
    face_grid_blur(g, g->planes[SLOPE], radius, scratch, g->planes[SLOPE]);
    face_grid_blur(g, g->planes[LEVEL], radius, scratch, g->planes[LEVEL]);
    if (radius > 1)
        face_grid_blur(g, g->planes[REGION], radius / 2, scratch, g->planes[REGION]);
}

/* region, slope, level: rows[0] to rows[2]; the pixels behind them. Where there is nothing to boost, samples stay what they are. */
FINISH_WIDE static void boost_pixels(float *const rows[GRID_ROWS], int colours, float amount, int count)
{
    const float *restrict region = rows[0], *restrict slope = rows[1], *restrict level = rows[2];
    float *restrict red = rows[COLOURS], *restrict green = rows[COLOURS + 1], *restrict blue = rows[COLOURS + 2];
    for (int i = 0; i < count; i++) {
        float light = colours == 3 ? luma(red[i], green[i], blue[i]) : red[i];
        float more = region[i] > 0.001f ? amount * region[i] * (light - (light * slope[i] + level[i])) : 0;
        red[i] += more;
        if (colours == 3) {
            green[i] += more;
            blue[i] += more;
        }
    }
}

static void boost_row(void *context, int row, int worker)
{
    static const int planes[3] = {REGION, SLOPE, LEVEL};
    const boosting *b = context;
    const face_grid *g = b->grid;
    int width = g->right - g->left, y = g->top + row;
    float *rows[GRID_ROWS];
    for (int i = 0; i < GRID_ROWS; i++)
        rows[i] = face_grid_own(g, worker, i);
    for (int i = 0; i < 3; i++)
        face_grid_row(g, g->planes[planes[i]], y, rows[i]);
    photo_read(b->photo, g->left, y, width, rows + COLOURS);
    if (image_colours(b->photo) == 3)
        boost_pixels(rows, 3, b->amount, width);
    else
        boost_pixels(rows, 1, b->amount, width);
    photo_write(b->photo, b->photo, g->left, y, width, (const float *const *)(rows + COLOURS));
}

gpen_status face_boost_detail(gpen_image *photo, const finish_face *face, const face_frame *frame, int strength,
                              thread_pool *pool, gpen_error *error)
{
    const float most = 1.5f;
    face_grid grid;
    gpen_status status = face_grid_new(&grid, frame, photo, thread_pool_size(pool), error);
    if (status || !grid.planes[0])
        return status;
    boosting b = {photo, face, frame, &grid, most * (float)strength / 100};
    thread_pool_run(pool, grid.height, read_cells, &b);
    find_coefficients(&grid, frame);
    thread_pool_run(pool, grid.bottom - grid.top, boost_row, &b);
    face_grid_free(&grid);
    return GPEN_OK;
}

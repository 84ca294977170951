/* Detail boost: more local contrast where a portrait is looked at, eyes, brows, lips and hair. What is detail is told by a filter that
 * keeps edges, so that nothing gets a halo. Source: He and Sun, "Fast guided filter", 2015: its two coefficients are found on a
 * coarse grid and applied pixel by pixel. */
#include <math.h>
#include <stdlib.h>

#include "finish/room.h"

enum { LIGHT, REGION, SLOPE, LEVEL, SCRATCH, SQUARES }; /* planes of the grid */

typedef struct boosting {
    gpen_image *photo;
    const finish_face *face;
    const face_frame *frame;
    const face_grid *grid;
    float amount;
    float *rows; /* three a worker */
} boosting;

/* A sample's lightness as a person sees it, near enough: luma, 0..1. */
static float luma(const gpen_image *photo, int x, int y)
{
    float scale = 1.0f / (float)image_top(photo);
    if (image_colours(photo) == 1)
        return (float)image_sample(photo, x, y, 0) * scale;
    return (0.299f * (float)image_sample(photo, x, y, 0) + 0.587f * (float)image_sample(photo, x, y, 1) +
            0.114f * (float)image_sample(photo, x, y, 2)) *
           scale;
}

static void read_cells(void *context, int row, int worker)
{
    (void)worker;
    const boosting *b = context;
    const face_grid *g = b->grid;
    for (int column = 0; column < g->width; column++) {
        int left = g->left + column * g->cell, right = left + g->cell < g->right ? left + g->cell : g->right;
        int top = g->top + row * g->cell, bottom = top + g->cell < g->bottom ? top + g->cell : g->bottom;
        float sum = 0;
        for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++)
                sum += luma(b->photo, x, y);
        int i = row * g->width + column;
        float mean = sum / (float)((right - left) * (bottom - top));
        g->planes[LIGHT][i] = mean;
        g->planes[SQUARES][i] = mean * mean;
        g->planes[REGION][i] =
            face_feature(b->frame, b->face, (float)(left + right - 1) / 2, (float)(top + bottom - 1) / 2);
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

static void boost_row(void *context, int row, int worker)
{
    const boosting *b = context;
    const face_grid *g = b->grid;
    int width = g->right - g->left, y = g->top + row, top = image_top(b->photo);
    float *region = b->rows + (size_t)worker * 3 * (size_t)width, *slope = region + width, *level = slope + width;
    face_grid_row(g, g->planes[REGION], y, region);
    face_grid_row(g, g->planes[SLOPE], y, slope);
    face_grid_row(g, g->planes[LEVEL], y, level);
    for (int i = 0; i < width; i++) {
        if (region[i] <= 0.001f)
            continue;
        int x = g->left + i;
        float light = luma(b->photo, x, y), more = b->amount * region[i] * (light - (light * slope[i] + level[i]));
        for (int c = 0; c < image_colours(b->photo); c++) {
            int was = image_sample(b->photo, x, y, c);
            image_set_sample(b->photo, x, y, c, finish_sample((float)was / (float)top + more, was, top));
        }
    }
}

gpen_status face_boost_detail(gpen_image *photo, const finish_face *face, const face_frame *frame, int strength,
                              thread_pool *pool, gpen_error *error)
{
    const float most = 1.5f;
    face_grid grid;
    gpen_status status = face_grid_new(&grid, frame, photo, error);
    if (status || !grid.planes[0])
        return status;
    size_t values = 3 * (size_t)thread_pool_size(pool) * (size_t)(grid.right - grid.left);
    boosting b = {photo, face, frame, &grid, most * (float)strength / 100, malloc(values * sizeof(float))};
    if (b.rows) {
        thread_pool_run(pool, grid.height, read_cells, &b);
        find_coefficients(&grid, frame);
        thread_pool_run(pool, grid.bottom - grid.top, boost_row, &b);
    } else {
        status = gpen_fail_memory(error, "finishing a face", values * sizeof(float));
    }
    free(b.rows);
    face_grid_free(&grid);
    return status;
}

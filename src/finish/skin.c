/* Skin protection: what the other controls, and the restorer, did to the hue and chroma of skin over more than a few pixels is taken
 * back. CIELAB's a and b of the original and of the result are compared on a coarse grid, smoothed within the skin, and the
 * difference is added pixel by pixel; lightness and fine detail stay. Source: CIE 15 (CIELAB). */
#include <math.h>
#include <stdlib.h>

#include "finish/room.h"

enum { SKIN, A, B, SMOOTH, SCRATCH }; /* planes of the grid */

typedef struct protecting {
    gpen_image *photo;
    const gpen_image *original;
    const finish_face *face;
    const face_frame *frame;
    const face_grid *grid;
    const light_tables *tables;
    float share;
    float *rows; /* three a worker */
} protecting;

static const float to_xyz[3][3] = {{0.433953f, 0.376219f, 0.189828f},
                                   {0.212673f, 0.715152f, 0.072175f},
                                   {0.017758f, 0.109477f, 0.872765f}};
static const float from_xyz[3][3] = {{3.079933f, -1.537150f, -0.542782f},
                                     {-0.921235f, 1.875992f, 0.045244f},
                                     {0.052891f, -0.204043f, 1.151152f}};

static void multiply(const float m[3][3], const float v[3], float to[3])
{
    for (int i = 0; i < 3; i++)
        to[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
}

/* a and b of a window's mean light. */
static void mean_colour(const protecting *p, const gpen_image *photo, const int window[4], float colour[2])
{
    float sums[3] = {0}, xyz[3], count = (float)((window[2] - window[0]) * (window[3] - window[1]));
    float scale = 1.0f / (float)image_top(photo);
    for (int y = window[1]; y < window[3]; y++)
        for (int x = window[0]; x < window[2]; x++)
            for (int c = 0; c < 3; c++)
                sums[c] += light_look_up(p->tables->decode, (float)image_sample(photo, x, y, c) * scale);
    for (int c = 0; c < 3; c++)
        sums[c] /= count;
    multiply(to_xyz, sums, xyz);
    float root = (float)light_root((double)xyz[1]);
    colour[0] = 500 * ((float)light_root((double)xyz[0]) - root);
    colour[1] = 200 * (root - (float)light_root((double)xyz[2]));
}

static void compare_cells(void *context, int row, int worker)
{
    (void)worker;
    const protecting *p = context;
    const face_grid *g = p->grid;
    for (int column = 0; column < g->width; column++) {
        int left = g->left + column * g->cell, top = g->top + row * g->cell, i = row * g->width + column;
        const int window[4] = {left, top, left + g->cell < g->right ? left + g->cell : g->right,
                               top + g->cell < g->bottom ? top + g->cell : g->bottom};
        float skin = face_skin(p->frame, p->face, (float)(window[0] + window[2] - 1) / 2,
                               (float)(window[1] + window[3] - 1) / 2);
        float was[2] = {0}, is[2] = {0};
        if (skin > 0) {
            mean_colour(p, p->original, window, was);
            mean_colour(p, p->photo, window, is);
        }
        g->planes[SKIN][i] = skin;
        g->planes[A][i] = (was[0] - is[0]) * skin;
        g->planes[B][i] = (was[1] - is[1]) * skin;
    }
}

/* Differences smoothed over skin only: what lies beside it has no say. */
static void smooth_differences(const face_grid *g, const face_frame *frame)
{
    int radius = (int)lrintf(0.06f * frame->eyes / (float)g->cell);
    radius = radius < 1 ? 1 : radius;
    face_grid_blur(g, g->planes[SKIN], radius, g->planes[SCRATCH], g->planes[SMOOTH]);
    for (int k = A; k <= B; k++) {
        face_grid_blur(g, g->planes[k], radius, g->planes[SCRATCH], g->planes[k]);
        for (int i = 0; i < g->width * g->height; i++)
            g->planes[k][i] = g->planes[SMOOTH][i] > 1e-3f ? g->planes[k][i] / g->planes[SMOOTH][i] : 0;
    }
}

static float cubed(float root)
{
    return root > 6.0f / 29 ? root * root * root : (root - 4.0f / 29) * (108.0f / 841);
}

/* Moves one pixel by (a, b) at its lightness. */
static void move_colour(const protecting *p, int x, int y, float a, float b)
{
    int top = image_top(p->photo), was[3];
    float light[3], xyz[3];
    for (int c = 0; c < 3; c++) {
        was[c] = image_sample(p->photo, x, y, c);
        light[c] = light_look_up(p->tables->decode, (float)was[c] / (float)top);
    }
    multiply(to_xyz, light, xyz);
    xyz[0] = cubed(light_look_up(p->tables->root, sqrtf(xyz[0])) + a / 500);
    xyz[2] = cubed(light_look_up(p->tables->root, sqrtf(xyz[2])) - b / 200);
    multiply(from_xyz, xyz, light);
    for (int c = 0; c < 3; c++) {
        float sample = light_look_up(p->tables->encode, sqrtf(light[c] > 0 ? light[c] : 0));
        image_set_sample(p->photo, x, y, c, finish_sample(sample, was[c], top));
    }
}

static void protect_row(void *context, int row, int worker)
{
    const float least = 0.02f; /* of a and b: nobody sees less */
    const protecting *p = context;
    const face_grid *g = p->grid;
    int width = g->right - g->left, y = g->top + row;
    float *skin = p->rows + (size_t)worker * 3 * (size_t)width, *a = skin + width, *b = a + width;
    face_grid_row(g, g->planes[SKIN], y, skin);
    face_grid_row(g, g->planes[A], y, a);
    face_grid_row(g, g->planes[B], y, b);
    for (int i = 0; i < width; i++) {
        float share = skin[i] * p->share;
        if (fabsf(a[i]) * share > least || fabsf(b[i]) * share > least)
            move_colour(p, g->left + i, y, a[i] * share, b[i] * share);
    }
}

gpen_status face_protect_skin(gpen_image *photo, const gpen_image *original, const finish_face *face,
                              const face_frame *frame, int strength, const light_tables *tables, thread_pool *pool,
                              gpen_error *error)
{
    face_grid grid;
    if (image_colours(photo) < 3)
        return GPEN_OK;
    gpen_status status = face_grid_new(&grid, frame, photo, error);
    if (status || !grid.planes[0])
        return status;
    size_t values = 3 * (size_t)thread_pool_size(pool) * (size_t)(grid.right - grid.left);
    protecting p = {.photo = photo,
                    .original = original,
                    .face = face,
                    .frame = frame,
                    .grid = &grid,
                    .tables = tables,
                    .share = (float)strength / 100,
                    .rows = malloc(values * sizeof(float))};
    if (p.rows) {
        thread_pool_run(pool, grid.height, compare_cells, &p);
        smooth_differences(&grid, frame);
        thread_pool_run(pool, grid.bottom - grid.top, protect_row, &p);
    } else {
        status = gpen_fail_memory(error, "finishing a face", values * sizeof(float));
    }
    free(p.rows);
    face_grid_free(&grid);
    return status;
}

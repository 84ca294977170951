/* Skin protection: what the other controls, and the restorer, did to the hue and chroma of skin over more than a few pixels is taken
 * back. CIELAB's a and b of the original and of the result are compared on a coarse grid, smoothed within the skin, and the
 * difference is added pixel by pixel; lightness and fine detail stay. Source: CIE 15 (CIELAB). */
#include <math.h>

#include "finish/light.h"
#include "finish/room.h"

enum { SKIN, A, B, SMOOTH, SCRATCH }; /* planes of the grid; the first three are rows of pixels too */
enum { COLOURS = 3 };                 /* the rows behind them */

typedef struct protecting {
    gpen_image *photo;
    const gpen_image *original;
    const finish_face *face;
    const face_frame *frame;
    const face_grid *grid;
    float share;
} protecting;

/* Adds the light of row y of the window to the cells that are skin; sums is [width][3]. */
static void add_light(const protecting *p, const gpen_image *photo, const float *skin, int y, int worker,
                      float (*sums)[3])
{
    const face_grid *g = p->grid;
    int first = 0, end = g->width, cell = g->cell, width = g->right - g->left;
    while (first < end && !(skin[first] > 0))
        first++;
    while (end > first && !(skin[end - 1] > 0))
        end--;
    int from = first * cell, to = end * cell < width ? end * cell : width;
    float *const rows[3] = {face_grid_own(g, worker, COLOURS), face_grid_own(g, worker, COLOURS + 1),
                            face_grid_own(g, worker, COLOURS + 2)};
    if (first == end)
        return;
    photo_read(photo, g->left + from, y, to - from, rows);
    for (int c = 0; c < 3; c++) {
        row_to_light(rows[c], to - from);
        for (int i = from; i < to; i++)
            sums[i / cell][c] += rows[c][i - from];
    }
}

/* a and b of summed light. */
static void mean_colour(float sums[3], float count, float colour[2])
{
    float lab[3];
    for (int c = 0; c < 3; c++)
        sums[c] /= count;
    lab_of_light(sums, lab);
    colour[0] = lab[1];
    colour[1] = lab[2];
}

static void compare_cells(void *context, int row, int worker)
{
    const protecting *p = context;
    const face_grid *g = p->grid;
    float sums[2][GRID_SIDE][3] = {{{0}}}, *skin = g->planes[SKIN] + row * g->width;
    int top = g->top + row * g->cell, bottom = top + g->cell < g->bottom ? top + g->cell : g->bottom;
    for (int column = 0; column < g->width; column++) {
        int left = g->left + column * g->cell, right = left + g->cell < g->right ? left + g->cell : g->right;
        skin[column] = face_skin(p->frame, p->face, (float)(left + right - 1) / 2, (float)(top + bottom - 1) / 2);
    }
    for (int y = top; y < bottom; y++) {
        add_light(p, p->original, skin, y, worker, sums[0]);
        add_light(p, p->photo, skin, y, worker, sums[1]);
    }
    for (int column = 0; column < g->width; column++) {
        int left = column * g->cell, width = g->right - g->left - left < g->cell ? g->right - g->left - left : g->cell;
        float was[2], is[2], count = (float)(width * (bottom - top));
        mean_colour(sums[0][column], count, was);
        mean_colour(sums[1][column], count, is);
        g->planes[A][row * g->width + column] = (was[0] - is[0]) * skin[column];
        g->planes[B][row * g->width + column] = (was[1] - is[1]) * skin[column];
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

/* Moves pixels by (a, b) times their share of skin at their lightness. */
FINISH_WIDE static void move_row(float *restrict red, float *restrict green, float *restrict blue,
                                 const float *restrict skin, const float *restrict a, const float *restrict b,
                                 float share, int count)
{
    const float least = 0.02f; /* of a and b: nobody sees less, and samples stay what they are */
    for (int i = 0; i < count; i++) {
        float light[3] = {light_of_sample(red[i]), light_of_sample(green[i]), light_of_sample(blue[i])}, xyz[3];
        float to_a = a[i] * skin[i] * share, to_b = b[i] * skin[i] * share;
        light_multiply(light_to_xyz, light, xyz);
        xyz[0] = light_of_root(light_root(xyz[0]) + to_a / 500);
        xyz[2] = light_of_root(light_root(xyz[2]) - to_b / 200);
        light_multiply(light_from_xyz, xyz, light);
        bool moves = fabsf(to_a) > least || fabsf(to_b) > least;
        red[i] = moves ? light_to_sample(light[0]) : red[i];
        green[i] = moves ? light_to_sample(light[1]) : green[i];
        blue[i] = moves ? light_to_sample(light[2]) : blue[i];
    }
}

static void protect_row(void *context, int row, int worker)
{
    const protecting *p = context;
    const face_grid *g = p->grid;
    int first = 0, end = g->right - g->left, y = g->top + row;
    float *rows[GRID_ROWS];
    for (int i = 0; i < GRID_ROWS; i++)
        rows[i] = face_grid_own(g, worker, i);
    for (int k = SKIN; k <= B; k++)
        face_grid_row(g, g->planes[k], y, rows[k]);
    while (first < end && !(rows[SKIN][first] > 0))
        first++;
    while (end > first && !(rows[SKIN][end - 1] > 0))
        end--;
    float **colours = rows + COLOURS;
    photo_read(p->photo, g->left + first, y, end - first, colours);
    move_row(colours[0], colours[1], colours[2], rows[SKIN] + first, rows[A] + first, rows[B] + first, p->share,
             end - first);
    photo_write(p->photo, p->photo, g->left + first, y, end - first, (const float *const *)colours);
}

gpen_status face_protect_skin(gpen_image *photo, const gpen_image *original, const finish_face *face,
                              const face_frame *frame, int strength, thread_pool *pool, gpen_error *error)
{
    face_grid grid;
    if (image_colours(photo) < 3)
        return GPEN_OK;
    gpen_status status = face_grid_new(&grid, frame, photo, thread_pool_size(pool), error);
    if (status || !grid.planes[0])
        return status;
    protecting p = {photo, original, face, frame, &grid, (float)strength / 100};
    thread_pool_run(pool, grid.height, compare_cells, &p);
    smooth_differences(&grid, frame);
    thread_pool_run(pool, grid.bottom - grid.top, protect_row, &p);
    face_grid_free(&grid);
    return GPEN_OK;
}

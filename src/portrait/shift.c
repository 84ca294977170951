/* Where a restored face has moved: restorers put an eye or a lip a pixel or two beside its place, and where the photo's own face shows
 * through, that would be seen as a second edge. Found where the networks have just been, so that trying looks costs nothing.
 * Source: Lucas and Kanade, "An iterative image registration technique with an application to stereo vision", IJCAI 1981. */
#include <math.h>

#include "portrait/room.h"

enum { MOST_CELLS = 128, ROUNDS = 4, PRODUCTS = 5 };

/* Two faces on a grid of cells: structure without colour and noise. */
typedef struct matching {
    plane before, after, moved; /* moved: after, seen through the shift */
    plane products[PRODUCTS];   /* of gradients and difference: xx, xy, yy, xt, yt */
    plane *shift;               /* [2], in cells */
} matching;

/* A face's luma in cells, what is finer than one and coarser than a feature taken out. */
static gpen_status read_structure(plane *p, const gpen_image *image, int cells, gpen_error *error)
{
    const int coarse = 8;
    plane level = {0};
    gpen_status status = plane_luma(p, image, error);
    while (!status && p->width > cells)
        status = plane_halve(p, error);
    if (!status)
        status = plane_mean_twice(p, 1, error);
    if (!status)
        status = plane_copy(&level, p, error);
    if (!status)
        status = plane_mean_twice(&level, coarse, error);
    for (int i = 0; !status && i < p->width * p->height; i++)
        p->values[i] -= level.values[i];
    plane_free(&level);
    return status;
}

static int held(int place, int length)
{
    return place < 0 ? 0 : place < length ? place : length - 1;
}

static void move_after(const matching *m)
{
    for (int y = 0; y < m->moved.height; y++)
        for (int x = 0; x < m->moved.width; x++) {
            int i = y * m->moved.width + x;
            m->moved.values[i] =
                plane_between(&m->after, (float)x + m->shift[0].values[i], (float)y + m->shift[1].values[i]);
        }
}

/* Half the gradient of the mean of both faces, as central differences. */
static float gradient(const matching *m, int i, int j)
{
    return (m->before.values[i] - m->before.values[j] + m->moved.values[i] - m->moved.values[j]) * 0.25f;
}

static void fill_products(const matching *m)
{
    int width = m->before.width, height = m->before.height;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int i = y * width + x;
            float dx = gradient(m, y * width + held(x + 1, width), y * width + held(x - 1, width));
            float dy = gradient(m, held(y + 1, height) * width + x, held(y - 1, height) * width + x);
            float difference = m->moved.values[i] - m->before.values[i];
            m->products[0].values[i] = dx * dx;
            m->products[1].values[i] = dx * dy;
            m->products[2].values[i] = dy * dy;
            m->products[3].values[i] = dx * difference;
            m->products[4].values[i] = dy * difference;
        }
}

/* The step that makes the faces meet in each cell's neighbourhood; none where there is nothing to go by. */
static void take_step(const matching *m, float most)
{
    const float nothing = 5e-5f; /* of a squared gradient: noise */
    for (int i = 0; i < m->before.width * m->before.height; i++) {
        float xx = m->products[0].values[i] + nothing, xy = m->products[1].values[i];
        float yy = m->products[2].values[i] + nothing, xt = m->products[3].values[i], yt = m->products[4].values[i];
        float determinant = xx * yy - xy * xy;
        float step[2] = {(xy * yt - yy * xt) / determinant, (xy * xt - xx * yt) / determinant};
        for (int k = 0; k < 2; k++) {
            float shift = m->shift[k].values[i] + step[k];
            m->shift[k].values[i] = shift > most ? most : shift < -most ? -most : shift;
        }
    }
}

static gpen_status find(matching *m, gpen_error *error)
{
    const int around = 6;                        /* cells of a neighbourhood, each way */
    float most = 0.02f * (float)m->before.width; /* no feature of a face moves farther without becoming another one's */
    gpen_status status = GPEN_OK;
    for (int round = 0; round < ROUNDS && !status; round++) {
        move_after(m);
        fill_products(m);
        for (int k = 0; k < PRODUCTS && !status; k++)
            status = plane_mean_twice(&m->products[k], around, error);
        if (!status)
            take_step(m, most);
    }
    for (int k = 0; k < 2 && !status; k++)
        status = plane_mean_twice(&m->shift[k], around / 2, error);
    return status;
}

gpen_status shift_find(plane shift[2], const gpen_image *before, const gpen_image *after, gpen_error *error)
{
    matching m = {.shift = shift};
    int cells = before->width / 4 < MOST_CELLS ? before->width / 4 : MOST_CELLS;
    plane *planes[] = {&m.moved,       &m.products[0], &m.products[1], &m.products[2],
                       &m.products[3], &m.products[4], &shift[0],      &shift[1]};
    gpen_status status = read_structure(&m.before, before, cells, error);
    if (!status)
        status = read_structure(&m.after, after, cells, error);
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) {
        *planes[i] = (plane){0};
        if (!status)
            status = plane_new(planes[i], m.before.width, m.before.height, error);
    }
    if (!status)
        status = find(&m, error);
    for (int k = 0; k < 2; k++) {
        float pixels = (float)before->width / (float)cells; /* of the crop in a cell */
        for (int i = 0; !status && i < m.before.width * m.before.height; i++)
            shift[k].values[i] *= pixels;
        if (status)
            plane_free(&shift[k]);
    }
    plane_free(&m.before);
    plane_free(&m.after);
    plane_free(&m.moved);
    for (int k = 0; k < PRODUCTS; k++)
        plane_free(&m.products[k]);
    return status;
}

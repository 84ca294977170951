/* A restored face in the colours of the photo it came from: restorers shift whole cheeks by a few steps, which shows at the mask's
 * edge. Mean colours of cells of both pictures are compared in Oklab, the differences smoothed, and added pixel by pixel. */
#include <math.h>
#include <stdlib.h>

#include "finish/room.h"

enum { CELLS = 64 }; /* across the longer side */

typedef struct matching {
    gpen_image *face;
    const gpen_image *like;
    light_tables tables;
    int cell, width, height; /* of the grid */
    plane shifts[3];         /* of lightness, of a, of b; one a cell */
    float *rows;             /* three a worker */
} matching;

static const float to_cones[3][3] = {{0.4122214708f, 0.5363325363f, 0.0514459929f},
                                     {0.2119034982f, 0.6806995451f, 0.1073969566f},
                                     {0.0883024619f, 0.2817188376f, 0.6299787005f}};
static const float from_cones[3][3] = {{4.0767416621f, -3.3077115913f, 0.2309699292f},
                                       {-1.2684380046f, 2.6097574011f, -0.3413193965f},
                                       {-0.0041960863f, -0.7034186147f, 1.7076147010f}};
static const float to_lab[3][3] = {{0.2104542553f, 0.7936177850f, -0.0040720468f},
                                   {1.9779984951f, -2.4285922050f, 0.4505937099f},
                                   {0.0259040371f, 0.7827717662f, -0.8086757660f}};
static const float from_lab[3][3] = {{1, 0.3963377774f, 0.2158037573f},
                                     {1, -0.1055613458f, -0.0638541728f},
                                     {1, -0.0894841775f, -1.2914855480f}};

static void multiply(const float m[3][3], const float v[3], float to[3])
{
    for (int i = 0; i < 3; i++)
        to[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
}

/* The mean light of a window: left, top, right, bottom. Grey counts as three equal channels. */
static void mean_light(const matching *m, const gpen_image *image, const int window[4], float light[3])
{
    float scale = 1.0f / (float)image_top(image), count = (float)((window[2] - window[0]) * (window[3] - window[1]));
    int colours = image_colours(image);
    for (int c = 0; c < 3; c++)
        light[c] = 0;
    for (int y = window[1]; y < window[3]; y++)
        for (int x = window[0]; x < window[2]; x++)
            for (int c = 0; c < colours; c++)
                light[c] += light_look_up(m->tables.decode, (float)image_sample(image, x, y, c) * scale);
    for (int c = 0; c < 3; c++)
        light[c] = (c < colours ? light[c] : light[0] * count) / count;
}

static void oklab(const float light[3], float lab[3])
{
    float cones[3];
    multiply(to_cones, light, cones);
    for (int i = 0; i < 3; i++)
        cones[i] = cbrtf(cones[i]);
    multiply(to_lab, cones, lab);
}

static void compare_row(void *context, int row, int worker)
{
    (void)worker;
    const matching *m = context;
    for (int column = 0; column < m->width; column++) {
        int left = column * m->cell, top = row * m->cell;
        const int window[4] = {left, top, left + m->cell < m->face->width ? left + m->cell : m->face->width,
                               top + m->cell < m->face->height ? top + m->cell : m->face->height};
        float light[3], was[3], is[3];
        mean_light(m, m->like, window, light);
        oklab(light, was);
        mean_light(m, m->face, window, light);
        oklab(light, is);
        for (int k = 0; k < 3; k++)
            m->shifts[k].values[row * m->width + column] = was[k] - is[k];
    }
}

/* Moves one pixel by `shift` in Oklab. */
static void move_pixel(const matching *m, int x, int y, const float shift[3])
{
    int top = image_top(m->face), colours = image_colours(m->face), was[3] = {0};
    float light[3], lab[3], cones[3];
    for (int c = 0; c < 3; c++) {
        was[c] = c < colours ? image_sample(m->face, x, y, c) : was[0];
        light[c] = light_look_up(m->tables.decode, (float)was[c] / (float)top);
    }
    oklab(light, lab);
    for (int k = 0; k < 3; k++)
        lab[k] += shift[k];
    multiply(from_lab, lab, cones);
    for (int i = 0; i < 3; i++)
        cones[i] = cones[i] * cones[i] * cones[i];
    multiply(from_cones, cones, light);
    for (int c = 0; c < colours; c++) {
        float sample = light_look_up(m->tables.encode, sqrtf(light[c] > 0 ? light[c] : 0));
        image_set_sample(m->face, x, y, c, finish_sample(sample, was[c], top));
    }
}

static void match_row(void *context, int y, int worker)
{
    const float least = 2e-4f; /* nobody sees less */
    const matching *m = context;
    int width = m->face->width, kinds = image_colours(m->face);
    float *rows = m->rows + (size_t)worker * 3 * (size_t)width;
    for (int k = 0; k < kinds; k++)
        plane_resize_row(&m->shifts[k], y, width, m->face->height, rows + k * width);
    for (int x = 0; x < width; x++) {
        float shift[3] = {0}, most = 0;
        for (int k = 0; k < kinds; k++) {
            shift[k] = rows[k * width + x];
            most = fmaxf(most, fabsf(shift[k]));
        }
        if (most > least)
            move_pixel(m, x, y, shift);
    }
}

/* Three means, one after the other, are nearly a Gaussian: here of four cells, a sixteenth of the width. */
static gpen_status smooth_shifts(matching *m, gpen_error *error)
{
    enum { RADIUS = 3, TIMES = 3 };
    gpen_status status = GPEN_OK;
    for (int i = 0; i < 3 * TIMES && !status; i++)
        status = plane_mean(&m->shifts[i % 3], RADIUS, error);
    return status;
}

gpen_status finish_match_colour(gpen_image *face, const gpen_image *like, thread_pool *pool, gpen_error *error)
{
    matching m = {.face = face, .like = like};
    int side = face->width > face->height ? face->width : face->height;
    gpen_status status = GPEN_OK;
    m.cell = (side + CELLS - 1) / CELLS;
    m.width = (face->width + m.cell - 1) / m.cell;
    m.height = (face->height + m.cell - 1) / m.cell;
    light_tables_fill(&m.tables);
    size_t values = 3 * (size_t)thread_pool_size(pool) * (size_t)face->width;
    m.rows = malloc(values * sizeof *m.rows);
    if (!m.rows)
        status = gpen_fail_memory(error, "matching colours", values * sizeof *m.rows);
    for (int k = 0; k < 3 && !status; k++)
        status = plane_new(&m.shifts[k], m.width, m.height, error);
    if (!status) {
        thread_pool_run(pool, m.height, compare_row, &m);
        status = smooth_shifts(&m, error);
    }
    if (!status)
        thread_pool_run(pool, face->height, match_row, &m);
    for (int k = 0; k < 3; k++)
        plane_free(&m.shifts[k]);
    free(m.rows);
    return status;
}

/* Mode detail: the fine band (up to 4 px) of the restored face on the face as it came. Only lightness is touched, and only where the
 * restored face has more structure than the photo; nothing gets lighter or darker than what either face has within two
 * pixels, so that no edge gets a halo. */
#include <math.h>
#include <stdlib.h>

#include "portrait/room.h"

typedef struct adding {
    const face_pair *pair;
    gpen_image *to;
    float share;
    plane own, new;               /* luma of the face as it came, and of the restored one drawn to its places */
    plane own_coarse, new_coarse; /* without the fine band */
    plane own_energy, new_energy; /* of the fine band around a pixel */
    plane least, most;            /* luma of either face in a row's neighbourhood */
    int reach;                    /* of neighbourhoods, pixels each way */
    float *rows;                  /* two a worker */
} adding;

static void draw_new(void *context, int y, int worker)
{
    const adding *a = context;
    const face_pair *pair = a->pair;
    int width = a->to->width, colours = image_colours(a->to);
    float *across = a->rows + (size_t)worker * 2 * (size_t)width, *down = across + width;
    float scale = 1.0f / (float)image_top(a->to);
    plane_resize_row(&pair->shift[0], y, width, a->to->height, across);
    plane_resize_row(&pair->shift[1], y, width, a->to->height, down);
    for (int x = 0; x < width; x++) {
        float sampled[3];
        for (int c = 0; c < 3; c++)
            sampled[c] = sample_between(pair->after, (float)x + pair->shift_scale * across[x],
                                        (float)y + pair->shift_scale * down[x], colours == 3 ? c : 0);
        a->new.values[(size_t)y * (size_t)width + (size_t)x] = luma_of(sampled) * scale;
    }
}

/* The fine band of a row of luma. */
static void fine_row(const plane *all, const plane *coarse, int y, float *row)
{
    plane_resize_row(coarse, y, all->width, all->height, row);
    for (int x = 0; x < all->width; x++)
        row[x] = all->values[(size_t)y * (size_t)all->width + (size_t)x] - row[x];
}

/* The least and the most luma of both faces along a row, around each pixel. */
static void bound_row(const adding *a, int y)
{
    int width = a->to->width;
    size_t row = (size_t)y * (size_t)width;
    const float *own = a->own.values + row, *new = a->new.values + row;
    for (int x = 0; x < width; x++) {
        float least = 1, most = 0;
        for (int u = x - a->reach < 0 ? 0 : x - a->reach; u <= x + a->reach && u < width; u++) {
            least = fminf(least, fminf(own[u], new[u]));
            most = fmaxf(most, fmaxf(own[u], new[u]));
        }
        a->least.values[row + (size_t)x] = least;
        a->most.values[row + (size_t)x] = most;
    }
}

static void square_row(void *context, int y, int worker)
{
    const adding *a = context;
    int width = a->to->width;
    float *own = a->rows + (size_t)worker * 2 * (size_t)width, *new = own + width;
    fine_row(&a->own, &a->own_coarse, y, own);
    fine_row(&a->new, &a->new_coarse, y, new);
    bound_row(a, y);
    for (int x = 0; x < width; x++) {
        a->own_energy.values[(size_t)y * (size_t)width + (size_t)x] = own[x] * own[x];
        a->new_energy.values[(size_t)y * (size_t)width + (size_t)x] = new[x] * new[x];
    }
}

/* value, no farther than what either face has near (x, y). */
static float without_halo(const adding *a, int x, int y, float value)
{
    float least = 1, most = 0;
    int width = a->to->width, height = a->to->height;
    for (int v = y - a->reach < 0 ? 0 : y - a->reach; v <= y + a->reach && v < height; v++) {
        size_t i = (size_t)v * (size_t)width + (size_t)x;
        least = fminf(least, a->least.values[i]);
        most = fmaxf(most, a->most.values[i]);
    }
    return fminf(fmaxf(value, least), most);
}

static void add_row(void *context, int y, int worker)
{
    const float least = 1e-7f; /* of energy: half a grey level */
    const adding *a = context;
    int width = a->to->width;
    float *own = a->rows + (size_t)worker * 2 * (size_t)width, *new = own + width, top = (float)image_top(a->to);
    fine_row(&a->own, &a->own_coarse, y, own);
    fine_row(&a->new, &a->new_coarse, y, new);
    for (int x = 0; x < width; x++) {
        size_t i = (size_t)y * (size_t)width + (size_t)x;
        float weight = a->new_energy.values[i] / (a->new_energy.values[i] + a->own_energy.values[i] + least);
        float was = a->own.values[i], wanted = was + a->share * weight * (new[x] - own[x]);
        float more = (without_halo(a, x, y, wanted) - was) * top;
        for (int c = 0; c < image_colours(a->to); c++) {
            float value = (float)image_sample(a->pair->before, x, y, c) + more;
            image_set_sample(a->to, x, y, c, lrintf(value > 0 ? value < top ? value : top : 0));
        }
    }
}

static gpen_status add_planes(adding *a, thread_pool *pool, gpen_error *error)
{
    thread_pool_run(pool, a->to->height, draw_new, a);
    gpen_status status = plane_coarse(&a->own_coarse, &a->own, a->pair->halvings, error);
    if (!status)
        status = plane_coarse(&a->new_coarse, &a->new, a->pair->halvings, error);
    if (status)
        return status;
    thread_pool_run(pool, a->to->height, square_row, a);
    status = plane_mean_twice(&a->own_energy, a->reach, error);
    if (!status)
        status = plane_mean_twice(&a->new_energy, a->reach, error);
    if (!status)
        thread_pool_run(pool, a->to->height, add_row, a);
    return status;
}

gpen_status add_fine_detail(const face_pair *pair, int strength, thread_pool *pool, gpen_image *to, gpen_error *error)
{
    adding a = {.pair = pair, .to = to, .share = (float)strength / 100};
    plane *planes[] = {&a.new, &a.own_energy, &a.new_energy, &a.least, &a.most};
    a.reach = pair->halvings > 1 ? 1 << (pair->halvings - 1) : 1;
    size_t values = 2 * (size_t)thread_pool_size(pool) * (size_t)to->width;
    a.rows = malloc(values * sizeof *a.rows);
    gpen_status status = a.rows ? GPEN_OK : gpen_fail_memory(error, "a face's detail", values * sizeof *a.rows);
    for (size_t i = 0; i < sizeof planes / sizeof *planes && !status; i++)
        status = plane_new(planes[i], to->width, to->height, error);
    if (!status)
        status = plane_luma(&a.own, pair->before, error);
    if (!status)
        status = add_planes(&a, pool, error);
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++)
        plane_free(planes[i]);
    plane_free(&a.own);
    plane_free(&a.own_coarse);
    plane_free(&a.new_coarse);
    free(a.rows);
    return status;
}

/* Strength: between a face as it came and the restored one, without a second edge. Both are drawn together along their shift (at low
 * strengths to where the photo has its features), and fine detail follows the restored face sooner than the rest, because half
 * of two details is none. docs/LOOK.md has the formula. */
#include <math.h>
#include <stdlib.h>

#include "portrait/room.h"

typedef struct blending {
    const face_pair *pair;
    blend_weights weights;
    gpen_image *to;
    int channel;
    plane own, added, coarse; /* of a channel: the photo's, what the restored face adds, and that without detail */
    float *rows;              /* two a worker */
} blending;

/* Features stand where the photo has them up to strength 20, from 60 on where the restored face has them, and move smoothly between. */
static float place_of(float share)
{
    const float first = 0.2f, last = 0.6f;
    float t = (share - first) / (last - first);
    t = t < 0 ? 0 : t < 1 ? t : 1;
    return t * t * (3 - 2 * t);
}

blend_weights blend_weights_of(gpen_mode mode, int strength)
{
    float share = (float)strength / 100, rest = 1 - share;
    if (mode == GPEN_MODE_STRONG)
        return (blend_weights){place_of(share), 1 - rest * rest, 1 - rest * rest * rest * rest};
    return (blend_weights){place_of(share), share, 1 - rest * rest};
}

static void draw_together(void *context, int y, int worker)
{
    const blending *b = context;
    const face_pair *pair = b->pair;
    int width = b->to->width;
    float *across = b->rows + (size_t)worker * 2 * (size_t)width, *down = across + width;
    float *own = b->own.values + (size_t)y * (size_t)width, *added = b->added.values + (size_t)y * (size_t)width;
    float back = b->weights.place * pair->shift_scale, forth = pair->shift_scale - back;
    plane_resize_row(&pair->shift[0], y, width, b->to->height, across);
    plane_resize_row(&pair->shift[1], y, width, b->to->height, down);
    for (int x = 0; x < width; x++) {
        own[x] = sample_between(pair->before, (float)x - back * across[x], (float)y - back * down[x], b->channel);
        added[x] =
            sample_between(pair->after, (float)x + forth * across[x], (float)y + forth * down[x], b->channel) - own[x];
    }
}

static void mix_row(void *context, int y, int worker)
{
    const blending *b = context;
    int width = b->to->width;
    float *coarse = b->rows + (size_t)worker * 2 * (size_t)width;
    const float *own = b->own.values + (size_t)y * (size_t)width, *added = b->added.values + (size_t)y * (size_t)width;
    float top = (float)image_top(b->to), detail = b->weights.detail, rest = b->weights.coarse - detail;
    plane_resize_row(&b->coarse, y, width, b->to->height, coarse);
    for (int x = 0; x < width; x++) {
        float value = own[x] + detail * added[x] + rest * coarse[x];
        image_set_sample(b->to, x, y, b->channel, lrintf(value > 0 ? value < top ? value : top : 0));
    }
}

static gpen_status blend_channel(blending *b, thread_pool *pool, gpen_error *error)
{
    thread_pool_run(pool, b->to->height, draw_together, b);
    gpen_status status = plane_coarse(&b->coarse, &b->added, b->pair->halvings, error);
    if (status)
        return status;
    thread_pool_run(pool, b->to->height, mix_row, b);
    plane_free(&b->coarse);
    return GPEN_OK;
}

gpen_status blend_faces(const face_pair *pair, blend_weights share, thread_pool *pool, gpen_image *to,
                        gpen_error *error)
{
    blending b = {.pair = pair, .weights = share, .to = to};
    size_t values = 2 * (size_t)thread_pool_size(pool) * (size_t)to->width;
    b.rows = malloc(values * sizeof *b.rows);
    gpen_status status = b.rows ? GPEN_OK : gpen_fail_memory(error, "blending a face", values * sizeof *b.rows);
    if (!status)
        status = plane_new(&b.own, to->width, to->height, error);
    if (!status)
        status = plane_new(&b.added, to->width, to->height, error);
    for (; b.channel < image_colours(to) && !status; b.channel++)
        status = blend_channel(&b, pool, error);
    plane_free(&b.own);
    plane_free(&b.added);
    free(b.rows);
    return status;
}

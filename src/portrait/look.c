/* What a face looks like before it is pasted: the restored one and the one as it came, put together as mode and strength say. No network
 * has a part in this: it is what is done anew when a person tries another look. */
#include <math.h>

#include "portrait/room.h"

/* Each pixel's luma in all its colours. */
static void make_grey(gpen_image *image)
{
    for (int y = 0; y < image->height && image_colours(image) == 3; y++)
        for (int x = 0; x < image->width; x++) {
            float colours[3];
            for (int c = 0; c < 3; c++)
                colours[c] = (float)image_sample(image, x, y, c);
            for (int c = 0; c < 3; c++)
                image_set_sample(image, x, y, c, lrintf(luma_of(colours)));
        }
}

/* A face at the size in which a preview needs it: `halvings` times half of what the networks made. */
static gpen_status halved(const gpen_image *from, int halvings, gpen_image *to, gpen_error *error)
{
    gpen_status status =
        image_new(to, from->width >> halvings, from->height >> halvings, from->channels, from->bits, error);
    return status ? status : image_reduce(from, to, error);
}

static gpen_status look_at_pair(const face_pair *pair, gpen_mode mode, int strength, thread_pool *pool, gpen_image *to,
                                gpen_error *error)
{
    switch (mode) {
    case GPEN_MODE_PLAIN: blend_strength(pair->before, strength, to); return GPEN_OK;
    case GPEN_MODE_DETAIL: return add_fine_detail(pair, strength, pool, to, error);
    case GPEN_MODE_NATURAL:
    case GPEN_MODE_STRONG: break;
    }
    return blend_faces(pair, blend_weights_of(mode, strength), pool, to, error);
}

/* How much of what a crop cannot hold, fine detail of large faces, stays. */
static float kept_share(gpen_mode mode, int strength)
{
    if (mode == GPEN_MODE_PLAIN)
        return 0;
    return mode == GPEN_MODE_DETAIL ? 1 : 1 - blend_weights_of(mode, strength).detail;
}

void face_look_free(face_look *look)
{
    gpen_image_free(&look->before);
    gpen_image_free(&look->face);
}

/* How often a crop can be halved until only what is coarser than 4 px of the photo is left; crops of small faces are enlarged. */
static int detail_halvings(const face_crop *crop, int halvings)
{
    const int photo_detail = 2, least_left = 4; /* powers of two */
    const double(*m)[3] = crop->forward.m;
    double enlarged = sqrt(fabs(m[0][0] * m[1][1] - m[0][1] * m[1][0]));
    int most = (int)log2(crop->before.width) - halvings - least_left;
    int wanted = (int)lrint(photo_detail + log2(enlarged > 1 ? enlarged : 1)) - halvings;
    wanted = wanted < most ? wanted : most;
    return wanted > 0 ? wanted : 0;
}

gpen_status face_look_make(face_look *look, const face_crop *crop, const look_wish *wish, thread_pool *pool,
                           gpen_error *error)
{
    gpen_image after = {0};
    *look = (face_look){.kept = kept_share(wish->mode, wish->strength)};
    if (wish->mode == GPEN_MODE_NATURAL)
        look->grain = sqrtf(1 - look->kept * look->kept); /* variances add up to the photo's */
    gpen_status status = halved(&crop->before, wish->halvings, &look->before, error);
    if (!status)
        status = halved(&crop->after, wish->halvings, &after, error);
    if (!status && wish->mode == GPEN_MODE_NATURAL)
        status = finish_match_colour(&after, &look->before, pool, error);
    if (!status)
        status = image_copy(&after, &look->face, error);
    const face_pair pair = {&look->before, &after, crop->shift, 1.0f / (float)(1 << wish->halvings),
                            detail_halvings(crop, wish->halvings)};
    if (!status)
        status = look_at_pair(&pair, wish->mode, wish->strength, pool, &look->face, error);
    if (!status && wish->grey)
        make_grey(&look->face);
    gpen_image_free(&after);
    if (status)
        face_look_free(look);
    return status;
}

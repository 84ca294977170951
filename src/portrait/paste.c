/* Pasting restored faces into the photo: inverse warp over the pixels under the crop, strongest mask wins, blend. */
#include <math.h>
#include <string.h>

#include "portrait/room.h"

gpen_status canvas_begin(canvas *c, const gpen_image *photo, gpen_mode mode, gpen_image *result, uint8_t *touched,
                         gpen_error *error)
{
    *c = (canvas){.photo = photo,
                  .result = result,
                  .touched = touched,
                  .margin = mode == GPEN_MODE_PLAIN ? 0.0f : 1e-3f};
    gpen_status status = image_new(result, photo->width, photo->height, photo->channels, photo->bits, error);
    if (!status)
        status = plane_new(&c->strongest, photo->width, photo->height, error);
    if (status) {
        gpen_image_free(result);
        return status;
    }
    for (int y = 0; y < photo->height; y++)
        memcpy((unsigned char *)result->pixels + (size_t)y * result->row_bytes,
               (const unsigned char *)photo->pixels + (size_t)y * photo->row_bytes, result->row_bytes);
    return GPEN_OK;
}

void canvas_end(canvas *c)
{
    plane_free(&c->strongest);
}

/* A rectangle of the photo. */
typedef struct window {
    int left, top, width, height;
} window;

static int held(double value, int most)
{
    return value < 0 ? 0 : value > most ? most : (int)value;
}

/* The photo's pixels under the crop, and one more all around for the interpolation. */
static window under(const canvas *c, int size, const image_affine *back)
{
    double least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY};
    for (int corner = 0; corner < 4; corner++) {
        double x = corner % 2 ? size : -1, y = corner / 2 ? size : -1;
        for (int k = 0; k < 2; k++) {
            double position = back->m[k][0] * x + back->m[k][1] * y + back->m[k][2];
            least[k] = fmin(least[k], position);
            most[k] = fmax(most[k], position);
        }
    }
    window w = {held(floor(least[0]) - 1, c->photo->width), held(floor(least[1]) - 1, c->photo->height), 0, 0};
    w.width = held(ceil(most[0]) + 2, c->photo->width) - w.left;
    w.height = held(ceil(most[1]) + 2, c->photo->height) - w.top;
    return w;
}

/* One row of the window: warped face and mask against what is there. */
static void paste_row(canvas *c, const window *w, int y, const gpen_image *face, const plane *mask)
{
    float top = (float)image_top(c->photo);
    for (int x = 0; x < w->width; x++) {
        int px = w->left + x, py = w->top + y;
        size_t place = (size_t)py * (size_t)c->photo->width + (size_t)px;
        float m = mask->values[(size_t)y * (size_t)w->width + (size_t)x];
        if (!(m > c->strongest.values[place] + c->margin))
            continue;
        c->strongest.values[place] = m;
        if (c->touched)
            c->touched[place] = 1;
        for (int k = 0; k < image_colours(c->photo); k++) {
            float mixed = (float)image_sample(c->photo, px, py, k) * (1 - m) + (float)image_sample(face, x, y, k) * m;
            image_set_sample(c->result, px, py, k, lrintf(mixed < top ? mixed : top));
        }
    }
}

gpen_status canvas_paste(canvas *c, const gpen_image *face, const plane *mask, const image_affine *back,
                         gpen_error *error)
{
    window w = under(c, face->width, back);
    if (w.width < 1 || w.height < 1)
        return GPEN_OK;
    gpen_image warped = {0};
    plane soft = {0};
    gpen_status status = image_new(&warped, w.width, w.height, face->channels, face->bits, error);
    if (!status)
        status = plane_new(&soft, w.width, w.height, error);
    if (!status) {
        image_warp(face, back, w.left, w.top, &warped);
        plane_warp(mask, back, w.left, w.top, &soft);
        for (int y = 0; y < w.height; y++)
            paste_row(c, &w, y, &warped, &soft);
    }
    plane_free(&soft);
    gpen_image_free(&warped);
    return status;
}

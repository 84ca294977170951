/* Pasting restored faces into the photo: inverse warp over the pixels under the crop, strongest mask wins, blend. */
#include <math.h>
#include <string.h>

#include "portrait/room.h"

/* What is under the faces: the photo, or it with part of its noise gone. */
static float under_faces(const canvas *c, int x, int y, int channel)
{
    float was = (float)image_sample(c->photo, x, y, channel);
    return c->clean ? was + c->cleaned * ((float)image_sample(c->clean, x, y, channel) - was) : was;
}

static void begin_row(void *context, int y, int worker)
{
    (void)worker;
    const canvas *c = context;
    gpen_image *result = c->result;
    memcpy((unsigned char *)result->pixels + (size_t)y * result->row_bytes,
           (const unsigned char *)c->photo->pixels + (size_t)y * c->photo->row_bytes, result->row_bytes);
    for (int x = 0; x < result->width && c->clean; x++)
        for (int k = 0; k < image_colours(result); k++)
            image_set_sample(result, x, y, k, lrintf(under_faces(c, x, y, k)));
}

gpen_status canvas_begin(canvas *c, gpen_mode mode, gpen_image *result, gpen_error *error)
{
    const gpen_image *photo = c->photo;
    c->result = result;
    c->margin = mode == GPEN_MODE_PLAIN ? 0.0f : 1e-3f;
    gpen_status status = image_new(result, photo->width, photo->height, photo->channels, photo->bits, error);
    if (!status)
        status = plane_new(&c->strongest, photo->width, photo->height, error);
    if (status) {
        gpen_image_free(result);
        return status;
    }
    thread_pool_run(c->pool, photo->height, begin_row, c);
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

/* A face on its way into the window under it, in bands of rows. */
enum { BAND = 16 };

typedef struct pasting {
    canvas *canvas;
    window window;
    const face_look *look;
    const plane *mask;
    image_affine look_back, mask_back; /* from the pixels of the one and the other to the photo */
    gpen_image face, before;           /* as large as the window, seen from the photo */
    plane soft;
} pasting;

/* The rows of a band in a picture as large as the window. */
static gpen_image band_of(const gpen_image *whole, int top, int height)
{
    gpen_image band = *whole;
    band.height = height;
    band.pixels = (unsigned char *)whole->pixels + (size_t)top * whole->row_bytes;
    return band;
}

/* The restored face, with what the crop could not hold of the photo, and with grain. */
static float face_value(const pasting *p, int x, int y, int channel, const float *grain)
{
    int px = p->window.left + x, py = p->window.top + y;
    float value = (float)image_sample(&p->face, x, y, channel);
    if (p->look->kept > 0)
        value +=
            p->look->kept * (under_faces(p->canvas, px, py, channel) - (float)image_sample(&p->before, x, y, channel));
    if (grain)
        value += p->look->grain * grain[channel] * (float)image_top(&p->face);
    return value;
}

static void paste_row(const pasting *p, int y)
{
    canvas *c = p->canvas;
    const window *w = &p->window;
    float top = (float)image_top(c->photo);
    for (int x = 0; x < w->width; x++) {
        int px = w->left + x, py = w->top + y;
        size_t place = (size_t)py * (size_t)c->photo->width + (size_t)px;
        float m = p->soft.values[(size_t)y * (size_t)w->width + (size_t)x];
        if (!(m > c->strongest.values[place] + c->margin))
            continue;
        c->strongest.values[place] = m;
        if (c->touched)
            c->touched[place] = 1;
        const float *grain = c->grain && p->look->grain > 0 ? finish_grain_at(c->grain, px, py) : NULL;
        for (int k = 0; k < image_colours(c->photo); k++) {
            float mixed = under_faces(c, px, py, k) * (1 - m) + face_value(p, x, y, k, grain) * m;
            image_set_sample(c->result, px, py, k, lrintf(mixed < top ? mixed > 0 ? mixed : 0 : top));
        }
    }
}

static void paste_band(void *context, int index, int worker)
{
    (void)worker;
    pasting *p = context;
    const window *w = &p->window;
    int top = index * BAND, height = w->height - top < BAND ? w->height - top : BAND;
    gpen_image face = band_of(&p->face, top, height), before = band_of(&p->before, top, height);
    plane soft = {w->width, height, p->soft.values + (size_t)top * (size_t)w->width};
    image_warp(&p->look->face, &p->look_back, w->left, w->top + top, &face);
    if (p->look->kept > 0)
        image_warp(&p->look->before, &p->look_back, w->left, w->top + top, &before);
    plane_warp(p->mask, &p->mask_back, w->left, w->top + top, &soft);
    for (int y = top; y < top + height; y++)
        paste_row(p, y);
}

/* A preview's faces are smaller than their masks: from their pixels to the masks'. */
static image_affine enlarged(const image_affine *back, int from, int to)
{
    double scale = (double)to / from, shift = (scale - 1) / 2;
    image_affine result = *back;
    for (int i = 0; i < 2; i++) {
        result.m[i][2] += (back->m[i][0] + back->m[i][1]) * shift;
        result.m[i][0] *= scale;
        result.m[i][1] *= scale;
    }
    return result;
}

gpen_status canvas_paste(canvas *c, const face_look *look, const plane *mask, const image_affine *back,
                         gpen_error *error)
{
    const gpen_image *face = &look->face;
    pasting p = {.canvas = c,
                 .window = under(c, mask->width, back),
                 .look = look,
                 .mask = mask,
                 .look_back = enlarged(back, face->width, mask->width),
                 .mask_back = *back};
    int width = p.window.width, height = p.window.height;
    if (width < 1 || height < 1)
        return GPEN_OK;
    gpen_status status = image_new(&p.face, width, height, face->channels, face->bits, error);
    if (!status && look->kept > 0)
        status = image_new(&p.before, width, height, face->channels, face->bits, error);
    if (!status)
        status = plane_new(&p.soft, width, height, error);
    if (!status)
        thread_pool_run(c->pool, (height + BAND - 1) / BAND, paste_band, &p);
    plane_free(&p.soft);
    gpen_image_free(&p.before);
    gpen_image_free(&p.face);
    return status;
}

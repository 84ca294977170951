/* What the finishing controls cost: nanoseconds a pixel, each by itself and all at once.
 *
 *     finish_speed [MEGAPIXELS [THREADS]]      12 and 1 unless said
 *
 * The picture is a grain of noise over soft shapes with a face of a fifth of its height, so that no control finds it empty; a time is the best
 * of three. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "finish/finish.h"

enum { ROUNDS = 3 };

static gpen_status draw(gpen_image *image, int width, int height, gpen_error *error)
{
    uint32_t seed = 1;
    gpen_status status = image_new(image, width, height, 3, 8, error);
    for (int y = 0; !status && y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                seed = seed * 1664525u + 1013904223u;
                double grain = (double)(seed >> 8) / (1 << 23) - 1;
                double shape = 120 + 60 * sin(x / 41.0 + c) * cos(y / 57.0) + (x / 90 + y / 70) % 2 * 25;
                image_set_sample(image, x, y, c, lrint(fmin(fmax(shape + 12 * grain, 0), 255)));
            }
    return status;
}

static finish_face face_of(const gpen_image *photo)
{
    static const float places[5][2] = {{-0.5f, -0.45f}, {0.5f, -0.45f}, {0, 0.05f}, {-0.4f, 0.5f}, {0.4f, 0.5f}};
    finish_face face = {.classes = NULL};
    float eyes = (float)photo->height / 12;
    for (int i = 0; i < 5; i++) {
        face.landmarks[i][0] = (float)photo->width / 2 + eyes * places[i][0];
        face.landmarks[i][1] = (float)photo->height / 2 + eyes * places[i][1];
    }
    return face;
}

static gpen_status best_time(const gpen_image *photo, const finish_settings *settings, thread_pool *pool, double *best,
                             gpen_error *error)
{
    finish_face face = face_of(photo);
    gpen_status status = GPEN_OK;
    *best = INFINITY;
    for (int round = 0; round < ROUNDS && !status; round++) {
        gpen_image result;
        double start = clock_seconds();
        status = finish_apply(photo, NULL, settings, &face, 1, pool, &result, error);
        double seconds = clock_seconds() - start;
        *best = seconds < *best ? seconds : *best;
        if (!status)
            gpen_image_free(&result);
    }
    return status;
}

static gpen_status measure(const gpen_image *photo, thread_pool *pool, gpen_error *error)
{
    static const struct {
        const char *name;
        finish_settings settings;
    } rows[] = {{"denoise", {.denoise = 60}},
                {"sharpen", {.sharpen = 50}},
                {"contrast, brightness", {.contrast = 20, .brightness = 10}},
                {"fading", {.fading = 50}},
                {"dust", {.dust = 50}},
                {"skin protection", {.skin_protect = 100}},
                {"detail boost", {.detail_boost = 50}},
                {"all at once", {60, 50, 20, 10, 100, 50, 50, 50}}};
    double seconds, pixels = (double)photo->width * photo->height;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gpen_status status = best_time(photo, &rows[i].settings, pool, &seconds, error);
        if (status)
            return status;
        printf("%-22s %6.1f ns a pixel a thread, %7.1f ms\n", rows[i].name,
               1e9 * seconds * thread_pool_size(pool) / pixels, 1e3 * seconds);
    }
    return GPEN_OK;
}

int main(int argc, char **argv)
{
    double megapixels = argc > 1 ? atof(argv[1]) : 12;
    int threads = argc > 2 ? atoi(argv[2]) : 1, height = (int)sqrt(megapixels * 1e6 * 3 / 4);
    gpen_image photo = {0};
    thread_pool *pool = NULL;
    gpen_error error;
    gpen_status status = draw(&photo, height * 4 / 3, height, &error);
    if (!status)
        status = thread_pool_new(&pool, threads, &error);
    if (!status)
        status = measure(&photo, pool, &error);
    if (status)
        fprintf(stderr, "finish_speed: %s\n", error.message);
    thread_pool_free(pool);
    gpen_image_free(&photo);
    return status != GPEN_OK;
}

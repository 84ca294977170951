/* How long a person waits for another look: opens a session on a photo enlarged to so many megapixels, runs the networks once, and
 * renders previews of several looks.
 *
 *     preview RESTORER DETECTOR PHOTO MEGAPIXELS EDGE THREADS */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "image/image.h"

enum { ROUNDS = 5 };

static void stop_at(gpen_status status, const gpen_error *error)
{
    if (!status)
        return;
    fprintf(stderr, "preview: %s\n", error->message);
    exit(1);
}

/* The photo at so many megapixels, by the bilinear filter. */
static gpen_image enlarged(const gpen_image *photo, double megapixels)
{
    gpen_error error;
    gpen_image large;
    double scale = sqrt(megapixels * 1e6 / ((double)photo->width * photo->height));
    stop_at(image_new(&large, (int)lrint(photo->width * scale), (int)lrint(photo->height * scale), photo->channels,
                      photo->bits, &error),
            &error);
    stop_at(image_resize_bilinear(photo, &large, &error), &error);
    return large;
}

static void measure(gpen_session *session, const char *name, const gpen_settings *settings, int edge)
{
    gpen_error error;
    double best = INFINITY, first = 0;
    for (int round = 0; round < ROUNDS; round++) {
        gpen_image result;
        double begun = clock_seconds();
        stop_at(gpen_session_render(session, settings, edge, &result, NULL, &error), &error);
        double seconds = clock_seconds() - begun;
        first = round ? first : seconds;
        best = seconds < best ? seconds : best;
        gpen_image_free(&result);
    }
    printf("%-40s first %6.1f ms, best of %d %6.1f ms\n", name, first * 1e3, ROUNDS, best * 1e3);
}

static gpen_settings everything(gpen_mode mode)
{
    gpen_settings s = gpen_settings_default();
    s.mode = mode;
    s.denoise = 60;
    s.sharpen = 40;
    s.contrast = 20;
    s.brightness = 10;
    s.skin_protect = 80;
    s.detail_boost = 50;
    s.fading = 40;
    return s;
}

int main(int argc, char **argv)
{
    gpen_error error;
    picture loaded;
    gpen_model *model;
    gpen_session *session;
    if (argc != 7) {
        fprintf(stderr, "usage: preview RESTORER DETECTOR PHOTO MEGAPIXELS EDGE THREADS\n");
        return 2;
    }
    const gpen_options options = {.detector = argv[2], .threads = atoi(argv[6])};
    int edge = atoi(argv[5]);
    stop_at(pictures_begin("preview", &error), &error);
    stop_at(picture_load(&loaded, argv[3], NULL, &error), &error);
    stop_at(gpen_model_open(&model, argv[1], &options, &error), &error);
    gpen_image photo = enlarged(&loaded.image, atof(argv[4]));
    stop_at(gpen_session_open(&session, model, &photo, &error), &error);
    gpen_settings settings = gpen_settings_default();
    for (int mode = GPEN_MODE_NATURAL; mode <= GPEN_MODE_STRONG; mode++) {
        settings.mode = (gpen_mode)mode;
        double begun = clock_seconds();
        stop_at(gpen_session_run(session, &settings, &error), &error);
        printf("%-40s %.0f ms\n", mode == GPEN_MODE_NATURAL ? "run" : "run in mode strong",
               (clock_seconds() - begun) * 1e3);
    }
    for (int mode = GPEN_MODE_NATURAL; mode <= GPEN_MODE_PLAIN; mode++) {
        char name[64];
        settings.mode = (gpen_mode)mode;
        measure(session, gpen_mode_name(settings.mode), &settings, edge);
        const gpen_settings all = everything(settings.mode);
        snprintf(name, sizeof name, "%s and every control but dust", gpen_mode_name(settings.mode));
        measure(session, name, &all, edge);
    }
    settings = everything(GPEN_MODE_NATURAL);
    settings.dust = 60;
    measure(session, "natural and every control", &settings, edge);
    gpen_session_close(session);
    gpen_image_free(&photo);
    gpen_model_close(model);
    picture_free(&loaded);
    pictures_end();
    return 0;
}

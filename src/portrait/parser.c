/* ParseNet on a restored face: which pixels belong to it. */
#include <stdlib.h>

#include "portrait/room.h"

enum { SIZE = PARSENET_SIZE, BORDER = 26, CLASSES = 19 };

/* 1 for classes of the face and its hair: not background (0), hat (14) and cloth (18). */
static const unsigned char face_classes[CLASSES] = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0};

static gpen_status compile(parser *p, nn_device *device, gpen_precision precision, const weights *file,
                           const char *cache, gpen_error *error)
{
    parsenet_architecture architecture;
    gpen_status status = parsenet_architecture_read(&architecture, file, error);
    if (status)
        return status;
    if (architecture.classes != CLASSES)
        return gpen_fail(error, GPEN_MODEL_INVALID, "a parser of %d classes, not %d", architecture.classes, CLASSES);
    return room_compile(&p->plan, device, parsenet_graph(&architecture, file), file, room_plan_flags(precision), cache,
                        error);
}

gpen_status parser_open(parser *p, nn_device *device, gpen_precision precision, const char *path, const char *cache,
                        gpen_error *error)
{
    size_t pixels = (size_t)SIZE * SIZE;
    weights *file;
    gpen_status status = weights_open(&file, path, error);
    if (status)
        return status;
    status = compile(p, device, precision, file, cache, error);
    weights_close(file);
    if (status)
        return status;
    p->planar = malloc(3 * pixels * sizeof *p->planar);
    p->classes = malloc(pixels * sizeof *p->classes);
    return p->planar && p->classes ? GPEN_OK : gpen_fail_memory(error, "the parser", 4 * pixels * sizeof *p->planar);
}

void parser_close(parser *p)
{
    nn_plan_free(p->plan);
    free(p->planar);
    free(p->classes);
    *p = (parser){0};
}

static void fill_input(const gpen_image *face, float *planar)
{
    for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++)
            for (int c = 0; c < 3; c++) {
                int sample = image_sample(face, x, y, image_colours(face) == 3 ? c : 0);
                float value = (float)sample / (float)image_top(face);
                planar[((size_t)c * SIZE + (size_t)y) * SIZE + (size_t)x] = value * 2 - 1;
            }
    }
}

gpen_status parser_mask(parser *p, const gpen_image *face, uint8_t *classes, plane *mask, gpen_error *error)
{
    gpen_image resized;
    gpen_status status = image_new(&resized, SIZE, SIZE, face->channels, face->bits, error);
    if (!status)
        status = image_resize_bilinear(face, &resized, error);
    if (!status) {
        fill_input(&resized, p->planar);
        nn_plan_run(p->plan, p->planar, &p->classes);
        for (int i = 0; i < SIZE * SIZE && classes; i++)
            classes[i] = (uint8_t)p->classes[i];
        for (int y = BORDER; y < SIZE - BORDER; y++)
            for (int x = BORDER; x < SIZE - BORDER; x++) {
                size_t i = (size_t)y * SIZE + (size_t)x;
                mask->values[i] = face_classes[(int)p->classes[i]];
            }
    }
    gpen_image_free(&resized);
    return status;
}

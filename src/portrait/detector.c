/* RetinaFace on a photo: reduce, run, decode, and back to the photo's pixels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "portrait/room.h"

enum { LONG_EDGE = 1500, REDUCED_EDGE = 1000, LEAST_EDGE = 32 };

gpen_status detector_open(detector *d, nn_device *device, const char *path, const char *cache, gpen_error *error)
{
    d->device = device;
    d->cache = cache ? strdup(cache) : NULL;
    if (cache && !d->cache)
        return gpen_fail_memory(error, "the detector", strlen(cache));
    gpen_status status = weights_open(&d->file, path, error);
    return status ? status : retinaface_architecture_read(&d->architecture, d->file, error);
}

void detector_close(detector *d)
{
    nn_plan_free(d->plan);
    weights_close(d->file);
    free(d->cache);
    *d = (detector){0};
}

static gpen_status resize_plan(detector *d, nn_graph *graph, gpen_error *error)
{
    if (!graph)
        return gpen_fail_memory(error, "the network's steps", 0);
    nn_weights source = weights_for_plan(d->file);
    gpen_status status = nn_plan_resize(d->plan, graph, &source, error);
    nn_graph_free(graph);
    return status;
}

gpen_status detector_fit(detector *d, int width, int height, gpen_error *error)
{
    if (d->plan && d->width == width && d->height == height)
        return GPEN_OK;
    nn_graph *graph = retinaface_graph(&d->architecture, d->file, height, width);
    gpen_status status =
        d->plan ? resize_plan(d, graph, error) : room_compile(&d->plan, d->device, graph, d->file, 0, d->cache, error);
    if (!status) {
        d->width = width;
        d->height = height;
    }
    return status;
}

/* A sample as 0..255. */
static float level_at(const gpen_image *photo, int x, int y, int c)
{
    float value = (float)image_sample(photo, x, y, c);
    return photo->bits == 8 ? value : value / 257.0f;
}

/* Between two samples of a row. */
static float level_between(const gpen_image *photo, int x, float share, int y, int c)
{
    float left = level_at(photo, x, y, c) * (1 - share);
    return share > 0 ? left + level_at(photo, x + 1, y, c) * share : left;
}

/* The photo as the network wants it: reduced by `scale`, blue, green, red, each minus its mean. */
static void fill_input(const gpen_image *photo, double scale, int width, int height, float *input)
{
    static const float means[3] = {104, 117, 123};
    for (int i = 0; i < 3; i++) {
        int c = image_colours(photo) == 3 ? 2 - i : 0;
        for (int y = 0; y < height; y++) {
            float down, across;
            int upper = image_between(y, scale, photo->height, &down), lower = upper + (down > 0);
            for (int x = 0; x < width; x++) {
                int left = image_between(x, scale, photo->width, &across);
                float above = level_between(photo, left, across, upper, c);
                float below = level_between(photo, left, across, lower, c);
                *input++ = above * (1 - down) + below * down - means[i];
            }
        }
    }
}

/* Channels of each output: two anchors' boxes, scores, landmarks. */
static const size_t head_channels[RETINAFACE_HEADS] = {8, 4, 20};

size_t detector_plane_floats(int output, int width, int height)
{
    int step = 8 << (output / RETINAFACE_HEADS);
    return head_channels[output % RETINAFACE_HEADS] * (size_t)((height + step - 1) / step) *
           (size_t)((width + step - 1) / step);
}

/* Runs the network in one block of memory: the input, then the nine outputs. */
static gpen_status run(detector *d, const gpen_image *photo, double scale, float least_score, gpen_faces *faces,
                       gpen_error *error)
{
    size_t input = (size_t)3 * (size_t)d->width * (size_t)d->height, floats = input;
    for (int i = 0; i < DETECTOR_PLANES; i++)
        floats += detector_plane_floats(i, d->width, d->height);
    float *block = aligned_new(floats * sizeof *block), *planes[DETECTOR_PLANES];
    if (!block)
        return gpen_fail_memory(error, "finding faces", floats * sizeof *block);
    size_t at = input;
    for (int i = 0; i < DETECTOR_PLANES; i++) {
        planes[i] = block + at;
        at += detector_plane_floats(i, d->width, d->height);
    }
    fill_input(photo, scale, d->width, d->height, block);
    nn_plan_run(d->plan, block, planes);
    gpen_status status = boxes_decode(planes, d->width, d->height, least_score, faces, error);
    aligned_free(block, floats * sizeof *block);
    return status;
}

static void enlarge(gpen_faces *faces, float factor)
{
    for (size_t i = 0; i < faces->count; i++) {
        for (int k = 0; k < 4; k++)
            faces->faces[i].box[k] *= factor;
        for (int k = 0; k < 10; k++)
            faces->faces[i].landmarks[k / 2][k % 2] *= factor;
    }
}

gpen_status detector_find(detector *d, const gpen_image *photo, float least_score, gpen_faces *faces, gpen_error *error)
{
    *faces = (gpen_faces){0};
    int longest = photo->width > photo->height ? photo->width : photo->height;
    double reduction = longest > LONG_EDGE ? (double)REDUCED_EDGE / longest : 1;
    int width = (int)lrint(photo->width * reduction), height = (int)lrint(photo->height * reduction);
    if (width < LEAST_EDGE || height < LEAST_EDGE)
        return GPEN_OK; /* no room for a face */
    gpen_status status = detector_fit(d, width, height, error);
    if (!status)
        status = run(d, photo, 1 / reduction, least_score, faces, error);
    if (!status && reduction < 1)
        enlarge(faces, (float)(1 / reduction));
    return status;
}

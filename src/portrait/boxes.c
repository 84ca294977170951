/* From the detector's offsets to faces: anchors, scores, non-maximum suppression. */
#include <math.h>
#include <stdlib.h>

#include "portrait/room.h"

enum { MOST_CANDIDATES = 5000, MOST_FACES = 750 };

/* Side of the two anchors of each level, pixels. */
static const int anchor_sides[RETINAFACE_LEVELS][2] = {{16, 32}, {64, 128}, {256, 512}};

typedef struct candidates {
    gpen_face *faces;
    size_t count, capacity;
} candidates;

static bool add(candidates *list, const gpen_face *face)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 256;
        gpen_face *faces = realloc(list->faces, capacity * sizeof *faces);
        if (!faces)
            return false;
        list->faces = faces;
        list->capacity = capacity;
    }
    list->faces[list->count++] = *face;
    return true;
}

/* The second of the two logits as a probability. */
static float probability(float background, float face)
{
    float most = background > face ? background : face;
    float a = expf(background - most), b = expf(face - most);
    return b / (a + b);
}

/* One anchor's offsets as a face: Liu et al., "SSD", ECCV 2016, section 2.2, with variances 0.1 and 0.2. Number k of an
 * anchor stands k * stride further. */
typedef struct anchor {
    float x, y, width, height; /* as shares of the picture */
} anchor;

static gpen_face decode(const anchor *a, const float *box, const float *marks, size_t stride, int width, int height)
{
    const float centre = 0.1f, extent = 0.2f;
    float x = a->x + box[0] * centre * a->width, y = a->y + box[stride] * centre * a->height;
    float w = a->width * expf(box[2 * stride] * extent), h = a->height * expf(box[3 * stride] * extent);
    gpen_face face = {.likeness = -1,
                      .box = {(x - w / 2) * (float)width, (y - h / 2) * (float)height, (x + w / 2) * (float)width,
                              (y + h / 2) * (float)height}};
    for (size_t i = 0; i < 5; i++) {
        face.landmarks[i][0] = (a->x + marks[2 * i * stride] * centre * a->width) * (float)width;
        face.landmarks[i][1] = (a->y + marks[(2 * i + 1) * stride] * centre * a->height) * (float)height;
    }
    return face;
}

static bool finite_face(const gpen_face *face)
{
    float sum = 0;
    for (int i = 0; i < 4; i++)
        sum += face->box[i] * 0.0f;
    for (int i = 0; i < 10; i++)
        sum += face->landmarks[i / 2][i % 2] * 0.0f;
    return sum == 0.0f;
}

/* All anchors of one level with enough score. */
static bool decode_level(float *const planes[RETINAFACE_HEADS], int level, int width, int height, float least,
                         candidates *list)
{
    int step = 8 << level, columns = (width + step - 1) / step, rows = (height + step - 1) / step;
    size_t pixels = (size_t)rows * (size_t)columns;
    for (size_t p = 0; p < pixels; p++)
        for (size_t k = 0; k < 2; k++) {
            const float *logits = planes[RETINAFACE_SCORES] + 2 * k * pixels + p;
            float score = probability(logits[0], logits[pixels]);
            if (!(score > least))
                continue;
            int side = anchor_sides[level][k], row = (int)(p / (size_t)columns), column = (int)(p % (size_t)columns);
            anchor a = {(float)((column + 0.5) * step / width), (float)((row + 0.5) * step / height),
                        (float)side / (float)width, (float)side / (float)height};
            gpen_face face = decode(&a, planes[RETINAFACE_BOXES] + 4 * k * pixels + p,
                                    planes[RETINAFACE_LANDMARKS] + 10 * k * pixels + p, pixels, width, height);
            face.score = score;
            if (finite_face(&face) && !add(list, &face))
                return false;
        }
    return true;
}

static int better_first(const void *a, const void *b)
{
    const gpen_face *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

float boxes_overlap(const float a[4], const float b[4])
{
    float left = fmaxf(a[0], b[0]), right = fminf(a[2], b[2]);
    float top = fmaxf(a[1], b[1]), bottom = fminf(a[3], b[3]);
    float shared = fmaxf(0, right - left + 1) * fmaxf(0, bottom - top + 1);
    float area_a = (a[2] - a[0] + 1) * (a[3] - a[1] + 1), area_b = (b[2] - b[0] + 1) * (b[3] - b[1] + 1);
    return shared / (area_a + area_b - shared);
}

/* Keeps, best first, what overlaps no better one. */
static void suppress(candidates *list)
{
    size_t considered = list->count < MOST_CANDIDATES ? list->count : MOST_CANDIDATES, kept = 0;
    for (size_t i = 0; i < considered && kept < MOST_FACES; i++) {
        bool alone = true;
        for (size_t j = 0; alone && j < kept; j++)
            alone = !(boxes_overlap(list->faces[j].box, list->faces[i].box) > BOXES_SAME_FACE);
        if (alone)
            list->faces[kept++] = list->faces[i];
    }
    list->count = kept;
}

gpen_status boxes_decode(float *const planes[RETINAFACE_LEVELS * RETINAFACE_HEADS], int width, int height,
                         float least_score, gpen_faces *faces, gpen_error *error)
{
    *faces = (gpen_faces){0};
    candidates list = {0};
    for (int level = 0; level < RETINAFACE_LEVELS; level++)
        if (!decode_level(planes + RETINAFACE_HEADS * level, level, width, height, least_score, &list)) {
            free(list.faces);
            return gpen_fail_memory(error, "the faces found", list.capacity * sizeof *list.faces);
        }
    if (list.count)
        qsort(list.faces, list.count, sizeof *list.faces, better_first);
    suppress(&list);
    *faces = (gpen_faces){list.faces, list.count};
    return GPEN_OK;
}

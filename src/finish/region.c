/* Which parts of a photo a face's controls work on: from the parser's classes where there are any, from the landmarks where not. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "finish/room.h"

bool face_frame_find(face_frame *frame, const finish_face *face, const gpen_image *photo)
{
    float middle[3][2]; /* of the eyes, of the mouth, of both */
    const float(*points)[2] = face->landmarks;
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++)
            if (!(fabsf(points[i][k]) < 1e6f))
                return false;
    for (int k = 0; k < 2; k++) {
        middle[0][k] = (points[0][k] + points[1][k]) / 2;
        middle[1][k] = (points[3][k] + points[4][k]) / 2;
        middle[2][k] = (middle[0][k] + middle[1][k]) / 2;
    }
    float dx = points[1][0] - points[0][0], dy = points[1][1] - points[0][1], eyes = sqrtf(dx * dx + dy * dy);
    if (!(eyes >= 1) || eyes > (float)photo->width + (float)photo->height)
        return false;
    *frame = (face_frame){{middle[2][0], middle[2][1]}, {dx / eyes, dy / eyes}, eyes, {{0}}};
    for (int i = 0; i < 5; i++)
        face_place(frame, points[i][0], points[i][1], frame->points[i]);
    return frame->points[3][1] + frame->points[4][1] > frame->points[0][1] + frame->points[1][1];
}

float face_ellipse(const float place[2], const float centre[2], float across, float down)
{
    const float whole = 0.65f; /* of the radius */
    float dx = (place[0] - centre[0]) / across, dy = (place[1] - centre[1]) / down;
    float t = (sqrtf(dx * dx + dy * dy) - whole) / (1 - whole);
    if (t <= 0)
        return 1;
    return t >= 1 ? 0 : 1 - t * t * (3 - 2 * t);
}

/* The parser's class at a pixel, 0 (background) outside its map. */
static int class_at(const finish_face *face, float x, float y)
{
    const double(*m)[3] = face->to_classes.m;
    double u = m[0][0] * (double)x + m[0][1] * (double)y + m[0][2];
    double v = m[1][0] * (double)x + m[1][1] * (double)y + m[1][2];
    if (!(u > -0.5 && v > -0.5 && u < face->side - 0.5 && v < face->side - 0.5))
        return 0;
    return face->classes[(size_t)lrint(v) * (size_t)face->side + (size_t)lrint(u)];
}

enum { CLASSES = 19 };

float face_skin(const face_frame *frame, const finish_face *face, float x, float y)
{
    /* skin, nose, ears, mouth and lips, neck */
    static const unsigned char skin[CLASSES] = {
        [1] = 1, [2] = 1, [8] = 1, [9] = 1, [10] = 1, [11] = 1, [12] = 1, [17] = 1};
    if (face->classes) {
        int class = class_at(face, x, y);
        return class < CLASSES ? skin[class] : 0;
    }
    const float centre[2] = {0, -0.1f};
    float place[2];
    face_place(frame, x, y, place);
    return face_ellipse(place, centre, 1.05f, 1.5f);
}

static float landmark_feature(const face_frame *frame, float x, float y)
{
    float place[2],
        mouth[2] = {(frame->points[3][0] + frame->points[4][0]) / 2, (frame->points[3][1] + frame->points[4][1]) / 2};
    float reach = 0.75f * fabsf(frame->points[4][0] - frame->points[3][0]) + 0.05f;
    face_place(frame, x, y, place);
    float share = face_ellipse(place, mouth, reach, 0.3f);
    for (int eye = 0; eye < 2; eye++) { /* and the brow above it */
        const float centre[2] = {frame->points[eye][0], frame->points[eye][1] - 0.12f};
        share = fmaxf(share, face_ellipse(place, centre, 0.5f, 0.4f));
    }
    return share;
}

float face_feature(const face_frame *frame, const finish_face *face, float x, float y)
{
    /* eyes, brows, mouth and lips, hair */
    static const unsigned char feature[CLASSES] = {
        [4] = 1, [5] = 1, [6] = 1, [7] = 1, [10] = 1, [11] = 1, [12] = 1, [13] = 1};
    if (!face->classes)
        return landmark_feature(frame, x, y);
    int class = class_at(face, x, y);
    return class < CLASSES ? feature[class] : 0;
}

static int held(float value, int most)
{
    return value < 0 ? 0 : value > (float)most ? most : (int)value;
}

/* Room for planes, rows and columns in one block. */
static gpen_status take_memory(face_grid *grid, int workers, gpen_error *error)
{
    size_t cells = (size_t)grid->width * (size_t)grid->height, width = (size_t)(grid->right - grid->left);
    size_t rows = GRID_ROWS * (size_t)workers * width, floats = GRID_PLANES * cells + rows + width;
    size_t bytes = floats * sizeof(float) + width * sizeof(int);
    grid->planes[0] = malloc(bytes);
    if (!grid->planes[0])
        return gpen_fail_memory(error, "finishing a face", bytes);
    for (int i = 1; i < GRID_PLANES; i++)
        grid->planes[i] = grid->planes[0] + (size_t)i * cells;
    grid->rows = grid->planes[0] + GRID_PLANES * cells;
    grid->shares = grid->rows + rows;
    void *behind = grid->shares + width;
    grid->columns = behind;
    return GPEN_OK;
}

gpen_status face_grid_new(face_grid *grid, const face_frame *frame, const gpen_image *photo, int workers,
                          gpen_error *error)
{
    const float reach = 2.4f; /* hair and neck too */
    float away = reach * frame->eyes;
    *grid = (face_grid){.left = held(frame->centre[0] - away, photo->width),
                        .top = held(frame->centre[1] - away, photo->height),
                        .right = held(frame->centre[0] + away + 1, photo->width),
                        .bottom = held(frame->centre[1] + away + 1, photo->height)};
    int width = grid->right - grid->left, height = grid->bottom - grid->top, side = width > height ? width : height;
    if (width < 1 || height < 1)
        return GPEN_OK;
    grid->cell = (side + GRID_SIDE - 1) / GRID_SIDE;
    grid->width = (width + grid->cell - 1) / grid->cell;
    grid->height = (height + grid->cell - 1) / grid->cell;
    gpen_status status = take_memory(grid, workers, error);
    for (int i = 0; i < width && !status; i++)
        grid->columns[i] = image_between(i, 1.0 / grid->cell, grid->width, &grid->shares[i]);
    return status;
}

void face_grid_free(face_grid *grid)
{
    free(grid->planes[0]);
    *grid = (face_grid){0};
}

float *face_grid_own(const face_grid *grid, int worker, int index)
{
    return grid->rows + ((size_t)worker * GRID_ROWS + (size_t)index) * (size_t)(grid->right - grid->left);
}

/* Means along a line of `count` values, `step` apart. */
static void blur_line(const float *from, int count, int step, int radius, float *to)
{
    double sum = 0;
    int cells = 0;
    for (int i = 0; i < radius && i < count; i++, cells++)
        sum += (double)from[i * step];
    for (int i = 0; i < count; i++) {
        if (i + radius < count) {
            sum += (double)from[(i + radius) * step];
            cells++;
        }
        if (i > radius) {
            sum -= (double)from[(i - radius - 1) * step];
            cells--;
        }
        to[i * step] = (float)(sum / cells);
    }
}

void face_grid_blur(const face_grid *grid, const float *from, int radius, float *scratch, float *to)
{
    for (int y = 0; y < grid->height; y++)
        blur_line(from + y * grid->width, grid->width, 1, radius, scratch + y * grid->width);
    for (int x = 0; x < grid->width; x++)
        blur_line(scratch + x, grid->height, grid->width, radius, to + x);
}

void face_grid_row(const face_grid *grid, const float *values, int y, float *to)
{
    float down, cells[GRID_SIDE + 1] = {0};
    int upper = image_between(y - grid->top, 1.0 / grid->cell, grid->height, &down);
    const float *a = values + upper * grid->width, *b = a + (down > 0 ? grid->width : 0);
    for (int x = 0; x < grid->width; x++)
        cells[x] = a[x] + (b[x] - a[x]) * down;
    cells[grid->width] = cells[grid->width - 1];
    for (int i = 0; i < grid->right - grid->left; i++) {
        const float *cell = cells + grid->columns[i];
        to[i] = cell[0] + (cell[1] - cell[0]) * grid->shares[i];
    }
}

/* How noisy a photo is. Its own file because denoising and sharpening both ask, and so may a person. */
#include <math.h>
#include <stdlib.h>

#include "finish/room.h"

enum {
    BLOCK = 16,         /* pixels a side; 8 x 8 fine details, 4 x 4 coarse ones */
    MOST_BLOCKS = 4096, /* measured: a large photo is sampled */
    KINDS = 6,          /* fine and coarse of three planes */
};

typedef struct measuring {
    const gpen_image *photo;
    int across, step, count; /* blocks in a row of the photo, every how manieth is taken, how many are */
    float *details[KINDS];   /* of each block taken: the mean size of its details, or -1 where samples are cut off */
} measuring;

/* Mean size of the diagonal Haar details of a square of `side` values a row. */
static float mean_detail(const float *values, int side, int stride)
{
    float sum = 0, details = 0.25f * (float)(side * side);
    for (int y = 0; y < side; y += 2)
        for (int x = 0; x < side; x += 2) {
            const float *v = values + y * stride + x;
            sum += fabsf(v[0] - v[1] - v[stride] + v[stride + 1]) * 0.5f;
        }
    return sum / details;
}

/* Each value the mean of four, doubled: white noise stays as strong. */
static void halve(const float *from, float *to)
{
    for (int y = 0; y < BLOCK / 2; y++)
        for (int x = 0; x < BLOCK / 2; x++) {
            const float *v = from + 2 * y * BLOCK + 2 * x;
            to[y * BLOCK + x] = (v[0] + v[1] + v[BLOCK] + v[BLOCK + 1]) * 0.5f;
        }
}

/* The samples of a block as luminance and chroma; false when many are black or white: noise is cut off there. */
static bool read_block(const gpen_image *photo, int left, int top, float planes[3][BLOCK * BLOCK])
{
    int colours = image_colours(photo), cut = 0;
    for (int y = 0; y < BLOCK; y++) {
        float *const row[3] = {planes[0] + y * BLOCK, planes[1] + y * BLOCK, planes[2] + y * BLOCK};
        photo_read(photo, left, top + y, BLOCK, row);
    }
    for (int c = 0; c < colours; c++)
        for (int i = 0; i < BLOCK * BLOCK; i++)
            cut += planes[c][i] <= 0 || planes[c][i] >= 1;
    for (int i = 0; i < BLOCK * BLOCK && colours == 3; i++) {
        float red = planes[0][i], green = planes[1][i], blue = planes[2][i];
        planes[0][i] = opponent_light(red, green, blue);
        planes[1][i] = opponent_across(red, blue);
        planes[2][i] = opponent_green(red, green, blue);
    }
    return cut <= BLOCK * BLOCK * colours / 8;
}

static void measure_block(void *context, int index, int worker)
{
    (void)worker;
    const measuring *m = context;
    float planes[3][BLOCK * BLOCK], halves[BLOCK * BLOCK];
    int place = index * m->step;
    bool whole = read_block(m->photo, place % m->across * BLOCK, place / m->across * BLOCK, planes);
    for (int c = 0; c < image_colours(m->photo); c++) {
        halve(planes[c], halves);
        m->details[c][index] = whole ? mean_detail(planes[c], BLOCK, BLOCK) : -1;
        m->details[c + 3][index] = whole ? mean_detail(halves, BLOCK / 2, BLOCK) : -1;
    }
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The deviation that white noise has where a quarter of its blocks have no larger detail than a quarter of these. The mean of n
 * sizes of a normal variable is 0.798 deviations, give or take 0.603 / sqrt(n); a quarter lies 0.674 of that below. */
static float deviation(float *details, int count, int of_each)
{
    qsort(details, (size_t)count, sizeof *details, by_size);
    int first = 0;
    while (first < count && details[first] < 0)
        first++;
    if (first == count)
        return 0;
    float quarter = details[first + (count - first) / 4];
    return quarter / (0.79788f - 0.67449f * 0.60281f / sqrtf((float)of_each));
}

gpen_status finish_measure_noise(const gpen_image *photo, thread_pool *pool, finish_noise *noise, gpen_error *error)
{
    *noise = (finish_noise){0};
    gpen_status status = image_check(photo, error);
    if (status)
        return status;
    measuring m = {.photo = photo, .across = photo->width / BLOCK, .step = 1};
    int64_t blocks = (int64_t)m.across * (photo->height / BLOCK);
    if (!blocks)
        return GPEN_OK;
    while (blocks / m.step > MOST_BLOCKS)
        m.step++;
    m.count = (int)(blocks / m.step);
    float *details = malloc(KINDS * (size_t)m.count * sizeof *details);
    if (!details)
        return gpen_fail_memory(error, "measuring noise", KINDS * (size_t)m.count * sizeof *details);
    for (int i = 0; i < KINDS; i++)
        m.details[i] = details + (size_t)i * (size_t)m.count;
    thread_pool_run(pool, m.count, measure_block, &m);
    for (int c = 0; c < image_colours(photo); c++) {
        noise->fine[c] = deviation(m.details[c], m.count, BLOCK * BLOCK / 4);
        noise->coarse[c] = deviation(m.details[c + 3], m.count, BLOCK * BLOCK / 16);
    }
    free(details);
    return GPEN_OK;
}

/* Lets likeness_parity.py ask the likeness guard: likeness_tool DETECTOR reads pairs of crops from standard input until it ends, and answers
 * each on standard output. A pair is an int (the side), ten floats (the landmarks in the crop) and the two crops, before and after, RGB
 * of 8 bits. An answer is four floats: the likeness at strength 100, how far the landmarks moved, the strength that 80 becomes,
 * and the seconds it took. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "portrait/likeness.h"

static int fail(const char *what)
{
    fprintf(stderr, "likeness_tool: %s\n", what);
    return 1;
}

static bool read_crop(gpen_image *crop, int side)
{
    gpen_error error;
    return !image_new(crop, side, side, 3, 8, &error) &&
           fread(crop->pixels, crop->row_bytes * (size_t)side, 1, stdin) == 1;
}

static int judge(detector *finder, int side)
{
    float landmarks[5][2], answer[4];
    gpen_image before = {0}, after = {0};
    gpen_error error;
    likeness l = {.moved = 0};
    int failed =
        fread(landmarks, sizeof landmarks, 1, stdin) != 1 || !read_crop(&before, side) || !read_crop(&after, side);
    double start = clock_seconds();
    if (!failed)
        failed = likeness_measure(&l, finder, &before, landmarks, &after, &error) != GPEN_OK;
    if (!failed) {
        answer[0] = likeness_at(&l, 100);
        answer[1] = l.lost ? -1 : l.moved;
        answer[2] = (float)likeness_strength(&l, 80);
        answer[3] = (float)(clock_seconds() - start);
        failed = fwrite(answer, sizeof answer, 1, stdout) != 1 || fflush(stdout);
    }
    gpen_image_free(&before);
    gpen_image_free(&after);
    return failed ? fail("a pair of crops could not be judged") : 0;
}

int main(int argc, char **argv)
{
    gpen_model *model;
    gpen_error error;
    int side, failed = 0;
    if (argc != 2)
        return fail("usage: likeness_tool DETECTOR < PAIRS");
    gpen_options options = {.detector = argv[1], .threads = 1};
    if (gpen_model_open(&model, NULL, &options, &error))
        return fail(error.message);
    while (!failed && fread(&side, sizeof side, 1, stdin) == 1)
        failed = judge(&model->detector, side);
    gpen_model_close(model);
    return failed;
}

/* Lets the peers and a person's eye see the finishing controls: reads pictures from standard input and writes them finished to
 * standard output until the input ends. A picture is thirteen ints (width, height, channels, bits, threads, the eight settings in
 * their order in finish_settings), one more for the number of faces, ten floats a face, and its samples. The answer is a double,
 * the seconds that it took, and the samples. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "finish/finish.h"

enum { NUMBERS = 14, MOST_FACES = 64 };

static int fail(const char *what)
{
    fprintf(stderr, "finish_tool: %s\n", what);
    return 1;
}

static int finish_one(const int *numbers)
{
    finish_face faces[MOST_FACES] = {0};
    gpen_image from = {0}, to = {0};
    gpen_error error;
    thread_pool *pool = NULL;
    const int *s = numbers + 5;
    const finish_settings settings = {s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]};
    int count = numbers[13];
    if (count < 0 || count > MOST_FACES)
        return fail("too many faces");
    for (int i = 0; i < count; i++)
        if (fread(faces[i].landmarks, sizeof faces[i].landmarks, 1, stdin) != 1)
            return fail("the landmarks end early");
    if (image_new(&from, numbers[0], numbers[1], numbers[2], numbers[3], &error) ||
        thread_pool_new(&pool, numbers[4], &error))
        return fail(error.message);
    size_t bytes = from.row_bytes * (size_t)from.height;
    if (fread(from.pixels, bytes, 1, stdin) != 1)
        return fail("the samples end early");
    double start = clock_seconds();
    gpen_status status = finish_apply(&from, NULL, &settings, faces, count, pool, &to, &error);
    double seconds = clock_seconds() - start;
    thread_pool_free(pool);
    gpen_image_free(&from);
    if (status)
        return fail(error.message);
    bool written =
        fwrite(&seconds, sizeof seconds, 1, stdout) == 1 && fwrite(to.pixels, bytes, 1, stdout) == 1 && !fflush(stdout);
    gpen_image_free(&to);
    return written ? 0 : fail("cannot write");
}

int main(void)
{
    int numbers[NUMBERS];
    while (fread(numbers, sizeof numbers, 1, stdin) == 1)
        if (finish_one(numbers))
            return 1;
    return 0;
}

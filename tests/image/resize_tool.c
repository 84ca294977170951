/* Lets resize_peer.py call image_resize_bilinear: reads pictures from standard input and writes them resized to
 * standard output until the input ends. A picture is six ints (width, height, channels, bits, new width, new height)
 * and its samples. */
#include <stdio.h>

#include "image/image.h"

static int fail(const char *what)
{
    fprintf(stderr, "resize_tool: %s\n", what);
    return 1;
}

static size_t bytes_of(const gpen_image *image)
{
    return image->row_bytes * (size_t)image->height;
}

int main(void)
{
    int header[6];
    while (fread(header, sizeof header, 1, stdin) == 1) {
        gpen_image from, to;
        gpen_error error;
        if (image_new(&from, header[0], header[1], header[2], header[3], &error) ||
            image_new(&to, header[4], header[5], header[2], header[3], &error))
            return fail(error.message);
        if (fread(from.pixels, bytes_of(&from), 1, stdin) != 1)
            return fail("the samples end early");
        if (image_resize_bilinear(&from, &to, &error))
            return fail(error.message);
        if (fwrite(to.pixels, bytes_of(&to), 1, stdout) != 1 || fflush(stdout))
            return fail("cannot write");
        gpen_image_free(&from);
        gpen_image_free(&to);
    }
    return 0;
}

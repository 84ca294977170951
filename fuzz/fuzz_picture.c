/* Any bytes as a picture file: loaded under a small limit, and what loads takes pixels and is written again, with a receipt
 * and reduced, in a folder of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { MOST_PIXELS = 1 << 20, MOST_EDGE = 32 };

static char input[64], output[64];

static void end(void)
{
    char folder[64];
    remove(input);
    snprintf(folder, sizeof folder, "%s", input);
    *strrchr(folder, '/') = '\0';
    rmdir(folder);
}

static void begin_once(void)
{
    static char folder[] = "/tmp/gpen-fuzz-XXXXXX";
    if (*input)
        return;
    if (pictures_begin("fuzz_picture", NULL) || !mkdtemp(folder))
        abort();
    snprintf(input, sizeof input, "%s/in", folder);
    snprintf(output, sizeof output, "%s/out", folder);
    if (atexit(end))
        abort();
}

static void write_input(const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(input, "wb");
    if (!file || (count && fwrite(bytes, count, 1, file) != 1) || fclose(file))
        abort();
}

/* The picture upside down in colour, every other pixel of it. */
static gpen_status put_inverted(picture *pic, gpen_error *error)
{
    const gpen_image *image = &pic->image;
    size_t size = image->row_bytes * (size_t)image->height, pixels = (size_t)image->width * (size_t)image->height;
    uint8_t *inverted = malloc(size), *touched = malloc(pixels);
    if (!inverted || !touched)
        abort();
    for (size_t i = 0; i < size; i++)
        inverted[i] = (uint8_t) ~((const uint8_t *)image->pixels)[i];
    for (size_t i = 0; i < pixels; i++)
        touched[i] = i % 2;
    gpen_image result = *image;
    result.pixels = inverted;
    gpen_status status = picture_put(pic, &result, touched, error);
    free(inverted);
    free(touched);
    return status;
}

/* What loaded must be writable and come back. */
static void work_on(picture *pic, int max_edge)
{
    static const picture_receipt_line line = {"Program", "fuzz"};
    static const picture_receipt receipt = {&line, 1};
    picture_save_options options = {.format = picture_format_kept(pic->format),
                                    .overwrite = true,
                                    .max_edge = max_edge,
                                    .receipt = &receipt};
    gpen_error error;
    if (put_inverted(pic, &error) && error.status != GPEN_WRITE_FAILED)
        abort();
    if (picture_save_own(pic, output, &options, NULL, &error)) {
        if (error.status != GPEN_BAD_ARGUMENT &&
            error.status != GPEN_WRITE_FAILED) /* too long for the format, or ICC */
            abort();
        return;
    }
    picture again;
    if (picture_load(&again, output, NULL, &error))
        abort();
    picture_free(&again);
    remove(output);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    picture pic;
    begin_once();
    write_input(bytes, count);
    if (!picture_load(&pic, input, &(picture_limits){MOST_PIXELS}, NULL))
        work_on(&pic, count % 2 ? MOST_EDGE : 0);
    picture_free(&pic);
    return 0;
}

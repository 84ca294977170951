/* The smallest program around libgpen: restores one face in a binary PPM file.
 *
 *     cc embed.c -o embed $(pkg-config --cflags --libs gpen)
 *     ./embed MODEL.safetensors FACE.ppm RESTORED.ppm
 */
#include <gpen.h>
#include <stdio.h>
#include <stdlib.h>

static int read_ppm(const char *path, gpen_image *image)
{
    FILE *file = fopen(path, "rb");
    int width = 0, height = 0, read = 0;
    if (file && fscanf(file, "P6 %d %d 255%*c", &width, &height) == 2 && width > 0 && height > 0 && width < 30000 &&
        height < 30000) {
        size_t row = (size_t)width * 3;
        *image = (gpen_image){width, height, 3, 8, row, malloc(row * (size_t)height)};
        read = image->pixels && fread(image->pixels, row, (size_t)height, file) == (size_t)height;
    }
    if (file)
        fclose(file);
    return read;
}

static int write_ppm(const char *path, const gpen_image *image)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return 0;
    fprintf(file, "P6 %d %d 255\n", image->width, image->height);
    size_t rows = fwrite(image->pixels, image->row_bytes, (size_t)image->height, file);
    return !fclose(file) && rows == (size_t)image->height;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: embed MODEL FACE.ppm RESTORED.ppm\n"), 2;
    gpen_image face = {0}, restored = {0};
    gpen_model *model = NULL;
    gpen_error error;
    int failed = 1;
    if (!read_ppm(argv[2], &face))
        fprintf(stderr, "%s: no binary PPM picture\n", argv[2]);
    else if (gpen_model_open(&model, argv[1], NULL, &error) ||
             gpen_restore_aligned(model, &face, NULL, &restored, &error))
        fprintf(stderr, "%s: %s\n", gpen_status_name(error.status), error.message);
    else
        failed = !write_ppm(argv[3], &restored);
    gpen_image_free(&restored);
    gpen_model_close(model);
    free(face.pixels);
    return failed;
}

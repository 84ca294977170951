/* Runs a whole photo through the public interface and writes what photo_parity.py compares:
 *     run_photo RESTORER|none DETECTOR PARSER|none WIDTH HEIGHT INPUT OUTPUT TOUCHED
 * INPUT and OUTPUT are raw RGB bytes, TOUCHED one byte a pixel. Mode plain, strength 100, every face of score 0.9. Prints a line a
 * face: score, box, landmarks. RESTORER none: only finds faces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portrait/portrait.h"

static unsigned char *read_bytes(const char *path, size_t count)
{
    unsigned char *bytes = malloc(count);
    FILE *file = fopen(path, "rb");
    if (!bytes || !file || fread(bytes, 1, count, file) != count) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return bytes;
}

static int write_bytes(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file)) {
        perror(path);
        return 1;
    }
    return 0;
}

static void print_faces(const gpen_faces *faces)
{
    for (size_t i = 0; i < faces->count; i++) {
        const gpen_face *face = &faces->faces[i];
        if (face->state != GPEN_FACE_FOUND && face->state != GPEN_FACE_RESTORED)
            continue;
        printf("%.9g", (double)face->score);
        for (int k = 0; k < 4; k++)
            printf(" %.9g", (double)face->box[k]);
        for (int k = 0; k < 10; k++)
            printf(" %.9g", (double)face->landmarks[k / 2][k % 2]);
        printf("\n");
    }
}

static const char *optional(const char *argument)
{
    return strcmp(argument, "none") ? argument : NULL;
}

int main(int argc, char **argv)
{
    if (argc != 9) {
        fprintf(stderr, "usage: run_photo RESTORER|none DETECTOR PARSER|none WIDTH HEIGHT INPUT OUTPUT TOUCHED\n");
        return 2;
    }
    int width = atoi(argv[4]), height = atoi(argv[5]), failed = 0;
    size_t pixels = (size_t)width * (size_t)height;
    gpen_image photo = {width, height, 3, 8, (size_t)width * 3, read_bytes(argv[6], pixels * 3)}, restored = {0};
    unsigned char *touched = calloc(pixels, 1);
    gpen_options options = {.detector = argv[2], .parser = optional(argv[3]), .precision = GPEN_PRECISION_FP32};
    gpen_settings settings = {.mode = GPEN_MODE_PLAIN, .strength = 100, .least_score = 0.9f};
    gpen_error error;
    gpen_model *model;
    gpen_faces faces = {0};
    gpen_status status = gpen_model_open(&model, optional(argv[1]), &options, &error);
    if (!status && !optional(argv[1]))
        status = gpen_detect(model, &photo, 0.9f, &faces, &error);
    else if (!status)
        status = photo_enhance(model, &photo, &settings, &restored, touched, &faces, NULL, &error);
    if (status)
        failed = fprintf(stderr, "run_photo: %s: %s\n", gpen_status_name(status), error.message) > 0;
    else if (restored.pixels)
        failed = write_bytes(argv[7], restored.pixels, pixels * 3) || write_bytes(argv[8], touched, pixels);
    print_faces(&faces);
    gpen_faces_free(&faces);
    gpen_image_free(&restored);
    gpen_model_close(model);
    free(touched);
    free(photo.pixels);
    return failed;
}

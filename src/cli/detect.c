/* `gpen detect`: where the faces in photos are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/face_json.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"
#include "cli/options.h"
#include "cli/photo_list.h"
#include "cli/text.h"
#include "image/image.h"

typedef struct detect_settings {
    const char *detector; /* NULL: the best there is */
    float least_score;
    int threads, max_megapixels;
    bool json;
} detect_settings;

/* What was found in one photo, or why nothing could be. */
typedef struct detection {
    const char *input;
    int width, height;
    gpen_faces faces;
    gpen_error error;
} detection;

static int parse(int argc, char **argv, detect_settings *settings, int *operands)
{
    const command_option options[] = {
        {"models", "detector", 0, "NAME|FILE", "A RetinaFace. Default: the best installed",
         .text = &settings->detector},
        {"faces", "min-score", 0, "SCORE",
         "Only faces that the detector is as sure of, from 0.02\n"
         "to 1. Default: 0.9",
         .real = &settings->least_score, .least = 0.02f, .most = 1.0f},
        {"machine", "threads", 0, "N", "1 to 256. Default: one for each processor", .number = &settings->threads,
         .low = 1, .high = 256},
        {"machine", "max-megapixels", 0, "N", "Larger pictures are refused unread. Default: 120",
         .number = &settings->max_megapixels, .low = 1, .high = 4290},
        {"running", "json", 0, NULL, "One JSON object a photo, a line each", .flag = &settings->json},
    };
    const command_manual manual = {
        .command = "detect",
        .purpose = "say where the faces are",
        .usage = "gpen detect PHOTO|FOLDER... [option...]",
        .examples = "gpen detect group.jpg\n"
                    "gpen detect photos/ --json\n"
                    "gpen detect crowd.jpg --min-score 0.5      also what may be none",
        .notes = "Places are pixels of the upright photo, from its upper left corner. A box may\n"
                 "reach beyond the photo. The landmarks are the eye on the left of the picture,\n"
                 "the one on the right, the nose, and the corners of the mouth.\n"
                 "\n"
                 "A photo that cannot be read is reported and costs no other one anything. Exit\n"
                 "status: 0 all done, 1 some photo failed, 2 the command was wrong, 3 nothing could\n"
                 "start.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    return options_parse(&manual, argc, argv, operands);
}

/* ---------------------------------------------------------------- one photo */

static gpen_status look(gpen_model *model, const detect_settings *settings, const photo_item *photo, detection *found)
{
    picture loaded = {0};
    picture_limits limits = {.max_pixels = (int64_t)settings->max_megapixels * 1000000};
    *found = (detection){.input = photo->path};
    if (photo->problem)
        return gpen_fail(&found->error, GPEN_INPUT_MISSING, "%s: %s", photo->path, strerror(photo->problem));
    gpen_status status = picture_load(&loaded, photo->path, &limits, &found->error);
    if (!status) {
        found->width = loaded.image.width;
        found->height = loaded.image.height;
        status = gpen_detect(model, &loaded.image, settings->least_score, &found->faces, &found->error);
    }
    picture_free(&loaded);
    return status;
}

/* ---------------------------------------------------------------- telling */

static void print_json(const detection *found)
{
    json_writer json = json_begin(stdout);
    gpen_status status = found->error.status;
    json_object(&json, NULL);
    json_path(&json, "input", found->input);
    json_integer(&json, "width", found->width);
    json_integer(&json, "height", found->height);
    json_array(&json, "faces");
    for (size_t i = 0; i < found->faces.count; i++) {
        json_object(&json, NULL);
        face_json(&json, &found->faces.faces[i]);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_text(&json, "reason", status ? gpen_status_name(status) : NULL);
    json_text(&json, "message", status ? found->error.message : NULL);
    json_object_end(&json);
    json_end_line(&json);
}

static void print_failure(const detection *found)
{
    text_print(stderr, found->input);
    fprintf(stderr, ": %s\n  ", gpen_status_sentence(found->error.status, text_language()));
    text_print(stderr, found->error.message);
    (void)fputc('\n', stderr);
}

static void print_face(size_t number, const gpen_face *face)
{
    printf("  %4zu  %5.3f", number, (double)face->score);
    for (int i = 0; i < 4; i++)
        printf("  %7.1f", (double)face->box[i]);
    for (int i = 0; i < 5; i++)
        printf("  %7.1f,%7.1f", (double)face->landmarks[i][0], (double)face->landmarks[i][1]);
    printf("\n");
}

static void print_table(const detection *found)
{
    text_print(stdout, found->input);
    printf(": %zu face%s, %dx%d\n", found->faces.count, found->faces.count == 1 ? "" : "s", found->width,
           found->height);
    if (found->faces.count)
        printf("  %4s  %5s  %7s  %7s  %7s  %7s  %15s  %15s  %15s  %15s  %15s\n", "FACE", "SCORE", "LEFT", "TOP",
               "RIGHT", "BOTTOM", "EYE", "EYE", "NOSE", "MOUTH", "MOUTH");
    for (size_t i = 0; i < found->faces.count; i++)
        print_face(i + 1, &found->faces.faces[i]);
    (void)fflush(stdout);
}

static void tell(const detect_settings *settings, const detection *found)
{
    if (settings->json)
        print_json(found);
    else if (found->error.status)
        print_failure(found);
    else
        print_table(found);
}

/* ---------------------------------------------------------------- all of them */

static int look_at_all(gpen_model *model, const detect_settings *settings, const photo_list *photos)
{
    int status = CLI_DONE;
    for (size_t i = 0; i < photos->count && !interrupted(); i++) {
        detection found;
        if (look(model, settings, &photos->photos[i], &found))
            status = CLI_SOME_FAILED;
        tell(settings, &found);
        gpen_faces_free(&found.faces);
    }
    return interrupted() ? 128 + interrupted() : status;
}

static gpen_status open_detector(gpen_model **model, const detect_settings *settings, gpen_error *error)
{
    model_choice choice;
    *model = NULL;
    gpen_status status = model_choose(&choice, MODEL_DETECTOR, settings->detector, error);
    if (status)
        return status;
    char *cache = packed_models_folder();
    const gpen_options options = {.detector = choice.path, .threads = settings->threads, .cache = cache};
    status = gpen_model_open(model, NULL, &options, error);
    free(cache);
    model_choice_free(&choice);
    return status;
}

static int run(const detect_settings *settings, char **inputs, int count)
{
    gpen_error error;
    gpen_model *model = NULL;
    photo_list photos;
    gpen_status status = photo_list_find(&photos, inputs, count, NULL, &error);
    if (!status)
        status = pictures_begin("gpen", &error);
    if (!status)
        status = open_detector(&model, settings, &error);
    int exit_status = status ? complain("%s", error.message) : look_at_all(model, settings, &photos);
    gpen_model_close(model);
    photo_list_free(&photos);
    pictures_end();
    return exit_status;
}

int command_detect(int argc, char **argv)
{
    detect_settings settings = {.least_score = gpen_settings_default().least_score,
                                .max_megapixels = PICTURE_DEFAULT_MAX_PIXELS / 1000000};
    int count;
    int status = parse(argc, argv, &settings, &count);
    if (status != CLI_GO_ON)
        return status;
    if (!count)
        return complain_usage("detect", "no photo was named");
    interrupt_listen();
    return run(&settings, argv + 1, count);
}

/* `gpen enhance`: photos in, restored photos out. Its own file because it is the whole batch at one look: what was asked for,
 * what can be refused before it starts, then one photo after another. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"
#include "cli/options.h"
#include "cli/text.h"

static const char command_name[] = "enhance";
static const char *const modes[] = {"plain", NULL};
static const char *const formats[] = {"keep", "png", "jpeg", "webp", "tiff", NULL};

static const char usage[] = "gpen enhance --aligned PHOTO|FOLDER... -o OUT [option...]\n"
                            "\n"
                            "OUT is a folder, or a file when there is one photo and OUT has a picture's\n"
                            "ending.";

static const char examples[] = "gpen enhance --aligned face.jpg -o restored.jpg     one face\n"
                               "gpen enhance --aligned faces/ -o restored/          a folder and those in it\n"
                               "gpen enhance --aligned faces/ -o out --dry-run      what would be done?\n"
                               "gpen enhance --aligned a.png -o out --strength 60   more of the face as it came\n"
                               "gpen enhance --aligned faces/ -o out --json         for programs";

static const char notes[] = "Every photo stands for itself: one that cannot be read is reported at the end,\n"
                            "with the reason, and costs no other one anything. Results keep the photo's name\n"
                            "and place; a second photo of the same name becomes NAME-2. Nothing is replaced\n"
                            "without --overwrite, and never a photo of the batch itself. What is there already\n"
                            "counts as done, so the same command again continues where it stopped. Ctrl-C\n"
                            "stops between two steps; a result is whole or not there.\n"
                            "\n"
                            "A face crop is a roughly square picture with the face where portraits of the\n"
                            "training data have it: the eyes a little above the middle, some hair and neck\n"
                            "around. The detail in the restored face is the model's best guess.\n"
                            "\n"
                            "Exit status: 0 all done, 1 some photo failed, 2 the command was wrong, 3 nothing\n"
                            "could start, 130 stopped by Ctrl-C.";

static int parse(int argc, char **argv, enhance_settings *settings, int *operands)
{
    const command_option options[] = {
        {"models", "model", 0, "NAME|FILE",
         "The restorer: an installed model or a weights file.\n"
         "Default: the best installed, else the bundled one",
         .text = &settings->model},
        {"faces", "aligned", 0, NULL,
         "The photos are face crops (required in this version:\n"
         "it does not yet find the faces in whole photos)",
         .flag = &settings->aligned},
        {"look", "mode", 0, "plain", "plain: as the published program computes (default)", .choice = &settings->mode,
         .choices = modes},
        {"look", "strength", 0, "0-100", "0: the face as it came, 100: the restored (default)",
         .number = &settings->strength, .low = 0, .high = 100},
        {"output", "output", 'o', "OUT", "Where the results go (required)", .text = &settings->out},
        {"output", "format", 0, "FORMAT",
         "keep, png, jpeg, webp or tiff. Default: keep, which\n"
         "writes HEIC and AVIF as JPEG, GIF as PNG",
         .choice = &settings->format, .choices = formats},
        {"output", "quality", 0, "1-100", "Of JPEG and WebP; WebP at 100 is lossless. Default: 95",
         .number = &settings->quality, .low = 1, .high = 100},
        {"machine", "threads", 0, "N", "1 to 256. Default: one for each processor", .number = &settings->threads,
         .low = 1, .high = 256},
        {"machine", "max-megapixels", 0, "N", "Larger pictures are refused unread. Default: 120",
         .number = &settings->max_megapixels, .low = 1, .high = 4290},
        {"running", "overwrite", 0, NULL, "Replace results that are there already", .flag = &settings->overwrite},
        {"running", "dry-run", 0, NULL, "Say what would be done, and write nothing", .flag = &settings->dry_run},
        {"running", "json", 0, NULL, "JSON lines on standard output, and nothing else", .flag = &settings->json},
        {"running", "quiet", 0, NULL, "Only say what failed", .flag = &settings->quiet},
    };
    const command_manual manual = {command_name,
                                   "restore faces: pictures and whole folders",
                                   usage,
                                   examples,
                                   notes,
                                   options,
                                   sizeof options / sizeof *options};
    return options_parse(&manual, argc, argv, operands);
}

/* ---------------------------------------------------------------- what can be refused at once */

static bool ends_with_any(const char *path, const char *const *endings)
{
    const char *ending = strrchr(path_name(path), '.');
    for (; ending && *endings; endings++)
        if (!strcasecmp(ending, *endings))
            return true;
    return false;
}

/* Is OUT meant as one picture's name? Pictures of other kinds count too: no one means a folder called "restored.bmp". */
static bool is_picture_name(const char *out)
{
    static const char *const others[] = {".bmp", ".jp2", ".jxl", ".ppm", NULL};
    picture_format format;
    return !path_is_folder(out) &&
           (picture_ending(path_name(out)) || picture_format_of_name(out, &format) || ends_with_any(out, others));
}

static int check_picture_name(const enhance_settings *settings, char **inputs, int count)
{
    static const picture_format asked[] = {[WRITE_PNG] = PICTURE_PNG,
                                           [WRITE_JPEG] = PICTURE_JPEG,
                                           [WRITE_WEBP] = PICTURE_WEBP,
                                           [WRITE_TIFF] = PICTURE_TIFF};
    picture_format format;
    if (count != 1 || path_is_folder(inputs[0]))
        return complain_usage(command_name,
                              "%s is the name of one picture, but there may be several: OUT must be a folder",
                              settings->out);
    if (!picture_format_of_name(settings->out, &format))
        return complain_usage(command_name, "%s: results are written as JPEG, PNG, WebP or TIFF", settings->out);
    if (settings->format != WRITE_KEEP && asked[settings->format] != format)
        return complain_usage(command_name, "--format %s does not go with the name %s", formats[settings->format],
                              settings->out);
    return CLI_GO_ON;
}

static bool same_folder(const char *left, const char *right)
{
    char *a = realpath(left, NULL), *b = realpath(right, NULL);
    bool same = a && b && !strcmp(a, b);
    free(a);
    free(b);
    return same;
}

static int check(enhance_settings *settings, char **inputs, int count)
{
    if (!count)
        return complain_usage(command_name, "no photo was named");
    if (!settings->out)
        return complain_usage(command_name, "say where the results go: -o OUT");
    if (!settings->aligned)
        return complain_usage(command_name,
                              "this version restores face crops only, with --aligned; finding the faces in whole "
                              "photos comes with a later one");
    for (int i = 0; i < count; i++)
        if (path_is_folder(inputs[i]) && same_folder(inputs[i], settings->out))
            return complain_usage(command_name, "OUT is the folder of the photos themselves; choose another one");
    settings->out_is_file = is_picture_name(settings->out);
    return settings->out_is_file ? check_picture_name(settings, inputs, count) : CLI_GO_ON;
}

/* ---------------------------------------------------------------- starting */

/* One line about the model, so that a person knows what made the result, and that there may be better. */
static void announce(const enhance_settings *settings, const model_choice *choice, const gpen_model *model)
{
    if (settings->json || settings->quiet)
        return;
    gpen_model_info info;
    gpen_model_describe(model, &info);
    if (choice->bundled)
        complain(
            "using the small model that comes with the program; 'gpen models import FILE' installs a published one of "
            "full quality");
    else
        complain("using %s, %d px", choice->name, info.size);
}

static gpen_status open_model(const enhance_settings *settings, enhance_batch *batch, model_choice *choice,
                              gpen_error *error)
{
    gpen_options options = {.threads = settings->threads};
    gpen_status status = model_choose(choice, settings->model, error);
    if (status || settings->dry_run)
        return status;
    status = gpen_model_open(&batch->model, choice->path, &options, error);
    if (!status)
        announce(settings, choice, batch->model);
    return status;
}

/* Makes OUT, or the folder it will stand in, so that a hopeless batch ends before its first photo. */
static gpen_status prepare_out(const enhance_settings *settings, gpen_error *error)
{
    char *folder = settings->out_is_file ? path_folder(settings->out) : strdup(settings->out);
    if (!folder)
        return gpen_fail_memory(error, "a path", strlen(settings->out));
    gpen_status status = settings->dry_run ? GPEN_OK : folder_make(folder, error);
    if (!status && !settings->dry_run && access(folder, W_OK | X_OK))
        status = gpen_fail(error, GPEN_WRITE_FAILED, "%s: this folder may not be written to", folder);
    free(folder);
    return status;
}

static gpen_status prepare_names(const enhance_settings *settings, enhance_batch *batch, gpen_error *error)
{
    if (settings->out_is_file)
        return GPEN_OK;
    batch->names = output_names_new(settings->out);
    return batch->names ? GPEN_OK : gpen_fail_memory(error, "the results' names", 0);
}

static void mention_links(const enhance_batch *batch)
{
    if (batch->photos.links_left_out && !batch->settings->json && !batch->settings->quiet)
        complain("%zu linked folder(s) were not gone into; name them to include them", batch->photos.links_left_out);
}

/* ---------------------------------------------------------------- running */

static int run_batch(enhance_batch *batch, const model_choice *choice)
{
    batch_report report = report_begin(batch->photos.count, batch->settings->json, batch->settings->quiet);
    report.model = choice->name;
    report.model_path = choice->path;
    for (size_t i = 0; i < batch->photos.count && !interrupted(); i++) {
        item_outcome outcome;
        report_item_begin(&report, batch->photos.photos[i].path);
        enhance_photo(batch, &batch->photos.photos[i], &outcome);
        if (outcome.state != ITEM_STOPPED)
            report_item_end(&report, &outcome);
        item_outcome_free(&outcome);
    }
    int status = report_end(&report, interrupted());
    report_free(&report);
    return status;
}

static int run(const enhance_settings *settings, char **inputs, int count)
{
    gpen_error error;
    enhance_batch batch = {.settings = settings};
    model_choice choice = {0};
    gpen_status status = photo_list_find(&batch.photos, inputs, count, settings->out, &error);
    if (!status)
        status = pictures_begin("gpen", &error);
    if (!status)
        status = prepare_names(settings, &batch, &error);
    if (!status)
        status = open_model(settings, &batch, &choice, &error);
    if (!status)
        status = prepare_out(settings, &error);
    int exit_status = CLI_NOTHING_STARTED;
    if (!status) {
        mention_links(&batch);
        exit_status = run_batch(&batch, &choice);
    } else {
        exit_status = report_nothing(settings->json, &error);
    }
    gpen_model_close(batch.model);
    model_choice_free(&choice);
    output_names_free(batch.names);
    photo_list_free(&batch.photos);
    pictures_end();
    return exit_status;
}

int command_enhance(int argc, char **argv)
{
    enhance_settings settings = {.strength = 100,
                                 .quality = 95,
                                 .max_megapixels = PICTURE_DEFAULT_MAX_PIXELS / 1000000};
    int count = 0;
    int status = parse(argc, argv, &settings, &count);
    if (status == CLI_GO_ON)
        status = check(&settings, argv + 1, count);
    if (status != CLI_GO_ON)
        return status;
    interrupt_listen();
    return run(&settings, argv + 1, count);
}

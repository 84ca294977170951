/* `gpen enhance`: photos in, restored photos out. Its own file because it is the whole batch at one look: what has to be
 * there before it starts, then one photo after another. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"
#include "cli/once.h"
#include "cli/receipt_model.h"
#include "cli/text.h"

/* The models of a batch; of a detector and a parser, name and path are NULL where there is none. */
typedef struct enhance_models {
    model_choice restorer, detector, parser;
} enhance_models;

/* ---------------------------------------------------------------- models */

static gpen_status choose_models(const enhance_settings *settings, enhance_models *models, gpen_error *error)
{
    gpen_status status = model_choose(&models->restorer, MODEL_RESTORER, settings->model, error);
    if (!status && !settings->aligned)
        status = model_choose(&models->detector, MODEL_DETECTOR, settings->detector, error);
    bool parser_wanted = !settings->aligned && !(settings->parser && !strcmp(settings->parser, "none"));
    if (!status && parser_wanted)
        status = model_choose(&models->parser, MODEL_PARSER, settings->parser, error);
    return status;
}

static void free_models(enhance_models *models)
{
    model_choice_free(&models->restorer);
    model_choice_free(&models->detector);
    model_choice_free(&models->parser);
}

/* Who has only the small model is told of the better one, once. */
static void mention_full_quality(gpen_language language)
{
    if (!models_pull_available() || !once("full-quality-mentioned"))
        return;
    complain(language == GPEN_CHINESE ? "如需最佳效果，请运行 'gpen models pull GPEN-BFR-512' 下载已发布的模型"
                                        "（仅限研究和非商业用途）。此提示只显示一次"
                                      : "for full quality, 'gpen models pull GPEN-BFR-512' fetches the published model "
                                        "(for research and non-commercial use); this is said only once");
}

/* One line about the models, so that a person knows what made the results. */
static void announce(const enhance_settings *settings, const enhance_models *models, int size)
{
    char others[512] = "";
    if (settings->json || settings->quiet)
        return;
    if (models->detector.name)
        snprintf(others, sizeof others, "; %s finds the faces%s%s", models->detector.name,
                 models->parser.name ? ", their edges " : "", models->parser.name ? models->parser.name : "");
    if (models->restorer.bundled) {
        complain("using the small model that comes with the program%s", others);
        mention_full_quality(text_language());
    } else {
        complain("using %s, %d px%s", models->restorer.name, size, others);
    }
}

static gpen_status write_receipt(const enhance_models *models, enhance_batch *batch, const gpen_model_info *info,
                                 gpen_error *error)
{
    receipt *made = &batch->made;
    made->level = info->level;
    made->precision = gpen_precision_name(info->precision);
    gpen_status status = receipt_name_model(&made->restorer, &models->restorer, error);
    if (!status)
        status = receipt_name_model(&made->detector, &models->detector, error);
    if (!status)
        status = receipt_name_model(&made->parser, &models->parser, error);
    return status;
}

/* Mode plain promises the published arithmetic to within a grey level in each pixel: only fp32 keeps that. */
static gpen_precision wanted_precision(const enhance_settings *settings)
{
    gpen_precision precision = (gpen_precision)settings->precision;
    bool exact = precision == GPEN_PRECISION_AUTO && settings->look.mode == GPEN_MODE_PLAIN;
    return exact ? GPEN_PRECISION_FP32 : precision;
}

static gpen_status open_models(const enhance_settings *settings, enhance_models *models, enhance_batch *batch,
                               gpen_error *error)
{
    gpen_status status = choose_models(settings, models, error);
    if (status || settings->dry_run)
        return status;
    char *cache = packed_models_folder();
    const gpen_options options = {.detector = models->detector.path,
                                  .parser = models->parser.path,
                                  .threads = settings->threads,
                                  .precision = wanted_precision(settings),
                                  .cache = cache};
    status = gpen_model_open(&batch->model, models->restorer.path, &options, error);
    free(cache);
    if (status)
        return status;
    gpen_model_info info;
    gpen_model_describe(batch->model, &info);
    status = write_receipt(models, batch, &info, error);
    if (!status)
        announce(settings, models, info.size);
    return status;
}

/* ---------------------------------------------------------------- places */

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
    bool good = batch->names != NULL;
    if (good && settings->save_faces) {
        char *faces = path_join(settings->out, "faces");
        batch->crop_names = faces ? output_names_new(faces) : NULL;
        good = batch->crop_names != NULL;
        free(faces);
    }
    return good ? GPEN_OK : gpen_fail_memory(error, "the results' names", 0);
}

static void mention_links(const enhance_batch *batch)
{
    if (batch->photos.links_left_out && !batch->settings->json && !batch->settings->quiet)
        complain("%zu linked folder(s) were not gone into; name them to include them", batch->photos.links_left_out);
}

/* ---------------------------------------------------------------- running */

static int run_batch(enhance_batch *batch, const enhance_models *models)
{
    batch_report report = report_begin(batch->photos.count, batch->settings->json, batch->settings->quiet);
    report.model = models->restorer.name;
    report.model_path = models->restorer.path;
    report.detector = models->detector.name;
    report.parser = models->parser.name;
    batch->report = &report;
    for (size_t i = 0; i < batch->photos.count && !interrupted(); i++) {
        item_outcome outcome;
        report_item_begin(&report, batch->photos.photos[i].path);
        enhance_photo(batch, &batch->photos.photos[i], &outcome);
        if (outcome.state != ITEM_STOPPED)
            report_item_end(&report, &outcome);
        item_outcome_free(&outcome);
    }
    int status = report_end(&report, interrupted());
    batch->report = NULL;
    report_free(&report);
    return status;
}

static int run(const enhance_settings *settings, char **inputs, int count)
{
    gpen_error error;
    enhance_batch batch = {.settings = settings};
    enhance_models models = {0};
    gpen_status status = photo_list_find(&batch.photos, inputs, count, settings->out, &error);
    if (!status)
        status = pictures_begin("gpen", &error);
    if (!status)
        status = prepare_names(settings, &batch, &error);
    if (!status)
        status = open_models(settings, &models, &batch, &error);
    if (!status)
        status = prepare_out(settings, &error);
    int exit_status = CLI_NOTHING_STARTED;
    if (!status) {
        mention_links(&batch);
        exit_status = run_batch(&batch, &models);
    } else {
        exit_status = report_nothing(settings->json, &error);
    }
    gpen_model_close(batch.model);
    free_models(&models);
    output_names_free(batch.names);
    output_names_free(batch.crop_names);
    photo_list_free(&batch.photos);
    pictures_end();
    return exit_status;
}

int command_enhance(int argc, char **argv)
{
    enhance_settings settings;
    int count = 0;
    int status = enhance_options_read(argc, argv, &settings, &count);
    if (status != CLI_GO_ON)
        return status;
    interrupt_listen();
    return run(&settings, argv + 1, count);
}

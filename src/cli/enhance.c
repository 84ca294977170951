/* `gpen enhance`: photos in, restored photos out. Its own file because it is the whole batch at one look: what has to be
 * there before it starts, then what is to be done is put into a store and worked through. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"
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

static gpen_status name_models(const enhance_models *models, batch_settings *settings, gpen_error *error)
{
    gpen_status status = receipt_worker_model(&settings->restorer, &models->restorer, error);
    if (!status)
        status = receipt_worker_model(&settings->detector, &models->detector, error);
    if (!status)
        status = receipt_worker_model(&settings->parser, &models->parser, error);
    return status;
}

/* ---------------------------------------------------------------- places */

/* Makes OUT, or the folder it will stand in, so that a hopeless batch ends before its first photo. *absolute: that folder, the
 * caller's; links are resolved, so that whatever leads there means the same store. */
static gpen_status prepare_out(const enhance_settings *settings, char **absolute, gpen_error *error)
{
    char *folder = settings->out_is_file ? path_folder(settings->out) : strdup(settings->out);
    if (!folder)
        return gpen_fail_memory(error, "a path", strlen(settings->out));
    gpen_status status = folder_make(folder, error);
    if (!status && access(folder, W_OK | X_OK))
        status = gpen_fail(error, GPEN_WRITE_FAILED, "%s: this folder may not be written to", folder);
    if (!status && !(*absolute = realpath(folder, NULL)))
        status = gpen_fail_write(error, errno, folder, "finding the folder");
    free(folder);
    return status;
}

static void mention_links(const enhance_plan *plan)
{
    if (plan->photos.links_left_out && !plan->settings->json && !plan->settings->quiet)
        complain("%zu linked folder(s) were not gone into; name them to include them", plan->photos.links_left_out);
}

/* ---------------------------------------------------------------- what the run asks */

typedef struct enhance_run {
    enhance_plan plan;
    enhance_models models;
    batch_settings settings;
    batch_report report;
    bool reported; /* --report was written, or is not wanted */
} enhance_run;

static size_t name_item(void *context, const store_item *item, const char **input, const char **output)
{
    const enhance_run *run = context;
    const planned_photo *planned = enhance_find(&run->plan, item->id);
    if (!planned)
        return 0;
    *input = planned->photo->path;
    *output = planned->output;
    return (size_t)(planned - run->plan.planned) + 1;
}

static char *crops_of(void *context, const store_item *item)
{
    const enhance_run *run = context;
    const planned_photo *planned = enhance_find(&run->plan, item->id);
    return planned && planned->crops ? path_absolute(planned->crops) : NULL;
}

/* The photos themselves are never replaced. */
static bool may_write(void *context, const char *path)
{
    const enhance_run *run = context;
    return !photo_list_has_file(&run->plan.photos, path);
}

static void hear_ready(void *context, const worker_ready *ready)
{
    const enhance_run *run = context;
    announce(run->plan.settings, &run->models, ready->size);
}

/* ---------------------------------------------------------------- running */

/* What has come to its end without any work. */
static void report_rest(enhance_run *run)
{
    for (size_t i = 0; i < run->plan.photos.count && !interrupted(); i++) {
        const planned_photo *planned = &run->plan.planned[i];
        const item_outcome outcome = {.state = planned->state,
                                      .number = i + 1,
                                      .input = planned->photo->path,
                                      .output = planned->output,
                                      .error = planned->error,
                                      .aligned = run->plan.settings->aligned};
        if (planned->state != ITEM_STOPPED)
            report_item_end(&run->report, &outcome);
    }
}

static gpen_status work(enhance_run *run, const char *out, gpen_error *error)
{
    const enhance_settings *settings = run->plan.settings;
    batch_run batch = {.settings = &run->settings,
                       .out = out,
                       .single = settings->out_is_file ? path_name(settings->out) : NULL,
                       .workers = settings->workers,
                       .photos = (int)(run->plan.to_do < INT32_MAX ? run->plan.to_do : INT32_MAX),
                       .setup = pool_options_default().setup,
                       .report = &run->report,
                       .quiet = settings->json || settings->quiet,
                       .thumbnail_edge = enhance_report_edge(settings),
                       .context = run,
                       .name = name_item,
                       .crops = crops_of,
                       .may_write = may_write,
                       .ready = hear_ready};
    batch_run_models(&batch);
    batch.setup.threads = settings->threads;
    batch.setup.memory_mebibytes = settings->memory_limit;
    gpen_status status = batch_run_open(&batch, error);
    if (!status)
        status = enhance_store(&run->plan, &batch, &run->settings, error);
    if (!status)
        report_rest(run);
    if (!status)
        status = batch_run_go(&batch, error);
    run->reported = enhance_report(&run->plan, &batch);
    batch_run_close(&batch);
    return status;
}

static batch_settings settings_of(const enhance_settings *chosen)
{
    static const picture_format formats[] = {[WRITE_KEEP] = PICTURE_OTHER,
                                             [WRITE_PNG] = PICTURE_PNG,
                                             [WRITE_JPEG] = PICTURE_JPEG,
                                             [WRITE_WEBP] = PICTURE_WEBP,
                                             [WRITE_TIFF] = PICTURE_TIFF};
    batch_settings settings = batch_settings_default();
    settings.precision = (gpen_precision)chosen->precision;
    settings.look = chosen->look;
    settings.format = formats[chosen->format];
    settings.quality = chosen->quality;
    settings.max_edge = chosen->max_edge;
    settings.max_pixels = (int64_t)chosen->max_megapixels * 1000000;
    settings.aligned = chosen->aligned;
    settings.require_face = chosen->require_face;
    settings.save_faces = chosen->save_faces;
    settings.overwrite = chosen->overwrite;
    settings.on_failure = (failure_policy)chosen->on_failure;
    settings.seconds = chosen->timeout;
    return settings;
}

static gpen_status prepare(enhance_run *run, char **inputs, int count, char **out, gpen_error *error)
{
    const enhance_settings *settings = run->plan.settings;
    run->settings = settings_of(settings);
    gpen_status status = photo_list_find(&run->plan.photos, inputs, count, settings->out, error);
    if (!status)
        status = choose_models(settings, &run->models, error);
    if (!status && !settings->dry_run)
        status = name_models(&run->models, &run->settings, error);
    if (!status && !settings->dry_run)
        status = prepare_out(settings, out, error);
    if (!status && !settings->dry_run)
        status = enhance_report_prepare(settings, error);
    if (!status)
        status = enhance_plan_make(&run->plan, error);
    return status;
}

/* To do the rest, or to see whether what is there is a result. */
static bool needs_store(const enhance_plan *plan)
{
    bool needed = plan->to_do > 0;
    for (size_t i = 0; !needed && i < plan->photos.count; i++)
        needed = plan->planned[i].state == ITEM_SKIPPED && !plan->settings->dry_run && !plan->settings->out_is_file;
    return needed;
}

static int run_batch(enhance_run *run, const char *out)
{
    const enhance_settings *settings = run->plan.settings;
    gpen_error error;
    run->report = report_begin(run->plan.photos.count, settings->json, settings->quiet);
    run->report.model = run->models.restorer.name;
    run->report.model_path = run->models.restorer.path;
    run->report.detector = run->models.detector.name;
    run->report.parser = run->models.parser.name;
    mention_links(&run->plan);
    gpen_status status = GPEN_OK;
    if (needs_store(&run->plan)) {
        status = work(run, out, &error);
    } else {
        report_rest(run);
        run->reported = enhance_report(&run->plan, NULL);
    }
    int exit_status = status ? report_broken(&run->report, &error) : report_end(&run->report, interrupted());
    if (!run->reported && exit_status == CLI_DONE)
        exit_status = CLI_SOME_FAILED;
    report_free(&run->report);
    return exit_status;
}

int command_enhance(int argc, char **argv)
{
    enhance_settings settings;
    gpen_error error;
    char *out = NULL;
    int count = 0;
    int exit_status = enhance_options_read(argc, argv, &settings, &count);
    if (exit_status != CLI_GO_ON)
        return exit_status;
    interrupt_listen();
    enhance_run *run = calloc(1, sizeof *run);
    if (!run)
        return complain("not enough memory");
    run->plan.settings = &settings;
    if (log_to_file(settings.log_file, &error) || prepare(run, argv + 1, count, &out, &error))
        exit_status = report_nothing(settings.json, &error);
    else
        exit_status = run_batch(run, out);
    free_models(&run->models);
    enhance_plan_free(&run->plan);
    free(run);
    free(out);
    return exit_status;
}

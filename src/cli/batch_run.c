/* Working through the items of a store. Its own file because it stands between the scheduler, which says what happens, and the report, which
 * says it to people. */
#include "cli/batch_run.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"

/* ---------------------------------------------------------------- where the store is */

static uint64_t hash(uint64_t value, const char *text)
{
    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return value;
}

char *batch_store_folder(const char *out, const char *single)
{
    char *state = folder_state(), *folder = NULL, name[80];
    snprintf(name, sizeof name, "%s/%.32s-%016" PRIx64, single ? "single" : "enhance", path_name(single ? single : out),
             hash(hash(UINT64_C(0xcbf29ce484222325), out), single ? single : ""));
    if (state)
        folder = path_join(state, name);
    free(state);
    return folder;
}

/* For a home that is not known or cannot be written: it is remembered for this run only. */
static char *passing_folder(void)
{
    const char *parent = getenv("TMPDIR");
    char *folder = NULL;
    if (asprintf(&folder, "%s/gpen-batch-XXXXXX", parent && *parent ? parent : "/tmp") < 0)
        return NULL;
    if (mkdtemp(folder))
        return folder;
    free(folder);
    return NULL;
}

static gpen_status find_folder(batch_run *run, gpen_error *error)
{
    gpen_error why;
    run->passing = false;
    if (run->store) {
        run->folder = strdup(run->store);
        return run->folder ? GPEN_OK : gpen_fail_memory(error, "a path", strlen(run->store));
    }
    run->folder = batch_store_folder(run->out, run->single);
    run->passing = run->single != NULL;
    if (run->folder && !folder_make(run->folder, &why) && !access(run->folder, W_OK | X_OK))
        return GPEN_OK;
    free(run->folder);
    run->folder = passing_folder();
    run->passing = true;
    return run->folder ? GPEN_OK : gpen_fail(error, GPEN_WRITE_FAILED, "there is no folder to remember the batch in");
}

/* Files of a store that are not needed any more. */
static void remove_store(const char *folder)
{
    static const char *const names[] = {"batches.db", "batches.db-wal", "batches.db-shm", "batches.lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = path_join(folder, names[i]);
        if (path)
            (void)unlink(path);
        free(path);
    }
    (void)rmdir(folder);
}

/* The folder of small pictures, all of which are files. */
static void remove_thumbnails(const char *folder)
{
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        char *path = *entry->d_name == '.' ? NULL : path_join(folder, entry->d_name);
        if (path)
            (void)unlink(path);
        free(path);
    }
    if (listing)
        (void)closedir(listing);
    (void)rmdir(folder);
}

/* ---------------------------------------------------------------- what happens */

static const char *name_item(const batch_run *run, const store_item *item, item_outcome *outcome)
{
    outcome->input = item->input;
    outcome->output = item->output;
    if (run->name)
        outcome->number = run->name(run->context, item, &outcome->input, &outcome->output);
    return outcome->input;
}

static void see_stage(void *context, const store_item *item, job_stage stage)
{
    const batch_run *run = context;
    item_outcome outcome = {.state = ITEM_DONE};
    if (stage == JOB_DECODE || stage == JOB_DETECT || stage == JOB_RESTORE)
        report_item_begin(run->report, name_item(run, item, &outcome));
}

static void see_faces(void *context, const store_item *item, size_t ended, size_t chosen)
{
    const batch_run *run = context;
    item_outcome outcome = {.state = ITEM_DONE};
    (void)name_item(run, item, &outcome);
    report_faces(run->report, outcome.input, ended, chosen);
}

static void see_end(void *context, const scheduler_end *end)
{
    static const item_state states[STORE_STATES] = {
        [STORE_DONE] = ITEM_DONE, [STORE_FAILED] = ITEM_FAILED, [STORE_CANCELLED] = ITEM_STOPPED};
    const batch_run *run = context;
    if (end->state != STORE_DONE && end->state != STORE_FAILED)
        return;
    const job_result *result = end->result;
    const double *seconds = result->seconds;
    item_outcome outcome = {.state = states[end->state],
                            .error = result->error,
                            .notes = result->notes,
                            .copy = end->copy,
                            .load_seconds = seconds[JOB_DECODE],
                            .enhance_seconds = seconds[JOB_DETECT] + seconds[JOB_RESTORE] + seconds[JOB_PASTE],
                            .save_seconds = seconds[JOB_ENCODE] + seconds[JOB_SAVE],
                            .width = result->width,
                            .height = result->height,
                            .aligned = run->settings->aligned,
                            .faces = result->faces,
                            .restored = result->restored,
                            .made = &run->made,
                            .look = result->error.status ? run->settings->look : result->look,
                            .choice = result->choice};
    (void)name_item(run, end->item, &outcome);
    outcome.error.status = end->reason;
    if (end->state == STORE_FAILED && end->reason == GPEN_EXISTS)
        outcome.state = ITEM_SKIPPED; /* another process has written it meanwhile */
    report_item_end(run->report, &outcome);
}

static char *name_crops(void *context, const store_item *item)
{
    const batch_run *run = context;
    return run->crops ? run->crops(run->context, item) : NULL;
}

static bool may_write(void *context, const char *path)
{
    const batch_run *run = context;
    return !run->may_write || run->may_write(run->context, path);
}

static void see_worker(void *context, pid_t worker, const worker_ready *ready)
{
    (void)worker;
    batch_run *run = context;
    bool first = !run->made.level;
    snprintf(run->level, sizeof run->level, "%s", ready->level);
    run->made.level = run->level;
    run->made.precision = gpen_precision_name(ready->precision);
    if (first && run->ready)
        run->ready(run->context, ready);
}

static void see_hold(void *context, scheduler_hold why, const char *sentence)
{
    const batch_run *run = context;
    if (why != HOLD_NONE && !run->quiet)
        report_say(run->report, sentence);
}

/* ---------------------------------------------------------------- the run */

static void name_model(receipt_model *named, const worker_model *model)
{
    *named = (receipt_model){.name = *model->name ? model->name : NULL};
    memcpy(named->sha256, model->sha256, sizeof named->sha256);
}

void batch_run_models(batch_run *run)
{
    const batch_settings *settings = run->settings;
    worker_setup *setup = &run->setup;
    char *cache = packed_models_folder();
    setup->restorer = settings->restorer;
    setup->detector = settings->detector;
    setup->parser = settings->parser;
    setup->precision = batch_settings_precision(settings);
    snprintf(setup->cache, sizeof setup->cache, "%s", cache && !folder_make(cache, NULL) ? cache : "");
    free(cache);
}

static gpen_status open_scheduler(batch_run *run, gpen_error *error)
{
    char *crashes = folder_state(), *records = crashes ? path_join(crashes, "crashes") : NULL;
    scheduler_options options = scheduler_options_default();
    const scheduler_events events = {.context = run,
                                     .stage = see_stage,
                                     .faces = see_faces,
                                     .ended = see_end,
                                     .crops = name_crops,
                                     .may_write = may_write,
                                     .worker_started = see_worker,
                                     .held = see_hold};
    options.folder = run->folder;
    options.setup = run->setup;
    options.workers = run->workers;
    options.photos = run->photos;
    options.store_patience = 60;
    options.crash_folder = records;
    options.crash_sender = run->crash_sender;
    options.thumbnails = run->thumbnail_edge ? run->thumbnails : NULL;
    options.thumbnail_edge = run->thumbnail_edge;
    gpen_status status = scheduler_new(&run->scheduler, &options, &events, error);
    free(crashes);
    run->records = records;
    return status;
}

/* A wrong address is said and costs nothing else. */
static void hear_of_crashes(batch_run *run)
{
    gpen_error error;
    if (crash_sender_from_environment(&run->crash_sender, &error))
        complain("crashes are told to nobody: %s", error.message);
}

gpen_status batch_run_open(batch_run *run, gpen_error *error)
{
    char *kept = NULL;
    name_model(&run->made.restorer, &run->setup.restorer);
    name_model(&run->made.detector, &run->setup.detector);
    name_model(&run->made.parser, &run->setup.parser);
    hear_of_crashes(run);
    gpen_status status = find_folder(run, error);
    if (!status)
        run->thumbnails = path_join(run->folder, STORE_THUMBNAILS);
    if (!status)
        status = open_scheduler(run, error);
    if (status != GPEN_STORE_DAMAGED)
        return status;
    status = store_set_aside(run->folder, scheduler_now(), &kept, error);
    if (!status) {
        complain("what was noted about earlier runs is damaged and was put aside as %s; results are not affected",
                 kept);
        status = open_scheduler(run, error);
    }
    free(kept);
    return status;
}

gpen_status batch_run_go(batch_run *run, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    int passed = 0;
    interrupt_hold(true);
    while (!status && !scheduler_finished(run->scheduler)) {
        if (interrupts() > passed) {
            passed = interrupts();
            scheduler_stop(run->scheduler, passed > 1);
        }
        status = scheduler_turn(run->scheduler, 1.0, error);
        if (passed && scheduler_stopped(run->scheduler))
            break;
    }
    interrupt_hold(false);
    return status;
}

void batch_run_close(batch_run *run)
{
    scheduler_free(run->scheduler);
    crash_sender_free(run->crash_sender);
    if (run->thumbnails && run->passing)
        remove_thumbnails(run->thumbnails);
    if (run->folder && run->passing)
        remove_store(run->folder);
    free(run->thumbnails);
    free(run->folder);
    free(run->records);
    run->scheduler = NULL;
    run->crash_sender = NULL;
    run->folder = run->records = run->thumbnails = NULL;
}

/* `gpen batch retry`, `cancel` and `clean`: these change a store, and need its lock. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "cli/batch.h"
#include "cli/batch_run.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"
#include "cli/text.h"

/* ---------------------------------------------------------------- retry */

typedef struct retry_wish {
    int64_t batch, item; /* 0: the newest that has something failed; all that failed */
    int workers;
    bool json, quiet;
} retry_wish;

static gpen_status find_failed(batch_store *store, int64_t *id, store_batch *batch, gpen_error *error)
{
    size_t count = 1;
    gpen_status status = GPEN_OK;
    for (int64_t before = 0; !status && count && !*id;) {
        store_batch *page;
        status = store_batches_list(store, before, 100, &page, &count, error);
        for (size_t i = 0; !status && i < count && !*id; i++) {
            before = page[i].id;
            *id = page[i].counts[STORE_FAILED] && !page[i].cancelled ? page[i].id : 0;
        }
        store_batches_free(page, count);
    }
    if (!status && !*id)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "no photo has failed");
    if (!status)
        status = store_batch_get(store, *id, batch, error);
    if (!status && !batch->id)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no batch %lld", (long long)*id);
    return status;
}

static gpen_status read_batch(const char *folder, retry_wish *wish, store_batch *batch, gpen_error *error)
{
    batch_store *store;
    *batch = (store_batch){.id = 0};
    gpen_status status = store_open_reader(&store, folder, error);
    if (status)
        return status;
    status = find_failed(store, &wish->batch, batch, error);
    store_close(store);
    return status;
}

/* How many photos there will be to do: what is put back, and what an interrupted run left. */
static gpen_status put_back(batch_run *run, const retry_wish *wish, int64_t *count, gpen_error *error)
{
    *count = 1;
    return wish->item ? scheduler_retry(run->scheduler, wish->item, error)
                      : scheduler_retry_failed(run->scheduler, wish->batch, count, error);
}

static int work(batch_run *run, const retry_wish *wish, const batch_settings *settings, gpen_error *error)
{
    int64_t count = 0;
    gpen_status status = put_back(run, wish, &count, error);
    if (status)
        return report_nothing(wish->json, error);
    if (!*settings->restorer.path) {
        printf("%s\n", text_language() == GPEN_CHINESE ? "已重新排队，服务器运行时会处理。"
                                                       : "Put back into the queue; the server does it when it runs.");
        return CLI_DONE;
    }
    batch_report report = report_begin((size_t)count, wish->json, wish->quiet);
    report.model = settings->restorer.name;
    report.model_path = settings->restorer.path;
    report.detector = *settings->detector.name ? settings->detector.name : NULL;
    report.parser = *settings->parser.name ? settings->parser.name : NULL;
    run->report = &report;
    status = batch_run_go(run, error);
    int exit_status = status ? report_broken(&report, error) : report_end(&report, interrupted());
    run->report = NULL;
    report_free(&report);
    return exit_status;
}

static int retry(const char *folder, retry_wish *wish)
{
    gpen_error error;
    store_batch batch;
    batch_settings *settings = calloc(1, sizeof *settings);
    gpen_status status = settings ? read_batch(folder, wish, &batch, &error) : gpen_fail_memory(&error, "settings", 0);
    if (!status)
        status = batch_settings_read(settings, batch.settings, &error);
    if (status) {
        free(settings);
        return report_nothing(wish->json, &error);
    }
    batch_run run = {.settings = settings,
                     .out = batch.output_folder,
                     .store = folder,
                     .workers = wish->workers,
                     .setup = pool_options_default().setup,
                     .quiet = wish->json || wish->quiet};
    batch_run_models(&run);
    status = batch_run_open(&run, &error);
    int exit_status = status ? report_nothing(wish->json, &error) : work(&run, wish, settings, &error);
    batch_run_close(&run);
    store_batch_free(&batch);
    free(settings);
    return exit_status;
}

int batch_retry_command(int argc, char **argv)
{
    store_choice choice = {.out = NULL};
    retry_wish wish = {.batch = 0};
    int item = 0;
    const command_option options[] = {STORE_OPTIONS(choice),
                                      {"which", "item", 0, "N", "Only this photo, as 'gpen batch show' numbers it",
                                       .number = &item, .low = 1, .high = INT32_MAX},
                                      {"machine", "workers", 0, "N", "As for gpen enhance", .number = &wish.workers,
                                       .low = 1, .high = 256},
                                      {"running", "json", 0, NULL, "JSON lines, as of gpen enhance",
                                       .flag = &wish.json},
                                      {"running", "quiet", 0, NULL, "Only say what failed", .flag = &wish.quiet}};
    const command_manual manual = {
        .command = "batch retry",
        .purpose = "try once more what failed",
        .usage = "gpen batch retry [BATCH] [-o OUT] [--item N]",
        .examples = "gpen batch retry                  all that failed in the newest batch\n"
                    "gpen batch retry 3 -o restored    all that failed in batch 3\n"
                    "gpen batch retry --item 17        one photo",
        .notes = "The batch's own settings and models are used. Where there is something else that\n"
                 "an interrupted run left, it is done too.",
        .options = options,
        .option_count = sizeof options / sizeof *options};
    int status = batch_arguments(&manual, argc, argv, &wish.batch);
    if (status != CLI_GO_ON)
        return status;
    gpen_error error;
    char *folder;
    if (store_find_one(&choice, &folder, &error))
        return complain("%s", error.message);
    wish.item = item;
    interrupt_listen();
    status = retry(folder, &wish);
    free(folder);
    return status;
}

/* ---------------------------------------------------------------- cancel, clean */

/* thumbnails: their folder, where they are to go with their items; NULL: they stay. */
static gpen_status open_idle(scheduler **s, const char *folder, const char *thumbnails, gpen_error *error)
{
    const scheduler_events nobody = {.context = NULL};
    scheduler_options options = scheduler_options_default();
    options.folder = folder;
    options.thumbnails = thumbnails;
    return scheduler_new(s, &options, &nobody, error);
}

int batch_cancel_command(int argc, char **argv)
{
    store_choice choice = {.out = NULL};
    const command_option options[] = {STORE_OPTIONS(choice)};
    const command_manual manual = {
        .command = "batch cancel",
        .purpose = "give up what an interrupted run left to be done",
        .usage = "gpen batch cancel BATCH [-o OUT]",
        .examples = "gpen batch cancel 3 -o restored",
        .notes = "What is done stays done. A batch that is being worked on is stopped with Ctrl-C\n"
                 "where it runs, or in the page of the server.",
        .options = options,
        .option_count = sizeof options / sizeof *options};
    int operands;
    int64_t id;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands != 1)
        return complain_usage("batch cancel", "say which batch: 'gpen batch list' shows their numbers");
    if (!batch_number("batch cancel", argv[1], &id))
        return CLI_USAGE;
    gpen_error error;
    char *folder;
    scheduler *s = NULL;
    gpen_status done = store_find_one(&choice, &folder, &error);
    if (!done)
        done = open_idle(&s, folder, NULL, &error);
    if (!done)
        done = scheduler_cancel(s, id, &error);
    scheduler_free(s);
    free(folder);
    return done ? complain("%s", error.message) : CLI_DONE;
}

static gpen_status clean_store(const char *folder, int64_t before, scheduler_cleaned *sum, gpen_error *error)
{
    scheduler *s;
    scheduler_cleaned cleaned = {.batches = 0};
    char *uploads = path_join(folder, "uploads"), *thumbnails = path_join(folder, STORE_THUMBNAILS);
    gpen_status status = uploads && thumbnails ? open_idle(&s, folder, thumbnails, error)
                                               : gpen_fail_memory(error, "a path", strlen(folder));
    if (!status) {
        status = scheduler_clean(s, before, path_is_folder(uploads) ? uploads : NULL, &cleaned, error);
        scheduler_free(s);
    }
    free(uploads);
    free(thumbnails);
    sum->batches += cleaned.batches;
    sum->deleted += cleaned.deleted;
    sum->kept += cleaned.kept;
    sum->inputs += cleaned.inputs;
    return status;
}

static void print_cleaned(const scheduler_cleaned *cleaned)
{
    bool chinese = text_language() == GPEN_CHINESE;
    printf(chinese ? "清理 %lld 个批次，删除 %lld 个结果" : "%lld batches cleaned, %lld results deleted",
           (long long)cleaned->batches, (long long)cleaned->deleted);
    if (cleaned->inputs)
        printf(chinese ? "，删除 %lld 张上传的照片" : ", %lld uploaded photos deleted", (long long)cleaned->inputs);
    if (cleaned->kept)
        printf(chinese ? "，保留 %lld 个之后被修改过的结果" : ", %lld kept because they were changed since",
               (long long)cleaned->kept);
    (void)fputc('\n', stdout);
}

int batch_clean_command(int argc, char **argv)
{
    store_choice choice = {.out = NULL};
    int days = -1;
    const command_option options[] = {STORE_OPTIONS(choice),
                                      {"which", "older-than", 0, "DAYS", "Batches that ended longer ago (required)",
                                       .number = &days, .low = 0, .high = 36500}};
    const command_manual manual = {.command = "batch clean",
                                   .purpose = "delete the results of old batches, and forget the batches",
                                   .usage = "gpen batch clean --older-than DAYS [-o OUT]",
                                   .examples = "gpen batch clean --older-than 30              of all output folders\n"
                                               "gpen batch clean --older-than 7 -o restored",
                                   .notes =
                                       "Deletes what 'gpen enhance' wrote, as long as nobody changed it since. Photos\n"
                                       "are never touched, but for those that were uploaded to a server.",
                                   .options = options,
                                   .option_count = sizeof options / sizeof *options};
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands)
        return complain_usage("batch clean", "'%s' is not needed here; -o OUT says which output folder", argv[1]);
    if (days < 0)
        return complain_usage("batch clean", "say how old: --older-than DAYS");
    store_list stores;
    gpen_error error;
    scheduler_cleaned sum = {.batches = 0};
    if (store_list_find(&stores, &choice, &error))
        return complain("%s", error.message);
    int64_t before = scheduler_now() - (int64_t)days * 24 * 3600 * 1000 + (days ? 0 : 1);
    status = CLI_DONE;
    for (size_t i = 0; i < stores.count; i++)
        if (clean_store(stores.folders[i], before, &sum, &error)) {
            complain("%s", error.message);
            status = CLI_SOME_FAILED;
        }
    store_list_free(&stores);
    print_cleaned(&sum);
    return status;
}

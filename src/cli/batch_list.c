/* `gpen batch list` and `gpen batch show`: looking, which needs no lock and never disturbs who is at work. */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/file.h"
#include "base/json_write.h"
#include "batch/reasons.h"
#include "batch/report.h"
#include "cli/batch.h"
#include "cli/batch_run.h"
#include "cli/cli.h"
#include "cli/text.h"

enum { PAGE = 500 };

/* ---------------------------------------------------------------- JSON */

static void write_batch(json_writer *json, const char *folder, const store_batch *batch)
{
    json_text(json, "event", "batch");
    json_path(json, "store", folder);
    json_integer(json, "batch", batch->id);
    json_path(json, "output", batch->output_folder);
    json_integer(json, "created", batch->created);
    json_integer(json, "ended", batch->ended);
    json_integer(json, "priority", batch->priority);
    json_boolean(json, "paused", batch->paused);
    json_boolean(json, "cancelled", batch->cancelled);
    json_object(json, "items");
    for (int state = 0; state < STORE_STATES; state++)
        json_integer(json, store_state_name((store_state)state), batch->counts[state]);
    json_object_end(json);
    json_text(json, "settings", batch->settings);
}

static void write_item(json_writer *json, const store_item *item)
{
    json_text(json, "event", "item");
    json_integer(json, "item", item->id);
    json_integer(json, "batch", item->batch);
    json_integer(json, "number", item->position);
    json_path(json, "input", item->input);
    json_path(json, "output", item->output);
    json_text(json, "state", store_state_name(item->state));
    json_text(json, "reason", item->reason ? gpen_status_name(item->reason) : NULL);
    json_text(json, "message", item->detail);
    json_integer(json, "attempts", item->attempts);
    json_integer(json, "ended", item->ended);
    json_object(json, "seconds");
    for (int stage = 0; stage < STORE_STAGES; stage++)
        json_number(json, store_stage_name((store_stage)stage), item->spent.seconds[stage]);
    json_object_end(json);
    json_integer(json, "peak_memory", item->spent.peak_memory);
}

/* ---------------------------------------------------------------- batches */

static void print_batch(const store_batch *batch, bool *headed)
{
    char counts[160], when[32];
    if (!*headed)
        text_print(stdout, batch->output_folder);
    if (!*headed)
        (void)fputc('\n', stdout);
    *headed = true;
    batch_counts(batch, counts, sizeof counts);
    batch_time(batch->created, when, sizeof when);
    printf("%6lld  %s  %s: %s\n", (long long)batch->id, when, batch_state_word(batch), counts);
}

static void show_batch(const char *folder, const store_batch *batch, bool json, bool *headed)
{
    if (!json) {
        print_batch(batch, headed);
        return;
    }
    json_writer writer = json_begin(stdout);
    json_object(&writer, NULL);
    write_batch(&writer, folder, batch);
    json_object_end(&writer);
    json_end_line(&writer);
}

/* *count: how many there are. */
static gpen_status list_store(const char *folder, bool json, size_t *count, gpen_error *error)
{
    batch_store *store;
    bool headed = false;
    size_t found = 1;
    gpen_status status = store_open_reader(&store, folder, error);
    if (status)
        return status;
    for (int64_t before = 0; !status && found;) {
        store_batch *page;
        status = store_batches_list(store, before, PAGE, &page, &found, error);
        for (size_t i = 0; !status && i < found; i++) {
            show_batch(folder, &page[i], json, &headed);
            before = page[i].id;
        }
        store_batches_free(page, found);
        *count += found;
    }
    store_close(store);
    return status;
}

int batch_list_command(int argc, char **argv)
{
    bool as_json = false;
    store_choice choice = {.out = NULL};
    const command_option options[] = {STORE_OPTIONS(choice),
                                      {"running", "json", 0, NULL, "One JSON object a batch, a line each",
                                       .flag = &as_json}};
    const command_manual manual = {
        .command = "batch list",
        .purpose = "the batches there are, the newest first",
        .usage = "gpen batch list [-o OUT] [--json]",
        .examples = "gpen batch list\n"
                    "gpen batch list -o restored",
        .notes = "A line has the batch's number, when it was begun, whether it has ended, and how\n"
                 "many photos came to what. 'unfinished' is what an interrupted run left: the same\n"
                 "'gpen enhance' again continues it.",
        .options = options,
        .option_count = sizeof options / sizeof *options};
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands)
        return complain_usage("batch list", "'%s' is not needed here; -o OUT says which output folder", argv[1]);
    store_list stores;
    gpen_error error;
    size_t count = 0;
    if (store_list_find(&stores, &choice, &error))
        return complain("%s", error.message);
    status = CLI_DONE;
    for (size_t i = 0; i < stores.count; i++)
        if (list_store(stores.folders[i], as_json, &count, &error)) {
            complain("%s", error.message);
            status = CLI_SOME_FAILED;
        }
    store_list_free(&stores);
    if (!count && !as_json && status == CLI_DONE)
        printf("%s\n", text_language() == GPEN_CHINESE ? "没有批次。" : "There are no batches.");
    return status;
}

/* ---------------------------------------------------------------- one batch */

static void print_indented(const char *text)
{
    if (!text || !*text)
        return;
    (void)fputs("          ", stdout);
    text_print(stdout, text);
    (void)fputc('\n', stdout);
}

static void print_item(const store_item *item)
{
    gpen_language language = text_language();
    printf("%8lld  %s  ", (long long)item->id, store_state_name(item->state));
    text_print(stdout, item->relative);
    if (item->state == STORE_DONE && item->output) {
        printf(" -> ");
        text_print(stdout, item->output);
    }
    (void)fputc('\n', stdout);
    if (item->state != STORE_FAILED)
        return;
    print_indented(gpen_status_sentence(item->reason, language));
    print_indented(item->detail);
    print_indented(reason_advice(item->reason, language));
}

static void show_item(const store_item *item, bool json)
{
    if (!json) {
        print_item(item);
        return;
    }
    json_writer writer = json_begin(stdout);
    json_object(&writer, NULL);
    write_item(&writer, item);
    json_object_end(&writer);
    json_end_line(&writer);
}

static gpen_status show_items(batch_store *store, int64_t batch, store_state state, bool json, gpen_error *error)
{
    size_t count = 1;
    gpen_status status = GPEN_OK;
    for (int64_t after = 0; !status && count;) {
        store_item *page;
        status = store_items_list(store, batch, state, after, PAGE, &page, &count, error);
        for (size_t i = 0; !status && i < count; i++) {
            show_item(&page[i], json);
            after = page[i].position;
        }
        store_items_free(page, count);
    }
    return status;
}

/* id 0: the newest. */
static gpen_status find_batch(batch_store *store, int64_t id, store_batch *batch, gpen_error *error)
{
    store_batch *newest = NULL;
    size_t count = 0;
    if (!id) {
        gpen_status status = store_batches_list(store, 0, 1, &newest, &count, error);
        if (status)
            return status;
        id = count ? newest->id : 0;
        store_batches_free(newest, count);
    }
    gpen_status status = store_batch_get(store, id, batch, error);
    if (!status && !batch->id)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no batch %lld", (long long)id);
    return status;
}

/* What a person wants to see of a batch. */
typedef struct show_choice {
    int64_t id; /* 0: the newest */
    bool all, json;
    const char *report; /* a file, instead of all else; NULL: none */
} show_choice;

static gpen_status write_report(batch_store *store, const char *folder, int64_t id, const char *path, gpen_error *error)
{
    char *thumbnails = path_join(folder, STORE_THUMBNAILS);
    const report_options options = {
        .batches = &id, .batch_count = 1, .thumbnails = thumbnails, .language = text_language(), .now = date_now()};
    gpen_status status = report_write(store, &options, path, error);
    free(thumbnails);
    return status;
}

static gpen_status show(const char *folder, const show_choice *choice, gpen_error *error)
{
    batch_store *store;
    store_batch batch;
    bool headed = false;
    gpen_status status = store_open_reader(&store, folder, error);
    if (status)
        return status;
    status = find_batch(store, choice->id, &batch, error);
    if (!status && choice->report)
        status = write_report(store, folder, batch.id, choice->report, error);
    if (!status && !choice->report) {
        show_batch(folder, &batch, choice->json, &headed);
        status = show_items(store, batch.id, choice->all ? STORE_STATES : STORE_FAILED, choice->json, error);
    }
    store_batch_free(&batch);
    store_close(store);
    return status;
}

int batch_show_command(int argc, char **argv)
{
    show_choice shown = {.id = 0};
    store_choice choice = {.out = NULL};
    const command_option options[] = {STORE_OPTIONS(choice),
                                      {"which", "all", 0, NULL, "Every photo, not only those that failed",
                                       .flag = &shown.all},
                                      {"running", "report", 0, "FILE",
                                       "Write it to this file instead: a page (.html), or for\n"
                                       "programs (.json, .csv)",
                                       .text = &shown.report},
                                      {"running", "json", 0, NULL, "JSON lines: the batch, then its photos",
                                       .flag = &shown.json}};
    const command_manual manual = {.command = "batch show",
                                   .purpose = "what became of a batch: what failed, why, and what can be done",
                                   .usage = "gpen batch show [BATCH] [-o OUT] [--all] [--json]\n"
                                            "gpen batch show [BATCH] [-o OUT] --report FILE",
                                   .examples = "gpen batch show                     the newest one, what failed\n"
                                               "gpen batch show 3 -o restored --all every photo of batch 3\n"
                                               "gpen batch show --report batch.html  the same as a page",
                                   .notes = "BATCH is its number; without, the newest one is meant.",
                                   .options = options,
                                   .option_count = sizeof options / sizeof *options};
    int status = batch_arguments(&manual, argc, argv, &shown.id);
    if (status != CLI_GO_ON)
        return status;
    report_format format;
    if (shown.report && !report_format_of_name(shown.report, &format))
        return complain_usage("batch show", REPORT_NAMES, shown.report);
    gpen_error error;
    char *folder;
    gpen_status found = store_find_one(&choice, &folder, &error);
    if (!found)
        found = show(folder, &shown, &error);
    free(folder);
    return found ? complain("%s", error.message) : CLI_DONE;
}

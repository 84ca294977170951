/* The report of a run (--report). Its own file because it puts together what the store has and what came to its end without it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/file.h"
#include "batch/report.h"
#include "cli/cli.h"
#include "cli/enhance.h"
#include "cli/interrupt.h"
#include "cli/text.h"

enum { SMALL_EDGE = 240 /* twice what the page shows, for fine screens */ };

int enhance_report_edge(const enhance_settings *settings)
{
    report_format format;
    return settings->report && report_format_of_name(settings->report, &format) && format == REPORT_HTML ? SMALL_EDGE
                                                                                                         : 0;
}

gpen_status enhance_report_prepare(const enhance_settings *settings, gpen_error *error)
{
    char *folder = settings->report ? path_folder(settings->report) : NULL;
    if (!settings->report)
        return GPEN_OK;
    gpen_status status =
        folder ? folder_make(folder, error) : gpen_fail_memory(error, "a path", strlen(settings->report));
    if (!status && access(folder, W_OK | X_OK))
        status = gpen_fail(error, GPEN_WRITE_FAILED, "%s: no report may be written to this folder", folder);
    if (!status)
        status = atomic_file_check(settings->report, true, error);
    free(folder);
    return status;
}

/* ---------------------------------------------------------------- what the store has not */

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Paths of the photos that the batch has; what an interrupted run did is in it, and skipped by this one. */
typedef struct path_list {
    char **paths;
    size_t count;
} path_list;

static void paths_free(path_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
}

static gpen_status paths_add(path_list *list, const store_item *items, size_t count, gpen_error *error)
{
    char **longer = realloc(list->paths, (list->count + count) * sizeof *longer);
    if (!longer)
        return gpen_fail_memory(error, "a report", (list->count + count) * sizeof *longer);
    list->paths = longer;
    for (size_t i = 0; i < count; i++) {
        list->paths[list->count] = strdup(items[i].input);
        if (!list->paths[list->count])
            return gpen_fail_memory(error, "a path", strlen(items[i].input));
        list->count++;
    }
    return GPEN_OK;
}

static gpen_status paths_of_batch(path_list *list, batch_store *store, int64_t batch, gpen_error *error)
{
    size_t count = 1;
    gpen_status status = GPEN_OK;
    for (int64_t after = 0; !status && count;) {
        store_item *page;
        status = store_items_list(store, batch, STORE_STATES, after, STORE_LONGEST_PAGE, &page, &count, error);
        if (status)
            break;
        if (count) {
            after = page[count - 1].position;
            status = paths_add(list, page, count, error);
        }
        store_items_free(page, count);
    }
    if (!status && list->count)
        qsort(list->paths, list->count, sizeof *list->paths, compare_texts);
    return status;
}

static bool has_path(const path_list *list, const char *path)
{
    char *absolute = path_absolute(path);
    bool has =
        absolute && list->count && bsearch(&absolute, list->paths, list->count, sizeof *list->paths, compare_texts);
    free(absolute);
    return has;
}

/* As an item that no store has; its texts stay the plan's. */
static store_item item_of(const planned_photo *planned)
{
    static const store_state states[ITEM_STATES] = {
        [ITEM_FAILED] = STORE_FAILED, [ITEM_SKIPPED] = STORE_CANCELLED, [ITEM_STOPPED] = STORE_QUEUED};
    return (store_item){.input = planned->photo->path,
                        .relative = planned->photo->relative,
                        .output = planned->output,
                        .state = states[planned->state],
                        .reason = planned->error.status,
                        .detail = planned->state == ITEM_FAILED ? (char *)(uintptr_t)planned->error.message : NULL};
}

static gpen_status find_others(const enhance_plan *plan, const path_list *stored, store_item **others, size_t *count,
                               gpen_error *error)
{
    const size_t most = plan->photos.count;
    *count = 0;
    *others = calloc(most ? most : 1, sizeof **others);
    if (!*others)
        return gpen_fail_memory(error, "a report", most * sizeof **others);
    for (size_t i = 0; i < most; i++) {
        const planned_photo *planned = &plan->planned[i];
        if (!has_path(stored, planned->photo->path))
            (*others)[(*count)++] = item_of(planned);
    }
    return GPEN_OK;
}

/* ---------------------------------------------------------------- the report */

static gpen_status write_report(const enhance_plan *plan, const batch_run *run, batch_store *store, gpen_error *error)
{
    path_list stored = {.count = 0};
    store_item *others = NULL;
    size_t count = 0;
    gpen_status status = store ? paths_of_batch(&stored, store, run->batch, error) : GPEN_OK;
    if (!status)
        status = find_others(plan, &stored, &others, &count, error);
    const report_options options = {.batches = store ? &run->batch : NULL,
                                    .batch_count = store ? 1 : 0,
                                    .others = others,
                                    .other_count = count,
                                    .thumbnails = store ? run->thumbnails : NULL,
                                    .language = text_language(),
                                    .now = date_now(),
                                    .interrupted = interrupted() != 0};
    if (!status)
        status = report_write(store, &options, plan->settings->report, error);
    free(others);
    paths_free(&stored);
    return status;
}

bool enhance_report(const enhance_plan *plan, const batch_run *run)
{
    batch_store *store = NULL;
    gpen_error error;
    if (!plan->settings->report || plan->settings->dry_run)
        return true;
    gpen_status status = run && run->batch ? store_open_reader(&store, run->folder, &error) : GPEN_OK;
    if (!status)
        status = write_report(plan, run, store, &error);
    store_close(store);
    if (status)
        complain("the report was not written: %s", error.message);
    return !status;
}

/* From planned photos to items of the store, and back. Its own file because it is where a run that was interrupted is found again. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "batch/content.h"
#include "cli/enhance.h"

/* The planned photos that are to be done, by the path of their result below OUT. */
typedef struct wanted_item {
    const char *output; /* below the output folder */
    char *input;        /* absolute */
    planned_photo *planned;
} wanted_item;

typedef struct wanted_list {
    wanted_item *items;
    size_t count;
} wanted_list;

static int compare_outputs(const void *left, const void *right)
{
    return strcmp(((const wanted_item *)left)->output, ((const wanted_item *)right)->output);
}

static void wanted_free(wanted_list *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        free(wanted->items[i].input);
    free(wanted->items);
}

static const char *below_out(const enhance_settings *settings, const char *output)
{
    if (settings->out_is_file)
        return path_name(output);
    output += strlen(settings->out);
    return output + strspn(output, "/");
}

static gpen_status wanted_make(wanted_list *wanted, const enhance_plan *plan, gpen_error *error)
{
    *wanted = (wanted_list){.items = calloc(plan->to_do, sizeof *wanted->items)};
    if (!wanted->items)
        return gpen_fail_memory(error, "the photos", plan->to_do * sizeof *wanted->items);
    for (size_t i = 0; i < plan->photos.count; i++) {
        planned_photo *planned = &plan->planned[i];
        if (planned->state != ITEM_STOPPED)
            continue;
        char *input = path_absolute(planned->photo->path);
        if (!input) {
            wanted_free(wanted);
            (void)gpen_fail_memory(error, "a path", strlen(planned->photo->path));
            return GPEN_OUT_OF_MEMORY;
        }
        wanted->items[wanted->count++] = (wanted_item){below_out(plan->settings, planned->output), input, planned};
    }
    return GPEN_OK;
}

/* ---------------------------------------------------------------- the batch that was left */

/* Does a page of the store, from its newest batch on. *batch: the newest that is unfinished and was set as this one is; all others that are
 * unfinished are given up, because this command says what is wanted now. */
static gpen_status find_unfinished(batch_run *run, batch_store *reader, const char *key, int64_t *batch,
                                   gpen_error *error)
{
    size_t count = 1;
    gpen_status status = GPEN_OK;
    *batch = 0;
    for (int64_t before = 0; !status && count;) {
        store_batch *page;
        status = store_batches_list(reader, before, STORE_LONGEST_PAGE, &page, &count, error);
        for (size_t i = 0; !status && i < count; i++) {
            const store_batch *found = &page[i];
            before = found->id;
            bool unfinished = !found->ended && !found->cancelled && !found->cleaning;
            if (unfinished && !*batch && !strcmp(found->settings_key, key))
                *batch = found->id;
            else if (unfinished)
                status = scheduler_cancel(run->scheduler, found->id, error);
        }
        store_batches_free(page, count);
    }
    return status;
}

static bool is_same(const wanted_item *wanted, const store_item *item)
{
    int64_t known = wanted->planned->item;
    return (!known || known == item->id) && !strcmp(wanted->input, item->input) &&
           content_same(&wanted->planned->content, &item->content);
}

/* Nearly always by the result's name; but the store may have had to give it another number. */
static const wanted_item *find_wanted(const batch_run *run, const store_item *item, const wanted_list *wanted,
                                      bool added)
{
    size_t length = strlen(run->out);
    const char *below = item->output && !strncmp(item->output, run->out, length) ? item->output + length : "";
    const wanted_item key = {.output = below + strspn(below, "/")};
    const wanted_item *found = bsearch(&key, wanted->items, wanted->count, sizeof *wanted->items, compare_outputs);
    if (found && is_same(found, item))
        return found;
    for (size_t i = 0; added && i < wanted->count; i++)
        if (!wanted->items[i].planned->item && is_same(&wanted->items[i], item))
            return &wanted->items[i];
    return NULL;
}

/* Is it done, in this very run of the command, and is its result untouched? */
static bool is_done(const store_item *item)
{
    store_content now;
    return item->state == STORE_DONE && item->output && !content_read(&now, item->output) &&
           content_same(&now, &item->written);
}

/* What the batch has of what is wanted now stays in it; the rest of its queue is given up. */
static gpen_status take_up(batch_run *run, const store_item *item, const wanted_list *wanted, bool added,
                           gpen_error *error)
{
    const wanted_item *found = find_wanted(run, item, wanted, added);
    gpen_status status = GPEN_OK;
    if (item->state == STORE_DONE) {
        if (found && is_done(item)) {
            found->planned->state = ITEM_SKIPPED;
            gpen_fail(&found->planned->error, GPEN_EXISTS, "%s is there already", found->planned->output);
        }
        return GPEN_OK;
    }
    if (found && item->state == STORE_FAILED)
        status = scheduler_retry(run->scheduler, item->id, error);
    else if (!found && item->state == STORE_QUEUED)
        status = scheduler_cancel_item(run->scheduler, item->id, error);
    if (found)
        found->planned->item = item->id;
    return status;
}

/* All items of the batch in the state. added: it has all that is wanted. */
static gpen_status take_up_all(batch_run *run, batch_store *reader, int64_t batch, store_state state,
                               const wanted_list *wanted, bool added, gpen_error *error)
{
    size_t count = 1;
    gpen_status status = GPEN_OK;
    for (int64_t after = 0; !status && count;) {
        store_item *page;
        status = store_items_list(reader, batch, state, after, STORE_LONGEST_PAGE, &page, &count, error);
        for (size_t i = 0; !status && i < count; i++) {
            after = page[i].position;
            status = take_up(run, &page[i], wanted, added, error);
        }
        store_items_free(page, count);
    }
    return status;
}

/* ---------------------------------------------------------------- photos that stand in their result's place */

static bool is_place_of(const enhance_plan *plan, const planned_photo *planned, const batch_run *run,
                        const char *output)
{
    size_t length = strlen(run->out);
    const char *below = strncmp(output, run->out, length) != 0 ? "" : output + length;
    return !strcmp(below_out(plan->settings, planned->output), below + strspn(below, "/"));
}

/* What a run with --on-failure copy put there is no result: it goes, and the photo is to be done. */
static void clear_place(enhance_plan *plan, const batch_run *run, const store_item *item)
{
    for (size_t i = 0; item->output && item->written.modified && i < plan->photos.count; i++) {
        planned_photo *planned = &plan->planned[i];
        if (planned->state != ITEM_SKIPPED || !is_place_of(plan, planned, run, item->output) ||
            !content_remove(item->output, &item->written))
            continue;
        planned->state = ITEM_STOPPED;
        gpen_error_clear(&planned->error);
        plan->to_do++;
    }
}

static gpen_status clear_places_of(enhance_plan *plan, const batch_run *run, batch_store *reader, int64_t batch,
                                   gpen_error *error)
{
    size_t count = 1;
    gpen_status status = GPEN_OK;
    for (int64_t after = 0; !status && count;) {
        store_item *page;
        status = store_items_list(reader, batch, STORE_FAILED, after, STORE_LONGEST_PAGE, &page, &count, error);
        for (size_t i = 0; !status && i < count; i++) {
            after = page[i].position;
            clear_place(plan, run, &page[i]);
        }
        store_items_free(page, count);
    }
    return status;
}

static gpen_status clear_places(enhance_plan *plan, const batch_run *run, batch_store *reader, gpen_error *error)
{
    size_t count = 1;
    gpen_status status = GPEN_OK;
    for (int64_t before = 0; !status && count;) {
        store_batch *page;
        status = store_batches_list(reader, before, STORE_LONGEST_PAGE, &page, &count, error);
        for (size_t i = 0; !status && i < count; i++) {
            before = page[i].id;
            if (page[i].counts[STORE_FAILED])
                status = clear_places_of(plan, run, reader, page[i].id, error);
        }
        store_batches_free(page, count);
    }
    return status;
}

/* ---------------------------------------------------------------- adding */

/* In the order of the photos, which is that of the list before it is sorted. */
static gpen_status add_rest(batch_run *run, const batch_settings *settings, int64_t *batch, const wanted_list *wanted,
                            gpen_error *error)
{
    size_t count = 0;
    store_new_item *items = calloc(wanted->count + 1, sizeof *items);
    if (!items)
        return gpen_fail_memory(error, "the photos", wanted->count * sizeof *items);
    for (size_t i = 0; i < wanted->count; i++)
        if (!wanted->items[i].planned->item && wanted->items[i].planned->state == ITEM_STOPPED)
            items[count++] = (store_new_item){.input = wanted->items[i].input,
                                              .relative = wanted->items[i].planned->photo->relative,
                                              .content = wanted->items[i].planned->content,
                                              .output = wanted->items[i].output,
                                              .overwrite = true}; /* a name of an older run's */
    gpen_status status = GPEN_OK;
    const scheduler_batch made = {.settings = settings, .output_folder = run->out};
    if (!*batch && count)
        status = scheduler_add(run->scheduler, &made, items, count, batch, error);
    else if (count)
        status = scheduler_add_items(run->scheduler, *batch, items, count, error);
    free(items);
    return status;
}

/* by_output: the same list, sorted. */
static gpen_status store_all(batch_run *run, const batch_settings *settings, const char *key, batch_store *reader,
                             const wanted_list *wanted, const wanted_list *by_output, gpen_error *error)
{
    int64_t batch = 0;
    gpen_status status = find_unfinished(run, reader, key, &batch, error);
    if (!status && batch)
        status = take_up_all(run, reader, batch, STORE_QUEUED, by_output, false, error);
    if (!status && batch)
        status = take_up_all(run, reader, batch, STORE_FAILED, by_output, false, error);
    if (!status && batch && settings->overwrite) /* without, what is there was seen to be there */
        status = take_up_all(run, reader, batch, STORE_DONE, by_output, false, error);
    if (!status)
        status = add_rest(run, settings, &batch, wanted, error);
    if (!status && batch)
        status = take_up_all(run, reader, batch, STORE_QUEUED, by_output, true, error);
    run->batch = batch;
    return status;
}

static gpen_status store_wanted(batch_run *run, const batch_settings *settings, batch_store *reader,
                                const wanted_list *wanted, gpen_error *error)
{
    char *json, *key;
    wanted_list by_output = {.items = calloc(wanted->count + 1, sizeof *wanted->items), .count = wanted->count};
    if (!by_output.items)
        return gpen_fail_memory(error, "the photos", wanted->count * sizeof *wanted->items);
    memcpy(by_output.items, wanted->items, wanted->count * sizeof *wanted->items);
    qsort(by_output.items, by_output.count, sizeof *by_output.items, compare_outputs);
    gpen_status status = batch_settings_write(settings, &json, &key, error);
    if (!status)
        status = store_all(run, settings, key, reader, wanted, &by_output, error);
    free(json);
    free(key);
    free(by_output.items);
    return status;
}

/* ---------------------------------------------------------------- finding them again */

static int compare_items(const void *left, const void *right)
{
    const planned_photo *a = *(planned_photo *const *)left, *b = *(planned_photo *const *)right;
    return (a->item > b->item) - (a->item < b->item);
}

static gpen_status sort_by_item(enhance_plan *plan, gpen_error *error)
{
    plan->by_item = calloc(plan->to_do, sizeof *plan->by_item);
    if (!plan->by_item)
        return gpen_fail_memory(error, "the photos", plan->to_do * sizeof *plan->by_item);
    for (size_t i = 0; i < plan->photos.count; i++)
        if (plan->planned[i].item)
            plan->by_item[plan->item_count++] = &plan->planned[i];
    qsort(plan->by_item, plan->item_count, sizeof *plan->by_item, compare_items);
    return GPEN_OK;
}

const planned_photo *enhance_find(const enhance_plan *plan, int64_t item)
{
    const planned_photo wanted = {.item = item}, *key = &wanted;
    if (!plan->by_item)
        return NULL;
    planned_photo *const *found = bsearch(&key, plan->by_item, plan->item_count, sizeof *plan->by_item, compare_items);
    return found ? *found : NULL;
}

gpen_status enhance_store(enhance_plan *plan, batch_run *run, const batch_settings *settings, gpen_error *error)
{
    batch_store *reader;
    wanted_list wanted;
    gpen_status status = store_open_reader(&reader, run->folder, error);
    if (status)
        return status;
    status = clear_places(plan, run, reader, error);
    if (!status && plan->to_do) {
        status = wanted_make(&wanted, plan, error);
        if (!status) {
            status = store_wanted(run, settings, reader, &wanted, error);
            wanted_free(&wanted);
        }
        if (!status)
            status = sort_by_item(plan, error);
    }
    store_close(reader);
    return status;
}

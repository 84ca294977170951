/* A report's frame: what is reported, in which order, into which file. Its own file because the three formats differ only in how
 * they write an item. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/output.h"
#include "batch/report_room.h"

bool report_format_of_name(const char *path, report_format *format)
{
    static const struct {
        const char *ending;
        report_format format;
    } endings[] = {{".html", REPORT_HTML}, {".htm", REPORT_HTML}, {".json", REPORT_JSON}, {".csv", REPORT_CSV}};
    const char *dot = strrchr(path_name(path), '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i].ending)) {
            *format = endings[i].format;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- items */

static bool is_chosen(const store_item *item, report_choice choice)
{
    return choice == REPORT_ALL || (choice == REPORT_FAILED) == (item->state == STORE_FAILED);
}

static gpen_status each_of_batch(report *r, int64_t batch, report_choice choice, report_visit *visit, gpen_error *error)
{
    const store_state state = choice == REPORT_FAILED ? STORE_FAILED : STORE_STATES;
    int64_t after = 0;
    for (;;) {
        store_item *items;
        size_t count;
        gpen_status status = store_items_list(r->store, batch, state, after, STORE_LONGEST_PAGE, &items, &count, error);
        if (status)
            return status;
        for (size_t i = 0; i < count; i++)
            if (is_chosen(&items[i], choice))
                visit(r, &items[i]);
        after = count ? items[count - 1].position : after;
        store_items_free(items, count);
        if (count < STORE_LONGEST_PAGE)
            return GPEN_OK;
    }
}

gpen_status report_each(report *r, report_choice choice, report_visit *visit, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    for (size_t i = 0; i < r->options->batch_count && !status; i++)
        status = each_of_batch(r, r->options->batches[i], choice, visit, error);
    for (size_t i = 0; i < r->options->other_count && !status; i++)
        if (is_chosen(&r->options->others[i], choice))
            visit(r, &r->options->others[i]);
    return status;
}

bool report_was_there(const store_item *item)
{
    return !item->id && item->state == STORE_CANCELLED && item->reason == GPEN_EXISTS;
}

const char *report_state_name(const store_item *item)
{
    return report_was_there(item) ? "skipped" : store_state_name(item->state);
}

char *report_copy(const store_item *item)
{
    bool put = item->state == STORE_FAILED && item->output && item->written.modified;
    return put ? output_of_copy(item->output, item->relative) : NULL;
}

double report_seconds(const store_item *item)
{
    double seconds = 0;
    for (int stage = 0; stage < STORE_STAGES; stage++)
        seconds += item->spent.seconds[stage];
    return seconds;
}

report_faces report_count_faces(const int64_t faces[GPEN_FACE_STATE_COUNT])
{
    report_faces counted = {.restored = faces[GPEN_FACE_RESTORED],
                            .failed = faces[GPEN_FACE_NO_PLACE] + faces[GPEN_FACE_NOT_FINITE]};
    for (int state = 0; state < GPEN_FACE_STATE_COUNT; state++)
        if (state != GPEN_FACE_LOW_SCORE) /* hardly a face */
            counted.found += faces[state];
    counted.left = counted.found - counted.restored - counted.failed;
    return counted;
}

const batch_settings *report_settings_of(const report *r, const store_item *item)
{
    size_t i = 0;
    while (i + 1 < r->options->batch_count && r->batches[i].id != item->batch)
        i++;
    return &r->settings[i];
}

/* ---------------------------------------------------------------- sums */

static void add_item(report *r, const store_item *item)
{
    report_totals *totals = &r->totals;
    totals->items++;
    if (report_was_there(item))
        totals->there++;
    else
        totals->states[item->state]++;
    if (item->state == STORE_FAILED)
        totals->reasons[item->reason]++;
    if (item->state != STORE_DONE)
        return;
    totals->seconds += report_seconds(item);
    for (int state = 0; state < GPEN_FACE_STATE_COUNT; state++)
        totals->faces[state] += item->faces[state];
    totals->faceless += !report_count_faces(item->faces).found && !report_settings_of(r, item)->aligned;
}

static void add_batch(report *r, const store_batch *batch)
{
    report_totals *totals = &r->totals;
    int64_t ended = batch->ended ? batch->ended : r->options->now;
    if (!totals->begun || batch->created < totals->begun)
        totals->begun = batch->created;
    if (ended > totals->ended)
        totals->ended = ended;
}

static gpen_status read_batch(report *r, size_t index, gpen_error *error)
{
    store_batch *batch = &r->batches[index];
    gpen_status status = store_batch_get(r->store, r->options->batches[index], batch, error);
    if (!status && !batch->id)
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "there is no batch %lld", (long long)r->options->batches[index]);
    if (!status)
        status = batch_settings_read(&r->settings[index], batch->settings, error);
    if (!status)
        add_batch(r, batch);
    return status;
}

static gpen_status read_all(report *r, gpen_error *error)
{
    size_t count = r->options->batch_count;
    gpen_status status = GPEN_OK;
    r->batches = calloc(count ? count : 1, sizeof *r->batches);
    r->settings = calloc(count ? count : 1, sizeof *r->settings);
    if (!r->batches || !r->settings)
        return gpen_fail_memory(error, "a report", count * sizeof *r->settings);
    for (size_t i = 0; i < count && !status; i++)
        status = read_batch(r, i, error);
    return status ? status : report_each(r, REPORT_ALL, add_item, error);
}

/* ---------------------------------------------------------------- the file */

static gpen_status write_format(report *r, report_format format, gpen_error *error)
{
    switch (format) {
    case REPORT_JSON: return report_json(r, error);
    case REPORT_CSV: return report_csv(r, error);
    case REPORT_HTML: break;
    }
    return report_html(r, error);
}

/* Through a stream of its own, because reports are put together in small pieces. */
static gpen_status write_stream(report *r, report_format format, const atomic_file *file, gpen_error *error)
{
    int copy = dup(file->descriptor);
    r->out = copy < 0 ? NULL : fdopen(copy, "w");
    if (!r->out) {
        if (copy >= 0)
            close(copy);
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "%s: no stream could be made", file->target);
    }
    gpen_status status = write_format(r, format, error);
    errno = 0;
    bool lost = fflush(r->out) || ferror(r->out);
    int reason = errno;
    lost = fclose(r->out) || lost;
    if (lost && !status)
        status = gpen_fail_write(error, reason ? reason : EIO, file->target, "writing");
    return status;
}

static gpen_status write_file(report *r, report_format format, const char *path, gpen_error *error)
{
    atomic_file file;
    gpen_status status = atomic_file_check(path, true, error);
    if (!status)
        status = atomic_file_begin(&file, path, error);
    if (status)
        return status;
    status = write_stream(r, format, &file, error);
    if (!status)
        return atomic_file_commit(&file, true, error);
    atomic_file_abandon(&file);
    return status;
}

gpen_status report_write(batch_store *store, const report_options *options, const char *path, gpen_error *error)
{
    report_format format;
    report r = {.store = store, .options = options, .picture_bytes = REPORT_MOST_PICTURES};
    if (!report_format_of_name(path, &format))
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "%s: a report's name ends with .html, .json or .csv", path);
    gpen_status status = read_all(&r, error);
    if (!status)
        status = write_file(&r, format, path, error);
    for (size_t i = 0; r.batches && i < options->batch_count; i++)
        store_batch_free(&r.batches[i]);
    free(r.batches);
    free(r.settings);
    return status;
}

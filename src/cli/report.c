/* What a person reads about a batch, in English and Chinese. Its own file, so that the work itself never prints. */
#include "cli/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/machine.h"
#include "cli/report_json.h"
#include "cli/text.h"

/* What stands before a number and behind it. */
typedef struct number_phrase {
    const char *before, *behind;
} number_phrase;

/* The words, in the order of gpen_language. */
static const struct phrases {
    const char *line[ITEM_STATES];    /* an item's line begins with it */
    number_phrase count[ITEM_STATES]; /* part of the summary */
    number_phrase remaining, failures, time;
    const char *nothing, *note, *interrupted;
} all_phrases[] = {
    [GPEN_ENGLISH] = {.line = {"done", "failed", "there already", "would restore", "stopped"},
                      .count = {{"", " done"}, {"", " failed"}, {"", " there already"}, {"", " would be restored"}},
                      .remaining = {"", " not begun"},
                      .failures = {"", " failed:"},
                      .time = {", in ", ""},
                      .nothing = "nothing to do",
                      .note = "note",
                      .interrupted = "Stopped. The same command continues where it stopped."},
    [GPEN_CHINESE] = {.line = {"完成", "失败", "已存在", "将修复", "已停止"},
                      .count = {{"完成 ", " 张"}, {"失败 ", " 张"}, {"已存在 ", " 张"}, {"将修复 ", " 张"}},
                      .remaining = {"未开始 ", " 张"},
                      .failures = {"", " 张失败："},
                      .time = {"，用时 ", ""},
                      .nothing = "没有需要处理的图片",
                      .note = "提示",
                      .interrupted = "已停止。再次运行同一命令即可继续。"},
};

batch_report report_begin(size_t total, bool json, bool quiet)
{
    gpen_language language = text_language();
    batch_report report = {.json = json,
                           .quiet = quiet,
                           .language = language,
                           .progress = progress_begin(total, !json && !quiet, language),
                           .total = total,
                           .begun = clock_seconds()};
    report.lines = !json && !quiet && (!report.progress.shown || !isatty(STDOUT_FILENO));
    return report;
}

void report_free(batch_report *report)
{
    for (size_t i = 0; i < report->failure_count; i++)
        free(report->failures[i].input);
    free(report->failures);
    report->failures = NULL;
    report->failure_count = 0;
}

static const struct phrases *phrases_of(const batch_report *report)
{
    return &all_phrases[report->language];
}

/* ---------------------------------------------------------------- items */

void report_item_begin(batch_report *report, const char *input)
{
    progress_draw(&report->progress, path_name(input));
}

/* Without memory the failure is still counted; only its place in the list at the end is lost. */
static void keep_failure(batch_report *report, const item_outcome *outcome)
{
    if (report->failure_count == report->failure_capacity) {
        size_t capacity = report->failure_capacity ? report->failure_capacity * 2 : 16;
        report_failure *failures = realloc(report->failures, capacity * sizeof *failures);
        if (!failures)
            return;
        report->failures = failures;
        report->failure_capacity = capacity;
    }
    char *input = strdup(outcome->input);
    if (input)
        report->failures[report->failure_count++] = (report_failure){.input = input, .error = outcome->error};
}

static void count(batch_report *report, const item_outcome *outcome)
{
    progress_line *progress = &report->progress;
    report->counts[outcome->state]++;
    progress->ended++;
    progress->failed = report->counts[ITEM_FAILED];
    if (outcome->state == ITEM_DONE) {
        progress->timed++;
        progress->seconds += outcome->load_seconds + outcome->restore_seconds + outcome->save_seconds;
    }
    if (outcome->state == ITEM_FAILED)
        keep_failure(report, outcome);
}

static void print_line(const batch_report *report, const item_outcome *outcome)
{
    printf("%s  ", phrases_of(report)->line[outcome->state]);
    text_print(stdout, outcome->input);
    if (outcome->state == ITEM_FAILED) {
        printf(": %s", gpen_status_sentence(outcome->error.status, report->language));
    } else {
        printf(" -> ");
        text_print(stdout, outcome->output);
    }
    if (outcome->state == ITEM_DONE) {
        char seconds[32];
        text_duration(seconds, sizeof seconds,
                      outcome->load_seconds + outcome->restore_seconds + outcome->save_seconds);
        printf(" (%s)", seconds);
    }
    (void)fputc('\n', stdout);
}

static void print_notes(const batch_report *report, const item_outcome *outcome, FILE *out)
{
    char sentence[512];
    for (const char *note = outcome->notes; note && *note;) {
        size_t length = strcspn(note, "\n");
        snprintf(sentence, sizeof sentence, "%.*s", (int)length, note);
        fprintf(out, "  %s: ", phrases_of(report)->note);
        if (out == stderr) {
            text_print(out, outcome->input);
            (void)fputs(": ", out);
        }
        text_print(out, sentence);
        (void)fputc('\n', out);
        note += length + (note[length] == '\n');
    }
}

void report_item_end(batch_report *report, const item_outcome *outcome)
{
    count(report, outcome);
    if (report->json) {
        report_json_item(outcome);
        return;
    }
    if (report->quiet)
        return;
    progress_clear(&report->progress);
    if (report->lines)
        print_line(report, outcome);
    print_notes(report, outcome, report->lines ? stdout : stderr);
    (void)fflush(stdout);
}

/* ---------------------------------------------------------------- the end */

static void print_failures(const batch_report *report)
{
    if (!report->failure_count)
        return;
    number_phrase title = phrases_of(report)->failures;
    fprintf(stderr, "\n%s%zu%s\n", title.before, report->counts[ITEM_FAILED], title.behind);
    for (size_t i = 0; i < report->failure_count; i++) {
        const report_failure *failure = &report->failures[i];
        (void)fputs("  ", stderr);
        text_print(stderr, failure->input);
        fprintf(stderr, "\n      %s\n      ", gpen_status_sentence(failure->error.status, report->language));
        text_print(stderr, failure->error.message);
        (void)fputc('\n', stderr);
    }
}

/* The number behind a comma where others stand before it. */
static void print_count(number_phrase phrase, size_t number, bool *follows)
{
    if (!number)
        return;
    printf("%s%s%zu%s", *follows ? ", " : "", phrase.before, number, phrase.behind);
    *follows = true;
}

static void print_summary(const batch_report *report, int signal)
{
    const struct phrases *phrases = phrases_of(report);
    bool follows = false;
    size_t seen = 0;
    for (int state = ITEM_DONE; state <= ITEM_PLANNED; state++) {
        print_count(phrases->count[state], report->counts[state], &follows);
        seen += report->counts[state];
    }
    print_count(phrases->remaining, report->total - seen, &follows);
    if (!follows)
        printf("%s", phrases->nothing);
    if (report->counts[ITEM_DONE]) {
        char seconds[32];
        text_duration(seconds, sizeof seconds, clock_seconds() - report->begun);
        printf("%s%s%s", phrases->time.before, seconds, phrases->time.behind);
    }
    printf("\n%s%s", signal ? phrases->interrupted : "", signal ? "\n" : "");
    (void)fflush(stdout);
}

int report_nothing(bool json, const gpen_error *error)
{
    if (json)
        report_json_error(error);
    complain("%s", gpen_status_sentence(error->status, text_language()));
    return complain("%s", error->message);
}

int report_end(batch_report *report, int signal)
{
    int status = report->counts[ITEM_FAILED] ? CLI_SOME_FAILED : CLI_DONE;
    if (signal)
        status = 128 + signal;
    progress_clear(&report->progress);
    if (report->json) {
        report_json_summary(report, signal, status);
        return status;
    }
    if (!report->quiet)
        print_summary(report, signal);
    print_failures(report);
    return status;
}

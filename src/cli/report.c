/* What a person reads about a batch, in English and Chinese. Its own file, so that the work itself never prints. */
#include "cli/report.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
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
    number_phrase restored, restored_one, faceless, faceless_one; /* part of the summary */
    const char *some_restored[3]; /* of an item: before, between and behind how many of how many faces */
    const char *no_face;
    number_phrase faces, faces_one; /* before what became of them */
    number_phrase each;             /* seconds a photo */
    const char *nothing, *note, *copied, *interrupted;
} all_phrases[] = {
    [GPEN_ENGLISH] = {.line = {"done", "failed", "there already", "would restore", "stopped"},
                      .count = {{"", " done"}, {"", " failed"}, {"", " there already"}, {"", " would be restored"}},
                      .remaining = {"", " not begun"},
                      .failures = {"", " failed:"},
                      .time = {", in ", ""},
                      .restored = {"", " faces restored"},
                      .restored_one = {"", " face restored"},
                      .faceless = {"", " photos without a face"},
                      .faceless_one = {"", " photo without a face"},
                      .some_restored = {"", " of ", " faces restored"},
                      .no_face = "no face found",
                      .faces = {"", " faces: "},
                      .faces_one = {"", " face: "},
                      .nothing = "nothing to do",
                      .each = {", ", " a photo"},
                      .note = "note",
                      .copied = "left as it came",
                      .interrupted = "Stopped. The same command continues where it stopped."},
    [GPEN_CHINESE] = {.line = {"完成", "失败", "已存在", "将修复", "已停止"},
                      .count = {{"完成 ", " 张"}, {"失败 ", " 张"}, {"已存在 ", " 张"}, {"将修复 ", " 张"}},
                      .remaining = {"未开始 ", " 张"},
                      .failures = {"", " 张失败："},
                      .time = {"，用时 ", ""},
                      .restored = {"修复 ", " 张人脸"},
                      .restored_one = {"修复 ", " 张人脸"},
                      .faceless = {"无人脸 ", " 张"},
                      .faceless_one = {"无人脸 ", " 张"},
                      .some_restored = {"修复 ", "/", " 张人脸"},
                      .no_face = "未找到人脸",
                      .faces = {"", " 张人脸："},
                      .faces_one = {"", " 张人脸："},
                      .nothing = "没有需要处理的图片",
                      .each = {"，每张 ", ""},
                      .note = "提示",
                      .copied = "原样保留",
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

/* ---------------------------------------------------------------- counting */

size_t item_faces(const item_outcome *outcome)
{
    return outcome->aligned ? 1 : faces_seen(&outcome->faces);
}

double item_seconds(const item_outcome *outcome)
{
    return outcome->load_seconds + outcome->enhance_seconds + outcome->save_seconds;
}

/* ---------------------------------------------------------------- items */

void report_item_begin(batch_report *report, const char *input)
{
    char name[JOB_MOST_NAME];
    job_name_copy(name, input);
    if (!strcmp(report->current, name))
        return;
    memcpy(report->current, name, sizeof name);
    report->progress.faces_ended = report->progress.faces_total = 0;
    progress_draw(&report->progress, report->current);
}

void report_faces(batch_report *report, const char *input, size_t ended, size_t total)
{
    if (total < 2)
        return;
    job_name_copy(report->current, input);
    report->progress.faces_ended = ended;
    report->progress.faces_total = total;
    progress_draw(&report->progress, report->current);
}

void report_say(batch_report *report, const char *sentence)
{
    progress_clear(&report->progress);
    complain("%s", sentence);
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
        progress->seconds = clock_seconds() - report->begun; /* several at once: what a person waits */
        report->faces_restored += outcome->restored;
        report->faceless += !item_faces(outcome);
    }
    if (outcome->state == ITEM_FAILED) {
        keep_failure(report, outcome);
        report->reasons[outcome->error.status]++;
    }
}

/* " (2 of 3 faces restored, 0.41 s)" */
static void print_work(const batch_report *report, const item_outcome *outcome)
{
    const struct phrases *phrases = phrases_of(report);
    const size_t restored = outcome->restored, faces = item_faces(outcome);
    const char *const *some = phrases->some_restored;
    number_phrase all = restored == 1 ? phrases->restored_one : phrases->restored;
    char seconds[32];
    text_duration(seconds, sizeof seconds, item_seconds(outcome));
    (void)fputs(" (", stdout);
    if (outcome->aligned)
        printf("%s)", seconds);
    else if (!faces)
        printf("%s, %s)", phrases->no_face, seconds);
    else if (restored < faces)
        printf("%s%zu%s%zu%s, %s)", some[0], restored, some[1], faces, some[2], seconds);
    else
        printf("%s%zu%s, %s)", all.before, restored, all.behind, seconds);
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
    if (outcome->state == ITEM_DONE)
        print_work(report, outcome);
    (void)fputc('\n', stdout);
}

/* A note's or a face's line begins with the photo's name where no line of the photo stands before it. */
static void name_photo(const item_outcome *outcome, FILE *out)
{
    if (out != stderr)
        return;
    text_print(out, outcome->input);
    (void)fputs(": ", out);
}

/* What became of the faces that were not restored, a line a state, from `first` on. What is hardly a face is not worth a line,
 * unless there is nothing else. */
static void print_faces(const batch_report *report, const item_outcome *outcome, gpen_face_state first, FILE *out)
{
    const struct phrases *phrases = phrases_of(report);
    for (int state = (int)first; state < GPEN_FACE_STATE_COUNT; state++) {
        size_t count = faces_count(&outcome->faces, (gpen_face_state)state);
        number_phrase phrase = count == 1 ? phrases->faces_one : phrases->faces;
        if (!count || (state == GPEN_FACE_LOW_SCORE && item_faces(outcome)))
            continue;
        (void)fputs("  ", out);
        name_photo(outcome, out);
        fprintf(out, "%s%zu%s%s\n", phrase.before, count, phrase.behind,
                gpen_face_state_sentence((gpen_face_state)state, report->language));
    }
}

static void print_notes(const batch_report *report, const item_outcome *outcome, FILE *out)
{
    char sentence[512];
    for (const char *note = outcome->notes; note && *note;) {
        size_t length = strcspn(note, "\n");
        snprintf(sentence, sizeof sentence, "%.*s", (int)length, note);
        fprintf(out, "  %s: ", phrases_of(report)->note);
        name_photo(outcome, out);
        text_print(out, sentence);
        (void)fputc('\n', out);
        note += length + (note[length] == '\n');
    }
}

/* The photo itself stands where its result would. */
static void print_copy(const batch_report *report, const item_outcome *outcome, FILE *out)
{
    if (!outcome->copy)
        return;
    fprintf(out, "  %s: ", phrases_of(report)->copied);
    text_print(out, outcome->copy);
    (void)fputc('\n', out);
}

void report_item_end(batch_report *report, const item_outcome *outcome)
{
    report->progress.faces_ended = report->progress.faces_total = 0;
    count(report, outcome);
    if (report->json) {
        report_json_item(outcome);
        return;
    }
    if (report->quiet)
        return;
    progress_clear(&report->progress);
    if (report->lines) {
        print_line(report, outcome);
        print_faces(report, outcome, GPEN_FACE_TOO_SMALL, stdout);
    } else {
        print_faces(report, outcome, GPEN_FACE_NO_PLACE, stderr); /* only what went wrong */
    }
    print_copy(report, outcome, report->lines ? stdout : stderr);
    print_notes(report, outcome, report->lines ? stdout : stderr);
    (void)fflush(stdout);
    if (*report->current)
        progress_draw(&report->progress, report->current);
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

static void print_times(const batch_report *report)
{
    const struct phrases *phrases = phrases_of(report);
    size_t done = report->counts[ITEM_DONE];
    double seconds = clock_seconds() - report->begun;
    char text[32];
    if (!done)
        return;
    text_duration(text, sizeof text, seconds);
    printf("%s%s%s", phrases->time.before, text, phrases->time.behind);
    if (done < 2)
        return;
    text_duration(text, sizeof text, seconds / (double)done);
    printf("%s%s%s", phrases->each.before, text, phrases->each.behind);
}

/* Of many failures, how many for which reason. */
static void print_reasons(const batch_report *report)
{
    for (int reason = 0; report->counts[ITEM_FAILED] > 1 && reason < GPEN_STATUS_COUNT; reason++)
        if (report->reasons[reason])
            printf("\n  %zu: %s", report->reasons[reason], gpen_status_sentence((gpen_status)reason, report->language));
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
    print_count(report->faces_restored == 1 ? phrases->restored_one : phrases->restored, report->faces_restored,
                &follows);
    print_count(report->faceless == 1 ? phrases->faceless_one : phrases->faceless, report->faceless, &follows);
    if (!follows)
        printf("%s", phrases->nothing);
    print_times(report);
    print_reasons(report);
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

int report_broken(batch_report *report, const gpen_error *error)
{
    if (!report->counts[ITEM_DONE] && !report->counts[ITEM_FAILED])
        return report_nothing(report->json, error);
    progress_clear(&report->progress);
    (void)report_nothing(report->json, error);
    int status = report_end(report, 0);
    return status == CLI_DONE ? CLI_SOME_FAILED : status;
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

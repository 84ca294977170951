/* What a person, or a program, reads about a download. Its own file, so that the command itself never prints. */
#include "cli/pull_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/models.h"
#include "cli/text.h"

static bool in_chinese(const pull_report *report)
{
    return report->language == GPEN_CHINESE;
}

pull_report pull_report_begin(const char *name, bool json, bool quiet)
{
    gpen_language language = text_language();
    return (pull_report){.json = json,
                         .quiet = quiet,
                         .language = language,
                         .progress = progress_begin(1, !json && !quiet, language),
                         .name = name,
                         .rate_from = -1};
}

/* ---------------------------------------------------------------- for programs */

static json_writer begin_line(const pull_report *report, const char *event)
{
    json_writer json = json_begin(stdout);
    json_object(&json, NULL);
    json_text(&json, "event", event);
    json_text(&json, "name", report->name);
    return json;
}

static void end_line(json_writer *json)
{
    json_object_end(json);
    json_end_line(json);
}

static void write_bytes(json_writer *json, const pull_event *event)
{
    json_integer(json, "bytes", event->bytes);
    if (event->total >= 0)
        json_integer(json, "total", event->total);
    else
        json_null(json, "total");
}

static void write_event(pull_report *report, const pull_event *event)
{
    static const char *const names[] = {[PULL_ASKING] = "address",
                                        [PULL_RECEIVING] = "progress",
                                        [PULL_FAILED] = "address_failed",
                                        [PULL_WAITING] = "waiting",
                                        [PULL_INSTALLING] = "installing"};
    double now = clock_seconds();
    if (event->step == PULL_RECEIVING && now - report->told < 1)
        return;
    if (event->step == PULL_WAITING && report->waiting)
        return;
    report->told = now;
    json_writer json = begin_line(report, names[event->step]);
    if (event->step == PULL_ASKING || event->step == PULL_FAILED)
        json_text(&json, "address", event->address);
    if (event->step == PULL_WAITING)
        json_number(&json, "seconds", event->seconds);
    else
        write_bytes(&json, event);
    if (event->step == PULL_FAILED) {
        json_text(&json, "reason", gpen_status_name(event->reason->status));
        json_text(&json, "message", event->reason->message);
    }
    end_line(&json);
}

static void write_outcome(const pull_report *report, const char *state, const gpen_error *error)
{
    char *path = NULL;
    if (!error)
        (void)models_resolve(report->name, &path, NULL);
    json_writer json = begin_line(report, "model");
    json_text(&json, "state", state);
    json_text(&json, "reason", error ? gpen_status_name(error->status) : NULL);
    json_text(&json, "message", error ? error->message : NULL);
    if (path)
        json_path(&json, "path", path);
    else
        json_null(&json, "path");
    end_line(&json);
    free(path);
}

/* ---------------------------------------------------------------- for people */

/* What the last address failed with, unless it is the last word, which the command says itself. */
static void say_failed_address(pull_report *report)
{
    if (report->failed_address && !report->quiet) {
        progress_clear(&report->progress);
        complain("%s: %s", report->failed_address, report->failed.message);
    }
    free(report->failed_address);
    report->failed_address = NULL;
}

static void draw_progress(pull_report *report, const pull_event *event)
{
    double now = clock_seconds();
    if (report->rate_from < 0) {
        report->rate_from = event->bytes;
        report->rate_since = now;
    }
    double seconds = now - report->rate_since;
    const progress_bytes bytes = {.ended = event->bytes,
                                  .total = event->total,
                                  .rate = seconds > 1 ? (double)(event->bytes - report->rate_from) / seconds : 0};
    progress_draw_bytes(&report->progress, &bytes, report->name);
}

static void say_asking(const pull_report *report, const pull_event *event)
{
    if (event->bytes)
        complain(in_chinese(report) ? "%s：正在从 %s 继续下载（已有 %.1f MiB）"
                                    : "%s: fetching the rest from %s (%.1f MiB are there)",
                 report->name, event->address, (double)event->bytes / 1048576);
    else
        complain(in_chinese(report) ? "%s：正在从 %s 下载" : "%s: fetching it from %s", report->name, event->address);
}

static void say_event(pull_report *report, const pull_event *event)
{
    const progress_bytes all = {.ended = event->bytes, .total = event->bytes};
    switch (event->step) {
    case PULL_ASKING:
        say_failed_address(report);
        report->rate_from = -1;
        if (!report->quiet)
            say_asking(report, event);
        break;
    case PULL_RECEIVING: draw_progress(report, event); break;
    case PULL_FAILED:
        progress_clear(&report->progress);
        free(report->failed_address);
        report->failed_address = strdup(event->address); /* without memory it stays unsaid */
        report->failed = *event->reason;
        break;
    case PULL_WAITING:
        say_failed_address(report);
        if (!report->waiting && !report->quiet)
            complain(in_chinese(report) ? "%s：所有地址均下载失败，%.0f 秒后重试"
                                        : "%s: no address delivered it; once more in %.0f s",
                     report->name, event->seconds);
        break;
    case PULL_INSTALLING:
        progress_draw_bytes(&report->progress, &all, in_chinese(report) ? "正在检查并安装" : "checking and installing");
        break;
    }
}

void pull_report_event(pull_report *report, const pull_event *event)
{
    if (report->json)
        write_event(report, event);
    else
        say_event(report, event);
    report->waiting = event->step == PULL_WAITING;
}

void pull_report_end(pull_report *report, bool present)
{
    say_failed_address(report);
    progress_clear(&report->progress);
    if (report->json) {
        write_outcome(report, present ? "already_installed" : "installed", NULL);
    } else if (!report->quiet) {
        models_print_facts(report->name);
        if (in_chinese(report))
            printf("：%s\n", present ? "已安装，无需下载" : "已安装");
        else
            printf(": %s\n", present ? "is installed already" : "installed");
        (void)fflush(stdout);
    }
}

void pull_report_failed(pull_report *report, const gpen_error *error)
{
    progress_clear(&report->progress);
    free(report->failed_address);
    report->failed_address = NULL;
    if (report->json) {
        write_outcome(report, "failed", error);
        return;
    }
    complain(in_chinese(report) ? "%s：未安装。%s" : "%s: not installed. %s", report->name,
             gpen_status_sentence(error->status, report->language));
    complain("%s%s", error->message, error->status == GPEN_EXISTS ? "; --overwrite replaces it" : "");
}

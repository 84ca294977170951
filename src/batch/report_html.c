/* A report for people: the page around its photos. Its own file because what stands for one photo (report_photo.c) is another
 * matter. */
#include <string.h>
#include <time.h>

#include "batch/receipt.h"
#include "batch/report_room.h"

static const report_words *words_of(const report *r)
{
    return report_words_in(r->options->language);
}

/* Local time, as people read it. */
static void put_moment(const report *r, int64_t milliseconds)
{
    char text[64] = "";
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    if (localtime_r(&seconds, &parts))
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
    (void)fputs(text, r->out);
}

static void put_begin(const report *r)
{
    const report_words *words = words_of(r);
    fprintf(r->out,
            "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
            "'unsafe-inline'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n"
            "<style>%s</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n<p class=\"faint\">%s",
            words->tag, words->title, report_style, words->title, words->made);
    put_moment(r, r->options->now);
    (void)fputs("</p>\n", r->out);
    for (size_t i = 0; i < r->options->batch_count; i++) {
        fprintf(r->out, "<p class=\"faint\">%s<bdi>", words->folder);
        html_text(r->out, r->batches[i].output_folder);
        (void)fputs("</bdi></p>\n", r->out);
    }
    (void)fputs("</header>\n", r->out);
    if (r->options->interrupted)
        fprintf(r->out, "<p class=\"notice\">%s</p>\n", words->interrupted);
}

/* ---------------------------------------------------------------- sums */

static void put_sum(const report *r, const char *kind, int64_t number, const char *what)
{
    fprintf(r->out, "<li class=\"%s\"><b>%lld</b> %s</li>\n", kind, (long long)number, what);
}

static void put_sums(const report *r)
{
    static const char *const kinds[STORE_STATES] = {[STORE_DONE] = "good", [STORE_FAILED] = "bad"};
    const report_totals *totals = &r->totals;
    const report_words *words = words_of(r);
    (void)fputs("<ul class=\"sums\">\n", r->out);
    put_sum(r, "", totals->items, words->photos);
    for (int state = 0; state < STORE_STATES; state++)
        if (totals->states[state] || state == STORE_DONE || state == STORE_FAILED)
            put_sum(r, totals->states[state] && kinds[state] ? kinds[state] : "", totals->states[state],
                    words->states[state]);
    if (totals->there)
        put_sum(r, "", totals->there, words->there);
    put_sum(r, "", totals->faces[GPEN_FACE_RESTORED], words->restored);
    if (totals->faceless)
        put_sum(r, "", totals->faceless, words->faceless);
    if (totals->states[STORE_DONE]) {
        (void)fputs("<li><b>", r->out);
        html_seconds(r->out, totals->seconds / (double)totals->states[STORE_DONE]);
        fprintf(r->out, "</b> %s</li>\n", words->each);
    }
    (void)fputs("</ul>\n", r->out);
}

static void put_reasons(const report *r)
{
    if (!r->totals.states[STORE_FAILED])
        return;
    fprintf(r->out, "<h2>%s</h2>\n<table class=\"reasons\">\n", words_of(r)->reasons);
    for (int reason = 0; reason < GPEN_STATUS_COUNT; reason++)
        if (r->totals.reasons[reason])
            fprintf(r->out, "<tr><th>%s</th><td>%lld</td></tr>\n",
                    gpen_status_sentence((gpen_status)reason, r->options->language),
                    (long long)r->totals.reasons[reason]);
    (void)fputs("</table>\n", r->out);
}

/* ---------------------------------------------------------------- settings */

static void put_setting(const report *r, const char *key, const char *value)
{
    const bool is_sum = strstr(key, "SHA256") != NULL;
    fprintf(r->out, "<tr><th>%s</th><td>%s", report_setting_name(key, r->options->language), is_sum ? "<code>" : "");
    html_text(r->out, value);
    fprintf(r->out, "%s</td></tr>\n", is_sum ? "</code>" : "");
}

static receipt_model named(const worker_model *model)
{
    receipt_model result = {.name = *model->name ? model->name : NULL};
    memcpy(result.sha256, model->sha256, sizeof result.sha256);
    return result;
}

/* A receipt's lines are about one result; these are not about its settings. */
static bool is_setting(const char *key)
{
    static const char *const others[] = {"Program", "Version", "FacesFound", "FacesRestored", "AlteredByModel"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(key, others[i]))
            return false;
    return true;
}

static void put_batch_settings(const report *r, const batch_settings *settings)
{
    const receipt made = {.restorer = named(&settings->restorer),
                          .detector = named(&settings->detector),
                          .parser = named(&settings->parser),
                          .precision = gpen_precision_name(settings->precision)};
    receipt_text text;
    char number[32];
    receipt_write(&text, &made, &settings->look, 0, 0);
    (void)fputs("<table>\n", r->out);
    for (int i = 0; i < text.count; i++)
        if (is_setting(text.lines[i].key))
            put_setting(r, text.lines[i].key, text.lines[i].value);
    put_setting(r, "Format",
                settings->format == PICTURE_OTHER ? words_of(r)->keep : picture_format_ending(settings->format) + 1);
    (void)snprintf(number, sizeof number, "%d", settings->quality ? settings->quality : 95);
    put_setting(r, "Quality", number);
    (void)snprintf(number, sizeof number, "%d px", settings->max_edge);
    if (settings->max_edge)
        put_setting(r, "MaxEdge", number);
    (void)fputs("</table>\n", r->out);
}

static void put_settings(const report *r)
{
    if (!r->options->batch_count)
        return;
    fprintf(r->out, "<details open>\n<summary>%s</summary>\n", words_of(r)->settings);
    for (size_t i = 0; i < r->options->batch_count; i++)
        put_batch_settings(r, &r->settings[i]);
    (void)fputs("</details>\n", r->out);
}

/* ---------------------------------------------------------------- photos */

static gpen_status put_photos(report *r, report_choice choice, const char *title, int64_t count, gpen_error *error)
{
    if (!count)
        return GPEN_OK;
    fprintf(r->out, "<section>\n<h2>%s</h2>\n", title);
    gpen_status status = report_each(r, choice, report_photo, error);
    (void)fputs("</section>\n", r->out);
    return status;
}

static void put_end(const report *r)
{
    const report_words *words = words_of(r);
    (void)fputs("<footer class=\"faint\">\n", r->out);
    if (r->totals.faces[GPEN_FACE_RESTORED])
        fprintf(r->out, "<p>%s</p>\n", words->altered);
    if (r->pictures_left_out)
        fprintf(r->out, "<p>%s</p>\n", words->pictures_left_out);
    fprintf(r->out, "<p>gpen %s</p>\n</footer>\n</body>\n</html>\n", gpen_version());
}

gpen_status report_html(report *r, gpen_error *error)
{
    const int64_t failed = r->totals.states[STORE_FAILED];
    put_begin(r);
    put_sums(r);
    put_reasons(r);
    gpen_status status = put_photos(r, REPORT_FAILED, words_of(r)->failed, failed, error);
    put_settings(r);
    if (!status)
        status = put_photos(r, REPORT_NOT_FAILED, words_of(r)->others, r->totals.items - failed, error);
    put_end(r);
    return status;
}

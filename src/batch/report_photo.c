/* One photo on the report's page, and how text and small pictures get into a page. Its own file because all that is foreign in the
 * page passes here. */
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/characters.h"
#include "batch/job.h"
#include "batch/reasons.h"
#include "batch/report_room.h"

/* ---------------------------------------------------------------- text */

static const char *entity_of(int32_t character)
{
    switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: break;
    }
    return text_is_unsafe(character) ? "&#xFFFD;" : NULL;
}

void html_text(FILE *out, const char *text)
{
    for (const char *from = text; text; from = text) {
        int32_t character = text_next(&text);
        if (!character)
            return;
        const char *entity = entity_of(character);
        if (entity)
            (void)fputs(entity, out);
        else
            (void)fwrite(from, 1, (size_t)(text - from), out);
    }
}

void html_seconds(FILE *out, double seconds)
{
    if (seconds < 100)
        fprintf(out, "%.1f s", seconds);
    else
        fprintf(out, "%.0f s", seconds);
}

/* An address of the file, every byte that is not plain as %XX. */
static void put_address(FILE *out, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    (void)fputs("file://", out);
    for (; *path; path++) {
        if (strchr(plain, *path))
            (void)fputc(*path, out);
        else
            fprintf(out, "%%%02X", (unsigned char)*path);
    }
}

/* ---------------------------------------------------------------- pictures */

/* The file's bytes, if they look like a whole JPEG; free. A power cut may have left anything there. */
static unsigned char *read_picture(const char *path, size_t *length)
{
    struct stat facts;
    unsigned char *bytes = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return NULL;
    if (!fstat(file, &facts) && S_ISREG(facts.st_mode) && facts.st_size > 4 && facts.st_size <= REPORT_MOST_PICTURE)
        bytes = malloc((size_t)facts.st_size);
    ssize_t count = bytes ? read(file, bytes, (size_t)facts.st_size) : 0;
    close(file);
    bool whole = count > 4 && count == facts.st_size && bytes[0] == 0xFF && bytes[1] == 0xD8 &&
                 bytes[count - 2] == 0xFF && bytes[count - 1] == 0xD9;
    *length = whole ? (size_t)count : 0;
    if (whole)
        return bytes;
    free(bytes);
    return NULL;
}

static void put_base64(FILE *out, const unsigned char *bytes, size_t length)
{
    enum { BLOCK = 3 * 1024 };
    gchar text[(BLOCK / 3 + 1) * 4 + 4];
    gint state = 0, save = 0;
    for (size_t at = 0; at < length; at += BLOCK) {
        gsize block = length - at < BLOCK ? length - at : BLOCK;
        (void)fwrite(text, 1, g_base64_encode_step(bytes + at, block, FALSE, text, &state, &save), out);
    }
    (void)fwrite(text, 1, g_base64_encode_close(FALSE, text, &state, &save), out);
}

static unsigned char *find_picture(report *r, const store_item *item, bool after, size_t *length)
{
    char *beginning = r->options->thumbnails ? job_thumbnails(r->options->thumbnails, (uint64_t)item->id) : NULL;
    char *path = beginning ? job_thumbnail_path(beginning, after) : NULL;
    unsigned char *bytes = path ? read_picture(path, length) : NULL;
    free(path);
    free(beginning);
    if (!bytes || (int64_t)*length <= r->picture_bytes)
        return bytes;
    r->pictures_left_out = true;
    free(bytes);
    return NULL;
}

static void put_picture(report *r, const store_item *item, bool after)
{
    const report_words *words = report_words_in(r->options->language);
    const char *which = after ? words->after : words->before;
    size_t length;
    unsigned char *bytes = find_picture(r, item, after, &length);
    if (!bytes)
        return;
    r->picture_bytes -= (int64_t)length;
    fprintf(r->out, "<figure><img alt=\"%s: ", which);
    html_text(r->out, item->relative);
    (void)fputs("\" src=\"data:image/jpeg;base64,", r->out);
    put_base64(r->out, bytes, length);
    fprintf(r->out, "\"><figcaption>%s</figcaption></figure>\n", which);
    free(bytes);
}

/* ---------------------------------------------------------------- the photo */

static void put_line(FILE *out, const char *kind, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    fprintf(out, "<p class=\"%s\">%s<bdi>", kind, label);
    html_text(out, text);
    (void)fputs("</bdi></p>\n", out);
}

static void put_failure(const report *r, const store_item *item)
{
    const gpen_language language = r->options->language;
    const report_words *words = report_words_in(language);
    put_line(r->out, "reason", "", gpen_status_sentence(item->reason, language));
    put_line(r->out, "advice", words->advice, reason_advice(item->reason, language));
    put_line(r->out, "faint", words->detail, item->detail);
}

/* A line a state. What is hardly a face is not worth one, unless there is nothing else. */
static void put_faces(const report *r, const store_item *item)
{
    const bool any = report_count_faces(item->faces).found > 0;
    if (!any && !report_settings_of(r, item)->aligned)
        put_line(r->out, "faint", "", report_words_in(r->options->language)->no_face);
    (void)fputs("<ul class=\"faces\">\n", r->out);
    for (int state = 0; state < GPEN_FACE_STATE_COUNT; state++)
        if (item->faces[state] && (state != GPEN_FACE_LOW_SCORE || !any))
            fprintf(r->out, "<li>%lld × %s</li>\n", (long long)item->faces[state],
                    gpen_face_state_sentence((gpen_face_state)state, r->options->language));
    (void)fputs("</ul>\n", r->out);
}

static void put_link(FILE *out, const char *label, const char *path)
{
    fprintf(out, " %s<a href=\"", label);
    put_address(out, path);
    (void)fputs("\"><bdi>", out);
    html_text(out, path);
    (void)fputs("</bdi></a>", out);
}

static void put_work(const report *r, const store_item *item)
{
    const report_words *words = report_words_in(r->options->language);
    const double seconds = report_seconds(item);
    (void)fputs("<p class=\"faint\">", r->out);
    if (seconds > 0)
        html_seconds(r->out, seconds);
    if (item->attempts > 1)
        fprintf(r->out, " %d %s", item->attempts, words->attempts);
    if (item->output && (item->state == STORE_DONE || report_was_there(item)))
        put_link(r->out, words->result, item->output);
    char *copy = report_copy(item);
    if (copy)
        put_link(r->out, words->copy, copy);
    free(copy);
    (void)fputs("</p>\n", r->out);
}

void report_photo(report *r, const store_item *item)
{
    const report_words *words = report_words_in(r->options->language);
    fprintf(r->out, "<article class=\"%s\">\n<div class=\"pair\">\n", report_state_name(item));
    put_picture(r, item, false);
    if (item->state == STORE_DONE)
        put_picture(r, item, true);
    (void)fputs("</div>\n<div>\n<h3><bdi>", r->out);
    html_text(r->out, item->relative);
    fprintf(r->out, "</bdi></h3>\n<p class=\"state\">%s</p>\n",
            report_was_there(item) ? words->there : words->states[item->state]);
    if (item->state == STORE_FAILED)
        put_failure(r, item);
    if (item->state == STORE_DONE)
        put_faces(r, item);
    put_work(r, item);
    (void)fputs("</div>\n</article>\n", r->out);
}

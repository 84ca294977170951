/* A report for spreadsheets: RFC 4180, one line a photo. Its own file because a spreadsheet is a reader that executes what it reads:
 * a text that would be taken for a formula gets an apostrophe before it, which spreadsheets do not show. */
#include <stdlib.h>
#include <string.h>

#include "base/characters.h"
#include "batch/reasons.h"
#include "batch/report_room.h"

/* = + - @, likewise their wide forms, and what is skipped before them. */
static bool begins_formula(const char *text)
{
    static const int32_t beginnings[] = {'=', '+', '-', '@', '\t', '\r', '\n', 0xFF1D, 0xFF0B, 0xFF0D, 0xFF20};
    int32_t first = text_next(&text);
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (first == beginnings[i])
            return true;
    return false;
}

static void put_quoted(report *r, const char *text)
{
    (void)fputs(text && begins_formula(text) ? "\"'" : "\"", r->out);
    for (const char *from = text; text; from = text) {
        int32_t character = text_next(&text);
        if (!character)
            break;
        if (character < 0)
            (void)fputs("\xEF\xBF\xBD", r->out);
        else if (character == '"')
            (void)fputs("\"\"", r->out);
        else
            (void)fwrite(from, 1, (size_t)(text - from), r->out);
    }
    (void)fputc('"', r->out);
}

static void put_text(report *r, const char *text)
{
    put_quoted(r, text);
    (void)fputc(',', r->out);
}

static void put_last(report *r, const char *text)
{
    put_quoted(r, text);
    (void)fputs("\r\n", r->out);
}

static void put_number(report *r, int64_t number)
{
    fprintf(r->out, "%lld,", (long long)number);
}

static void put_item(report *r, const store_item *item)
{
    const bool has_reason = item->state == STORE_FAILED;
    const gpen_language language = r->options->language;
    const report_faces faces = report_count_faces(item->faces);
    put_number(r, item->batch);
    put_number(r, item->id);
    put_text(r, item->relative);
    put_text(r, item->input);
    put_text(r, item->output);
    put_text(r, report_state_name(item));
    put_text(r, has_reason ? gpen_status_name(item->reason) : "");
    put_text(r, has_reason ? gpen_status_sentence(item->reason, language) : "");
    put_text(r, has_reason ? reason_advice(item->reason, language) : "");
    put_text(r, item->detail);
    put_number(r, item->attempts);
    put_number(r, faces.found);
    put_number(r, faces.restored);
    put_number(r, faces.left);
    put_number(r, faces.failed);
    fprintf(r->out, "%.3f,", report_seconds(item));
    char *copy = report_copy(item);
    put_last(r, copy);
    free(copy);
}

gpen_status report_csv(report *r, gpen_error *error)
{
    (void)fputs("batch,item,photo,input,output,state,reason,message,advice,detail,attempts,faces,restored,left,failed,"
                "seconds,copy\r\n",
                r->out);
    return report_each(r, REPORT_ALL, put_item, error);
}

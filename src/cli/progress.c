/* The progress line: a bar, what has been done, how fast, time left, name. Its own file because it is drawn to the width of
 * a terminal, which nothing else is. */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/text.h"

enum { BAR_CELLS = 20, LEAST_NAME_COLUMNS = 8, MOST_COLUMNS = 200, USUAL_COLUMNS = 80 };

progress_line progress_begin(size_t total, bool wanted, gpen_language language)
{
    const char *terminal = getenv("TERM");
    bool redraws = isatty(STDERR_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
    return (progress_line){.shown = wanted && redraws, .language = language, .total = total};
}

static int terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
        return USUAL_COLUMNS;
    return size.ws_col < MOST_COLUMNS ? size.ws_col : MOST_COLUMNS;
}

static void write_bar(char *bar, double share)
{
    size_t full = (size_t)(share * BAR_CELLS + 1e-9); /* the quotient of a whole cell may lack its last bit */
    for (size_t i = 0; i < BAR_CELLS; i++)
        bar[i] = i < full ? '#' : '-';
    bar[BAR_CELLS] = '\0';
}

/* "  0.41 s a photo, 12 s left" once a photo is through. */
static void write_pace(char *text, size_t capacity, const progress_line *progress)
{
    *text = '\0';
    if (!progress->timed)
        return;
    double each = progress->seconds / (double)progress->timed;
    char pace[32], left[32];
    text_duration(pace, sizeof pace, each);
    text_duration(left, sizeof left, each * (double)(progress->total - progress->ended));
    snprintf(text, capacity, progress->language == GPEN_CHINESE ? "  每张 %s，剩余 %s" : "  %s a photo, %s left", pace,
             left);
}

static void write_failed(char *text, size_t capacity, const progress_line *progress)
{
    *text = '\0';
    if (progress->failed)
        snprintf(text, capacity, progress->language == GPEN_CHINESE ? "  %zu 张失败" : "  %zu failed",
                 progress->failed);
}

/* "  face 3/24" */
static void write_faces(char *text, size_t capacity, const progress_line *progress)
{
    *text = '\0';
    if (progress->faces_total)
        snprintf(text, capacity, progress->language == GPEN_CHINESE ? "  人脸 %zu/%zu" : "  face %zu/%zu",
                 progress->faces_ended, progress->faces_total);
}

static void draw(const char *numbers, const char *name)
{
    char line[4 * MOST_COLUMNS + 1], shown_name[4 * MOST_COLUMNS + 1] = "";
    /* A terminal's last column stays free: a character there would begin a new line on some. */
    int columns = terminal_columns() - 1, room = columns - text_columns(numbers) - 2;
    text_fit(line, sizeof line, numbers, columns);
    if (room >= LEAST_NAME_COLUMNS)
        text_fit(shown_name, sizeof shown_name, name, room);
    fprintf(stderr, "\r\033[K%s%s%s", line, *shown_name ? "  " : "", shown_name);
    (void)fflush(stderr);
}

void progress_draw(const progress_line *progress, const char *name)
{
    if (!progress->shown)
        return;
    char bar[BAR_CELLS + 1], failed[48], pace[96], faces[64], numbers[320];
    write_bar(bar, progress->total ? (double)progress->ended / (double)progress->total : 0);
    write_failed(failed, sizeof failed, progress);
    write_pace(pace, sizeof pace, progress);
    write_faces(faces, sizeof faces, progress);
    snprintf(numbers, sizeof numbers, "[%s] %zu/%zu%s%s%s", bar, progress->ended, progress->total, failed, pace, faces);
    draw(numbers, name);
}

void progress_draw_bytes(const progress_line *progress, const progress_bytes *bytes, const char *name)
{
    if (!progress->shown)
        return;
    char bar[BAR_CELLS + 1], total[32] = "", pace[48] = "", left[80] = "", duration[32], numbers[256];
    bool known = bytes->total > 0;
    write_bar(bar, known ? (double)bytes->ended / (double)bytes->total : 0);
    if (known)
        snprintf(total, sizeof total, "/%.1f", (double)bytes->total / 1048576);
    if (bytes->rate > 0)
        snprintf(pace, sizeof pace, "  %.1f MiB/s", bytes->rate / 1048576);
    if (known && bytes->rate > 0) {
        text_duration(duration, sizeof duration, (double)(bytes->total - bytes->ended) / bytes->rate);
        snprintf(left, sizeof left, progress->language == GPEN_CHINESE ? "，剩余 %s" : ", %s left", duration);
    }
    snprintf(numbers, sizeof numbers, "[%s] %.1f%s MiB%s%s", bar, (double)bytes->ended / 1048576, total, pace, left);
    draw(numbers, name);
}

void progress_clear(const progress_line *progress)
{
    if (progress->shown)
        (void)fputs("\r\033[K", stderr);
}

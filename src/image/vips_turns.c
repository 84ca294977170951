/* Turns: how several threads use libvips although it keeps one error text for the whole process. The state here is
 * libvips' own weakness kept in one place: a lock, and what each thread was warned of in this turn. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "image/picture_room.h"

static GRWLock turns;

static _Thread_local struct {
    int warnings;
    char text[1000]; /* a line each, the first ones */
} heard;

static void hear(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer unused)
{
    (void)unused;
    char line[200];
    snprintf(line, sizeof line, "%s", message);
    line[strcspn(line, "\n")] = '\0';
    heard.warnings++;
    size_t used = strlen(heard.text);
    snprintf(heard.text + used, sizeof heard.text - used, "%s\n", line);
    log_event((level & G_LOG_LEVEL_CRITICAL) ? LOG_ERROR : LOG_DEBUG, "picture_library", NULL, "%s: %s", domain, line);
}

void turn_hear_warnings(void)
{
    g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL, hear, NULL);
}

void turn_begin(bool alone)
{
    heard.warnings = 0;
    heard.text[0] = '\0';
    if (!alone) {
        g_rw_lock_reader_lock(&turns);
        return;
    }
    g_rw_lock_writer_lock(&turns);
    vips_error_clear();
}

void turn_end(bool alone)
{
    if (!alone) {
        g_rw_lock_reader_unlock(&turns);
        return;
    }
    vips_error_clear();
    g_rw_lock_writer_unlock(&turns);
}

int turn_warnings(void)
{
    return heard.warnings;
}

bool turn_heard(const char *word)
{
    return strstr(heard.text, word) != NULL;
}

/* The first line is the cause, those after it are what followed from it. libvips opens it with the name of its
 * class. */
static void take_first_line(const char *text, char *line, size_t capacity)
{
    const char *colon = strstr(text, ": ");
    if (colon && !memchr(text, ' ', (size_t)(colon - text)))
        text = colon + 2;
    size_t length = strcspn(text, "\n");
    if (length > capacity - 1)
        length = capacity - 1;
    memcpy(line, text, length);
    line[length] = '\0';
}

void turn_reason(char *text, size_t capacity)
{
    char *errors = vips_error_buffer_copy();
    take_first_line(errors ? errors : "", text, capacity);
    g_free(errors);
    /* libpng's reader says what is wrong only in a warning. */
    if (heard.warnings && (!*text || strstr(text, "libpng") || strstr(text, "libspng")))
        take_first_line(heard.text, text, capacity);
}

/* The log: a line is put together in one buffer and written by one write, so that processes sharing a log never mix half
 * lines. No memory is asked for, because a line may be about its lack. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/characters.h"
#include "base/date.h"
#include "base/json_write.h"

enum { LOG_OFF = -1, MOST_MESSAGE = 2048, CLOSING = 3 /* quote, bracket, line end */ };

static const char *const names[] = {"error", "warning", "info", "debug"};

/* ---------------------------------------------------------------- which */

static const char *wanted_file(void)
{
    const char *path = getenv("GPEN_LOG_FILE");
    return path && *path ? path : NULL;
}

static int threshold(void)
{
    const char *wanted = getenv("GPEN_LOG");
    for (int i = 0; wanted && i < 4; i++)
        if (!strcmp(wanted, names[i]))
            return i;
    if (wanted && !strcmp(wanted, "off"))
        return LOG_OFF;
    if (wanted_file())
        return LOG_INFO;
    int before = errno, is_terminal = isatty(STDERR_FILENO);
    errno = before;
    return is_terminal ? LOG_OFF : LOG_WARNING;
}

/* ---------------------------------------------------------------- putting a line together */

typedef struct log_text {
    char text[LOG_MOST_LINE];
    size_t used;
} log_text;

static bool has_room(const log_text *line, size_t length)
{
    return line->used + length + CLOSING <= sizeof line->text;
}

static void put(log_text *line, const char *bytes, size_t length)
{
    memcpy(line->text + line->used, bytes, length);
    line->used += length;
}

/* ,"name": with `length` bytes of a value to follow. False: there is no room for that, and nothing was put. */
static bool put_name(log_text *line, const char *name, size_t length)
{
    size_t name_length = strlen(name);
    if (!has_room(line, name_length + 4 + length))
        return false;
    put(line, line->used > 1 ? ",\"" : "\"", line->used > 1 ? 2 : 1);
    put(line, name, name_length);
    put(line, "\":", 2);
    return true;
}

/* At most `most` bytes of it, in whole characters. */
static void put_text(log_text *line, const char *name, const char *text, size_t most)
{
    char escaped[JSON_MOST_ESCAPED];
    if (!put_name(line, name, 2))
        return;
    put(line, "\"", 1);
    size_t begun = line->used;
    for (const char *from = text;; from = text) {
        int32_t character = text_next(&text);
        size_t length = character ? json_escape(character, from, text, escaped) : 0;
        if (!length || !has_room(line, length) || line->used - begun + length > most)
            break;
        put(line, escaped, length);
    }
    put(line, "\"", 1);
}

static void put_number(log_text *line, const char *name, double number)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, isfinite(number) ? "%.15g" : "null", number);
    if (put_name(line, name, (size_t)length))
        put(line, digits, (size_t)length);
}

static void put_id(log_text *line, const char *name, int64_t id)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)id);
    if (id && put_name(line, name, (size_t)length))
        put(line, digits, (size_t)length);
}

static void put_time(log_text *line)
{
    char text[DATE_TEXT];
    date_text(date_now(), text);
    put_text(line, "time", text, sizeof text);
}

static void put_about(log_text *line, const log_about *about)
{
    put_id(line, "batch", about->batch);
    put_id(line, "item", about->item);
    put_id(line, "worker", about->worker);
}

static void put_fields(log_text *line, const log_field *fields)
{
    for (int i = 0; i < LOG_MOST_FIELDS && fields[i].name; i++) {
        if (fields[i].text)
            put_text(line, fields[i].name, fields[i].text, LOG_MOST_LINE);
        else
            put_number(line, fields[i].name, fields[i].number);
    }
}

/* ---------------------------------------------------------------- writing it */

/* Never waits: a pipe that nobody reads is none. */
static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
}

/* Takes the beginning of a line that did not fit onto the disk back, unless another writer's stands behind it already. */
static void take_back(int file, off_t written)
{
    struct stat facts;
    off_t end = lseek(file, 0, SEEK_CUR);
    if (end >= written && !fstat(file, &facts) && S_ISREG(facts.st_mode) && facts.st_size == end)
        (void)!ftruncate(file, end - written);
}

/* Nobody is told what goes wrong: there is nowhere left to say so. */
static void write_line(const log_text *line)
{
    const char *path = wanted_file();
    int file = path ? open_file(path) : -1, to = file < 0 ? STDERR_FILENO : file;
    ssize_t written;
    do
        written = write(to, line->text, line->used);
    while (written < 0 && errno == EINTR);
    if (written > 0 && (size_t)written < line->used)
        take_back(to, (off_t)written);
    if (file >= 0)
        close(file);
}

void log_event(log_level level, const char *event, const log_about *about, const char *format, ...)
{
    if ((int)level > threshold())
        return;
    int before = errno;
    log_text line = {.used = 0};
    char message[MOST_MESSAGE + 8] = ""; /* a character that its end cuts in two is not put */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    put(&line, "{", 1);
    put_time(&line);
    put_text(&line, "level", names[level], LOG_MOST_LINE);
    put_text(&line, "event", event, LOG_MOST_LINE);
    put_id(&line, "process", getpid());
    if (about)
        put_about(&line, about);
    put_text(&line, "message", message, MOST_MESSAGE);
    if (about)
        put_fields(&line, about->fields);
    put(&line, "}\n", 2);
    write_line(&line);
    errno = before;
}

gpen_status log_to_file(const char *path, gpen_error *error)
{
    if (!path)
        return GPEN_OK;
    int file = open_file(path);
    if (file < 0)
        return gpen_fail_write(error, errno, path, "opening the log");
    close(file);
    /* The whole path, because a process that is started may work in another folder. */
    char *whole = realpath(path, NULL);
    bool known = whole && !setenv("GPEN_LOG_FILE", whole, 1);
    free(whole);
    return known ? GPEN_OK : gpen_fail_memory(error, "the log's path", strlen(path));
}

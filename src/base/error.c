/* Status names and sentences, and the messages in the caller's gpen_error. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *english, *chinese;
} statuses[GPEN_STATUS_COUNT] = {
#define STATUS_ROW(identifier, name, english, chinese) {name, english, chinese},
    GPEN_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

const char *gpen_status_name(gpen_status status)
{
    return (unsigned)status < GPEN_STATUS_COUNT ? statuses[status].name : "unknown";
}

const char *gpen_status_sentence(gpen_status status, gpen_language language)
{
    if ((unsigned)status >= GPEN_STATUS_COUNT)
        return language == GPEN_CHINESE ? "未知错误。" : "Unknown error.";
    return language == GPEN_CHINESE ? statuses[status].chinese : statuses[status].english;
}

const char *gpen_version(void)
{
    return GPEN_VERSION;
}

/* Bytes of the UTF-8 character at text: 1 to 4, or 0 when there is none (Unicode 15, table 3-7). */
static size_t character_length(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, second_least, second_most, length;
    } forms[] = {{0x20, 0x7E, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                 {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
                 {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (*text < forms[i].first || *text > forms[i].last)
            continue;
        for (size_t k = 1; k < forms[i].length; k++) {
            unsigned char least = k == 1 ? forms[i].second_least : 0x80, most = k == 1 ? forms[i].second_most : 0xBF;
            if (text[k] < least || text[k] > most)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

/* Replaces what is no printable character by '?'. A character that the buffer's end cut in two is taken off. */
static void make_one_clean_line(char *text, size_t capacity, int needed)
{
    bool cut = needed >= 0 && (size_t)needed >= capacity;
    for (unsigned char *p = (unsigned char *)text; *p;) {
        size_t length = character_length(p), left = strlen((char *)p);
        if (!length && cut && *p >= 0xC2 && left < 4)
            *p = '\0';
        else if (!length)
            *p = '?';
        p += *p ? (length ? length : 1) : 0;
    }
}

gpen_status gpen_fail(gpen_error *error, gpen_status status, const char *format, ...)
{
    if (!error)
        return status;
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (needed < 0)
        error->message[0] = '\0';
    make_one_clean_line(error->message, sizeof error->message, needed);
    return status;
}

gpen_status gpen_fail_memory(gpen_error *error, const char *what, size_t bytes)
{
    return gpen_fail(error, GPEN_OUT_OF_MEMORY, "not enough memory for %s (%zu MiB)", what,
                     (bytes + 1048575) / 1048576);
}

gpen_status gpen_fail_write(gpen_error *error, int errno_value, const char *path, const char *step)
{
    gpen_status status = GPEN_WRITE_FAILED;
    if (errno_value == ENOSPC || errno_value == EDQUOT)
        status = GPEN_DISK_FULL;
    else if (errno_value == ENOMEM)
        status = GPEN_OUT_OF_MEMORY;
    return gpen_fail(error, status, "%s: %s: %s", path, step, strerror(errno_value));
}

void gpen_error_clear(gpen_error *error)
{
    if (error) {
        error->status = GPEN_OK;
        error->message[0] = '\0';
    }
}

/* Status names and sentences, and the messages in the caller's gpen_error. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/characters.h"

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

/* Replaces what is no printable character by '?'. A character that the buffer's end cut in two is taken off. */
static void make_one_clean_line(char *text, size_t capacity, int needed)
{
    bool cut = needed >= 0 && (size_t)needed >= capacity;
    for (char *p = text; *p;) {
        const char *next = p;
        int32_t character = text_next(&next);
        bool printable = character >= 0x20 && character != 0x7F;
        if (!printable && cut && (unsigned char)*p >= 0xC2 && strlen(p) < 4) {
            *p = '\0';
            break;
        }
        if (!printable)
            *p = '?';
        p += next - p;
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

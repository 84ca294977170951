/* Log lines: formatted into one buffer, written by one write, so that processes sharing a log never mix half lines. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {"error", "warning", "info", "debug"};

static log_level threshold(void)
{
    const char *wanted = getenv("GPEN_LOG");
    for (int i = 0; wanted && i < 4; i++)
        if (!strcmp(wanted, names[i]))
            return (log_level)i;
    return LOG_WARNING;
}

void log_line(log_level level, const char *format, ...)
{
    if (level > threshold())
        return;
    char line[1024];
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ ", &parts);
    used += (size_t)snprintf(line + used, sizeof line - used, "%s ", names[level]);
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    va_end(arguments);
    if (needed < 0)
        return;
    size_t room = sizeof line - used - 2;
    used += (size_t)needed < room ? (size_t)needed : room;
    line[used++] = '\n';
    if (write(STDERR_FILENO, line, used) < 0)
        return; /* nobody listens; there is nowhere left to say so */
}

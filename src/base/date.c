/* Moments as text. Its own file because the log, reports and what is sent elsewhere write them alike. */
#include "base/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t date_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void date_text(int64_t milliseconds, char text[DATE_TEXT])
{
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    text[0] = '\0';
    if (milliseconds < 0 || !gmtime_r(&seconds, &parts) || parts.tm_year > 9999 - 1900)
        return;
    (void)strftime(text, DATE_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    size_t used = strlen(text);
    (void)snprintf(text + used, DATE_TEXT - used, ".%03dZ", (int)(milliseconds % 1000));
}

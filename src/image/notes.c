/* Notes: sentences gathered for a person, one a line. Its own file because every step on a picture's way may add
 * one. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/picture_room.h"

void notes_add(char **notes, const char *format, ...)
{
    if (!notes)
        return;
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t before = *notes ? strlen(*notes) : 0;
    char *all = realloc(*notes, before + (before ? 1 : 0) + (size_t)length + 1);
    if (all) {
        if (before)
            all[before++] = '\n';
        memcpy(all + before, line, (size_t)length + 1);
        *notes = all;
    }
    free(line);
}

/* The picture library, for the doctor. Its own file because picture_facts_missing.c stands for it in a build without one. */
#include "cli/picture_facts.h"

#include <stdio.h>
#include <string.h>

#include "image/image.h"

static void append(char *list, size_t capacity, const char *name)
{
    size_t used = strlen(list);
    snprintf(list + used, capacity - used, "%s%s", used ? ", " : "", name);
}

bool picture_facts_find(picture_facts *facts, char *problem, size_t capacity)
{
    gpen_error error;
    *facts = (picture_facts){0};
    pictures_library(facts->library, sizeof facts->library);
    if (pictures_begin("gpen", &error)) {
        snprintf(problem, capacity, "%s", error.message);
        return false;
    }
    picture_format_facts format;
    for (int i = 0; pictures_format(i, &format); i++) {
        append(format.read ? facts->read : facts->unread, sizeof facts->read, format.name);
        if (format.write)
            append(facts->written, sizeof facts->written, format.name);
    }
    pictures_end();
    return true;
}

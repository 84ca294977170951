/* The language of an answer. */
#include "http/language.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_language(const char *tag, const char *language)
{
    return !strncasecmp(tag, language, 2) && (!tag[2] || strchr("-_;, \t", tag[2]));
}

/* The quality of a range ("zh;q=0.8"), 1 where none is given. */
static double quality(const char *range, size_t length)
{
    const char *q = memmem(range, length, "q=", 2);
    return q ? strtod(q + 2, NULL) : 1;
}

gpen_language language_choose(const char *asked, const char *accepted)
{
    double best = 0;
    gpen_language chosen = GPEN_ENGLISH;
    if (asked && (is_language(asked, "zh") || is_language(asked, "en")))
        return is_language(asked, "zh") ? GPEN_CHINESE : GPEN_ENGLISH;
    for (const char *p = accepted; p && *p;) {
        p += strspn(p, " \t,");
        size_t length = strcspn(p, ",");
        bool chinese = is_language(p, "zh");
        if ((chinese || is_language(p, "en")) && quality(p, length) > best) {
            best = quality(p, length);
            chosen = chinese ? GPEN_CHINESE : GPEN_ENGLISH;
        }
        p += length;
    }
    return chosen;
}

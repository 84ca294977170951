/* The Cookie header. Its own file because it decides who is let in, and is fuzzed by itself. */
#include "http/cookie.h"

#include <string.h>

/* Without quotes around the whole, which some clients add. */
static void trim(const char **value, size_t *length)
{
    if (*length >= 2 && (*value)[0] == '"' && (*value)[*length - 1] == '"') {
        (*value)++;
        *length -= 2;
    }
}

bool cookie_find(const char *header, const char *name, char *value, size_t capacity)
{
    size_t name_length = strlen(name);
    bool found = false;
    *value = '\0';
    for (const char *p = header; p && *p;) {
        p += strspn(p, " \t;");
        size_t length = strcspn(p, ";");
        if (length > name_length && !strncmp(p, name, name_length) && p[name_length] == '=') {
            const char *text = p + name_length + 1;
            size_t text_length = length - name_length - 1;
            while (text_length && (text[text_length - 1] == ' ' || text[text_length - 1] == '\t'))
                text_length--;
            trim(&text, &text_length);
            if (found || text_length >= capacity) {
                *value = '\0';
                return false;
            }
            memcpy(value, text, text_length);
            value[text_length] = '\0';
            found = true;
        }
        p += length;
    }
    return found;
}

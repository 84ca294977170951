/* Text for terminals: what is safe to print, how wide it is. Its own file because everything that prints a file's name needs
 * it. */
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- characters */

static int columns_of(int32_t character)
{
    static const text_range none[] = {{0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20FF},
                                      {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
    static const text_range two[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},  {0x3041, 0x33FF},   {0x3400, 0x4DBF},
                                     {0x4E00, 0xA4CF},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                                     {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
                                     {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (TEXT_IN_RANGES(character, none))
        return 0;
    return TEXT_IN_RANGES(character, two) ? 2 : 1;
}

int text_columns(const char *text)
{
    int columns = 0;
    int32_t character;
    while ((character = text_next(&text)) != 0)
        columns += text_is_unsafe(character) ? 1 : columns_of(character);
    return columns;
}

/* ---------------------------------------------------------------- printing */

void text_print(FILE *out, const char *text)
{
    for (const char *from = text;; from = text) {
        int32_t character = text_next(&text);
        if (!character)
            return;
        if (text_is_unsafe(character))
            (void)fputc('?', out);
        else
            (void)fwrite(from, 1, (size_t)(text - from), out);
    }
}

/* Copies the characters of text that lie wholly in the columns first .. last - 1 behind out[used]. Returns how long out is then. */
static size_t copy_columns(char *out, size_t capacity, size_t used, const char *text, int first, int last)
{
    int column = 0;
    for (const char *from = text;; from = text) {
        int32_t character = text_next(&text);
        if (!character)
            return used;
        bool unsafe = text_is_unsafe(character);
        int width = unsafe ? 1 : columns_of(character);
        size_t length = unsafe ? 1 : (size_t)(text - from);
        if (column >= first && column + width <= last && used + length < capacity) {
            memcpy(out + used, unsafe ? "?" : from, length);
            used += length;
        }
        column += width;
    }
}

void text_fit(char *out, size_t capacity, const char *text, int columns)
{
    static const char gap[] = "...";
    int whole = text_columns(text), room = columns - (int)strlen(gap);
    size_t used = 0;
    if (whole <= columns) {
        used = copy_columns(out, capacity, 0, text, 0, columns);
    } else if (room >= 2) {
        used = copy_columns(out, capacity, 0, text, 0, room / 2);
        if (used + sizeof gap <= capacity) {
            memcpy(out + used, gap, strlen(gap));
            used += strlen(gap);
        }
        used = copy_columns(out, capacity, used, text, whole - (room - room / 2), whole);
    }
    out[used] = '\0';
}

gpen_language text_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "zh", 2) ? GPEN_ENGLISH : GPEN_CHINESE;
    }
    return GPEN_ENGLISH;
}

void text_duration(char *out, size_t capacity, double seconds)
{
    long whole = seconds > 0 && seconds < 1e9 ? (long)(seconds + 0.5) : 0;
    if (seconds < 10)
        snprintf(out, capacity, "%.2f s", seconds);
    else if (whole < 60)
        snprintf(out, capacity, "%ld s", whole);
    else if (whole < 3600)
        snprintf(out, capacity, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(out, capacity, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
}

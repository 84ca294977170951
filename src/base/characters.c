/* Decoding UTF-8. Its own file because everything that escapes a file's name, for whatever reader, begins with it. */
#include "base/characters.h"

int32_t text_next(const char **at)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)*at;
    if (!*bytes)
        return 0;
    (*at)++;
    if (*bytes < 0x80)
        return *bytes;
    int more = *bytes >= 0xF0 ? 3 : *bytes >= 0xE0 ? 2 : 1;
    if (*bytes < 0xC2 || *bytes > 0xF4)
        return -1;
    int32_t character = *bytes & (0x3F >> more);
    for (int i = 1; i <= more; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return -1;
        character = character << 6 | (bytes[i] & 0x3F);
    }
    if (character < least[more] || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF))
        return -1;
    *at += more;
    return character;
}

bool text_is_utf8(const char *text)
{
    int32_t character;
    while ((character = text_next(&text)) > 0) {
    }
    return character == 0;
}

bool text_in_ranges(int32_t character, const text_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

bool text_is_unsafe(int32_t character)
{
    static const text_range ranges[] = {{-1, 0x1F},       {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},
                                        {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}};
    return TEXT_IN_RANGES(character, ranges);
}

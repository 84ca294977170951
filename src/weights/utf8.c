/* UTF-8 by its table of well-formed byte sequences (Unicode standard, table 3-7). */
#include "weights/utf8.h"

#include <string.h>

/* How many bytes the sequence at `text` takes, 0 when it is malformed. `left` is at least 1. */
static size_t sequence_length(const unsigned char *text, size_t left)
{
    unsigned lowest = 0x80, highest = 0xBF; /* of the second byte */
    size_t length;
    if (text[0] < 0x80)
        return text[0] != 0;
    if (text[0] >= 0xC2 && text[0] <= 0xDF)
        length = 2;
    else if (text[0] >= 0xE0 && text[0] <= 0xEF)
        length = 3;
    else if (text[0] >= 0xF0 && text[0] <= 0xF4)
        length = 4;
    else
        return 0;
    if (text[0] == 0xE0)
        lowest = 0xA0;
    else if (text[0] == 0xED)
        highest = 0x9F;
    else if (text[0] == 0xF0)
        lowest = 0x90;
    else if (text[0] == 0xF4)
        highest = 0x8F;
    if (left < length || text[1] < lowest || text[1] > highest)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool utf8_valid(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t step = sequence_length((const unsigned char *)text + at, length - at);
        if (!step)
            return false;
        at += step;
    }
    return true;
}

size_t utf8_write(uint32_t code_point, char bytes[4])
{
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char first[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    bytes[0] = (char)(first[length] | code_point);
    return length;
}

shown_text text_shown(const char *text, size_t length)
{
    static const char more[] = "...";
    shown_text shown = {{0}};
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        size_t step = sequence_length((const unsigned char *)text + at, length - at);
        if (used + (step ? step : 1) + sizeof more > sizeof shown.text) {
            memcpy(shown.text + used, more, sizeof more);
            break;
        }
        memcpy(shown.text + used, step ? text + at : "?", step ? step : 1);
        used += step ? step : 1;
        at += step ? step : 1;
    }
    return shown;
}

/* The tokens of RFC 8259 that a safetensors header has: punctuation, strings, whole numbers. */
#include "weights/json_pull.h"

#include <string.h>

#include "weights/utf8.h"

static bool problem(json_cursor *cursor, const char *text)
{
    cursor->problem = text;
    return false;
}

static void pass_white_space(json_cursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\n' || *cursor->at == '\r'))
        cursor->at++;
}

bool json_passes(json_cursor *cursor, char character)
{
    pass_white_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != character)
        return false;
    cursor->at++;
    return true;
}

bool json_expect(json_cursor *cursor, char character)
{
    if (json_passes(cursor, character))
        return true;
    switch (character) {
    case '{': return problem(cursor, "an object must begin here");
    case '[': return problem(cursor, "a list must begin here");
    case ':': return problem(cursor, "a colon is missing");
    case ',': return problem(cursor, "a comma is missing");
    default: return problem(cursor, "a bracket is missing");
    }
}

static int hexadecimal_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

/* The four digits behind \u. */
static bool code_unit(json_cursor *cursor, uint32_t *unit)
{
    *unit = 0;
    if (cursor->end - cursor->at < 4)
        return problem(cursor, "an escape is cut short");
    for (int i = 0; i < 4; i++) {
        int digit = hexadecimal_digit(cursor->at[i]);
        if (digit < 0)
            return problem(cursor, "an escape lacks its four hexadecimal digits");
        *unit = *unit << 4 | (uint32_t)digit;
    }
    cursor->at += 4;
    return true;
}

/* Behind \u: one code unit, or two that are a surrogate pair. */
static bool escaped_code_point(json_cursor *cursor, uint32_t *code_point)
{
    uint32_t low;
    if (!code_unit(cursor, code_point))
        return false;
    if (*code_point == 0)
        return problem(cursor, "a string holds a zero character");
    if (*code_point < 0xD800 || *code_point > 0xDFFF)
        return true;
    bool pair = *code_point < 0xDC00 && cursor->end - cursor->at >= 2 && cursor->at[0] == '\\' && cursor->at[1] == 'u';
    if (!pair)
        return problem(cursor, "half of a surrogate pair");
    cursor->at += 2;
    if (!code_unit(cursor, &low))
        return false;
    if (low < 0xDC00 || low > 0xDFFF)
        return problem(cursor, "half of a surrogate pair");
    *code_point = 0x10000 + ((*code_point - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/* Behind a backslash: writes what it stands for and moves *out behind it. */
static bool escape(json_cursor *cursor, char **out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (cursor->at == cursor->end)
        return problem(cursor, "a string is cut short");
    char letter = *cursor->at++;
    if (letter == 'u') {
        uint32_t code_point;
        if (!escaped_code_point(cursor, &code_point))
            return false;
        *out += utf8_write(code_point, *out);
        return true;
    }
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (!found)
        return problem(cursor, "an unknown escape");
    *(*out)++ = meanings[found - letters];
    return true;
}

/* The closing quote of the string whose first character is at `at`, or NULL. */
static const char *closing_quote(const json_cursor *cursor)
{
    for (const char *p = cursor->at; p < cursor->end; p++) {
        if (*p == '"')
            return p;
        if (*p == '\\')
            p++;
    }
    return NULL;
}

bool json_pull_string(json_cursor *cursor, arena *memory, json_text *string)
{
    if (!json_passes(cursor, '"'))
        return problem(cursor, "a string must begin here");
    const char *close = closing_quote(cursor);
    if (!close)
        return problem(cursor, "a string is cut short");
    /* No escape is shorter than what it stands for. */
    char *text = arena_take(memory, (size_t)(close - cursor->at) + 1);
    if (!text)
        return problem(cursor, "too much text");
    char *out = text;
    while (cursor->at < close) {
        char character = *cursor->at++;
        if ((unsigned char)character < 0x20)
            return problem(cursor, "a control character in a string");
        if (character != '\\')
            *out++ = character;
        else if (!escape(cursor, &out))
            return false;
    }
    *string = (json_text){.text = text, .length = (size_t)(out - text)};
    if (!utf8_valid(text, string->length))
        return problem(cursor, "a string is not valid UTF-8");
    cursor->at = close + 1;
    return true;
}

bool json_whole_number(json_cursor *cursor, int64_t *number)
{
    pass_white_space(cursor);
    const char *first = cursor->at, *p = first;
    int64_t value = 0;
    for (; p < cursor->end && *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
            return problem(cursor, "a number is too large");
    if (p == first)
        return problem(cursor, "a whole number must begin here");
    if (*first == '0' && p - first > 1)
        return problem(cursor, "a number begins with a zero");
    if (p < cursor->end && (*p == '.' || *p == 'e' || *p == 'E'))
        return problem(cursor, "a number is not whole");
    cursor->at = p;
    *number = value;
    return true;
}

bool json_end(json_cursor *cursor)
{
    pass_white_space(cursor);
    return cursor->at == cursor->end || problem(cursor, "something follows the end");
}

/* Base64 (RFC 4648). Its own file because messages and pictures both need it, and a library for it would be one more to
 * install. */
#include "celery/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(const char *text, size_t length, unsigned char *bytes, size_t *count)
{
    uint32_t group = 0;
    int held = 0, padding = 0;
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || text[i] == '\r')
            continue;
        int value = value_of(text[i]);
        bool is_padding = text[i] == '=' && held >= 2;
        if ((value < 0 && !is_padding) || (padding && !is_padding))
            return false;
        padding += is_padding;
        group = group << 6 | (uint32_t)(is_padding ? 0 : value);
        if (++held < 4)
            continue;
        bytes[written++] = (unsigned char)(group >> 16);
        if (padding < 2)
            bytes[written++] = (unsigned char)(group >> 8);
        if (padding < 1)
            bytes[written++] = (unsigned char)group;
        group = 0;
        held = 0;
        if (padding && i + 1 < length && text[i + 1] == '=')
            return false;
    }
    *count = written;
    return !held;
}

void base64_encode(const unsigned char *bytes, size_t count, char *text)
{
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)bytes[i + 2] : 0);
        *text++ = alphabet[group >> 18];
        *text++ = alphabet[group >> 12 & 63];
        *text++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *text++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *text = '\0';
}

/* IPTC captions. Its own file because files wrap them in Photoshop's resource blocks, which also hold a thumbnail of
 * the old picture. Inside this room captions are bare. TIFF has a place for bare ones too, which is read but not
 * written: libvips keeps only a quarter of what it puts there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/picture_room.h"

/* A resource: "8BIM", number, name (length byte, padded to even), length, data (padded to even). */
static const char prefix[] = "Photoshop 3.0"; /* in JPEG only */
enum { PREFIX_BYTES = sizeof prefix, NUMBER_IPTC = 0x0404, IPTC_MARKER = 0x1C, HEADER_BYTES = 12 };

static uint32_t read_big(const unsigned char *p, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | p[i];
    return value;
}

/* One resource at *at: moves *at behind it. */
static bool read_resource(const unsigned char *bytes, size_t length, size_t *at, unsigned *number, size_t *start,
                          size_t *count)
{
    size_t p = *at;
    if (length - p < 7 || memcmp(bytes + p, "8BIM", 4) != 0)
        return false;
    *number = read_big(bytes + p + 4, 2);
    size_t name_bytes = round_up((size_t)bytes[p + 6] + 1, 2);
    p += 6;
    if (length - p < name_bytes + 4)
        return false;
    p += name_bytes;
    *count = read_big(bytes + p, 4);
    p += 4;
    if (*count > length - p)
        return false;
    *start = p;
    size_t padded = round_up(*count, 2);
    *at = padded > length - p ? length : p + padded;
    return true;
}

/* A bare caption is a row of data sets: marker, two numbers, length (of 32767 bytes at most), data; zeros may
 * follow. */
static bool is_bare(const unsigned char *bytes, size_t length)
{
    size_t at = 0;
    while (length - at >= 5 && bytes[at] == IPTC_MARKER) {
        size_t count = read_big(bytes + at + 3, 2);
        if (count > 32767 || count > length - at - 5)
            return false;
        at += 5 + count;
    }
    while (at < length && !bytes[at])
        at++;
    return at == length;
}

block_state iptc_unwrap(const unsigned char *bytes, size_t length, size_t *start, size_t *count)
{
    *start = 0;
    *count = length;
    if (length && bytes[0] == IPTC_MARKER)
        return is_bare(bytes, length) ? BLOCK_GOOD : BLOCK_BROKEN;
    *count = 0;
    size_t at = 0;
    if (length >= PREFIX_BYTES && !memcmp(bytes, prefix, PREFIX_BYTES))
        at = PREFIX_BYTES;
    unsigned number;
    while (at < length) {
        if (!read_resource(bytes, length, &at, &number, start, count))
            return BLOCK_BROKEN;
        if (number == NUMBER_IPTC)
            return is_bare(bytes + *start, *count) ? BLOCK_GOOD : BLOCK_BROKEN;
    }
    *count = 0;
    return BLOCK_GOOD;
}

unsigned char *iptc_wrap(const unsigned char *caption, size_t length, bool with_prefix, size_t *wrapped)
{
    size_t before = with_prefix ? PREFIX_BYTES : 0;
    *wrapped = before + HEADER_BYTES + round_up(length, 2);
    unsigned char *out = calloc(1, *wrapped);
    if (!out)
        return NULL;
    memcpy(out, prefix, before);
    unsigned char *header = out + before;
    memcpy(header, "8BIM\x04\x04\0\0", 8);
    for (int i = 0; i < 4; i++)
        header[8 + i] = (unsigned char)(length >> (24 - 8 * i));
    memcpy(header + HEADER_BYTES, caption, length);
    return out;
}

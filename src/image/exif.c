/* EXIF blocks, looked at byte by byte. Its own file because libvips (libexif) takes what it can from a damaged block
 * and keeps quiet about the rest; and because the orientation must be reset even where libvips was built without
 * libexif.
 *
 * A block is a TIFF file without pixels: a header, directories of 12-byte entries (tag, type, count, value or where the
 * values are), each directory followed by the place of the next one. The second directory describes the thumbnail. */
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "image/picture_room.h"

enum { TAG_ORIENTATION = 0x0112, TAG_EXIF = 0x8769, TAG_GPS = 0x8825, TAG_MAKER_NOTE = 0x927C, TYPE_SHORT = 3 };
enum { ENTRY_BYTES = 12 };

typedef struct exif_block {
    const unsigned char *bytes; /* from the TIFF header on */
    size_t length;
    bool big; /* most significant byte first */
} exif_block;

static unsigned read_16(const exif_block *block, size_t at)
{
    const unsigned char *p = block->bytes + at;
    return block->big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t read_32(const exif_block *block, size_t at)
{
    uint32_t first = read_16(block, at), second = read_16(block, at + 2);
    return block->big ? first << 16 | second : second << 16 | first;
}

static bool has(const exif_block *block, size_t at, size_t count)
{
    return at <= block->length && count <= block->length - at;
}

static bool open_block(exif_block *block, const unsigned char *bytes, size_t length)
{
    if (length >= 6 && !memcmp(bytes, "Exif\0", 5)) {
        bytes += 6;
        length -= 6;
    }
    *block = (exif_block){bytes, length, length && bytes[0] == 'M'};
    return length >= 8 && (!memcmp(bytes, "II", 2) || !memcmp(bytes, "MM", 2)) && read_16(block, 2) == 42;
}

/* The entries of the directory at `at`: where the first is and how many fit; false: there is no directory there. */
static bool find_entries(const exif_block *block, size_t at, size_t *first, unsigned *count)
{
    if (!has(block, at, 2))
        return false;
    *first = at + 2;
    *count = read_16(block, at);
    return *count && has(block, *first, (size_t)*count * ENTRY_BYTES);
}

static bool entry_is_whole(const exif_block *block, size_t at)
{
    static const unsigned char type_bytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
    unsigned type = read_16(block, at + 2);
    if (type == 0 || type >= sizeof type_bytes)
        return false;
    size_t bytes;
    if (!size_multiply(read_32(block, at + 4), type_bytes[type], &bytes))
        return false;
    return bytes <= 4 || has(block, read_32(block, at + 8), bytes);
}

static block_state examine_directory(const exif_block *block, size_t at, bool top)
{
    size_t entry;
    unsigned count;
    if (!find_entries(block, at, &entry, &count))
        return BLOCK_BROKEN;
    block_state state = BLOCK_GOOD;
    for (; count; count--, entry += ENTRY_BYTES) {
        unsigned tag = read_16(block, entry);
        bool sub = top && (tag == TAG_EXIF || tag == TAG_GPS);
        if (tag != TAG_MAKER_NOTE && !entry_is_whole(block, entry))
            state = BLOCK_PARTLY;
        else if (sub && examine_directory(block, read_32(block, entry + 8), false) != BLOCK_GOOD)
            state = BLOCK_PARTLY;
    }
    return state;
}

block_state exif_examine(const unsigned char *bytes, size_t length)
{
    exif_block block;
    if (!open_block(&block, bytes, length))
        return BLOCK_BROKEN;
    return examine_directory(&block, read_32(&block, 4), true);
}

void exif_make_upright(unsigned char *bytes, size_t length)
{
    exif_block block;
    size_t entry;
    unsigned count;
    if (!open_block(&block, bytes, length) || !find_entries(&block, read_32(&block, 4), &entry, &count))
        return;
    unsigned char *tiff = bytes + (block.bytes - bytes);
    for (; count; count--, entry += ENTRY_BYTES)
        if (read_16(&block, entry) == TAG_ORIENTATION && read_16(&block, entry + 2) == TYPE_SHORT) {
            tiff[entry + 8] = !block.big;
            tiff[entry + 9] = block.big;
        }
    if (has(&block, entry, 4))
        memset(tiff + entry, 0, 4);
}

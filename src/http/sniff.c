/* Kinds of files. Their own file because what people uploaded goes back to browsers, and must never be taken for a page. */
#include "http/sniff.h"

#include <string.h>

typedef struct signature {
    const char *type;
    size_t offset, length;
    const char *bytes;
} signature;

static const signature signatures[] = {
    {"image/jpeg", 0, 3, "\xFF\xD8\xFF"}, {"image/png", 0, 8, "\x89PNG\r\n\x1A\n"},
    {"image/webp", 8, 4, "WEBP"},         {"image/gif", 0, 6, "GIF87a"},
    {"image/gif", 0, 6, "GIF89a"},        {"image/tiff", 0, 4, "II*\0"},
    {"image/tiff", 0, 4, "MM\0*"},        {"image/avif", 4, 8, "ftypavif"},
    {"image/heic", 4, 8, "ftypheic"},     {"image/heic", 4, 8, "ftypheix"},
    {"image/heif", 4, 8, "ftypmif1"},
};

const char *sniff_type(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const signature *known = &signatures[i];
        if (known->offset + known->length <= count && !memcmp(bytes + known->offset, known->bytes, known->length) &&
            (known->offset != 8 || !memcmp(bytes, "RIFF", 4)))
            return known->type;
    }
    return "application/octet-stream";
}

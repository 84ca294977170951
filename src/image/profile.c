/* ICC profiles, as far as their header and table of tags tell: what colours they describe and in which directions. Its
 * own file because libvips silently puts sRGB in the place of a profile that does not fit, and the photographer is to
 * know. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "image/picture_room.h"

enum { HEADER_BYTES = 128, TAG_BYTES = 12 };

static uint32_t read_big(const void *profile, size_t at)
{
    const unsigned char *p = (const unsigned char *)profile + at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool says(const void *profile, size_t at, const char *word)
{
    return !memcmp((const char *)profile + at, word, 4);
}

static bool has_tag(const void *profile, size_t length, const char *tag)
{
    if (length < HEADER_BYTES + 4)
        return false;
    uint32_t count = read_big(profile, HEADER_BYTES);
    for (size_t at = HEADER_BYTES + 4; count && length - at >= TAG_BYTES; count--, at += TAG_BYTES)
        if (says(profile, at, tag))
            return true;
    return false;
}

profile_space profile_read_space(const void *profile, size_t length)
{
    if (length < HEADER_BYTES + 4 || !says(profile, 36, "acsp") || read_big(profile, 0) > length)
        return PROFILE_BROKEN;
    if (says(profile, 12, "link") || says(profile, 12, "abst") || says(profile, 12, "nmcl"))
        return PROFILE_OTHER;
    if (says(profile, 16, "RGB "))
        return PROFILE_RGB;
    if (says(profile, 16, "GRAY"))
        return PROFILE_GREY;
    if (says(profile, 16, "CMYK"))
        return PROFILE_CMYK;
    return PROFILE_OTHER;
}

bool profile_intent(const void *profile, size_t length, bool output, VipsIntent *intent)
{
    *intent = VIPS_INTENT_RELATIVE;
    if (has_tag(profile, length, output ? "B2A1" : "A2B1"))
        return true;
    if (has_tag(profile, length, output ? "B2A0" : "A2B0")) {
        *intent = VIPS_INTENT_PERCEPTUAL;
        return true;
    }
    return has_tag(profile, length, "rTRC") || has_tag(profile, length, "kTRC");
}

int profile_open(const void *profile, size_t length)
{
    int descriptor = file_nameless(NULL);
    if (descriptor < 0)
        return -1;
    const char *p = profile;
    while (length) {
        ssize_t written = write(descriptor, p, length);
        if (written <= 0)
            break;
        p += written;
        length -= (size_t)written;
    }
    if (!length && !lseek(descriptor, 0, SEEK_SET))
        return descriptor;
    close(descriptor);
    return -1;
}

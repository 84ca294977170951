/* The first directory of a TIFF file, for what libvips does not tell: that the file is a camera's raw file, in which a TIFF
 * reader finds a thumbnail that must not pass for the photo. Its own file because that is decided before anything is
 * decoded. */
#include <string.h>
#include <unistd.h>

#include "image/picture_room.h"

enum { TAG_NEW_SUBFILE_TYPE = 254, TAG_DNG_VERSION = 50706, REDUCED_PICTURE = 1, ENTRY_BYTES = 12 };

static unsigned number(const unsigned char *bytes, int count, bool big)
{
    unsigned value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[big ? i : count - 1 - i];
    return value;
}

/* bytes: from the directory's count of entries on. */
static bool directory_is_raw(const unsigned char *bytes, size_t length, bool big)
{
    unsigned count = length < 2 ? 0 : number(bytes, 2, big);
    for (size_t at = 2; count && length - at >= ENTRY_BYTES; count--, at += ENTRY_BYTES) {
        unsigned tag = number(bytes + at, 2, big);
        bool reduced = tag == TAG_NEW_SUBFILE_TYPE && (number(bytes + at + 8, 4, big) & REDUCED_PICTURE);
        if (reduced || tag == TAG_DNG_VERSION)
            return true;
    }
    return false;
}

/* Where the first directory lies; 0: this is no TIFF file of the classic kind. */
static unsigned find_directory(const unsigned char *head, size_t length, bool *big)
{
    *big = length && head[0] == 'M';
    if (length < 8 || head[*big ? 3 : 2] != '*')
        return 0;
    return number(head + 4, 4, *big);
}

bool tiff_is_raw(const unsigned char *head, size_t length)
{
    bool big;
    unsigned at = find_directory(head, length, &big);
    return (at && at < length && directory_is_raw(head + at, length - at, big)) ||
           (length >= 11 && !memcmp(head + 8, "CR\2", 3));
}

bool tiff_file_is_raw(int descriptor)
{
    unsigned char bytes[FILE_HEAD_BYTES];
    bool big;
    ssize_t length = pread(descriptor, bytes, 8, 0);
    unsigned at = length == 8 ? find_directory(bytes, 8, &big) : 0;
    length = at ? pread(descriptor, bytes, sizeof bytes, at) : 0;
    return length > 0 && directory_is_raw(bytes, (size_t)length, big);
}

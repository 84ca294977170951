/* Facts about files and the picture library. Its own file because it decodes nothing: a file's format from its first bytes,
 * and what this machine's libvips was built with. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/picture_room.h"

bool picture_format_of_file(const char *path, picture_format *format)
{
    struct stat facts;
    if (stat(path, &facts) || !S_ISREG(facts.st_mode)) /* opening a pipe would wait */
        return false;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    unsigned char head[FILE_HEAD_BYTES];
    ssize_t length = pread(descriptor, head, sizeof head, 0);
    close(descriptor);
    file_kind kind = length > 0 ? file_kind_of(head, (size_t)length) : (file_kind){0};
    if (kind.readable)
        *format = kind.format;
    return kind.readable;
}

void pictures_library(char *text, size_t capacity)
{
    snprintf(text, capacity, "libvips %d.%d.%d", vips_version(0), vips_version(1), vips_version(2));
}

bool pictures_format(int index, picture_format_facts *facts)
{
    static const struct {
        const char *name;
        picture_loader loader;
        const char *saver; /* NULL: never written */
    } formats[] = {{"JPEG", LOADER_JPEG, "jpegsave_target"}, {"PNG", LOADER_PNG, "pngsave_target"},
                   {"WebP", LOADER_WEBP, "webpsave_target"}, {"TIFF", LOADER_TIFF, "tiffsave_target"},
                   {"HEIC/AVIF", LOADER_HEIF, NULL},         {"GIF", LOADER_GIF, NULL}};
    if (index < 0 || (size_t)index >= sizeof formats / sizeof *formats)
        return false;
    const char *saver = formats[index].saver;
    *facts = (picture_format_facts){.name = formats[index].name,
                                    .read = decode_possible(formats[index].loader),
                                    .write = saver && vips_type_find("VipsOperation", saver) != 0};
    return true;
}

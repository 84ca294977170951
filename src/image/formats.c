/* Which format a file's first bytes, or a name's ending, stand for. Its own file because it knows formats and nothing
 * of libvips: the loader is chosen here, by us, so that no sniffer of an unwanted format ever sees the file. */
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "image/picture_room.h"

picture_format picture_format_kept(picture_format read)
{
    switch (read) {
    case PICTURE_HEIF: return PICTURE_JPEG;
    case PICTURE_OTHER: return PICTURE_PNG;
    default: return read;
    }
}

const char *picture_format_ending(picture_format format)
{
    switch (picture_format_kept(format)) {
    case PICTURE_JPEG: return ".jpg";
    case PICTURE_WEBP: return ".webp";
    case PICTURE_TIFF: return ".tif";
    default: return ".png";
    }
}

bool picture_format_of_name(const char *path, picture_format *format)
{
    static const struct {
        const char *ending;
        picture_format format;
    } endings[] = {{".jpg", PICTURE_JPEG},  {".jpeg", PICTURE_JPEG}, {".jpe", PICTURE_JPEG}, {".png", PICTURE_PNG},
                   {".webp", PICTURE_WEBP}, {".tif", PICTURE_TIFF},  {".tiff", PICTURE_TIFF}};
    const char *ending = strrchr(path_name(path), '.');
    for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(ending, endings[i].ending)) {
            *format = endings[i].format;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- by content */

typedef struct magic {
    int offset;
    int length;
    const char *bytes;
    const char *name; /* "a Windows bitmap (BMP)" */
} magic;

/* clang-format off */
#define MAGIC(offset, bytes, name) {offset, sizeof(bytes) - 1, bytes, name}
/* clang-format on */

/* What is not read, so that the refusal can name it. The first match counts. */
static const magic refused[] = {
    MAGIC(0, "BM", "a Windows bitmap (BMP)"),
    MAGIC(0, "%PDF", "a PDF document"),
    MAGIC(0, "8BPS", "a Photoshop document (PSD)"),
    MAGIC(0, "%!PS", "a PostScript document"),
    MAGIC(0, "\xFF\x0A", "a JPEG XL picture"),
    MAGIC(4, "JXL ", "a JPEG XL picture"),
    MAGIC(4, "jP  ", "a JPEG 2000 picture"),
    MAGIC(0, "\xFF\x4F\xFF\x51", "a JPEG 2000 picture"),
    MAGIC(0, "v/1\x01", "an OpenEXR picture"),
    MAGIC(0, "#?RADIANCE", "a Radiance HDR picture"),
    MAGIC(0, "#?RGBE", "a Radiance HDR picture"),
    MAGIC(0, "SIMPLE  =", "a FITS picture"),
    MAGIC(0, "gimp xcf", "a GIMP document (XCF)"),
    MAGIC(0, "qoif", "a QOI picture"),
    MAGIC(0, "\0\0\1\0", "a Windows icon (ICO)"),
    MAGIC(0, "P1\n", "a PBM picture"),
    MAGIC(0, "P2\n", "a PGM picture"),
    MAGIC(0, "P3\n", "a PPM picture"),
    MAGIC(0, "P4\n", "a PBM picture"),
    MAGIC(0, "P5\n", "a PGM picture"),
    MAGIC(0, "P6\n", "a PPM picture"),
    MAGIC(4, "ftypcrx ", "a camera raw file (CR3)"),
    MAGIC(0, "FUJIFILMCCD-RAW", "a camera raw file (RAF)"),
    MAGIC(0, "IIRO", "a camera raw file (ORF)"),
    MAGIC(0, "IIRS", "a camera raw file (ORF)"),
    MAGIC(0, "IIU\0", "a camera raw file (RW2)"),
    MAGIC(0, "FOVb", "a camera raw file (X3F)"),
    MAGIC(0, "\0MRM", "a camera raw file (MRW)"),
    MAGIC(4, "ftyp", "a video"),
    MAGIC(0, "\x1A\x45\xDF\xA3", "a video"),
    MAGIC(0, "PK\3\4", "a zip archive or an office document"),
    MAGIC(0, "\x1F\x8B", "a gzip archive"),
    MAGIC(0, "Rar!", "a RAR archive"),
    MAGIC(0, "7z\xBC\xAF", "a 7-Zip archive"),
};

static bool matches(const unsigned char *head, size_t length, int offset, const char *bytes, size_t count)
{
    return length >= (size_t)offset + count && !memcmp(head + offset, bytes, count);
}

static bool is_heif(const unsigned char *head, size_t length)
{
    static const char *const brands[] = {"heic", "heix", "hevc", "heim", "heis", "hevm",
                                         "hevs", "mif1", "msf1", "avif", "avis", "mif2"};
    if (!matches(head, length, 4, "ftyp", 4))
        return false;
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        if (matches(head, length, 8, brands[i], 4))
            return true;
    return false;
}

static bool is_tiff(const unsigned char *head, size_t length)
{
    return matches(head, length, 0, "II*\0", 4) || matches(head, length, 0, "MM\0*", 4) ||
           matches(head, length, 0, "II+\0", 4) || matches(head, length, 0, "MM\0+", 4);
}

static bool contains(const unsigned char *head, size_t length, const char *word)
{
    size_t count = strlen(word);
    for (size_t i = 0; i + count <= length; i++)
        if (!strncasecmp((const char *)head + i, word, count))
            return true;
    return false;
}

/* SVG, HTML and other text: they have no fixed first bytes. */
static const char *name_text(const unsigned char *head, size_t length)
{
    if (contains(head, length, "<svg"))
        return "an SVG drawing";
    if (contains(head, length, "<html") || contains(head, length, "<!doctype html"))
        return "a web page";
    for (size_t i = 0; i < length; i++)
        if (head[i] < 0x09 || (head[i] > 0x0D && head[i] < 0x20))
            return NULL;
    return "a text file";
}

file_kind file_kind_of(const unsigned char *head, size_t length)
{
    if (matches(head, length, 0, "\xFF\xD8\xFF", 3))
        return (file_kind){true, PICTURE_JPEG, LOADER_JPEG, "JPEG"};
    if (matches(head, length, 0, "\x89PNG\r\n\x1A\n", 8))
        return (file_kind){true, PICTURE_PNG, LOADER_PNG, "PNG"};
    if (matches(head, length, 0, "RIFF", 4) && matches(head, length, 8, "WEBP", 4))
        return (file_kind){true, PICTURE_WEBP, LOADER_WEBP, "WebP"};
    if (matches(head, length, 0, "GIF87a", 6) || matches(head, length, 0, "GIF89a", 6))
        return (file_kind){true, PICTURE_OTHER, LOADER_GIF, "GIF"};
    if (is_heif(head, length))
        return (file_kind){true, PICTURE_HEIF, LOADER_HEIF, matches(head, length, 8, "avi", 3) ? "AVIF" : "HEIC"};
    if (is_tiff(head, length)) {
        bool raw = tiff_is_raw(head, length);
        return (file_kind){!raw, PICTURE_TIFF, LOADER_TIFF, raw ? "a camera raw file" : "TIFF"};
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (matches(head, length, refused[i].offset, refused[i].bytes, (size_t)refused[i].length))
            return (file_kind){.name = refused[i].name};
    return (file_kind){.name = name_text(head, length)};
}

/* EXIF data in TIFF files, which libvips neither reads nor writes: there it is no block but directories among those of the
 * picture. Its own file because both ways are one job: copying directories from one place to another, with their values,
 * into the other byte order where need be.
 *
 * Nothing that is read is believed: each place and length is checked against the file, what is copied has a limit, and
 * directories below the first level are not followed. */
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "image/picture_room.h"

enum { ENTRY_BYTES = 12, PREFIX_BYTES = 6, MOST_ENTRIES = 500, MOST_BYTES = 1 << 18 };
enum { TYPE_SHORT = 3, TYPE_LONG = 4 };
enum { TAG_EXIF = 0x8769, TAG_GPS = 0x8825 };

/* Where directories come from: an open file, or bytes. */
typedef struct source {
    int descriptor;
    const unsigned char *bytes; /* NULL: the file */
    size_t length;
    bool big; /* most significant byte first */
} source;

typedef struct copying {
    source from;
    GByteArray *out;
    size_t base; /* the place of out's first byte, modulo the range of size_t */
    bool big;
    bool partly; /* something could not be copied */
} copying;

static bool read_at(const source *from, size_t at, void *to, size_t count)
{
    if (at > from->length || count > from->length - at)
        return false;
    if (!from->bytes)
        return pread(from->descriptor, to, count, (off_t)at) == (ssize_t)count;
    memcpy(to, from->bytes + at, count);
    return true;
}

static uint32_t get(const unsigned char *p, int count, bool big)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | p[big ? i : count - 1 - i];
    return value;
}

static void set(unsigned char *p, int count, bool big, uint32_t value)
{
    for (int i = 0; i < count; i++)
        p[big ? count - 1 - i : i] = (unsigned char)(value >> (8 * i));
}

/* Checks a header and finds the first directory. 0: it is none of the classic kind. */
static size_t open_source(source *from)
{
    unsigned char head[8];
    if (!read_at(from, 0, head, sizeof head) || (memcmp(head, "II*\0", 4) != 0 && memcmp(head, "MM\0*", 4) != 0))
        return 0;
    from->big = head[0] == 'M';
    return get(head + 4, 4, from->big);
}

static source file_source(int descriptor)
{
    struct stat facts;
    return (source){.descriptor = descriptor, .length = fstat(descriptor, &facts) ? 0 : (size_t)facts.st_size};
}

/* ---------------------------------------------------------------- what is copied */

/* Of a first directory: what describes the photo and not how its pixels lie. */
static bool describes(unsigned tag)
{
    switch (tag) {
    case 0x010E: /* description */
    case 0x010F: /* maker */
    case 0x0110: /* model */
    case 0x0131: /* software */
    case 0x0132: /* date */
    case 0x013B: /* artist */
    case 0x013C: /* computer */
    case 0x8298: /* copyright */
    case TAG_EXIF:
    case TAG_GPS: return true;
    default: return false;
    }
}

/* Of EXIF's own: all but the picture's size, which may change, and a further directory. */
static bool is_kept_below(unsigned tag)
{
    return tag != 0xA002 && tag != 0xA003 && tag != 0xA005;
}

static int unit_bytes(unsigned type) /* of what is turned with the byte order */
{
    static const unsigned char bytes[] = {0, 1, 1, 2, 4, 4, 1, 1, 2, 4, 4, 4, 8, 4};
    return type < sizeof bytes ? bytes[type] : 0;
}

static bool value_bytes(unsigned type, uint32_t count, size_t *bytes)
{
    bool rational = type == 5 || type == 10;
    return size_multiply(count, (size_t)unit_bytes(type) * (rational ? 2 : 1), bytes) && *bytes <= MOST_BYTES;
}

static void reverse_units(unsigned char *bytes, size_t length, size_t unit)
{
    for (unsigned char *p = bytes; length >= unit; p += unit, length -= unit)
        for (size_t i = 0; i < unit / 2; i++) {
            unsigned char kept = p[i];
            p[i] = p[unit - 1 - i];
            p[unit - 1 - i] = kept;
        }
}

/* ---------------------------------------------------------------- copying */

static uint32_t next_place(const copying *job)
{
    if (job->out->len % 2)
        g_byte_array_append(job->out, (const guint8 *)"", 1);
    return (uint32_t)(job->base + job->out->len);
}

/* Entries in the target's byte order, the lowest tag first as the standard asks. */
static uint32_t append_directory(const copying *job, GByteArray *entries, uint32_t next)
{
    uint32_t place = next_place(job);
    unsigned char number[4];
    set(number, 2, job->big, entries->len / ENTRY_BYTES);
    g_byte_array_append(job->out, number, 2);
    g_byte_array_append(job->out, entries->data, entries->len);
    set(number, 4, job->big, next);
    g_byte_array_append(job->out, number, 4);
    return place;
}

static void add_entry(const copying *job, GByteArray *entries, const unsigned char *entry)
{
    unsigned tag = get(entry, 2, job->big);
    guint at = 0;
    while (at < entries->len && get(entries->data + at, 2, job->big) < tag)
        at += ENTRY_BYTES;
    if (at < entries->len && get(entries->data + at, 2, job->big) == tag)
        return;
    guint behind = entries->len - at;
    g_byte_array_set_size(entries, entries->len + ENTRY_BYTES);
    memmove(entries->data + at + ENTRY_BYTES, entries->data + at, behind);
    memcpy(entries->data + at, entry, ENTRY_BYTES);
}

/* Copies the value that `entry` (in the source's order) stands for; entry is then in the target's order. */
static bool copy_value(copying *job, unsigned char *entry)
{
    unsigned type = get(entry + 2, 2, job->from.big);
    uint32_t count = get(entry + 4, 4, job->from.big), place = get(entry + 8, 4, job->from.big);
    size_t length;
    if (!unit_bytes(type) || !value_bytes(type, count, &length) || job->out->len + length > MOST_BYTES)
        return false;
    unsigned char *value = g_malloc0(length > 4 ? length : 4);
    bool good = length > 4 ? read_at(&job->from, place, value, length) : memcpy(value, entry + 8, 4) != NULL;
    if (good && job->from.big != job->big)
        reverse_units(value, length, (size_t)unit_bytes(type));
    if (good && length > 4) {
        set(entry + 8, 4, job->big, next_place(job));
        g_byte_array_append(job->out, value, (guint)length);
    } else {
        memcpy(entry + 8, value, 4);
    }
    g_free(value);
    return good;
}

static void name_entry(const copying *job, unsigned char *entry, unsigned tag, unsigned type, uint32_t count)
{
    set(entry, 2, job->big, tag);
    set(entry + 2, 2, job->big, type);
    set(entry + 4, 4, job->big, count);
}

static bool copy_entries(copying *job, size_t at, bool top, GByteArray *entries);

static bool copy_sub_directory(copying *job, unsigned char *entry)
{
    GByteArray *below = g_byte_array_new();
    bool good = copy_entries(job, get(entry + 8, 4, job->from.big), false, below) && below->len;
    if (good)
        set(entry + 8, 4, job->big, append_directory(job, below, 0));
    g_byte_array_free(below, TRUE);
    return good;
}

/* Adds the entries of the directory at `at` that are wanted, with what they stand for in out. False: there is no
 * directory there. */
static bool copy_entries(copying *job, size_t at, bool top, GByteArray *entries)
{
    unsigned char bytes[MOST_ENTRIES * ENTRY_BYTES], number[2];
    if (!at || !read_at(&job->from, at, number, 2))
        return false;
    unsigned count = get(number, 2, job->from.big);
    if (count > MOST_ENTRIES || !read_at(&job->from, at + 2, bytes, (size_t)count * ENTRY_BYTES))
        return false;
    for (unsigned char *entry = bytes; entry < bytes + (size_t)count * ENTRY_BYTES; entry += ENTRY_BYTES) {
        unsigned tag = get(entry, 2, job->from.big), type = get(entry + 2, 2, job->from.big);
        uint32_t values = get(entry + 4, 4, job->from.big);
        bool sub = top && (tag == TAG_EXIF || tag == TAG_GPS);
        if (!(top ? describes(tag) : is_kept_below(tag)))
            continue;
        if (sub ? !copy_sub_directory(job, entry) : !copy_value(job, entry)) {
            job->partly = true;
            continue;
        }
        name_entry(job, entry, tag, sub ? TYPE_LONG : type, sub ? 1 : values);
        add_entry(job, entries, entry);
    }
    return true;
}

/* ---------------------------------------------------------------- both ways */

unsigned char *tiff_exif_read(int descriptor, size_t *length, bool *partly)
{
    copying job = {.from = file_source(descriptor), .base = (size_t)0 - PREFIX_BYTES};
    size_t directory = open_source(&job.from);
    job.big = job.from.big;
    job.out = g_byte_array_new();
    g_byte_array_append(job.out, (const guint8 *)(job.big ? "Exif\0\0MM\0*\0\0\0" : "Exif\0\0II*\0\0\0\0"), 14);
    GByteArray *entries = g_byte_array_new();
    bool found = directory && copy_entries(&job, directory, true, entries) && entries->len;
    *partly = job.partly;
    if (found) {
        uint32_t place = append_directory(&job, entries, 0); /* which may move the bytes */
        set(job.out->data + PREFIX_BYTES + 4, 4, job.big, place);
    }
    g_byte_array_free(entries, TRUE);
    *length = job.out->len;
    return g_byte_array_free(job.out, !found);
}

/* The first directory as it is, its values staying where they are. */
static bool read_directory(const source *file, size_t at, GByteArray *entries, uint32_t *next)
{
    unsigned char bytes[MOST_ENTRIES * ENTRY_BYTES + 4], number[2];
    if (!at || !read_at(file, at, number, 2))
        return false;
    size_t count = get(number, 2, file->big);
    if (count > MOST_ENTRIES || !read_at(file, at + 2, bytes, count * ENTRY_BYTES + 4))
        return false;
    g_byte_array_append(entries, bytes, (guint)(count * ENTRY_BYTES));
    *next = get(bytes + count * ENTRY_BYTES, 4, file->big);
    return true;
}

static bool write_at(int descriptor, const unsigned char *bytes, size_t count, size_t at)
{
    while (count) {
        ssize_t written = pwrite(descriptor, bytes, count, (off_t)at);
        if (written <= 0)
            return false;
        bytes += written;
        count -= (size_t)written;
        at += (size_t)written;
    }
    return true;
}

/* Behind the file's end: the block's values and directories and a new first directory, which the header then names. */
static bool add_directories(copying *job, const source *file, size_t old_directory, size_t block_directory)
{
    GByteArray *entries = g_byte_array_new();
    uint32_t next;
    unsigned char place[4];
    bool good = read_directory(file, old_directory, entries, &next) &&
                copy_entries(job, block_directory, true, entries) && job->base + MOST_BYTES * 2 <= UINT32_MAX;
    if (good) {
        set(place, 4, job->big, append_directory(job, entries, next));
        good = write_at(file->descriptor, job->out->data, job->out->len, job->base) &&
               write_at(file->descriptor, place, sizeof place, 4);
    }
    g_byte_array_free(entries, TRUE);
    return good;
}

bool tiff_exif_write(int descriptor, const unsigned char *block, size_t length)
{
    source file = file_source(descriptor);
    size_t old_directory = open_source(&file);
    size_t skip = length >= PREFIX_BYTES && !memcmp(block, "Exif\0", 5) ? PREFIX_BYTES : 0;
    copying job = {.from = {.bytes = block + skip, .length = length - skip},
                   .base = round_up(file.length, 2),
                   .big = file.big};
    size_t block_directory = open_source(&job.from);
    job.out = g_byte_array_new();
    bool good = old_directory && block_directory && add_directories(&job, &file, old_directory, block_directory);
    g_byte_array_free(job.out, TRUE);
    return good;
}

/* The .pth form since torch 1.6: a zip archive, read by libarchive, with the object in ROOT/data.pkl and each storage
 * in ROOT/data/KEY. (In a build without libarchive pth_zip_missing.c stands here.)
 *
 * All entries are read once at open, since that is how libarchive checks their CRC. What is stored uncompressed, as
 * torch does, is handed out by libarchive as a pointer into the mapped file and is used from there: nothing is copied.
 * Compressed entries are inflated into memory, as much as the file's length makes believable.
 */
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#include "base/memory.h"
#include "weights/pth.h"
#include "weights/utf8.h"

enum { MAX_ENTRIES = WEIGHTS_MAX_TENSORS + 64, MAX_ENTRY_NAME = 4096 };

typedef struct record {
    const char *name;
    const uint8_t *bytes;
    size_t length;
} record;

typedef struct zip {
    weights *file;
    struct archive *archive;
    record *records;
    size_t count, capacity;
    name_map by_name;
    arena names;
    size_t inflate_budget; /* bytes that compressed entries may still become */
    gpen_error *error;
} zip;

static gpen_status fail_archive(const zip *z, const char *name)
{
    const char *reason = archive_error_string(z->archive);
    return gpen_fail(z->error, GPEN_MODEL_INVALID, "%s: %s", name ? text_shown(name, strlen(name)).text : "the archive",
                     reason ? reason : "damaged");
}

/* ---------------------------------------------------------------- names */

static bool has_parent_step(const char *name)
{
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (!strncmp(part, "..", 2) && (part[2] == '/' || !part[2]))
            return true;
    }
    return false;
}

static gpen_status check_entry(const zip *z, struct archive_entry *entry, const char **name)
{
    *name = archive_entry_pathname(entry);
    if (!*name || !**name || strlen(*name) > MAX_ENTRY_NAME)
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "an entry of the archive has no usable name");
    shown_text shown = text_shown(*name, strlen(*name));
    if (**name == '/' || **name == '\\' || has_parent_step(*name))
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "entry %s leads out of the archive", shown.text);
    if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR)
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "entry %s is no plain file", shown.text);
    if (archive_entry_is_encrypted(entry))
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "entry %s is encrypted", shown.text);
    const char *method = archive_format_name(z->archive); /* "ZIP 2.0 (deflation)" */
    if (!method || (!strstr(method, "(uncompressed)") && !strstr(method, "(deflation)")))
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "entry %s is compressed in a way that torch never uses",
                         shown.text);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- contents */

static gpen_status new_block(zip *z, size_t bytes, uint8_t **block)
{
    weights *file = z->file;
    uint8_t **blocks = realloc(file->inflated, (file->inflated_count + 1) * sizeof *blocks);
    if (blocks)
        file->inflated = blocks;
    *block = blocks ? malloc(bytes ? bytes : 1) : NULL;
    if (!*block)
        return gpen_fail_memory(z->error, "a compressed entry", bytes);
    file->inflated[file->inflated_count++] = *block;
    return GPEN_OK;
}

static bool inside_file(const zip *z, const void *bytes, size_t length)
{
    uintptr_t start = (uintptr_t)z->file->bytes, at = (uintptr_t)bytes;
    return at >= start && at - start <= z->file->length && length <= z->file->length - (at - start);
}

/* Copies blocks that libarchive inflates behind each other into memory. The first one is at hand already. */
static gpen_status read_inflated(zip *z, record *r, const void *bytes, size_t length)
{
    uint8_t *block;
    if (r->length > z->inflate_budget)
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "entry %s would be far larger than the file",
                         text_shown(r->name, strlen(r->name)).text);
    z->inflate_budget -= r->length;
    gpen_status status = new_block(z, r->length, &block);
    if (status)
        return status;
    size_t filled = 0;
    for (;;) {
        if (length > r->length - filled)
            return fail_archive(z, r->name);
        if (length)
            memcpy(block + filled, bytes, length);
        filled += length;
        la_int64_t offset;
        int result = archive_read_data_block(z->archive, &bytes, &length, &offset);
        if (result == ARCHIVE_EOF)
            break;
        if (result != ARCHIVE_OK || offset != (la_int64_t)filled)
            return fail_archive(z, r->name);
    }
    r->bytes = block;
    return filled == r->length ? GPEN_OK : fail_archive(z, r->name);
}

/* Reads the current entry to its end, where libarchive compares the CRC. */
static gpen_status read_contents(zip *z, record *r)
{
    const void *bytes, *after;
    size_t length, more = 0;
    la_int64_t offset;
    int result = archive_read_data_block(z->archive, &bytes, &length, &offset);
    if (result == ARCHIVE_EOF && r->length == 0) {
        r->bytes = z->file->bytes;
        return GPEN_OK;
    }
    if (result != ARCHIVE_OK || offset != 0)
        return fail_archive(z, r->name);
    if (length != r->length || !inside_file(z, bytes, length))
        return read_inflated(z, r, bytes, length);
    r->bytes = bytes;
    result = archive_read_data_block(z->archive, &after, &more, &offset);
    if (result != ARCHIVE_EOF && (result != ARCHIVE_OK || more))
        return fail_archive(z, r->name);
    weights_give_back(z->file, r->bytes, r->length);
    return GPEN_OK;
}

static gpen_status make_room(zip *z)
{
    if (z->count < z->capacity)
        return GPEN_OK;
    size_t capacity = z->capacity ? z->capacity * 2 : 64;
    record *records = realloc(z->records, capacity * sizeof *records);
    if (!records)
        return gpen_fail_memory(z->error, "the list of entries", capacity * sizeof *records);
    z->records = records;
    z->capacity = capacity;
    return GPEN_OK;
}

static gpen_status read_entry(zip *z, struct archive_entry *entry)
{
    const char *name;
    gpen_status status = check_entry(z, entry, &name);
    if (status || archive_entry_filetype(entry) == AE_IFDIR)
        return status;
    if (z->count == MAX_ENTRIES)
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "more than %d entries", MAX_ENTRIES);
    la_int64_t length = archive_entry_size(entry);
    if (!archive_entry_size_is_set(entry) || length < 0 || (uint64_t)length > SIZE_MAX)
        return fail_archive(z, name);
    record r = {.name = arena_text(&z->names, name, strlen(name)), .length = (size_t)length};
    status = r.name ? make_room(z) : gpen_fail_memory(z->error, "the list of entries", z->count);
    if (status)
        return status;
    switch (name_map_add(&z->by_name, r.name, strlen(r.name), (int64_t)z->count)) {
    case NAME_PRESENT:
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "two entries are named %s",
                         text_shown(r.name, strlen(r.name)).text);
    case NAME_NO_MEMORY: return gpen_fail_memory(z->error, "the list of entries", z->count);
    case NAME_ADDED: break;
    }
    status = read_contents(z, &r);
    if (!status)
        z->records[z->count++] = r;
    return status;
}

static gpen_status read_entries(zip *z)
{
    for (;;) {
        struct archive_entry *entry;
        int result = archive_read_next_header(z->archive, &entry);
        if (result == ARCHIVE_EOF)
            return GPEN_OK;
        if (result != ARCHIVE_OK)
            return fail_archive(z, NULL);
        gpen_status status = read_entry(z, entry);
        if (status)
            return status;
    }
}

/* ---------------------------------------------------------------- what the entries mean */

/* The record ROOT/path, ROOT being the folder of the archive's first entry, or NULL. path need not be terminated. */
static const record *find(const zip *z, const char *folder, const char *path, size_t path_length)
{
    if (!z->count)
        return NULL;
    const char *first = z->records[0].name, *slash = strchr(first, '/');
    size_t root = slash ? (size_t)(slash - first) + 1 : 0, in = strlen(folder), length = root + in + path_length;
    if (length > MAX_ENTRY_NAME)
        return NULL;
    char name[MAX_ENTRY_NAME];
    memcpy(name, first, root);
    memcpy(name + root, folder, in);
    memcpy(name + root + in, path, path_length);
    int64_t number = name_map_find(&z->by_name, name, length);
    return number == NAME_ABSENT ? NULL : &z->records[number];
}

static const record *find_record(const zip *z, const char *path)
{
    return find(z, "", path, strlen(path));
}

static gpen_status check_kind(const zip *z)
{
    if (!find_record(z, "data.pkl"))
        return gpen_fail(z->error, GPEN_MODEL_INVALID, "a zip archive, but not one of PyTorch's: it has no data.pkl");
    if (find_record(z, "constants.pkl"))
        return gpen_fail(
            z->error, GPEN_MODEL_INVALID,
            "a TorchScript program, which cannot be read; the weights as torch.save writes a state_dict can");
    const record *order = find_record(z, "byteorder");
    if (order && (order->length != 6 || memcmp(order->bytes, "little", 6)))
        return gpen_fail(z->error, GPEN_MODEL_INVALID,
                         "it was written on a big-endian machine, which is not supported");
    return GPEN_OK;
}

static gpen_status find_storages(const zip *z, const pickle *object)
{
    for (size_t i = 0; i < object->storage_count; i++) {
        pickle_storage *storage = object->storages[i];
        const record *r = find(z, "data/", storage->key, storage->key_length);
        if (!r)
            return gpen_fail(z->error, GPEN_MODEL_INVALID, "storage %s is missing from the archive",
                             text_shown(storage->key, storage->key_length).text);
        if (r->length != storage->length)
            return gpen_fail(z->error, GPEN_MODEL_INVALID, "storage %s has %zu bytes where it should have %zu",
                             text_shown(storage->key, storage->key_length).text, r->length, storage->length);
        storage->bytes = r->bytes;
    }
    return GPEN_OK;
}

static gpen_status read_object(const zip *z)
{
    gpen_status status = check_kind(z);
    if (status)
        return status;
    const record *r = find_record(z, "data.pkl");
    pickle object;
    status = pickle_load(&object, r->bytes, r->length, z->error);
    if (!status)
        status = find_storages(z, &object);
    if (!status)
        status = pth_add_tensors(z->file, &object, z->error);
    pickle_free(&object);
    return status;
}

static size_t inflate_budget(const weights *file)
{
    size_t budget;
    if (!size_multiply(file->length, WEIGHTS_MAX_EXPANSION, &budget) || !size_add(budget, WEIGHTS_FREE_BYTES, &budget))
        return SIZE_MAX;
    return budget;
}

static gpen_status open_archive(zip *z)
{
    z->archive = archive_read_new();
    if (!z->archive)
        return gpen_fail_memory(z->error, "the archive", 0);
    if (archive_read_support_format_zip_seekable(z->archive) != ARCHIVE_OK ||
        archive_read_open_memory(z->archive, z->file->bytes, z->file->length) != ARCHIVE_OK)
        return fail_archive(z, NULL);
    return GPEN_OK;
}

/* torch calls ROOT after the file, and libarchive refuses a name with characters that the locale lacks, while this
 * program stays in the plain C locale. So this thread gets one that has them all; where there is none, ASCII names
 * still work. */
static locale_t utf8_locale(void)
{
    static const char *const names[] = {"C.UTF-8", "UTF-8", "en_US.UTF-8"};
    locale_t locale = (locale_t)0;
    for (size_t i = 0; i < sizeof names / sizeof *names && !locale; i++)
        locale = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
    return locale;
}

static gpen_status read_archive(weights *file, gpen_error *error)
{
    zip z = {.file = file, .error = error, .inflate_budget = inflate_budget(file)};
    z.names.budget = file->texts.budget;
    gpen_status status = open_archive(&z);
    if (!status)
        status = read_entries(&z);
    if (!status)
        status = read_object(&z);
    (void)archive_read_free(z.archive);
    free(z.records);
    name_map_free(&z.by_name);
    arena_free(&z.names);
    return status;
}

gpen_status pth_zip_read(weights *file, gpen_error *error)
{
    locale_t locale = utf8_locale(), before = uselocale(locale); /* no locale: uselocale only says which it is */
    gpen_status status = read_archive(file, error);
    (void)uselocale(before);
    if (locale)
        freelocale(locale);
    return status;
}

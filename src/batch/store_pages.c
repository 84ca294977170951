/* The layer between SQLite and the system's files that puts a sum on every page and checks it. Its own file because it knows
 * pages and nothing of batches. */
#include "batch/store_pages.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_HEADER =
        100, /* SQLite looks at this much, unchecked, to learn the size of a page; page 1 is read in full later */
    SUMMED = STORE_PAGE_BYTES - STORE_PAGE_SUM_BYTES,
};

struct store_pages {
    sqlite3_vfs layer;
    sqlite3_vfs *system;
    char name[48];
};

/* An open database file: ours, with the system's right behind it. */
typedef struct page_file {
    sqlite3_file base;
    sqlite3_file *beneath;
} page_file;

static sqlite3_file *beneath(sqlite3_file *file)
{
    return ((page_file *)file)->beneath;
}

/* ---------------------------------------------------------------- sums */

/* Every step can be undone, so that pages that differ in one word never have the same sum. */
static uint64_t page_sum(const unsigned char *page, sqlite3_int64 offset)
{
    uint64_t sum = UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)offset;
    for (int i = 0; i < SUMMED; i += 8) {
        uint64_t word = 0;
        for (int k = 0; k < 8; k++)
            word |= (uint64_t)page[i + k] << 8 * k;
        sum = (sum ^ word) * UINT64_C(0xd6e8feb86659fd93);
        sum ^= sum >> 32;
    }
    return sum;
}

static void write_sum(unsigned char *page, sqlite3_int64 offset)
{
    uint64_t sum = page_sum(page, offset);
    for (int k = 0; k < STORE_PAGE_SUM_BYTES; k++)
        page[SUMMED + k] = (unsigned char)(sum >> 8 * k);
}

/* A page of zeros is a hole in the file: a page that was freed before it was ever written. SQLite itself finds it damaged where a
 * page of content should be. */
static bool sum_is_right(const unsigned char *page, sqlite3_int64 offset)
{
    uint64_t sum = 0;
    for (int k = 0; k < STORE_PAGE_SUM_BYTES; k++)
        sum |= (uint64_t)page[SUMMED + k] << 8 * k;
    if (sum == page_sum(page, offset))
        return true;
    return !page[0] && !memcmp(page, page + 1, STORE_PAGE_BYTES - 1);
}

/* ---------------------------------------------------------------- an open file */

static int pages_close(sqlite3_file *file)
{
    return beneath(file)->pMethods->xClose(beneath(file));
}

static int pages_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    int code = beneath(file)->pMethods->xRead(beneath(file), bytes, count, offset);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return code;
    if (offset + count <= FILE_HEADER)
        return code;
    if (count != STORE_PAGE_BYTES || offset % STORE_PAGE_BYTES)
        return SQLITE_CORRUPT; /* the header gives pages another size than ours */
    if (code == SQLITE_OK)
        return sum_is_right(bytes, offset) ? SQLITE_OK : SQLITE_CORRUPT;
    /* Behind the end of the file a page is empty; across it, it was cut off. */
    sqlite3_int64 length = 0;
    int size_code = beneath(file)->pMethods->xFileSize(beneath(file), &length);
    if (size_code != SQLITE_OK)
        return size_code;
    return length > offset ? SQLITE_CORRUPT : SQLITE_IOERR_SHORT_READ;
}

static int pages_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    if (count != STORE_PAGE_BYTES || offset % STORE_PAGE_BYTES)
        return SQLITE_CORRUPT;
    unsigned char page[STORE_PAGE_BYTES];
    memcpy(page, bytes, sizeof page);
    write_sum(page, offset);
    return beneath(file)->pMethods->xWrite(beneath(file), page, count, offset);
}

static int pages_truncate(sqlite3_file *file, sqlite3_int64 length)
{
    return beneath(file)->pMethods->xTruncate(beneath(file), length);
}

static int pages_sync(sqlite3_file *file, int flags)
{
    return beneath(file)->pMethods->xSync(beneath(file), flags);
}

static int pages_size(sqlite3_file *file, sqlite3_int64 *length)
{
    return beneath(file)->pMethods->xFileSize(beneath(file), length);
}

static int pages_lock(sqlite3_file *file, int level)
{
    return beneath(file)->pMethods->xLock(beneath(file), level);
}

static int pages_unlock(sqlite3_file *file, int level)
{
    return beneath(file)->pMethods->xUnlock(beneath(file), level);
}

static int pages_reserved(sqlite3_file *file, int *held)
{
    return beneath(file)->pMethods->xCheckReservedLock(beneath(file), held);
}

static int pages_control(sqlite3_file *file, int operation, void *argument)
{
    return beneath(file)->pMethods->xFileControl(beneath(file), operation, argument);
}

static int pages_sector(sqlite3_file *file)
{
    return beneath(file)->pMethods->xSectorSize(beneath(file));
}

static int pages_traits(sqlite3_file *file)
{
    return beneath(file)->pMethods->xDeviceCharacteristics(beneath(file));
}

static int pages_share_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return beneath(file)->pMethods->xShmMap(beneath(file), page, size, extend, out);
}

static int pages_share_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return beneath(file)->pMethods->xShmLock(beneath(file), offset, count, flags);
}

static void pages_share_barrier(sqlite3_file *file)
{
    beneath(file)->pMethods->xShmBarrier(beneath(file));
}

static int pages_share_unmap(sqlite3_file *file, int remove)
{
    return beneath(file)->pMethods->xShmUnmap(beneath(file), remove);
}

/* Version 2: shared memory for the WAL, but no mapping of pages, which would go round the check. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = pages_close,
    .xRead = pages_read,
    .xWrite = pages_write,
    .xTruncate = pages_truncate,
    .xSync = pages_sync,
    .xFileSize = pages_size,
    .xLock = pages_lock,
    .xUnlock = pages_unlock,
    .xCheckReservedLock = pages_reserved,
    .xFileControl = pages_control,
    .xSectorSize = pages_sector,
    .xDeviceCharacteristics = pages_traits,
    .xShmMap = pages_share_map,
    .xShmLock = pages_share_lock,
    .xShmBarrier = pages_share_barrier,
    .xShmUnmap = pages_share_unmap,
};

/* ---------------------------------------------------------------- the layer */

static sqlite3_vfs *system_of(sqlite3_vfs *layer)
{
    return ((store_pages *)layer->pAppData)->system;
}

static int layer_open(sqlite3_vfs *layer, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    sqlite3_vfs *system = system_of(layer);
    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return system->xOpen(system, name, file, flags, out_flags);
    page_file *ours = (page_file *)file;
    ours->base.pMethods = NULL;
    ours->beneath = (sqlite3_file *)(void *)(ours + 1);
    int code = system->xOpen(system, name, ours->beneath, flags, out_flags);
    if (ours->beneath->pMethods)
        ours->base.pMethods = &methods;
    return code;
}

static int layer_delete(sqlite3_vfs *layer, const char *name, int flush)
{
    return system_of(layer)->xDelete(system_of(layer), name, flush);
}

static int layer_access(sqlite3_vfs *layer, const char *name, int flags, int *out)
{
    return system_of(layer)->xAccess(system_of(layer), name, flags, out);
}

static int layer_full_path(sqlite3_vfs *layer, const char *name, int size, char *out)
{
    return system_of(layer)->xFullPathname(system_of(layer), name, size, out);
}

static int layer_random(sqlite3_vfs *layer, int count, char *out)
{
    return system_of(layer)->xRandomness(system_of(layer), count, out);
}

static int layer_sleep(sqlite3_vfs *layer, int microseconds)
{
    return system_of(layer)->xSleep(system_of(layer), microseconds);
}

static int layer_time(sqlite3_vfs *layer, double *out)
{
    return system_of(layer)->xCurrentTime(system_of(layer), out);
}

static int layer_last_error(sqlite3_vfs *layer, int count, char *out)
{
    return system_of(layer)->xGetLastError(system_of(layer), count, out);
}

gpen_status store_pages_new(store_pages **out, gpen_error *error)
{
    *out = NULL;
    sqlite3_vfs *system = sqlite3_vfs_find(NULL); /* also makes SQLite ready, which may fail */
    store_pages *pages = system ? calloc(1, sizeof *pages) : NULL;
    if (!pages)
        return gpen_fail_memory(error, "the store of batches", sizeof *pages);
    snprintf(pages->name, sizeof pages->name, "gpen-pages-%p", (void *)pages);
    pages->system = system;
    pages->layer = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(page_file) + system->szOsFile,
        .mxPathname = system->mxPathname,
        .zName = pages->name,
        .pAppData = pages,
        .xOpen = layer_open,
        .xDelete = layer_delete,
        .xAccess = layer_access,
        .xFullPathname = layer_full_path,
        .xRandomness = layer_random,
        .xSleep = layer_sleep,
        .xCurrentTime = layer_time,
        .xGetLastError = layer_last_error,
    };
    if (sqlite3_vfs_register(&pages->layer, 0) != SQLITE_OK) {
        free(pages);
        return gpen_fail_memory(error, "the store of batches", sizeof *pages);
    }
    *out = pages;
    return GPEN_OK;
}

void store_pages_free(store_pages *pages)
{
    if (!pages)
        return;
    sqlite3_vfs_unregister(&pages->layer);
    free(pages);
}

const char *store_pages_name(const store_pages *pages)
{
    return pages->name;
}

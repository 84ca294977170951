/* A disk and a memory that fail when told to: SQLite's allocator and files by its own hooks, the store's by the linker's --wrap.
 * Nothing is really flushed here, which the tests need not wait for. */
#include "faulty.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct fault_plan {
    fault_kind kind;
    int64_t left;     /* calls until it fails */
    int error_number; /* that it fails with */
    bool happened;
    bool cutting, dead; /* the power will go; is gone */
    unsigned seed;
} fault_plan;

/* Shared with children between fork and exec, so that what failed in one of them does not fail in the next one too. */
static fault_plan before_start, *fault = &before_start;

static bool fails(fault_kind kind)
{
    if (fault->dead && kind != FAULT_MEMORY)
        return true;
    if (fault->kind != kind || fault->happened || --fault->left)
        return false;
    fault->happened = true;
    return true;
}

/* A change of a file: fails, and is the moment at which the power goes. */
static bool change_fails(void)
{
    if (fault->cutting && !fault->dead && !--fault->left)
        fault->dead = fault->happened = true;
    return fails(FAULT_DISK);
}

int __real_open64(const char *path, int flags, ...);
int __real_ftruncate64(int file, off_t length);
ssize_t __real_pwrite64(int file, const void *bytes, size_t count, off_t at);

/* ---------------------------------------------------------------- files as the disk has them */

/* A change that was not flushed. */
typedef struct change {
    sqlite3_int64 offset;
    int count; /* -1: cut off at offset */
    unsigned char *bytes;
} change;

typedef struct faulty_file {
    sqlite3_file base;
    char path[512];
    unsigned char *flushed; /* what is on the disk for certain; NULL unless power is to be cut */
    size_t length;
    change *changes;
    size_t count;
    sqlite3_file *beneath;
} faulty_file;

static sqlite3_vfs *real_layer;
static sqlite3_vfs faulty_layer;

static sqlite3_file *beneath(sqlite3_file *file)
{
    return ((faulty_file *)file)->beneath;
}

static void forget_changes(faulty_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->changes[i].bytes);
    free(file->changes);
    file->changes = NULL;
    file->count = 0;
}

static void remember_flushed(faulty_file *file)
{
    sqlite3_int64 length = 0;
    forget_changes(file);
    free(file->flushed);
    (void)file->beneath->pMethods->xFileSize(file->beneath, &length);
    file->length = (size_t)length;
    file->flushed = malloc(file->length + 1);
    if (!file->flushed)
        abort();
    (void)file->beneath->pMethods->xRead(file->beneath, file->flushed, (int)length, 0);
}

static void remember_change(faulty_file *file, sqlite3_int64 offset, int count, const void *bytes)
{
    if (!fault->cutting)
        return;
    file->changes = realloc(file->changes, (file->count + 1) * sizeof *file->changes);
    change made = {.offset = offset, .count = count};
    if (count > 0) {
        made.bytes = malloc((size_t)count);
        if (!made.bytes)
            abort();
        memcpy(made.bytes, bytes, (size_t)count);
    }
    if (!file->changes)
        abort();
    file->changes[file->count++] = made;
}

/* Puts on the disk what a power cut leaves: what was flushed, and of each later change all, nothing or half. */
static void leave_on_disk(faulty_file *file)
{
    if (!file->flushed)
        return;
    int disk = __real_open64(file->path, O_WRONLY);
    if (disk < 0) {
        free(file->flushed);
        file->flushed = NULL;
        forget_changes(file);
        return;
    }
    if (__real_ftruncate64(disk, 0) || __real_pwrite64(disk, file->flushed, file->length, 0) != (ssize_t)file->length)
        abort();
    for (size_t i = 0; i < file->count; i++) {
        const change *made = &file->changes[i];
        int luck = rand_r(&fault->seed) % 3;
        if (luck == 0)
            continue;
        size_t count = made->count > 0 ? (size_t)made->count / (luck == 1 ? 1 : 2) : 0;
        if (made->count < 0 ? __real_ftruncate64(disk, made->offset) != 0
                            : __real_pwrite64(disk, made->bytes, count, made->offset) != (ssize_t)count)
            abort();
    }
    close(disk);
    free(file->flushed);
    file->flushed = NULL;
    forget_changes(file);
}

/* ---------------------------------------------------------------- an open file */

static int faulty_close(sqlite3_file *file)
{
    faulty_file *ours = (faulty_file *)file;
    int code = beneath(file)->pMethods->xClose(beneath(file));
    if (fault->dead)
        leave_on_disk(ours);
    free(ours->flushed);
    ours->flushed = NULL;
    forget_changes(ours);
    return code;
}

static int faulty_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    if (fails(FAULT_DISK))
        return SQLITE_IOERR_READ;
    return beneath(file)->pMethods->xRead(beneath(file), bytes, count, offset);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    if (change_fails()) {
        if (fault->error_number == ENOSPC)
            return SQLITE_FULL;
        if (!fault->dead) /* half of it arrives */
            (void)beneath(file)->pMethods->xWrite(beneath(file), bytes, count / 2, offset);
        return SQLITE_IOERR_WRITE;
    }
    remember_change((faulty_file *)file, offset, count, bytes);
    return beneath(file)->pMethods->xWrite(beneath(file), bytes, count, offset);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 length)
{
    if (change_fails())
        return SQLITE_IOERR_TRUNCATE;
    remember_change((faulty_file *)file, length, -1, NULL);
    return beneath(file)->pMethods->xTruncate(beneath(file), length);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    if (change_fails())
        return SQLITE_IOERR_FSYNC;
    if (fault->cutting)
        remember_flushed((faulty_file *)file);
    return SQLITE_OK;
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *length)
{
    if (fails(FAULT_DISK))
        return SQLITE_IOERR_FSTAT;
    return beneath(file)->pMethods->xFileSize(beneath(file), length);
}

static int faulty_lock(sqlite3_file *file, int level)
{
    return beneath(file)->pMethods->xLock(beneath(file), level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
    return beneath(file)->pMethods->xUnlock(beneath(file), level);
}

static int faulty_reserved(sqlite3_file *file, int *held)
{
    return beneath(file)->pMethods->xCheckReservedLock(beneath(file), held);
}

static int faulty_control(sqlite3_file *file, int operation, void *argument)
{
    return beneath(file)->pMethods->xFileControl(beneath(file), operation, argument);
}

static int faulty_sector(sqlite3_file *file)
{
    return beneath(file)->pMethods->xSectorSize(beneath(file));
}

static int faulty_traits(sqlite3_file *file)
{
    (void)file;
    return 0; /* nothing is promised: writes may be torn and change their order */
}

static int faulty_share_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    if (fails(FAULT_DISK))
        return SQLITE_IOERR_SHMMAP;
    return beneath(file)->pMethods->xShmMap(beneath(file), page, size, extend, out);
}

static int faulty_share_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return beneath(file)->pMethods->xShmLock(beneath(file), offset, count, flags);
}

static void faulty_share_barrier(sqlite3_file *file)
{
    beneath(file)->pMethods->xShmBarrier(beneath(file));
}

static int faulty_share_unmap(sqlite3_file *file, int remove)
{
    return beneath(file)->pMethods->xShmUnmap(beneath(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_traits,
    .xShmMap = faulty_share_map,
    .xShmLock = faulty_share_lock,
    .xShmBarrier = faulty_share_barrier,
    .xShmUnmap = faulty_share_unmap,
};

static int faulty_open(sqlite3_vfs *layer, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    (void)layer;
    faulty_file *ours = (faulty_file *)file;
    *ours = (faulty_file){.beneath = (sqlite3_file *)(void *)(ours + 1)};
    if (fails(FAULT_DISK))
        return SQLITE_CANTOPEN;
    int code = real_layer->xOpen(real_layer, name, ours->beneath, flags, out_flags);
    if (!ours->beneath->pMethods)
        return code;
    ours->base.pMethods = &methods;
    if (name)
        strncpy(ours->path, name, sizeof ours->path - 1);
    if (!code && fault->cutting && name)
        remember_flushed(ours);
    return code;
}

static int faulty_delete(sqlite3_vfs *layer, const char *name, int flush)
{
    (void)layer, (void)flush;
    return change_fails() ? SQLITE_IOERR_DELETE : real_layer->xDelete(real_layer, name, 0);
}

static int faulty_access(sqlite3_vfs *layer, const char *name, int flags, int *out)
{
    (void)layer;
    return fails(FAULT_DISK) ? SQLITE_IOERR_ACCESS : real_layer->xAccess(real_layer, name, flags, out);
}

static int faulty_full_path(sqlite3_vfs *layer, const char *name, int size, char *out)
{
    (void)layer;
    return real_layer->xFullPathname(real_layer, name, size, out);
}

/* ---------------------------------------------------------------- SQLite's memory */

static sqlite3_mem_methods real_memory;

static void *faulty_memory(int count)
{
    return fails(FAULT_MEMORY) ? NULL : real_memory.xMalloc(count);
}

static void *faulty_memory_again(void *block, int count)
{
    return fails(FAULT_MEMORY) ? NULL : real_memory.xRealloc(block, count);
}

void faulty_start(void)
{
    fault = mmap(NULL, sizeof *fault, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fault == MAP_FAILED)
        abort();
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory))
        abort();
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = faulty_memory;
    memory.xRealloc = faulty_memory_again;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory))
        abort();
    real_layer = sqlite3_vfs_find(NULL);
    if (!real_layer)
        abort();
    faulty_layer = *real_layer;
    faulty_layer.iVersion = 1;
    faulty_layer.szOsFile = (int)sizeof(faulty_file) + real_layer->szOsFile;
    faulty_layer.pNext = NULL;
    faulty_layer.zName = "faulty";
    faulty_layer.xOpen = faulty_open;
    faulty_layer.xDelete = faulty_delete;
    faulty_layer.xAccess = faulty_access;
    faulty_layer.xFullPathname = faulty_full_path;
    if (sqlite3_vfs_register(&faulty_layer, 1))
        abort();
}

void faulty_fail(fault_kind kind, int64_t n, int error_number)
{
    *fault = (fault_plan){.kind = FAULT_NONE};
    fault->kind = kind;
    fault->left = n;
    fault->error_number = error_number;
}

void faulty_cut_power(int64_t n, unsigned seed)
{
    *fault = (fault_plan){.kind = FAULT_NONE};
    fault->left = n;
    fault->cutting = true;
    fault->seed = seed;
}

bool faulty_end(void)
{
    bool happened = fault->happened;
    *fault = (fault_plan){.kind = FAULT_NONE};
    return happened;
}

/* ---------------------------------------------------------------- what the linker sends here */

/* errno of a call that is to fail. */
static int error_of(fault_kind kind)
{
    if (kind == FAULT_MEMORY)
        return ENOMEM;
    return fault->error_number ? fault->error_number : EIO;
}

#define WRAP(type, name, parameters, arguments, kind, failure)                                                         \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        if (!fails(kind))                                                                                              \
            return __real_##name arguments;                                                                            \
        errno = error_of(kind);                                                                                        \
        return failure;                                                                                                \
    }

WRAP(void *, malloc, (size_t count), (count), FAULT_MEMORY, NULL)
WRAP(void *, calloc, (size_t count, size_t each), (count, each), FAULT_MEMORY, NULL)
WRAP(void *, realloc, (void *block, size_t count), (block, count), FAULT_MEMORY, NULL)
WRAP(char *, strdup, (const char *text), (text), FAULT_MEMORY, NULL)
WRAP(char *, strndup, (const char *text, size_t count), (text, count), FAULT_MEMORY, NULL)
WRAP(char *, realpath, (const char *path, char *out), (path, out), FAULT_MEMORY, NULL)
WRAP(int, rename, (const char *from, const char *to), (from, to), FAULT_SYSTEM, -1)
WRAP(int, unlink, (const char *path), (path), FAULT_SYSTEM, -1)
WRAP(int, flock, (int file, int how), (file, how), FAULT_SYSTEM, -1)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), FAULT_SYSTEM, -1)

/* Meson asks for 64-bit offsets, with which the C library gives these functions another name. */
WRAP(int, ftruncate64, (int file, off_t length), (file, length), FAULT_SYSTEM, -1)
WRAP(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at), FAULT_SYSTEM,
     -1)

int __wrap_fsync(int file);
int __wrap_fsync(int file)
{
    (void)file;
    if (!fails(FAULT_SYSTEM))
        return 0;
    errno = error_of(FAULT_SYSTEM);
    return -1;
}

int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (!fails(FAULT_SYSTEM))
        return __real_open64(path, flags, mode);
    errno = error_of(FAULT_SYSTEM);
    return -1;
}

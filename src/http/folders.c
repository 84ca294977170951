/* Folders of the server. Their own file because whole trees go here, and links must not lead out of them. */
#include "http/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 64, MANY = 24 };

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* What is done with an entry of an open folder: returns its bytes, or, for a folder, those below it. */
typedef int64_t entry_visit(int folder, const char *name, int depth);

/* Visits each entry of the folder, whose descriptor it closes. Returns what they return together. */
static int64_t visit_entries(int descriptor, int depth, entry_visit *visit)
{
    DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);
    int64_t bytes = 0;
    if (!folder) {
        if (descriptor >= 0)
            (void)close(descriptor);
        return 0;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)))
        if (!is_dots(entry->d_name))
            bytes += visit(dirfd(folder), entry->d_name, depth);
    (void)closedir(folder);
    return bytes;
}

static int open_folder(int above, const char *name)
{
    return openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int64_t remove_entry(int folder, const char *name, int depth)
{
    struct stat facts;
    bool known = !fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW);
    if (!unlinkat(folder, name, 0))
        return known && S_ISREG(facts.st_mode) && facts.st_nlink == 1 ? facts.st_size : 0;
    if (depth == DEEPEST)
        return 0;
    int64_t bytes = visit_entries(open_folder(folder, name), depth + 1, remove_entry);
    (void)unlinkat(folder, name, AT_REMOVEDIR);
    return bytes;
}

int64_t folder_remove(const char *path)
{
    return remove_entry(AT_FDCWD, path, 0);
}

static int64_t measure_entry(int folder, const char *name, int depth)
{
    struct stat facts;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW))
        return 0;
    if (S_ISREG(facts.st_mode))
        return facts.st_size / (int64_t)facts.st_nlink;
    if (!S_ISDIR(facts.st_mode) || depth == DEEPEST)
        return 0;
    return visit_entries(open_folder(folder, name), depth + 1, measure_entry);
}

int64_t folder_bytes(const char *path)
{
    return measure_entry(AT_FDCWD, path, 0);
}

void folder_each(const char *path, void (*visit)(void *context, const char *name), void *context)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (!is_dots(entry->d_name))
            visit(context, entry->d_name);
    if (folder)
        (void)closedir(folder);
}

/* Flushes one entry of an open folder. */
static gpen_status flush_entry(int folder, const char *name, gpen_error *error)
{
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    gpen_status status = GPEN_OK;
    /* EINVAL: a file system that cannot flush a folder. */
    if (file < 0 || (fsync(file) && errno != EINVAL))
        status = gpen_fail_write(error, errno, name, "flushing");
    if (file >= 0)
        (void)close(file);
    return status;
}

/* Many files are flushed at one stroke where the system can, which is a hundred times faster than one by one. *done: it could. */
static gpen_status flush_at_once(int folder, size_t count, bool *done, gpen_error *error)
{
    *done = false;
#ifdef __linux__
    if (count < MANY)
        return GPEN_OK;
    *done = true;
    if (syncfs(folder))
        return gpen_fail_write(error, errno, "the photos", "flushing");
#else
    (void)folder;
    (void)count;
    (void)error;
#endif
    return GPEN_OK;
}

static size_t count_entries(DIR *folder)
{
    size_t count = 0;
    while (readdir(folder))
        count++;
    rewinddir(folder);
    return count;
}

gpen_status folder_flush_all(const char *path, gpen_error *error)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool done;
    if (!folder)
        return gpen_fail_write(error, errno, path, "opening the folder");
    gpen_status status = flush_at_once(dirfd(folder), count_entries(folder), &done, error);
    while (!status && !done && (entry = readdir(folder)))
        if (!is_dots(entry->d_name))
            status = flush_entry(dirfd(folder), entry->d_name, error);
    if (!status && !done)
        status = flush_entry(dirfd(folder), ".", error);
    (void)closedir(folder);
    return status;
}

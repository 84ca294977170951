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

/* Empties the folder, whose descriptor it closes. */
static void empty(int descriptor, int depth)
{
    DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!folder) {
        if (descriptor >= 0)
            (void)close(descriptor);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (is_dots(entry->d_name))
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0) && depth < DEEPEST) {
            empty(openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), depth + 1);
            (void)unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
        }
    }
    (void)closedir(folder);
}

void folder_remove(const char *path)
{
    empty(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0);
    (void)rmdir(path);
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

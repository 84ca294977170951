/* Folders of the server. Their own file because whole trees go here, and links must not lead out of them. */
#include "http/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 64 };

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

static gpen_status flush(const char *path, int flags, gpen_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
    gpen_status status = GPEN_OK;
    /* EINVAL: a file system that cannot flush a folder. */
    if (descriptor < 0 || (fsync(descriptor) && errno != EINVAL))
        status = gpen_fail_write(error, errno, path, "flushing");
    if (descriptor >= 0)
        (void)close(descriptor);
    return status;
}

gpen_status file_flush(const char *path, gpen_error *error)
{
    return flush(path, 0, error);
}

gpen_status folder_flush_itself(const char *path, gpen_error *error)
{
    return flush(path, O_DIRECTORY, error);
}

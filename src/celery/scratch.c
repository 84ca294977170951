/* Scratch folders. Its own file because a worker that is killed leaves one, which the next takes away. */
#include "celery/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef __linux__
#include <limits.h>
#endif

#include "base/file.h"

#define SCRATCH_PREFIX "gpen-worker-"

static const char *temporary_folder(void)
{
    const char *chosen = getenv("TMPDIR");
    return chosen && *chosen ? chosen : "/tmp";
}

void scratch_remove(const char *path)
{
    DIR *listing = path ? opendir(path) : NULL;
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
    if (listing)
        closedir(listing);
    if (path)
        (void)rmdir(path);
}

/* "gpen-worker-PROCESS-XXXXXX" of a process that is no more, and ours. */
static bool is_left_over(int folder, const char *name)
{
    struct stat facts;
    size_t length = sizeof SCRATCH_PREFIX - 1;
    if (strncmp(name, SCRATCH_PREFIX, length) != 0)
        return false;
    long process = strtol(name + length, NULL, 10);
    return process > 0 && kill((pid_t)process, 0) && errno == ESRCH &&
           !fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) && S_ISDIR(facts.st_mode) && facts.st_uid == geteuid();
}

static void remove_left_over(const char *folder)
{
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        char *path = is_left_over(dirfd(listing), entry->d_name) ? path_join(folder, entry->d_name) : NULL;
        scratch_remove(path);
        free(path);
    }
    if (listing)
        closedir(listing);
}

gpen_status scratch_make(char **path, gpen_error *error)
{
    const char *folder = temporary_folder();
    remove_left_over(folder);
    if (asprintf(path, "%s/" SCRATCH_PREFIX "%ld-XXXXXX", folder, (long)getpid()) < 0) {
        *path = NULL;
        return gpen_fail_memory(error, "a path", 0);
    }
    if (mkdtemp(*path))
        return GPEN_OK;
    gpen_status status = gpen_fail_write(error, errno, *path, "making a folder for results on their way");
    free(*path);
    *path = NULL;
    return status;
}

static bool is_part_of(const char *entry, const char *name)
{
    static const char ending[] = ".part";
    size_t length = strlen(entry), name_length = strlen(name), ending_length = sizeof ending - 1;
    return length > name_length + 2 + ending_length && entry[0] == '.' && !strncmp(entry + 1, name, name_length) &&
           entry[name_length + 1] == '.' && !strcmp(entry + length - ending_length, ending);
}

void parts_remove(int folder, const char *name)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again < 0 ? NULL : fdopendir(again);
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        if (is_part_of(entry->d_name, name))
            (void)unlinkat(folder, entry->d_name, 0);
    if (listing)
        closedir(listing);
    else if (again >= 0)
        close(again);
}

char *path_of_open(int descriptor, const char *name)
{
    char *path = NULL;
#ifdef __linux__
    int length = asprintf(&path, "/proc/self/fd/%d%s%s", descriptor, name ? "/" : "", name ? name : "");
#else
    /* Where the folder is now; /dev/fd leads to files only. */
    char place[PATH_MAX] = "";
    if (name && fcntl(descriptor, F_GETPATH, place) < 0)
        return NULL;
    int length = name ? asprintf(&path, "%s/%s", place, name) : asprintf(&path, "/dev/fd/%d", descriptor);
#endif
    return length < 0 ? NULL : path;
}

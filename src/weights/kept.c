/* Where things made of a weights file are kept between runs, and how they go again. Its own file because it is about the cache folder,
 * not about weights. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "weights/private.h"

enum { DAYS_UNUSED = 30, SECONDS_A_DAY = 24 * 60 * 60 };

static uint64_t mixed(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static uint64_t number_of(const struct stat *facts)
{
#ifdef __APPLE__
    const struct timespec changed = facts->st_mtimespec;
#else
    const struct timespec changed = facts->st_mtim;
#endif
    uint64_t hash = mixed(mixed(1, (uint64_t)facts->st_dev), (uint64_t)facts->st_ino);
    hash = mixed(mixed(hash, (uint64_t)facts->st_size), (uint64_t)changed.tv_sec);
    return mixed(hash, (uint64_t)changed.tv_nsec);
}

static bool is_kept(const char *name)
{
    static const char ending[] = ".packed";
    size_t length = strlen(name);
    return length > sizeof ending && !strcmp(name + length - (sizeof ending - 1), ending);
}

/* What was used is marked with the day of its use, as its time of change. */
static void remove_unused(const char *folder)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return;
    const time_t limit = time(NULL) - (time_t)DAYS_UNUSED * SECONDS_A_DAY;
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct stat facts;
        if (is_kept(entry->d_name) && !fstatat(dirfd(entries), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) &&
            S_ISREG(facts.st_mode) && facts.st_mtime < limit)
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    (void)closedir(entries);
}

char *weights_kept_path(const weights *file, const char *folder)
{
    struct stat facts;
    if (!folder || file->descriptor < 0 || fstat(file->descriptor, &facts) || folder_make(folder, NULL))
        return NULL;
    remove_unused(folder);
    char *stem = path_stem(path_name(file->label)), *name = NULL, *path = NULL;
    if (stem && asprintf(&name, "%.100s-%016" PRIx64, stem, number_of(&facts)) >= 0)
        path = path_join(folder, name);
    free(name);
    free(stem);
    return path;
}

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

/* Of what tells a file from another and from itself before it was written to. */
static uint64_t number_of(const struct stat *facts)
{
#ifdef __APPLE__
    const struct timespec times[] = {facts->st_mtimespec, facts->st_ctimespec};
#else
    const struct timespec times[] = {facts->st_mtim, facts->st_ctim};
#endif
    uint64_t hash = mixed(mixed(1, (uint64_t)facts->st_dev), (uint64_t)facts->st_ino);
    hash = mixed(hash, (uint64_t)facts->st_size);
    for (int i = 0; i < 2; i++)
        hash = mixed(mixed(hash, (uint64_t)times[i].tv_sec), (uint64_t)times[i].tv_nsec);
    return hash;
}

static bool is_kept(const char *name)
{
    static const char *const endings[] = {".packed", ".sha256"}; /* of one length */
    size_t length = strlen(name), ending = strlen(endings[0]);
    return length > ending &&
           (!strcmp(name + length - ending, endings[0]) || !strcmp(name + length - ending, endings[1]));
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

/* FOLDER/NAME-NUMBER and an ending. NULL: no memory. */
static char *path_of(const char *folder, const char *path, const struct stat *facts, const char *ending)
{
    char *stem = path_stem(path_name(path)), *name = NULL, *kept = NULL;
    if (stem && asprintf(&name, "%.100s-%016" PRIx64 "%s", stem, number_of(facts), ending) >= 0)
        kept = path_join(folder, name);
    free(name);
    free(stem);
    return kept;
}

char *weights_kept_path(const weights *file, const char *folder)
{
    struct stat facts;
    if (!folder || file->descriptor < 0 || fstat(file->descriptor, &facts) || folder_make(folder, NULL))
        return NULL;
    remove_unused(folder);
    return path_of(folder, file->label, &facts, "");
}

/* "DIGEST  NAME", as sha256sum writes it. A failure costs the next run time. */
static void keep_sum(const char *kept, const char *digest, const char *name)
{
    atomic_file file;
    if (atomic_file_begin(&file, kept, NULL))
        return;
    if (!atomic_file_write(&file, digest, strlen(digest), NULL) && !atomic_file_write(&file, "  ", 2, NULL) &&
        !atomic_file_write(&file, name, strlen(name), NULL) && !atomic_file_write(&file, "\n", 1, NULL))
        (void)atomic_file_commit(&file, true, NULL);
    else
        atomic_file_abandon(&file);
}

gpen_status file_sha256_kept(const char *path, const char *folder, char digest[65], gpen_error *error)
{
    struct stat before, after;
    char *kept = NULL;
    if (folder && !stat(path, &before) && S_ISREG(before.st_mode) && !folder_make(folder, NULL))
        kept = path_of(folder, path, &before, ".sha256");
    gpen_status status = GPEN_OK;
    if (!kept || sha256_list_find(kept, path_name(path), digest, NULL)) {
        status = file_sha256(path, digest, error);
        if (!status && kept && !stat(path, &after) && number_of(&after) == number_of(&before))
            keep_sum(kept, digest, path_name(path));
    }
    free(kept);
    return status;
}

/* A temporary folder for one test case, made before it and removed behind it. */
#ifndef TESTS_BASE_SCRATCH_H
#define TESTS_BASE_SCRATCH_H

#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int scratch_remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static inline void scratch_remove(const char *folder)
{
    (void)nftw(folder, scratch_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* cmocka's set-up: *state is the folder's path. */
static inline int scratch_setup(void **state)
{
    const char *parent = getenv("TMPDIR");
    char *path = malloc(4096);
    if (!path)
        return -1;
    snprintf(path, 4096, "%s/gpen-test-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(path)) {
        free(path);
        return -1;
    }
    *state = path;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    scratch_remove(*state);
    free(*state);
    return 0;
}

/* How many names stand in a folder, hidden ones too; -1 when it cannot be read. */
static inline int scratch_count(const char *folder)
{
    DIR *listing = opendir(folder);
    if (!listing)
        return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(listing));)
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(listing);
    return count;
}

/* True when the file holds exactly this text. */
static inline bool scratch_holds(const char *path, const char *text)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char bytes[4096];
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return count == strlen(text) && !memcmp(bytes, text, count);
}

#endif

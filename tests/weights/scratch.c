/* A folder of a test's own, under TMPDIR, removed with all that is in it. */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int make_scratch(void **state)
{
    const char *base = getenv("TMPDIR");
    char path[128];
    (void)snprintf(path, sizeof path, "%s/gpen-test-XXXXXX", base && strlen(base) < 80 ? base : "/tmp");
    *state = mkdtemp(path) ? strdup(path) : NULL;
    return *state ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int remove_scratch(void **state)
{
    int result = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

int mkdir_scratch(const char *folder, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return mkdir(path, 0777);
}

void write_scratch(const char *path, const bytes *content)
{
    FILE *file = fopen(path, "wb");
    if (!file ||
        fwrite(content->data ? content->data : (const uint8_t *)"", 1, content->length, file) != content->length ||
        fclose(file))
        abort();
}

void read_scratch(const char *path, bytes *content)
{
    uint8_t block[4096];
    size_t got;
    FILE *file = fopen(path, "rb");
    if (!file)
        abort();
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        add(content, block, got);
    (void)fclose(file);
}

/* Telling whether a file changed. Its own file because adding, working and cleaning must mean the same by it. */
#include "batch/content.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int content_read(store_content *content, const char *path)
{
    struct stat facts;
    *content = (store_content){.bytes = 0};
    if (stat(path, &facts))
        return errno;
    if (!S_ISREG(facts.st_mode)) {
        errno = S_ISDIR(facts.st_mode) ? EISDIR : EINVAL;
        return errno;
    }
#ifdef __APPLE__
    const struct timespec changed = facts.st_mtimespec;
#else
    const struct timespec changed = facts.st_mtim;
#endif
    content->bytes = facts.st_size;
    content->modified = (int64_t)changed.tv_sec * 1000000000 + changed.tv_nsec;
    return 0;
}

bool content_same(const store_content *a, const store_content *b)
{
    return a->bytes == b->bytes && a->modified == b->modified;
}

bool content_remove(const char *path, const store_content *was)
{
    store_content now;
    return !content_read(&now, path) && content_same(&now, was) && !unlink(path);
}

bool content_equal(const char *a, const char *b)
{
    char left[16384], right[16384];
    FILE *first = fopen(a, "rbe"), *second = fopen(b, "rbe");
    bool equal = first && second;
    size_t count = 1;
    while (equal && count) {
        count = fread(left, 1, sizeof left, first);
        equal = fread(right, 1, sizeof right, second) == count && !memcmp(left, right, count);
    }
    equal = equal && !ferror(first) && !ferror(second);
    if (first)
        (void)fclose(first);
    if (second)
        (void)fclose(second);
    return equal;
}

/* A plain main for a fuzz target: gives it every file of a folder, so that a corpus is an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { SKIPPED = 77 };

/* The file's bytes in a block of just their size, so that a sanitizer sees a read beyond it. NULL: not readable. */
static uint8_t *read_whole(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    long length = -1;
    if (!fseek(file, 0, SEEK_END))
        length = ftell(file);
    uint8_t *bytes = length >= 0 ? malloc(length ? (size_t)length : 1) : NULL;
    rewind(file);
    if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    *count = (size_t)length;
    return bytes;
}

static int replay(const char *folder, const char *name)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return 1;
    size_t count = 0;
    uint8_t *bytes = read_whole(path, &count);
    if (!bytes) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    printf("%s\n", name);
    fflush(stdout); /* so that a crash leaves the input's name */
    (void)LLVMFuzzerTestOneInput(bytes, count);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *listing = argc == 2 ? opendir(argv[1]) : NULL;
    if (!listing) {
        printf("there is no corpus %s\n", argc == 2 ? argv[1] : "(usage: replay FOLDER)");
        return SKIPPED;
    }
    int failures = 0;
    for (struct dirent *entry; (entry = readdir(listing));)
        if (entry->d_name[0] != '.')
            failures += replay(argv[1], entry->d_name);
    closedir(listing);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

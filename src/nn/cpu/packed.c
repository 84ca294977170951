/* Packed weights in memory and in files: see packed.h. Its own file because only this one knows how they are kept. */
#include "nn/cpu/packed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { HEADER_BYTES = 4096, LANES = 8 };

typedef struct header {
    char magic[8];
    uint64_t key, count, sum;
} header;

static const char magic[8] = "gpenpk1";

/* Every bit counts: eight chains, each word mixed by an odd factor, which loses nothing. Quick, because it is computed at every
 * start over hundreds of megabytes; not a defence against a forger, who could write the weights as well. */
static uint64_t sum_of(const float *floats, size_t count)
{
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t lanes[LANES] = {1, 2, 3, 4, 5, 6, 7, 8}, words[LANES];
    size_t i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        memcpy(words, floats + i, sizeof words);
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] = (lanes[lane] ^ words[lane]) * factor;
    }
    for (; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, floats + i, sizeof bits);
        lanes[0] = (lanes[0] ^ bits) * factor;
    }
    uint64_t sum = count;
    for (int lane = 0; lane < LANES; lane++)
        sum = (sum ^ lanes[lane] ^ lanes[lane] >> 29) * factor;
    return sum;
}

bool packed_new(packed_weights *packed, size_t count)
{
    *packed = (packed_weights){.floats = aligned_new(count * sizeof(float)), .count = count};
    if (packed->floats)
        memset(packed->floats, 0, count * sizeof(float));
    return packed->floats != NULL;
}

void packed_release(packed_weights *packed)
{
    if (packed->mapping)
        (void)munmap(packed->mapping, HEADER_BYTES + packed->count * sizeof(float));
    else
        aligned_free(packed->floats, packed->count * sizeof(float));
    *packed = (packed_weights){0};
}

/* The whole of an open file of the right length, or NULL. */
static void *map_file(int descriptor, size_t bytes)
{
    struct stat facts;
    if (fstat(descriptor, &facts) || !S_ISREG(facts.st_mode) || facts.st_size < 0 || (uint64_t)facts.st_size != bytes)
        return NULL;
#ifdef MAP_POPULATE
    const int at_once = MAP_POPULATE; /* the check sum reads all of it anyway */
#else
    const int at_once = 0;
#endif
    void *mapping = mmap(NULL, bytes, PROT_READ, MAP_SHARED | at_once, descriptor, 0);
    return mapping == MAP_FAILED ? NULL : mapping;
}

bool packed_map(packed_weights *packed, const char *path, uint64_t key, size_t count)
{
    *packed = (packed_weights){0};
    size_t bytes;
    if (!size_multiply(count, sizeof(float), &bytes) || !size_add(bytes, HEADER_BYTES, &bytes))
        return false;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return false;
    void *mapping = map_file(descriptor, bytes);
    if (mapping)
        (void)futimens(descriptor, NULL); /* a folder that cannot be written to is no reason not to read */
    (void)close(descriptor);
    if (!mapping)
        return false;
    header found;
    memcpy(&found, mapping, sizeof found);
    *packed = (packed_weights){(float *)(void *)((char *)mapping + HEADER_BYTES), count, mapping};
    if (!memcmp(found.magic, magic, sizeof magic) && found.key == key && found.count == count &&
        found.sum == sum_of(packed->floats, count))
        return true;
    packed_release(packed);
    return false;
}

bool packed_write(const packed_weights *packed, const char *path, uint64_t key)
{
    char page[HEADER_BYTES] = {0};
    header head = {.key = key, .count = packed->count, .sum = sum_of(packed->floats, packed->count)};
    memcpy(head.magic, magic, sizeof magic);
    memcpy(page, &head, sizeof head);
    atomic_file file;
    if (atomic_file_begin(&file, path, NULL))
        return false;
    if (!atomic_file_write(&file, page, sizeof page, NULL) &&
        !atomic_file_write(&file, packed->floats, packed->count * sizeof(float), NULL))
        return !atomic_file_commit(&file, true, NULL);
    atomic_file_abandon(&file);
    return false;
}

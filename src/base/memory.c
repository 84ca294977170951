/* Aligned blocks. Large ones come straight from the kernel, so that freeing them gives the memory back at once: what
 * keeps the memory of a long run flat. */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void *aligned_new(size_t bytes)
{
    if (bytes > SIZE_MAX - HUGE_PAGE)
        return NULL;
    if (bytes < HUGE_PAGE)
        return aligned_alloc(MEMORY_ALIGNMENT, round_up(bytes ? bytes : 1, MEMORY_ALIGNMENT));
    size_t length = round_up(bytes, HUGE_PAGE);
    void *block = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    (void)madvise(block, length, MADV_HUGEPAGE); /* only a hint: slower without, never wrong */
#endif
    return block;
}

void aligned_free(void *block, size_t bytes)
{
    if (!block)
        return;
    if (bytes < HUGE_PAGE)
        free(block);
    else
        (void)munmap(block, round_up(bytes, HUGE_PAGE));
}

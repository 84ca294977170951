/* Blocks in a list, filled from the front; each at least 4 KiB, so that a thousand names are not a thousand mallocs. */
#include "weights/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK_BYTES = 4096 };

struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
    alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *block_with_room(arena *from, size_t bytes)
{
    struct arena_block *block = from->blocks;
    if (block && block->capacity - block->used >= bytes)
        return block;
    size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    block = calloc(1, sizeof *block + capacity);
    if (!block)
        return NULL;
    block->capacity = capacity;
    block->next = from->blocks;
    from->blocks = block;
    return block;
}

void *arena_take(arena *from, size_t bytes)
{
    if (bytes > SIZE_MAX / 2 || round_up(bytes ? bytes : 1, alignof(max_align_t)) > from->budget) {
        from->over_budget = true;
        return NULL;
    }
    bytes = round_up(bytes ? bytes : 1, alignof(max_align_t));
    struct arena_block *block = block_with_room(from, bytes);
    if (!block) {
        from->no_memory = true;
        return NULL;
    }
    void *taken = block->bytes + block->used;
    block->used += bytes;
    from->budget -= bytes;
    return taken;
}

char *arena_text(arena *from, const char *text, size_t length)
{
    char *copy = arena_take(from, length + 1);
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

void arena_free(arena *from)
{
    while (from->blocks) {
        struct arena_block *next = from->blocks->next;
        free(from->blocks);
        from->blocks = next;
    }
    *from = (arena){0};
}

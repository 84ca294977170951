/* Greedy placement by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). */
#include "nn/arena.h"

#include <stdlib.h>

enum { ARENA_UNIT = 16 }; /* floats: one cache line */

static int larger_first(const void *a, const void *b)
{
    const arena_block *x = *(const arena_block *const *)a, *y = *(const arena_block *const *)b;
    if (x->floats != y->floats)
        return x->floats < y->floats ? 1 : -1;
    return x < y ? -1 : 1; /* a fixed order, so that a plan is the same each time */
}

static int lower_first(const void *a, const void *b)
{
    const arena_block *x = *(const arena_block *const *)a, *y = *(const arena_block *const *)b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static size_t rounded(size_t floats)
{
    return (floats + ARENA_UNIT - 1) / ARENA_UNIT * ARENA_UNIT;
}

/* The lowest offset at which `block` fits between those of placed[] (sorted by offset) that live at the same time. */
static size_t lowest_gap(const arena_block *block, arena_block **placed, int count)
{
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        const arena_block *other = placed[i];
        if (other->last < block->first || other->first > block->last)
            continue;
        if (offset + rounded(block->floats) <= other->offset)
            break;
        size_t end = other->offset + rounded(other->floats);
        if (end > offset)
            offset = end;
    }
    return offset;
}

bool arena_place(arena_block *blocks, int count, size_t *floats)
{
    *floats = 0;
    arena_block **order = calloc((size_t)count + 1, sizeof *order),
                **placed = calloc((size_t)count + 1, sizeof *placed);
    for (int i = 0; order && placed && i < count; i++)
        order[i] = &blocks[i];
    if (order && placed) {
        qsort(order, (size_t)count, sizeof *order, larger_first);
        for (int i = 0; i < count; i++) {
            order[i]->offset = lowest_gap(order[i], placed, i);
            placed[i] = order[i];
            qsort(placed, (size_t)i + 1, sizeof *placed, lower_first);
            size_t end = order[i]->offset + rounded(order[i]->floats);
            if (end > *floats)
                *floats = end;
        }
    }
    bool done = order && placed;
    free(order);
    free(placed);
    return done;
}

/* Greedy placement by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020), tried again with
 * the block that stuck out placed first, until the arena is as small as what lives at one time, or enough was tried. */
#include "nn/arena.h"

#include <stdlib.h>

enum {
    ARENA_UNIT = 16, /* floats: one cache line */
    MOST_TRIES = 32,
};

static int larger_first(const void *a, const void *b)
{
    const arena_block *x = *(const arena_block *const *)a, *y = *(const arena_block *const *)b;
    if (x->floats != y->floats)
        return x->floats < y->floats ? 1 : -1;
    return x < y ? -1 : 1; /* a fixed order, so that a plan is the same each time */
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

/* Places the blocks in this order; returns the floats they take. *highest: the number in `order` of a block that ends there. */
static size_t place_in_order(arena_block **order, arena_block **placed, int count, int *highest)
{
    size_t floats = 0;
    *highest = 0;
    for (int i = 0; i < count; i++) {
        order[i]->offset = lowest_gap(order[i], placed, i);
        int at = i;
        for (; at > 0 && placed[at - 1]->offset > order[i]->offset; at--)
            placed[at] = placed[at - 1];
        placed[at] = order[i];
        size_t end = order[i]->offset + rounded(order[i]->floats);
        if (end > floats) {
            floats = end;
            *highest = i;
        }
    }
    return floats;
}

static void move_first(arena_block **order, int from)
{
    arena_block *block = order[from];
    for (int i = from; i > 0; i--)
        order[i] = order[i - 1];
    order[0] = block;
}

/* What lives at the busiest time: no arena is smaller. */
static size_t least_floats(const arena_block *blocks, int count)
{
    size_t most = 0;
    for (int i = 0; i < count; i++) {
        size_t floats = 0; /* when block i begins */
        for (int k = 0; k < count; k++)
            if (blocks[k].first <= blocks[i].first && blocks[k].last >= blocks[i].first)
                floats += rounded(blocks[k].floats);
        most = floats > most ? floats : most;
    }
    return most;
}

bool arena_place(arena_block *blocks, int count, size_t *floats)
{
    *floats = 0;
    arena_block **order = calloc((size_t)count + 1, sizeof *order),
                **placed = calloc((size_t)count + 1, sizeof *placed);
    size_t *best = calloc((size_t)count + 1, sizeof *best);
    bool done = order && placed && best;
    if (done) {
        size_t least = least_floats(blocks, count);
        for (int i = 0; i < count; i++)
            order[i] = &blocks[i];
        qsort(order, (size_t)count, sizeof *order, larger_first);
        for (int try = 0; try < MOST_TRIES && (try == 0 || *floats > least); try++) {
            int highest;
            size_t taken = place_in_order(order, placed, count, &highest);
            for (int i = 0; i < count && (try == 0 || taken < *floats); i++)
                best[i] = blocks[i].offset;
            *floats = try == 0 || taken < *floats ? taken : *floats;
            if (count)
                move_first(order, highest);
        }
        for (int i = 0; i < count; i++)
            blocks[i].offset = best[i];
    }
    free(order);
    free(placed);
    free(best);
    return done;
}

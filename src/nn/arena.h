/* Placing values in one arena by their lifetimes. */
#ifndef GPEN_NN_ARENA_H
#define GPEN_NN_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* A block that must keep its place from step `first` to step `last`, both included. */
typedef struct arena_block {
    size_t floats;
    int first, last;
    size_t offset; /* filled in: floats from the arena's start, a multiple of 16 */
} arena_block;

/* Gives each block an offset such that blocks alive at the same step do not overlap, and writes the arena's length to
 * *floats. The largest blocks are placed first, each in the lowest gap that holds it; while that takes more than what lives at one
 * step, it is tried again with the block that stuck out first. false: no memory. */
bool arena_place(arena_block *blocks, int count, size_t *floats);

#endif

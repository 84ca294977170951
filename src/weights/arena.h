/* arena.h: memory for many small things that live and die together, with a budget that a hostile file cannot exceed. */
#ifndef GPEN_WEIGHTS_ARENA_H
#define GPEN_WEIGHTS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

/* Zero apart from the budget is ready for use: (arena){.budget = 1 << 20}. */
typedef struct arena {
    struct arena_block *blocks;
    size_t budget;    /* bytes that may still be taken */
    bool over_budget; /* something was refused because the budget is spent */
    bool no_memory;   /* something was refused because the machine has no more */
} arena;

/* Zeroed bytes, aligned for any type, that live until arena_free. NULL: budget spent or no memory. */
void *arena_take(arena *from, size_t bytes);

/* A copy of `length` bytes with a zero byte behind them. */
char *arena_text(arena *from, const char *text, size_t length);

void arena_free(arena *from);

#endif

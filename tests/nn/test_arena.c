/* Placing blocks by lifetime: nothing overlaps, and chains need no more than they must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "nn/arena.h"

static void blocks_alive_together_never_overlap(void **state)
{
    (void)state;
    enum { COUNT = 80 };
    srand(7);
    for (int trial = 0; trial < 50; trial++) {
        arena_block blocks[COUNT];
        size_t total, most_alive = 0;
        for (int i = 0; i < COUNT; i++) {
            int first = rand() % 60;
            blocks[i] = (arena_block){(size_t)(rand() % 5000), first, first + rand() % 9, 0};
        }
        assert_true(arena_place(blocks, COUNT, &total));
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal(blocks[i].offset % 16, 0);
            assert_true(blocks[i].offset + blocks[i].floats <= total);
            for (int j = 0; j < i; j++) {
                bool together = blocks[i].first <= blocks[j].last && blocks[j].first <= blocks[i].last;
                bool apart = blocks[i].offset + blocks[i].floats <= blocks[j].offset ||
                             blocks[j].offset + blocks[j].floats <= blocks[i].offset;
                assert_true(!together || apart);
            }
        }
        for (int step = 0; step < 70; step++) {
            size_t alive = 0;
            for (int i = 0; i < COUNT; i++)
                if (blocks[i].first <= step && step <= blocks[i].last)
                    alive += blocks[i].floats;
            most_alive = alive > most_alive ? alive : most_alive;
        }
        assert_true(total <= most_alive + most_alive / 2 + COUNT * 16);
    }
}

static void a_chain_needs_two_blocks(void **state)
{
    (void)state;
    arena_block blocks[20];
    size_t total;
    for (int i = 0; i < 20; i++)
        blocks[i] = (arena_block){1600, i, i + 1, 0};
    assert_true(arena_place(blocks, 20, &total));
    assert_int_equal(total, 3200);
}

static void nothing_needs_nothing(void **state)
{
    (void)state;
    size_t total = 1;
    assert_true(arena_place(NULL, 0, &total));
    assert_int_equal(total, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_alive_together_never_overlap),
        cmocka_unit_test(a_chain_needs_two_blocks),
        cmocka_unit_test(nothing_needs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Thousands of slightly broken weights files: whatever they become, the readers must refuse them or read them, within
 * bounds. Meant for a build with sanitizers as well. The seed is fixed, so that a failure can be repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../fuzz/exercise_weights.h"
#include "samples.h"

enum { MUTATIONS = 2000 };

/* xorshift64 */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void flip_bytes(bytes *b, uint64_t *random)
{
    for (uint64_t i = next_random(random) % 4 + 1; i > 0; i--)
        b->data[next_random(random) % b->length] = (uint8_t)next_random(random);
}

/* Numbers at the edges are what size computations fail at. */
static void plant_number(bytes *b, uint64_t *random)
{
    static const uint64_t edges[] = {0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, INT64_MAX, UINT64_MAX};
    uint64_t edge = edges[next_random(random) % (sizeof edges / sizeof *edges)];
    size_t width = (size_t)1 << next_random(random) % 4, at = next_random(random) % b->length;
    for (size_t i = 0; i < width && at + i < b->length; i++)
        b->data[at + i] = (uint8_t)(edge >> (8 * i));
}

static void cut(bytes *b, uint64_t *random)
{
    b->length = next_random(random) % b->length + 1;
}

static void copy_within(bytes *b, uint64_t *random)
{
    size_t from = next_random(random) % b->length, to = next_random(random) % b->length;
    size_t longest = b->length - (from > to ? from : to);
    memmove(b->data + to, b->data + from, next_random(random) % (longest + 1));
}

static void mutate(bytes *b, uint64_t *random)
{
    void (*const ways[])(bytes *, uint64_t *) = {flip_bytes, plant_number, cut, copy_within};
    size_t count = sizeof ways / sizeof *ways;
    ways[next_random(random) % count](b, random);
    if (next_random(random) % 3 == 0)
        ways[next_random(random) % count](b, random);
}

/* The block is just as long as the input, so that a sanitizer sees a read beyond it. */
static gpen_status exercise_exactly(const bytes *input)
{
    void *block = malloc(input->length);
    assert_non_null(block);
    memcpy(block, input->data, input->length);
    gpen_status status = exercise_weights(block, input->length);
    free(block);
    return status;
}

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes content = {0};
        samples[i].build(&content);
        bool readable = WITH_ARCHIVE || strncmp(samples[i].name, "zip", 3);
        gpen_status expected = samples[i].good && readable ? GPEN_OK : GPEN_MODEL_INVALID;
        assert_int_equal(exercise_exactly(&content), expected);
        bytes_free(&content);
    }
}

static void test_mutations(void **state)
{
    (void)state;
    uint64_t random = 0x9E3779B97F4A7C15;
    for (size_t i = 0; i < sample_count; i++) {
        bytes content = {0};
        samples[i].build(&content);
        size_t refused = 0;
        for (int round = 0; round < MUTATIONS; round++) {
            bytes mutated = {0};
            add(&mutated, content.data, content.length);
            mutate(&mutated, &random);
            gpen_status status = exercise_exactly(&mutated);
            assert_true(status == GPEN_OK || status == GPEN_MODEL_INVALID);
            refused += status != GPEN_OK;
            bytes_free(&mutated);
        }
        assert_true(refused > 100); /* the mutations do hit what matters */
        bytes_free(&content);
    }
}

/* A good file that ends anywhere else is refused. */
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes content = {0};
        samples[i].build(&content);
        size_t whole = content.length;
        for (content.length = 1; content.length < whole; content.length++)
            assert_int_equal(exercise_exactly(&content), GPEN_MODEL_INVALID);
        bytes_free(&content);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

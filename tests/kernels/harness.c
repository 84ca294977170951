/* Buffers, comparison and timing of the kernel tests. */
#include "harness.h"

#include "nn/cpu/bf16.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static const uint32_t poison_bits = 0x7FA5A5A5; /* a NaN that no arithmetic makes */
static const uint16_t poison_number = 0x7FA5;

generator generator_new(uint64_t seed)
{
    return (generator){seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
}

static uint64_t next(generator *g)
{
    g->state ^= g->state >> 12;
    g->state ^= g->state << 25;
    g->state ^= g->state >> 27;
    return g->state * UINT64_C(0x2545F4914F6CDD1D);
}

int random_int(generator *g, int least, int most)
{
    return least + (int)(next(g) >> 33) % (most - least + 1);
}

float random_float(generator *g)
{
    return (float)((double)(next(g) >> 11) * 0x1p-52 - 1.0);
}

static size_t mapped_bytes(size_t bytes, size_t page)
{
    return (bytes + page - 1) / page * page + page;
}

/* So many bytes directly before a page that may not be touched. */
static void *guarded_bytes(size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = mapped_bytes(count, page);
    char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(start, MAP_FAILED);
    char *guard = start + bytes - page;
    assert_int_equal(mprotect(guard, page, PROT_NONE), 0);
    return guard - count;
}

static void guarded_bytes_free(void *first, size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = mapped_bytes(count, page);
    munmap((char *)first + count + page - bytes, bytes);
}

float *guarded_new(size_t count)
{
    return guarded_bytes(count * sizeof(float));
}

void guarded_free(float *floats, size_t count)
{
    guarded_bytes_free(floats, count * sizeof(float));
}

float *guarded_random(generator *g, size_t count)
{
    float *floats = guarded_new(count);
    for (size_t i = 0; i < count; i++)
        floats[i] = random_float(g);
    return floats;
}

float *guarded_copy(const float *from, size_t count)
{
    float *floats = guarded_new(count);
    memcpy(floats, from, count * sizeof *floats);
    return floats;
}

void poison(float *floats, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memcpy(&floats[i], &poison_bits, sizeof poison_bits);
}

bool is_poison(float value)
{
    return !memcmp(&value, &poison_bits, sizeof poison_bits);
}

static bool are_floats(const cpu_kernels *level)
{
    return level->number_bytes == sizeof(float);
}

void *numbers_from(const cpu_kernels *level, float *floats, size_t count)
{
    if (are_floats(level))
        return guarded_copy(floats, count);
    uint16_t *numbers = guarded_bytes(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = is_poison(floats[i]) ? poison_number : bf16_from_float(floats[i]);
        if (!is_poison(floats[i]))
            floats[i] = bf16_to_float(numbers[i]);
    }
    return numbers;
}

void *numbers_poisoned(const cpu_kernels *level, size_t count)
{
    float *floats = guarded_new(count);
    poison(floats, count);
    void *numbers = numbers_from(level, floats, count);
    guarded_free(floats, count);
    return numbers;
}

float *numbers_back(const cpu_kernels *level, const void *numbers, size_t count)
{
    if (are_floats(level))
        return guarded_copy(numbers, count);
    const uint16_t *halves = numbers;
    float *floats = guarded_new(count);
    for (size_t i = 0; i < count; i++) {
        floats[i] = bf16_to_float(halves[i]);
        if (halves[i] == poison_number)
            poison(&floats[i], 1);
    }
    return floats;
}

void numbers_free(const cpu_kernels *level, void *numbers, size_t count)
{
    guarded_bytes_free(numbers, count * level->number_bytes);
}

double number_bound(const cpu_kernels *level, double bound)
{
    return are_floats(level) ? bound : 0x1p-8;
}

void compare(const char *what, const float *expected, const float *actual, size_t count, double bound)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_poison(expected[i]) != is_poison(actual[i]))
            fail_msg("%s: number %zu was %s", what, i,
                     is_poison(actual[i]) ? "not written" : "written, and should not be");
        if (is_poison(expected[i]))
            continue;
        double d = (double)expected[i] - (double)actual[i];
        difference += d * d;
        norm += (double)expected[i] * (double)expected[i];
    }
    double error = norm > 0 ? sqrt(difference / norm) : sqrt(difference);
    if (!(error <= bound))
        fail_msg("%s: relative L2 %.3g is above %.3g", what, error, bound);
}

void compare_bits(const char *what, const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof *a))
            fail_msg("%s: number %zu differs: %.9g and %.9g", what, i, (double)a[i], (double)b[i]);
}

read_map random_read_map(generator *g, bool active)
{
    return (read_map){.scale = guarded_random(g, BLOCK),
                      .bias = active ? guarded_random(g, BLOCK) : NULL,
                      .gain = random_float(g),
                      .slope = 0.2f};
}

void free_read_map(read_map *map)
{
    guarded_free((float *)(uintptr_t)map->scale, BLOCK);
    if (map->bias)
        guarded_free((float *)(uintptr_t)map->bias, BLOCK);
}

write_map random_write_map(generator *g)
{
    static const float slopes[] = {0.0f, 0.1f, 0.2f, 1.0f};
    return (write_map){.scale = guarded_random(g, BLOCK),
                       .bias = guarded_random(g, BLOCK),
                       .slope = slopes[random_int(g, 0, 3)]};
}

void free_write_map(write_map *map)
{
    guarded_free((float *)(uintptr_t)map->scale, BLOCK);
    guarded_free((float *)(uintptr_t)map->bias, BLOCK);
}

/* Of processor time: a busy machine does not count. */
static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void bench(const subject *s, const char *what, double flop, void (*once)(void *context), void *context)
{
    if (!s->bench)
        return;
    once(context);
    double start = seconds_now(), end;
    long calls = 0;
    do {
        for (int i = 0; i < 16; i++)
            once(context);
        calls += 16;
        end = seconds_now();
    } while (end - start < 0.25);
    double seconds = (end - start) / (double)calls;
    printf("    %-8s %-34s %12.1f ns %8.1f GFLOP/s\n", s->level->level, what, seconds * 1e9, flop * 1e-9 / seconds);
}

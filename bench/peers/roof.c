/* What this machine can do at most: multiplications and additions a second, and bytes read from memory, by all threads together.
 *
 *     cc -O3 -march=native -pthread roof.c -o roof && ./roof THREADS
 *
 * Prints one JSON line. Compiled on the machine that is measured, by compare.py: no part of the program. Its own file because the
 * share of the peak that a layer reaches needs a peak that was measured, not one from a data sheet. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#if defined __AVX512F__
enum { VECTOR_BYTES = 64 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

/* Enough sums side by side to hide the latency of each, few enough for the registers. */
enum { SUMS = 12, LANES = VECTOR_BYTES / 4, STEPS = 4000000, TRIES = 7, MOST_THREADS = 256 };
static const size_t BLOCK_BYTES = (size_t)256 << 20; /* a thread's: larger than its caches */

typedef float vector __attribute__((vector_size(VECTOR_BYTES)));

typedef enum task { MULTIPLY, MULTIPLY_BF16, READ } task;

typedef struct worker {
    pthread_t thread;
    pthread_barrier_t *barrier;
    task task;
    vector *block;
    double begun[TRIES], ended[TRIES];
    double keep; /* what was computed, so that it is not left out */
} worker;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double total(const vector *sums)
{
    double all = 0;
    for (int i = 0; i < SUMS; i++)
        for (int lane = 0; lane < LANES; lane++)
            all += (double)sums[i][lane];
    return all;
}

/* Neither factor is known to the compiler, and no sum ever leaves the range of normal numbers. */
static double multiply(const vector *values)
{
    vector sums[SUMS], factor = values[0] * 0 + 0.5f, addend = values[1] * 0 + 1.0f;
    for (int i = 0; i < SUMS; i++)
        sums[i] = values[i];
    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < SUMS; i++)
            sums[i] = sums[i] * factor + addend;
    return total(sums);
}

#ifdef __AVX512BF16__
static double multiply_bf16(const vector *values)
{
    __m512 sums[SUMS];
    __m512bh factor = _mm512_cvtne2ps_pbh((__m512)values[0], (__m512)values[1]);
    for (int i = 0; i < SUMS; i++)
        sums[i] = (__m512)values[i];
    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < SUMS; i++)
            sums[i] = _mm512_dpbf16_ps(sums[i], factor, factor);
    vector result[SUMS];
    memcpy(result, sums, sizeof result);
    return total(result);
}
#endif

static double read_block(const vector *block)
{
    vector sums[SUMS] = {0};
    size_t count = BLOCK_BYTES / sizeof *block / SUMS * SUMS;
    for (size_t at = 0; at < count; at += SUMS)
        for (int i = 0; i < SUMS; i++)
            sums[i] += block[at + (size_t)i];
    return total(sums);
}

static double work(const worker *w)
{
    if (w->task == MULTIPLY)
        return multiply(w->block);
#ifdef __AVX512BF16__
    if (w->task == MULTIPLY_BF16)
        return multiply_bf16(w->block);
#endif
    return read_block(w->block);
}

static void *run(void *context)
{
    worker *w = context;
    for (int i = 0; i < TRIES; i++) {
        pthread_barrier_wait(w->barrier);
        w->begun[i] = now();
        w->keep += work(w);
        w->ended[i] = now();
    }
    return NULL;
}

/* From the first to begin to the last to end. */
static double span(const worker *workers, int threads, int try)
{
    double begun = workers[0].begun[try], ended = workers[0].ended[try];
    for (int i = 1; i < threads; i++) {
        begun = workers[i].begun[try] < begun ? workers[i].begun[try] : begun;
        ended = workers[i].ended[try] > ended ? workers[i].ended[try] : ended;
    }
    return ended - begun;
}

/* The seconds of the fastest try. */
static double fastest(worker *workers, int threads, task task)
{
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        workers[i].barrier = &barrier;
        workers[i].task = task;
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i])) {
            perror("roof");
            exit(1);
        }
    }
    for (int i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&barrier);
    double best = span(workers, threads, 0);
    for (int i = 1; i < TRIES; i++)
        best = span(workers, threads, i) < best ? span(workers, threads, i) : best;
    return best;
}

int main(int argc, char **argv)
{
    int threads = argc == 2 ? atoi(argv[1]) : 0;
    static worker workers[MOST_THREADS];
    if (threads < 1 || threads > MOST_THREADS)
        return fprintf(stderr, "usage: roof THREADS\n"), 2;
    for (int i = 0; i < threads; i++) {
        workers[i].block = aligned_alloc(VECTOR_BYTES, BLOCK_BYTES);
        if (!workers[i].block)
            return perror("roof"), 1;
        memset(workers[i].block, 0, BLOCK_BYTES);
    }
    double products = 2.0 * SUMS * LANES * STEPS * threads;
    printf("{\"threads\": %d, \"vector_bytes\": %d, \"gflops_fp32\": %.1f", threads, VECTOR_BYTES,
           products / fastest(workers, threads, MULTIPLY) * 1e-9);
#ifdef __AVX512BF16__
    printf(", \"gflops_bf16\": %.1f", 2 * products / fastest(workers, threads, MULTIPLY_BF16) * 1e-9);
#endif
    printf(", \"read_gb\": %.2f}\n", (double)BLOCK_BYTES * threads / fastest(workers, threads, READ) * 1e-9);
    double keep = 0;
    for (int i = 0; i < threads; i++) {
        keep += workers[i].keep;
        free(workers[i].block);
    }
    return keep != keep;
}

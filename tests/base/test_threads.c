/* The thread pool: each index once, a barrier at the end of each loop, no worker shared, at any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/threads.h"

enum { MOST_TASKS = 5000, MOST_WORKERS = 256 };

typedef struct tally {
    atomic_int times[MOST_TASKS];
    atomic_int inside[MOST_WORKERS]; /* tasks a worker is in: never two */
    atomic_int wrong;
    int threads;
} tally;

static void count_task(void *context, int index, int worker)
{
    tally *seen = context;
    if (worker < 0 || worker >= seen->threads) {
        atomic_fetch_add(&seen->wrong, 1);
        return;
    }
    if (atomic_fetch_add(&seen->inside[worker], 1))
        atomic_fetch_add(&seen->wrong, 1);
    atomic_fetch_add(&seen->times[index], 1);
    atomic_fetch_sub(&seen->inside[worker], 1);
}

static thread_pool *new_pool(int threads)
{
    gpen_error error = {0};
    thread_pool *pool = NULL;
    if (thread_pool_new(&pool, threads, &error))
        fail_msg("%s", error.message);
    assert_non_null(pool);
    return pool;
}

static void each_index_runs_once(void **state)
{
    (void)state;
    static const int thread_counts[] = {1, 2, 3, 8, 33};
    static const int task_counts[] = {0, 1, 2, 7, 32, 1000, MOST_TASKS};
    for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
        thread_pool *pool = new_pool(thread_counts[t]);
        assert_int_equal(thread_pool_size(pool), thread_counts[t]);
        for (size_t c = 0; c < sizeof task_counts / sizeof *task_counts; c++) {
            static tally seen;
            memset(&seen, 0, sizeof seen);
            seen.threads = thread_counts[t];
            thread_pool_run(pool, task_counts[c], count_task, &seen);
            assert_int_equal(atomic_load(&seen.wrong), 0);
            for (int i = 0; i < MOST_TASKS; i++)
                assert_int_equal(atomic_load(&seen.times[i]), i < task_counts[c] ? 1 : 0);
        }
        thread_pool_free(pool);
    }
}

/* Plain memory, written in one loop and read by other threads in the next: the loop's end has to publish it. */
typedef struct chain {
    int from[64], to[64];
} chain;

static void shift_task(void *context, int index, int worker)
{
    (void)worker;
    chain *data = context;
    data->to[index] = data->from[(index + 1) % 64] + 1;
}

static void copy_task(void *context, int index, int worker)
{
    (void)worker;
    chain *data = context;
    data->from[index] = data->to[index];
}

static void thousands_of_short_loops_see_each_other_s_results(void **state)
{
    (void)state;
    enum { ROUNDS = 4000 };
    thread_pool *pool = new_pool(4);
    chain data = {0};
    for (int i = 0; i < 64; i++)
        data.from[i] = i;
    for (int round = 0; round < ROUNDS; round++) {
        thread_pool_run(pool, 64, shift_task, &data);
        thread_pool_run(pool, 64, copy_task, &data);
    }
    for (int i = 0; i < 64; i++)
        assert_int_equal(data.from[i], (i + ROUNDS) % 64 + ROUNDS);
    thread_pool_free(pool);
}

/* A pause longer than the spinning, so that the threads are woken from sleep. */
static void sleeping_threads_wake_up(void **state)
{
    (void)state;
    thread_pool *pool = new_pool(3);
    static tally seen;
    memset(&seen, 0, sizeof seen);
    seen.threads = 3;
    for (int round = 0; round < 5; round++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        thread_pool_run(pool, 100, count_task, &seen);
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(atomic_load(&seen.times[i]), 5);
    assert_int_equal(atomic_load(&seen.wrong), 0);
    thread_pool_free(pool);
}

static void pools_come_and_go(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        thread_pool *pool = new_pool(1 + i % 7);
        if (i % 2) {
            static tally seen;
            memset(&seen, 0, sizeof seen);
            seen.threads = 1 + i % 7;
            thread_pool_run(pool, 10, count_task, &seen);
            assert_int_equal(atomic_load(&seen.times[9]), 1);
        }
        thread_pool_free(pool);
    }
}

static void pools_do_not_disturb_each_other(void **state)
{
    (void)state;
    thread_pool *a = new_pool(2), *b = new_pool(3);
    static tally of_a, of_b;
    memset(&of_a, 0, sizeof of_a);
    memset(&of_b, 0, sizeof of_b);
    of_a.threads = 2;
    of_b.threads = 3;
    for (int i = 0; i < 50; i++) {
        thread_pool_run(a, 20, count_task, &of_a);
        thread_pool_run(b, 20, count_task, &of_b);
    }
    for (int i = 0; i < 20; i++) {
        assert_int_equal(atomic_load(&of_a.times[i]), 50);
        assert_int_equal(atomic_load(&of_b.times[i]), 50);
    }
    assert_int_equal(atomic_load(&of_a.wrong) + atomic_load(&of_b.wrong), 0);
    thread_pool_free(a);
    thread_pool_free(b);
}

static void the_default_fits_the_machine(void **state)
{
    (void)state;
    int count = thread_count_default();
    assert_in_range(count, 1, 256);
    thread_pool *pool = new_pool(0);
    assert_int_equal(thread_pool_size(pool), count);
    thread_pool_free(pool);
}

static void senseless_numbers_are_refused(void **state)
{
    (void)state;
    static const int counts[] = {-1, 257, 1000000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        gpen_error error = {0};
        thread_pool *pool = (thread_pool *)&error; /* has to be overwritten */
        assert_int_equal(thread_pool_new(&pool, counts[i], &error), GPEN_BAD_ARGUMENT);
        assert_null(pool);
        assert_int_equal(error.status, GPEN_BAD_ARGUMENT);
    }
    thread_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_runs_once),
        cmocka_unit_test(thousands_of_short_loops_see_each_other_s_results),
        cmocka_unit_test(sleeping_threads_wake_up),
        cmocka_unit_test(pools_come_and_go),
        cmocka_unit_test(pools_do_not_disturb_each_other),
        cmocka_unit_test(the_default_fits_the_machine),
        cmocka_unit_test(senseless_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

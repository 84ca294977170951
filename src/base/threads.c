/* The pool. Tasks are handed out by one atomic counter. Between loops the threads first spin for a moment, because the
 * steps of a network follow each other within microseconds, and then sleep, because photos do not. */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_THREADS = 256, SPINS = 4000 };

struct thread_pool {
    int threads;
    pthread_t *handles; /* threads - 1 of them */
    pthread_mutex_t lock;
    pthread_cond_t wake, finished;
    atomic_uint generation; /* counts the loops; a change means work, or the end */
    atomic_int next;        /* the next index to take */
    atomic_int busy;        /* helpers that have not finished the current loop */
    atomic_bool stopping;
    int count;
    bool
        backwards; /* every other loop, so that it begins with what the one before it wrote last: that is still in the cache */
    thread_task *task;
    void *context;
};

typedef struct helper {
    thread_pool *pool;
    int worker;
} helper;

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void do_task(const thread_pool *pool, int index, int worker)
{
    pool->task(pool->context, pool->backwards ? pool->count - 1 - index : index, worker);
}

static void take_tasks(thread_pool *pool, int worker)
{
    for (int index; (index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed)) < pool->count;)
        do_task(pool, index, worker);
}

static void await_generation(thread_pool *pool, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen)
            return;
        relax();
    }
    pthread_mutex_lock(&pool->lock);
    while (atomic_load_explicit(&pool->generation, memory_order_acquire) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static void *helper_main(void *argument)
{
    helper *self = argument;
    thread_pool *pool = self->pool;
    int worker = self->worker;
    free(self);
    for (unsigned seen = 0;; seen++) {
        await_generation(pool, seen);
        if (atomic_load(&pool->stopping))
            return NULL;
        take_tasks(pool, worker);
        if (atomic_fetch_sub_explicit(&pool->busy, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static void start_generation(thread_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static bool start_helper(thread_pool *pool, int worker)
{
    helper *self = malloc(sizeof *self);
    if (!self)
        return false;
    *self = (helper){pool, worker};
    if (pthread_create(&pool->handles[worker - 1], NULL, helper_main, self)) {
        free(self);
        return false;
    }
    return true;
}

gpen_status thread_pool_new(thread_pool **out, int threads, gpen_error *error)
{
    *out = NULL;
    if (threads < 0 || threads > MOST_THREADS)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "threads must be 1 to %d, not %d", MOST_THREADS, threads);
    if (!threads)
        threads = thread_count_default();
    thread_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return gpen_fail_memory(error, "the thread pool", sizeof *pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->finished, NULL);
    pool->threads = 1;
    pool->handles = calloc((size_t)threads, sizeof *pool->handles);
    for (int worker = 1; pool->handles && worker < threads; worker++, pool->threads++)
        if (!start_helper(pool, worker))
            break;
    if (!pool->handles || pool->threads < threads) {
        gpen_status status = gpen_fail(error, GPEN_OUT_OF_MEMORY, "could not start %d threads", threads);
        thread_pool_free(pool);
        return status;
    }
    *out = pool;
    return GPEN_OK;
}

void thread_pool_free(thread_pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->stopping, true);
    start_generation(pool);
    for (int i = 0; i < pool->threads - 1; i++)
        pthread_join(pool->handles[i], NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool->handles);
    free(pool);
}

int thread_pool_size(const thread_pool *pool)
{
    return pool->threads;
}

void thread_pool_run(thread_pool *pool, int count, thread_task *task, void *context)
{
    pool->count = count;
    pool->backwards = !pool->backwards;
    pool->task = task;
    pool->context = context;
    if (count <= 1 || pool->threads == 1) {
        for (int index = 0; index < count; index++)
            do_task(pool, index, 0);
        return;
    }
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->busy, pool->threads - 1, memory_order_relaxed);
    start_generation(pool);
    take_tasks(pool, 0);
    for (int i = 0; i < SPINS; i++) {
        if (!atomic_load_explicit(&pool->busy, memory_order_acquire))
            return;
        relax();
    }
    pthread_mutex_lock(&pool->lock);
    while (atomic_load_explicit(&pool->busy, memory_order_acquire))
        pthread_cond_wait(&pool->finished, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

/* The cgroup's processor quota (version 2), rounded up; a large number where there is none. */
static int cgroup_quota(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file)
        return MOST_THREADS;
    long quota = 0, period = 0;
    int fields = fscanf(file, "%ld %ld", &quota, &period);
    fclose(file);
    if (fields != 2 || quota <= 0 || period <= 0)
        return MOST_THREADS;
    long processors = (quota + period - 1) / period;
    return processors < MOST_THREADS ? (int)processors : MOST_THREADS;
}

int thread_count_default(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t allowed;
    if (!sched_getaffinity(0, sizeof allowed, &allowed))
        count = CPU_COUNT(&allowed);
#endif
    int quota = cgroup_quota();
    if (count > quota)
        count = quota;
    if (count > MOST_THREADS)
        count = MOST_THREADS;
    return count < 1 ? 1 : (int)count;
}

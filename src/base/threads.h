/* A pool of threads that works through numbered tasks: what divides one step of a network. */
#ifndef GPEN_BASE_THREADS_H
#define GPEN_BASE_THREADS_H

#include "base/error.h"

typedef struct thread_pool thread_pool;

/* Task `index` of a parallel loop, on thread `worker` (0 .. threads - 1; 0 is the calling thread). */
typedef void thread_task(void *context, int index, int worker);

/* threads: 1..256 including the caller; 0: thread_count_default(). Release with thread_pool_free. */
gpen_status thread_pool_new(thread_pool **pool, int threads, gpen_error *error);
void thread_pool_free(thread_pool *pool);
int thread_pool_size(const thread_pool *pool);

/* Runs task(context, 0 .. count - 1, worker), each index once, on all threads, and returns when all are done. Which
 * thread takes which index, and in what order, is not fixed. One caller at a time; a task may not call it again. */
void thread_pool_run(thread_pool *pool, int count, thread_task *task, void *context);

/* Processors this process may use: affinity mask and cgroup quota considered, at least 1. */
int thread_count_default(void);

#endif

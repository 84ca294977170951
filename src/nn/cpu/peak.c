/* How fast this processor multiplies when nothing else is in the way: the measure beside which a network's speed is put. */
#include "base/clock.h"
#include "nn/cpu/cpu.h"

enum { TRIES = 6 };

typedef struct job {
    const cpu_kernels *kernels;
    long rounds;
    float *sums; /* one a task: a result that is kept must be computed */
} job;

static void run_rounds(void *context, int index, int worker)
{
    (void)worker;
    const job *j = context;
    j->sums[index] = j->kernels->peak(j->rounds, 1e-3f);
}

double cpu_peak(const cpu_program *program)
{
    const double LONG_ENOUGH = 0.01; /* seconds */
    enum { MOST_THREADS = 256 };
    float sums[MOST_THREADS];
    int threads = thread_pool_size(program->pool);
    threads = threads > MOST_THREADS ? MOST_THREADS : threads;
    job j = {program->kernels, 1000, sums};
    double best = 0;
    for (int try = 0; try < TRIES;) {
        double begun = clock_seconds();
        thread_pool_run(program->pool, threads, run_rounds, &j);
        double seconds = clock_seconds() - begun;
        if (seconds < LONG_ENOUGH) {
            j.rounds *= 2;
            continue;
        }
        double rate = 1e-9 * (double)j.kernels->peak_flop * (double)j.rounds * threads / seconds;
        best = rate > best ? rate : best;
        try++;
    }
    return best;
}

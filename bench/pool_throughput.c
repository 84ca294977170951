/* How much faster more workers are: restores the photos of a folder with N workers of one thread, and prints photos a second
 * and how busy the cores were while photos waited: the processor time of all processes from the first photo handed out to the last,
 * over that time by the clock and the number of workers. What other programs take of the cores lowers it.
 *
 *     pool_throughput GPEN RESTORER DETECTOR FOLDER WORKERS COUNT      the folder's photos, over and over, COUNT of them
 *
 * TMPDIR says on which disk the results are. bench/mixed_photos.py makes a folder of photos. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch/pool.h"

enum { MOST_PHOTOS = 1000, MOST_WORKERS = 256 };

/* The clock, and the processor time of this process and its workers until then. */
typedef struct moment {
    double clock, busy;
} moment;

typedef struct measure {
    char *photos[MOST_PHOTOS];
    int photo_count, wanted, given, ended, failed, ready, workers;
    pid_t processes[MOST_WORKERS];
    moment first, last; /* when photos began to be handed out, and when none waited any more */
    double seconds[JOB_STAGES];
} measure;

static double processor_seconds(clockid_t clock)
{
    struct timespec time = {0};
    if (clock_gettime(clock, &time))
        fprintf(stderr, "a worker died: how busy the cores were is wrong\n");
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static moment moment_now(const measure *m)
{
    moment now = {clock_seconds(), processor_seconds(CLOCK_PROCESS_CPUTIME_ID)};
    clockid_t clock;
    for (int i = 0; i < m->ready && i < MOST_WORKERS; i++)
        if (!clock_getcpuclockid(m->processes[i], &clock))
            now.busy += processor_seconds(clock);
    return now;
}

static bool next(void *context, batch_job *job)
{
    measure *m = context;
    if (m->ready < m->workers || m->given == m->wanted) /* not before all are there: their start is not measured */
        return false;
    *job = (batch_job){.order = {.id = (uint64_t)m->given, .look = gpen_settings_default(), .format = PICTURE_JPEG},
                       .input = strdup(m->photos[m->given % m->photo_count]),
                       .overwrite = true};
    if (!job->input || asprintf(&job->output, "%s/gpen-throughput-%ld-%d.jpg",
                                getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid(), m->given) < 0)
        abort();
    if (!m->given++)
        m->first = moment_now(m);
    if (m->given == m->wanted)
        m->last = moment_now(m);
    return true;
}

static void ended(void *context, const batch_job *job, job_result *result)
{
    measure *m = context;
    m->ended++;
    m->failed += result->error.status != GPEN_OK;
    if (result->error.status)
        fprintf(stderr, "%s: %s\n", job->input, result->error.message);
    for (int i = 0; i < JOB_STAGES; i++)
        m->seconds[i] += result->seconds[i];
    (void)remove(job->output);
}

static void started(void *context, pid_t worker, const worker_ready *ready)
{
    measure *m = context;
    (void)ready;
    if (m->ready < MOST_WORKERS)
        m->processes[m->ready] = worker;
    m->ready++;
}

static void find_photos(measure *m, const char *folder)
{
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing)) && m->photo_count < MOST_PHOTOS;)
        if (entry->d_name[0] != '.')
            m->photos[m->photo_count++] = path_join(folder, entry->d_name);
    if (listing)
        closedir(listing);
}

static double children_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    static measure m;
    gpen_error error = {0};
    worker_pool *pool;
    if (argc != 7)
        return 2;
    find_photos(&m, argv[4]);
    pool_options options = pool_options_default();
    options.program = argv[1];
    options.workers = m.workers = atoi(argv[5]);
    snprintf(options.setup.restorer.path, sizeof options.setup.restorer.path, "%s", argv[2]);
    snprintf(options.setup.detector.path, sizeof options.setup.detector.path, "%s", argv[3]);
    m.wanted = atoi(argv[6]);
    pool_events events = {.context = &m, .next = next, .ended = ended, .started = started};
    if (!m.photo_count || pool_new(&pool, &options, &events, &error))
        return 1;
    while (m.ready < options.workers)
        if (pool_turn(pool, 0.1, &error)) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
    double begun = clock_seconds();
    while (m.ended < m.wanted)
        (void)pool_turn(pool, 0.1, &error);
    double seconds = clock_seconds() - begun;
    pool_stop(pool, false);
    while (!pool_idle(pool))
        (void)pool_turn(pool, 0.1, &error);
    pool_free(pool);
    printf("%d workers: %d photos (%d failed) in %.2f s, %.3f a second; processor time %.2f s\n", options.workers,
           m.ended, m.failed, seconds, m.ended / seconds, children_seconds());
    double waited = m.last.clock - m.first.clock;
    printf("  while photos waited, %.2f s: %.1f %% of %d cores busy\n", waited,
           100 * (m.last.busy - m.first.busy) / (waited * options.workers), options.workers);
    for (int i = 0; i < JOB_STAGES; i++)
        printf("  %s %.2f s\n", job_stage_name((job_stage)i), m.seconds[i]);
    return 0;
}

/* How much faster more workers are: restores the photos of a folder with N workers of one thread, and prints photos a second
 * and how busy the cores were.
 *
 *     pool_throughput GPEN RESTORER DETECTOR FOLDER WORKERS COUNT      the folder's photos, over and over, COUNT of them */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch/pool.h"

enum { MOST_PHOTOS = 1000 };

typedef struct measure {
    char *photos[MOST_PHOTOS];
    int photo_count, wanted, given, ended, failed, ready, workers;
    double seconds[JOB_STAGES];
} measure;

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
    m->given++;
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
    (void)worker, (void)ready;
    ((measure *)context)->ready++;
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
    for (int i = 0; i < JOB_STAGES; i++)
        printf("  %s %.2f s\n", job_stage_name((job_stage)i), m.seconds[i]);
    return 0;
}

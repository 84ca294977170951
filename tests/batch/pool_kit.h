/* What the tests of the pool share: jobs by name, and a record of what became of each. */
#ifndef TESTS_BATCH_POOL_KIT_H
#define TESTS_BATCH_POOL_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch/pool.h"

#include "../base/scratch.h"

enum { KIT_MOST_JOBS = 512, KIT_ONE_EACH = 1 };

/* A list of jobs to be done, and what happened. */
typedef struct pool_kit {
    const char *folder; /* inputs and results */
    const char *names[KIT_MOST_JOBS];
    int count, given;
    int ends[KIT_MOST_JOBS]; /* how often each was ended */
    int last_ended;
    gpen_error errors[KIT_MOST_JOBS];
    int deaths, deaths_with_job, begun, started;
    int last_signal; /* of the last record of a crash */
    job_stage last_stage;
    char last_message[512];
    char last_record[4096]; /* its file */
    bool aligned;
    int format; /* of a picture's result */
    double seconds;
    int shrink;
    int thumbnail_edge;
    int kill_every; /* so many begun jobs, their worker is killed; 0: never */
} pool_kit;

static inline char *kit_text(const char *folder, const char *name, const char *ending)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s%s", folder, name, ending) < 0 ? NULL : path;
}

static inline bool kit_next(void *context, batch_job *job)
{
    pool_kit *kit = context;
    if (kit->given == kit->count)
        return false;
    const char *name = kit->names[kit->given];
    *job = (batch_job){.order = {.id = (uint64_t)kit->given,
                                 .look = gpen_settings_default(),
                                 .format = (picture_format)kit->format,
                                 .aligned = kit->aligned,
                                 .save_faces = true,
                                 .thumbnail_edge = kit->thumbnail_edge},
                       .input = kit_text(kit->folder, name, ""),
                       .output = kit_text(kit->folder, name, ".out"),
                       .crops = kit_text(kit->folder, name, ".crops"),
                       .thumbnails = kit->thumbnail_edge ? kit_text(kit->folder, name, ".small") : NULL,
                       .seconds = kit->seconds,
                       .shrink = kit->shrink};
    if (!job->input || !job->output || !job->crops) {
        batch_job_free(job);
        return false;
    }
    job_name_copy(job->order.input_name, job->input);
    job_name_copy(job->order.output_name, job->output);
    kit->given++;
    return true;
}

static inline void kit_began(void *context, const batch_job *job, pid_t worker)
{
    (void)job;
    pool_kit *kit = context;
    kit->begun++;
    if (kit->kill_every && kit->begun % kit->kill_every == 0)
        (void)kill(worker, SIGKILL);
}

static inline void kit_ended(void *context, const batch_job *job, job_result *result)
{
    pool_kit *kit = context;
    kit->ends[job->order.id]++;
    kit->last_ended = (int)job->order.id;
    kit->errors[job->order.id] = result->error;
}

static inline void kit_started(void *context, pid_t worker, const worker_ready *ready)
{
    (void)worker, (void)ready;
    ((pool_kit *)context)->started++;
}

static inline void kit_died(void *context, const pool_death *death)
{
    pool_kit *kit = context;
    kit->deaths++;
    kit->deaths_with_job += death->job != NULL;
    kit->last_signal = death->record->signal;
    kit->last_stage = death->record->stage;
    snprintf(kit->last_message, sizeof kit->last_message, "%s", death->reason.message);
    snprintf(kit->last_record, sizeof kit->last_record, "%s", death->record_path ? death->record_path : "");
}

static inline pool_events kit_events(pool_kit *kit)
{
    return (pool_events){.context = kit,
                         .next = kit_next,
                         .began = kit_began,
                         .ended = kit_ended,
                         .started = kit_started,
                         .died = kit_died};
}

static inline void kit_add(pool_kit *kit, const char *name)
{
    char *path = kit_text(kit->folder, name, "");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fputs("a photo", file) < 0, 0);
    assert_int_equal(fclose(file), 0);
    free(path);
    kit->names[kit->count++] = name;
}

static inline int kit_ended_count(const pool_kit *kit)
{
    int count = 0;
    for (int i = 0; i < kit->count; i++)
        count += kit->ends[i];
    return count;
}

/* Until every job that was given has ended and none is left, or the pool is at its end. */
static inline gpen_status kit_run(worker_pool *pool, const pool_kit *kit, double most_seconds, gpen_error *error)
{
    double begun = clock_seconds();
    gpen_status status = GPEN_OK;
    while (!status && (kit->given < kit->count || !pool_idle(pool))) {
        status = pool_turn(pool, 0.1, error);
        if (clock_seconds() - begun > most_seconds)
            fail_msg("%d of %d jobs ended after %g seconds", kit_ended_count(kit), kit->count, most_seconds);
    }
    return status;
}

static inline int kit_open_descriptors(void)
{
    return scratch_count("/proc/self/fd");
}

#endif

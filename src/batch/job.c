/* Jobs and results as plain data: names, notes, release. */
#include "batch/job.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

const char *job_stage_name(job_stage stage)
{
    static const char *const names[JOB_STAGES] = {
#define STAGE_NAME(identifier, name) name,
        JOB_STAGE_LIST(STAGE_NAME)
#undef STAGE_NAME
    };
    return (unsigned)stage < JOB_STAGES ? names[stage] : "unknown";
}

void job_name_copy(char name[JOB_MOST_NAME], const char *path)
{
    snprintf(name, JOB_MOST_NAME, "%s", path_name(path));
}

char *job_crop_path(const char *crops, const job_crop *which)
{
    char *path = NULL;
    if (asprintf(&path, "%s-face%u%s.png", crops, which->face + 1, which->restored ? "" : "-before") < 0)
        return NULL;
    return path;
}

char *job_thumbnails(const char *folder, uint64_t id)
{
    char *path = NULL;
    return asprintf(&path, "%s/%llu", folder, (unsigned long long)id) < 0 ? NULL : path;
}

char *job_thumbnail_path(const char *thumbnails, bool after)
{
    char *path = NULL;
    return asprintf(&path, "%s-%s.jpg", thumbnails, after ? "after" : "before") < 0 ? NULL : path;
}

void job_result_note(job_result *result, const char *sentence)
{
    char *longer = NULL;
    if (!sentence || !*sentence)
        return;
    bool first = !result->notes;
    if (asprintf(&longer, "%s%s%s", first ? "" : result->notes, first ? "" : "\n", sentence) < 0)
        return;
    free(result->notes);
    result->notes = longer;
}

void job_result_free(job_result *result)
{
    gpen_faces_free(&result->faces);
    free(result->notes);
    free(result->receipt);
    *result = (job_result){0};
}

size_t faces_count(const gpen_faces *faces, gpen_face_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < faces->count; i++)
        count += faces->faces[i].state == state;
    return count;
}

size_t faces_seen(const gpen_faces *faces)
{
    return faces->count - faces_count(faces, GPEN_FACE_LOW_SCORE);
}

void batch_job_free(batch_job *job)
{
    free(job->input);
    free(job->output);
    free(job->crops);
    free(job->thumbnails);
    *job = (batch_job){0};
}

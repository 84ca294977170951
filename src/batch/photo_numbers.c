/* Counting photos. Its own file because a photo counts the same wherever it came from. */
#include "batch/photo_numbers.h"

enum { MOST_NAME = 64, MOST_LABEL = 96 };

void photo_numbers_count(photo_numbers *numbers, store_state state, gpen_status reason, const job_result *result)
{
    const double seconds[STORE_STAGES] = {[STORE_STAGE_DECODE] = result->seconds[JOB_DECODE],
                                          [STORE_STAGE_DETECT] = result->seconds[JOB_DETECT],
                                          [STORE_STAGE_RESTORE] = result->seconds[JOB_RESTORE],
                                          [STORE_STAGE_FINISH] = result->seconds[JOB_PASTE],
                                          [STORE_STAGE_ENCODE] = result->seconds[JOB_ENCODE]};
    numbers->attempts[state]++;
    if (state == STORE_FAILED)
        numbers->reasons[reason]++;
    for (int i = 0; i < STORE_STAGES; i++)
        if (seconds[i] > 0)
            metrics_observe(&numbers->stages[i], seconds[i]);
    if (state != STORE_DONE)
        return;
    long long restored = (long long)result->restored, all = (long long)result->faces.count;
    long long failed = (long long)faces_count(&result->faces, GPEN_FACE_NO_PLACE) +
                       (long long)faces_count(&result->faces, GPEN_FACE_NOT_FINITE);
    numbers->restored += restored;
    numbers->skipped += all > restored + failed ? all - restored - failed : 0;
    numbers->failed_faces += failed;
}

static void write_attempts(const photo_numbers *numbers, const char *prefix, FILE *out)
{
    char name[MOST_NAME], label[MOST_LABEL];
    snprintf(name, sizeof name, "%s_attempts_total", prefix);
    metrics_about(out, name, "Attempts at photos that ended since the start, by the photo's state then.", "counter");
    for (int i = 0; i < STORE_STATES; i++) {
        snprintf(label, sizeof label, "{state=\"%s\"}", store_state_name((store_state)i));
        metrics_value(out, name, NULL, NULL, label, (double)numbers->attempts[i]);
    }
}

static void write_reasons(const photo_numbers *numbers, const char *prefix, FILE *out)
{
    char name[MOST_NAME], label[MOST_LABEL];
    snprintf(name, sizeof name, "%s_failures_total", prefix);
    metrics_about(out, name, "Photos that failed since the start, by reason.", "counter");
    for (int i = 1; i < GPEN_STATUS_COUNT; i++) {
        if (!numbers->reasons[i])
            continue;
        snprintf(label, sizeof label, "{reason=\"%s\"}", gpen_status_name((gpen_status)i));
        metrics_value(out, name, NULL, NULL, label, (double)numbers->reasons[i]);
    }
}

static void write_stages(const photo_numbers *numbers, const char *prefix, FILE *out)
{
    char name[MOST_NAME], label[MOST_LABEL];
    snprintf(name, sizeof name, "%s_stage_seconds", prefix);
    metrics_about(out, name, "Time of a photo's stages.", "histogram");
    for (int i = 0; i < STORE_STAGES; i++) {
        snprintf(label, sizeof label, "stage=\"%s\"", store_stage_name((store_stage)i));
        metrics_histogram_write(out, name, label, &numbers->stages[i]);
    }
}

static void write_faces(const photo_numbers *numbers, const char *prefix, FILE *out)
{
    char name[MOST_NAME];
    snprintf(name, sizeof name, "%s_faces_total", prefix);
    metrics_value(out, name, "Faces since the start, by what became of them.", "counter", "{state=\"restored\"}",
                  (double)numbers->restored);
    metrics_value(out, name, NULL, NULL, "{state=\"skipped\"}", (double)numbers->skipped);
    metrics_value(out, name, NULL, NULL, "{state=\"failed\"}", (double)numbers->failed_faces);
}

void photo_numbers_write(const photo_numbers *numbers, const char *prefix, FILE *out)
{
    write_attempts(numbers, prefix, out);
    write_reasons(numbers, prefix, out);
    write_stages(numbers, prefix, out);
    write_faces(numbers, prefix, out);
}

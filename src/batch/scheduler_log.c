/* What the log says of items. Its own file because the words and fields of the log are an interface, and nothing of the scheduler's
 * work. */
#include "base/log.h"
#include "batch/scheduler_room.h"

/* By state; QUEUED: it will be tried again. All are information: that a photo failed is its owner's matter, not the operator's. */
static const struct {
    const char *event, *message;
} words[STORE_STATES] = {
    [STORE_QUEUED] = {"item_queued", "is tried again, or was given back"},
    [STORE_RUNNING] = {"item_running", "is running"},
    [STORE_DONE] = {"item_done", "done"},
    [STORE_FAILED] = {"item_failed", "failed"},
    [STORE_CANCELLED] = {"item_cancelled", "cancelled"},
};

void scheduler_log_end(const errand *e)
{
    const job_result *result = &e->result;
    double seconds = 0;
    for (int stage = JOB_DECODE; stage < JOB_STAGES; stage++)
        seconds += result->seconds[stage];
    log_event(LOG_INFO, words[e->state].event,
              &(log_about){.batch = e->item.batch,
                           .item = e->item.id,
                           .worker = e->worker,
                           .fields = {{"seconds", .number = seconds},
                                      {"attempt", .number = e->item.attempts},
                                      {"restored", .number = (double)result->restored},
                                      {"reason", .text = gpen_status_name(e->reason)}}},
              "%s%s%s", words[e->state].message, result->error.status ? ": " : "",
              result->error.status ? result->error.message : "");
}

/* What the log says of items. Its own file because the words and fields of the log are an interface, and nothing of the scheduler's
 * work. */
#include "base/log.h"
#include "batch/scheduler_room.h"

typedef struct end_words {
    log_level level;
    const char *event, *message;
} end_words;

/* By state; QUEUED: it will be tried again. */
static const end_words words[STORE_STATES] = {
    [STORE_QUEUED] = {LOG_INFO, "item_queued", "is tried again, or was given back"},
    [STORE_RUNNING] = {LOG_INFO, "item_running", "is running"},
    [STORE_DONE] = {LOG_INFO, "item_done", "done"},
    [STORE_FAILED] = {LOG_WARNING, "item_failed", "failed"},
    [STORE_CANCELLED] = {LOG_INFO, "item_cancelled", "cancelled"},
};

void scheduler_log_end(const errand *e)
{
    const end_words *said = &words[e->state];
    const job_result *result = &e->result;
    double seconds = 0;
    for (int stage = JOB_DECODE; stage < JOB_STAGES; stage++)
        seconds += result->seconds[stage];
    log_event(said->level, said->event,
              &(log_about){.batch = e->item.batch,
                           .item = e->item.id,
                           .worker = e->worker,
                           .fields = {{"seconds", .number = seconds},
                                      {"attempt", .number = e->item.attempts},
                                      {"restored", .number = (double)result->restored},
                                      {"reason", .text = gpen_status_name(e->reason)}}},
              "%s%s%s", said->message, result->error.status ? ": " : "",
              result->error.status ? result->error.message : "");
}

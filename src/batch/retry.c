/* The rule of automatic retries. Its own file because it is a rule, with nothing to open and nothing to write. */
#include "batch/retry.h"

#include "batch/reasons.h"

retry_verdict retry_decide(gpen_status reason, int retries, int kills, int shrink)
{
    if (kills >= RETRY_MOST_KILLS)
        return RETRY_GIVEN_UP;
    if (!reason_may_pass(reason) || retries >= RETRY_MOST)
        return RETRY_NOT;
    if (reason != GPEN_OUT_OF_MEMORY)
        return RETRY_SAME;
    return shrink < RETRY_MOST_SHRINK ? RETRY_SMALLER : RETRY_NOT;
}

int64_t retry_wait(int retries)
{
    int64_t wait = 1000;
    for (int i = 0; i < retries && wait < RETRY_LONGEST_WAIT; i++)
        wait *= 4;
    return wait < RETRY_LONGEST_WAIT ? wait : RETRY_LONGEST_WAIT;
}

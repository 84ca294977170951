/* retry.h: whether an item that failed is tried again by itself. */
#ifndef GPEN_BATCH_RETRY_H
#define GPEN_BATCH_RETRY_H

#include <stdint.h>

#include <gpen.h>

enum {
    RETRY_MOST = 2,              /* automatic retries of an item, until a person asks again */
    RETRY_MOST_KILLS = 2,        /* an item that killed so many workers is given up */
    RETRY_MOST_SHRINK = 3,       /* the smallest plan there is; 0: the plan as chosen */
    RETRY_LONGEST_WAIT = 600000, /* milliseconds; no retry waits longer */
};

typedef enum retry_verdict {
    RETRY_NOT,      /* failed, with the reason as it is */
    RETRY_SAME,     /* once more as it was */
    RETRY_SMALLER,  /* once more with the next smaller plan */
    RETRY_GIVEN_UP, /* failed, with the reason GIVEN_UP */
} retry_verdict;

/* Decides from the facts alone.
 * reason    why this attempt failed
 * retries   automatic retries before this attempt, since a person last asked
 * kills     workers that died of the item since then, this attempt's counted
 * shrink    how small this attempt's plan was: 0..RETRY_MOST_SHRINK */
retry_verdict retry_decide(gpen_status reason, int retries, int kills, int shrink);

/* Milliseconds to wait before the retry that follows so many others: what made it fail gets time to pass. */
int64_t retry_wait(int retries);

#endif

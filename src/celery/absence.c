/* Doing without the broker. Its own file because workers and those who give them work do it alike. */
#include "celery/absence.h"

#include "base/clock.h"
#include "base/log.h"

static const double shortest_wait = 0.25, longest_wait = 10.0;

void absence_begins(broker_absence *absence, const gpen_error *why)
{
    double now = clock_seconds();
    if (!(absence->since > 0)) {
        absence->since = now;
        absence->wait = shortest_wait;
        log_event(LOG_WARNING, "broker_away", NULL, "the broker is away (%s); work goes on, and it is tried again",
                  why->message);
    }
    absence->next_attempt = now + absence->wait;
    absence->wait = absence->wait * 2 < longest_wait ? absence->wait * 2 : longest_wait;
}

void absence_ends(broker_absence *absence)
{
    if (absence->since > 0)
        log_event(LOG_WARNING, "broker_back", NULL, "the broker is back after %.1f seconds",
                  clock_seconds() - absence->since);
    *absence = (broker_absence){.since = 0};
}

bool absence_may_try(const broker_absence *absence)
{
    return clock_seconds() >= absence->next_attempt;
}

/* When nothing is handed out, and why. Its own file because it weighs one promise against another: that the machine stays usable, and
 * that a batch ends. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/machine_memory.h"
#include "batch/scheduler_room.h"

static const double memory_full = 0.90, memory_fine = 0.85, look_pause = 1.0, most_wait = 10.0;

static double memory_used_of(const scheduler *s)
{
    return s->options.memory_used ? s->options.memory_used(s->options.context) : machine_memory_used();
}

static scheduler_hold judge_memory(const scheduler *s, double used, double now)
{
    if (used < memory_fine || s->seen.far)
        return HOLD_NONE;
    if (s->memory_hold == HOLD_NONE)
        return used >= memory_full ? HOLD_MEMORY : HOLD_NONE;
    return s->memory_hold == HOLD_MEMORY && now - s->worked > most_wait ? HOLD_MEMORY_SINGLE : s->memory_hold;
}

scheduler_hold scheduler_held(const scheduler *s, char *sentence, size_t capacity)
{
    scheduler_hold hold = s->store_failed > 0 ? HOLD_STORE : s->seen.away ? HOLD_BROKER : s->memory_hold;
    *sentence = '\0';
    if (hold == HOLD_STORE)
        snprintf(sentence, capacity, "What was done cannot be noted, so nothing new is begun: %.160s",
                 s->store_error.message);
    else if (hold == HOLD_BROKER)
        snprintf(sentence, capacity, "%s", s->seen.sentence);
    else if (hold == HOLD_MEMORY)
        snprintf(sentence, capacity,
                 "Memory is nearly full (%.0f in 100 in use), so no new photo is begun until less than %.0f are",
                 s->memory_used * 100, memory_fine * 100);
    else if (hold == HOLD_MEMORY_SINGLE)
        snprintf(sentence, capacity, "Memory stays nearly full (%.0f in 100 in use), so one photo is done at a time",
                 s->memory_used * 100);
    return hold;
}

static void tell_hold(scheduler *s, bool idle)
{
    char sentence[sizeof s->counts.sentence];
    scheduler_hold hold = scheduler_held(s, sentence, sizeof sentence);
    bool matters = hold == HOLD_NONE || hold == HOLD_BROKER || !idle; /* with nothing to do memory holds nothing */
    if (hold == s->told_hold || !matters)
        return;
    s->told_hold = hold;
    log_event(LOG_INFO, "held", NULL, "%s", *sentence ? sentence : "it goes on");
    if (s->events.held)
        s->events.held(s->events.context, hold, sentence);
}

void scheduler_look_around(scheduler *s)
{
    double now = clock_seconds();
    pthread_mutex_lock(&s->lock);
    bool idle = !s->errands && s->quiet_until > now;
    pthread_mutex_unlock(&s->lock);
    if (idle || errands_given(s) || !(s->worked > 0))
        s->worked = now;
    if (now - s->memory_looked >= look_pause) {
        double used = memory_used_of(s);
        pthread_mutex_lock(&s->lock);
        s->memory_looked = now;
        s->memory_used = used;
        s->memory_hold = judge_memory(s, used, now);
        pthread_mutex_unlock(&s->lock);
    }
    tell_hold(s, idle);
}

size_t scheduler_leave(const scheduler *s, size_t room)
{
    if (s->memory_hold == HOLD_MEMORY) /* never of a crew that is far */
        return 0;
    return s->memory_hold == HOLD_MEMORY_SINGLE && room ? !errands_given(s) : room;
}

/* What is due. Its own file because it is the one thread that nobody calls. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/engine.h"
#include "http/followers.h"
#include "http/server.h"
#include "http/sweep.h"
#include "http/views.h"

static const double tick = 0.2, sweep_pause = 1, machine_pause = 3, clean_pause = 3600;

/* How the machine is, for those who follow. */
static void tell_machine(http_server *server)
{
    char *english, *chinese;
    if (!followers_count(server->followers))
        return;
    english = view_text(view_system(server, GPEN_ENGLISH));
    chinese = view_text(view_system(server, GPEN_CHINESE));
    if (english)
        ring_add(server->ring, "system", 0, english, chinese);
    free(english);
    free(chinese);
}

static void cut_off_slow(http_server *server)
{
    int cut = connections_sweep(server->connections);
    if (!cut)
        return;
    metrics_slow_client(server->numbers, cut);
    log_event(LOG_INFO, "slow_clients", &(log_about){.fields = {{"count", .number = cut}}},
              "%d connections were too slow, and cut off", cut);
}

static bool is_due(double *last, double pause, double now)
{
    if (now - *last < pause)
        return false;
    *last = now;
    return true;
}

void *server_clock_run(void *argument)
{
    http_server *server = argument;
    double swept = 0, told = 0, cleaned = clock_seconds();
    while (!server->stopping) {
        double now = clock_seconds();
        const struct timespec pause = {.tv_nsec = (long)(tick * 1e9)};
        if (is_due(&swept, sweep_pause, now))
            cut_off_slow(server);
        if (is_due(&told, machine_pause, now))
            tell_machine(server);
        if (server->options.keep_days && is_due(&cleaned, clean_pause, now))
            (void)sweep_old(server, server->options.keep_days);
        engine_tell_batches(server->engine);
        followers_wake(server->followers);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

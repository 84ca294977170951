/* Signals that ask the program to stop. Its own file because a signal can leave its note only in a variable of the whole
 * program: these are the command line's only ones. */
#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

enum { PATIENCE = 3 };

static volatile sig_atomic_t came, count, held;

static void note(int number)
{
    if ((count && !held) || count >= PATIENCE)
        _exit(128 + number);
    came = number;
    count = count + 1;
}

void interrupt_listen(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction before;
        /* A signal that was ignored when the program began stays so: nohup, and jobs in the background. */
        if (!sigaction(signals[i], NULL, &before) && before.sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &action, NULL);
    }
}

int interrupted(void)
{
    return came;
}

int interrupts(void)
{
    return count;
}

void interrupt_hold(bool hold)
{
    held = hold;
}

/* interrupt.h: being told to stop. Private to src/cli.
 *
 * The first Ctrl-C (or SIGTERM, SIGHUP) only leaves a note: the command looks for it between its steps, finishes what it is
 * writing and reports. A second one ends the program at once, unless a file is just being written; a fourth always does. */
#ifndef GPEN_CLI_INTERRUPT_H
#define GPEN_CLI_INTERRUPT_H

#include <stdbool.h>

void interrupt_listen(void);

/* The signal that came, or 0; and how many did. */
int interrupted(void);
int interrupts(void);

/* Between true and false nothing ends the program halfway. */
void interrupt_hold(bool hold);

#endif

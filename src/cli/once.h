/* once.h: saying something only once. Private to src/cli. */
#ifndef GPEN_CLI_ONCE_H
#define GPEN_CLI_ONCE_H

#include <stdbool.h>

/* True the first time that this person's programs ask for `what` (a file's name); remembered in the state folder. Where
 * nothing can be remembered it is never true: saying it each time would be worse. */
bool once(const char *what);

#endif

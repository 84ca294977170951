/* What was said once need not be said again. Its own file because it is the one thing that commands remember from run to
 * run. */
#include "cli/once.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

bool once(const char *what)
{
    char *folder = folder_state();
    char *path = folder && !folder_make(folder, NULL) ? path_join(folder, what) : NULL;
    /* O_EXCL: of two programs that begin together, one says it. */
    int descriptor = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (descriptor >= 0)
        close(descriptor);
    free(path);
    free(folder);
    return descriptor >= 0;
}

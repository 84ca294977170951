/* The place of a result. Its own file because the command line and the supervisor of workers make it in the same way. */
#include "batch/output.h"

#include <stdlib.h>
#include <string.h>

gpen_status output_begin(atomic_file *file, const char *target, bool overwrite, gpen_error *error)
{
    char *folder = path_folder(target);
    gpen_status status = folder ? folder_make(folder, error) : gpen_fail_memory(error, "a path", strlen(target));
    free(folder);
    if (!status)
        status = atomic_file_check(target, overwrite, error);
    return status ? status : atomic_file_begin(file, target, error);
}

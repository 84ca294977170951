/* The place of a result. Its own file because the command line and the supervisor of workers make it in the same way. */
#include "batch/output.h"

#include <stdio.h>
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

char *output_of_copy(const char *output, const char *photo)
{
    char *path = NULL, *folder = path_folder(output), *stem = path_stem(output);
    const char *name = path_name(photo), *ending = strrchr(name, '.');
    if (!folder || !stem || asprintf(&path, "%s/%s%s", folder, stem, ending && ending != name ? ending : "") < 0)
        path = NULL;
    free(folder);
    free(stem);
    return path;
}

/* roots.h: files beneath the folders that a worker may touch. Private to src/celery.
 *
 * A path comes from a stranger. It is walked part by part from an open root, without following any link, so that it cannot lead
 * out, whatever is moved meanwhile. ".." is refused. */
#ifndef GPEN_CELERY_ROOTS_H
#define GPEN_CELERY_ROOTS_H

#include "base/error.h"

enum { MOST_ROOTS = 64 };

typedef struct root_folders {
    const char *paths[MOST_ROOTS]; /* not owned; absolute */
    int count;
} root_folders;

/* Opens a regular file for reading. path: absolute and beneath a root, or relative to the first. *descriptor is -1 after a
 * failure. Errors: INPUT_MISSING, BAD_ARGUMENT (not beneath a root). */
gpen_status roots_open_file(const root_folders *roots, const char *path, int *descriptor, gpen_error *error);

/* A file's folder, opened, and its bare name (which points into path). Folders that are not there are made. Errors: WRITE_FAILED,
 * BAD_ARGUMENT. */
gpen_status roots_open_folder(const root_folders *roots, const char *path, int *folder, const char **name,
                              gpen_error *error);

#endif

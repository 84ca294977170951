/* scratch.h: places for results on their way out, and names of open files. Private to src/celery. */
#ifndef GPEN_CELERY_SCRATCH_H
#define GPEN_CELERY_SCRATCH_H

#include "base/error.h"

/* A new folder that only this person may enter, below TMPDIR; free the path. Those that dead workers of the same person left are
 * taken away. Errors: WRITE_FAILED, OUT_OF_MEMORY. */
gpen_status scratch_make(char **path, gpen_error *error);

/* With the files in it. NULL is fine. */
void scratch_remove(const char *path);

/* Takes away what workers that were killed left of a result called `name` in the open folder: .NAME.PROCESS.NUMBER.part, as
 * atomic_file_begin calls them. Only for who may write that result alone. */
void parts_remove(int folder, const char *name);

/* A path that leads to the open file; or, `name` not NULL, to the file of that name in the open folder, wherever that has been moved;
 * free. NULL: no memory. */
char *path_of_open(int descriptor, const char *name);

#endif

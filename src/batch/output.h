/* output.h: the place of a result. */
#ifndef GPEN_BATCH_OUTPUT_H
#define GPEN_BATCH_OUTPUT_H

#include "base/file.h"

/* Makes the folders above the target and begins the file, unless it is plain already that it cannot be written. Errors: those
 * of folder_make, atomic_file_check and atomic_file_begin. */
gpen_status output_begin(atomic_file *file, const char *target, bool overwrite, gpen_error *error);

/* Where the photo itself goes when it failed and is to be kept all the same: the result's name with the photo's own ending. The
 * caller's (free); NULL: no memory. */
char *output_of_copy(const char *output, const char *photo);

#endif

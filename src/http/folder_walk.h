/* folder_walk.h: the photos in a folder and those below it. */
#ifndef GPEN_HTTP_FOLDER_WALK_H
#define GPEN_HTTP_FOLDER_WALK_H

#include "base/error.h"

/* Calls take with the path of every file that has a picture's ending, in alphabetical order; hidden files and links to folders are passed over.
 * Stops with its first status that is not OK. Errors: INPUT_MISSING (the folder cannot be read), OUT_OF_MEMORY. */
gpen_status folder_walk(const char *folder, gpen_status (*take)(void *context, const char *path), void *context,
                        gpen_error *error);

#endif

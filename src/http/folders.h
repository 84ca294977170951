/* folders.h: the server's own folders: removed with all that is in them, flushed. */
#ifndef GPEN_HTTP_FOLDERS_H
#define GPEN_HTTP_FOLDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Removes a folder and all below it; links are removed and not followed. What cannot be removed stays. Returns the bytes of the files
 * that went and had no other name. */
int64_t folder_remove(const char *path);

/* The bytes of the files in a folder and below it; a file with two names here is counted once. */
int64_t folder_bytes(const char *path);

/* Calls visit with the name of each entry of a folder. */
void folder_each(const char *path, void (*visit)(void *context, const char *name), void *context);

/* Flushes a folder's files and their names to the disk. Errors: WRITE_FAILED, DISK_FULL. */
gpen_status folder_flush_all(const char *path, gpen_error *error);

#endif

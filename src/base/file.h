/* Files that are whole or not there, folders, and where the program keeps its things. */
#ifndef GPEN_BASE_FILE_H
#define GPEN_BASE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* ---------------------------------------------------------------- paths; every char * returned is the caller's (free), NULL: no memory */

char *path_join(const char *folder, const char *name); /* no doubled slash */
char *path_folder(const char *path);                   /* "." for a bare name */
char *path_absolute(const char *path);                 /* from the root on; links are not resolved */
const char *path_name(const char *path);               /* the part behind the last slash; points into path */
char *path_stem(const char *path);                     /* the name without its last ending (".tar.gz" loses ".gz") */
bool path_is_folder(const char *path);
bool path_is_file(const char *path);
char *path_of_program(void); /* the running program's own, links resolved; NULL also where the system does not tell */

/* Makes a folder and those above it. Errors: WRITE_FAILED, DISK_FULL. */
gpen_status folder_make(const char *path, gpen_error *error);

/* Flushes the folder that `path` stands in to the disk, so that a new name there is kept. Errors: WRITE_FAILED, DISK_FULL, OUT_OF_MEMORY. */
gpen_status folder_flush(const char *path, gpen_error *error);

/* $GPEN_HOME/data, else $XDG_DATA_HOME/gpen, else ~/.local/share/gpen; likewise cache and state. Not created. NULL: no memory,
 * or no home is known. */
char *folder_data(void);
char *folder_cache(void);
char *folder_state(void);

/* ---------------------------------------------------------------- writing */

/* A new file that has no name and goes when it is closed; -1: none could be made. Errors: OUT_OF_MEMORY. */
int file_nameless(gpen_error *error);

/* A file being written under a temporary name in its target's folder. */
typedef struct atomic_file {
    char *target;    /* the name it will have */
    char *temporary; /* the name it has meanwhile: .NAME.PID.NUMBER.part */
    int descriptor;
} atomic_file;

/* May the target be written: a folder of that name is WRITE_FAILED; anything else, without leave to overwrite, EXISTS. To be
 * asked before work begins; what appears later is decided by atomic_file_commit. */
gpen_status atomic_file_check(const char *target, bool overwrite, gpen_error *error);

/* Creates the temporary file (the folder must exist). After a failure there is nothing to release.
 * Errors: WRITE_FAILED, DISK_FULL, OUT_OF_MEMORY. */
gpen_status atomic_file_begin(atomic_file *file, const char *target, gpen_error *error);

/* Writes all of it, whatever the kernel splits. */
gpen_status atomic_file_write(atomic_file *file, const void *bytes, size_t count, gpen_error *error);

/* Flushes the file to the disk, renames it to its target and flushes the folder. overwrite false: EXISTS, decided by the kernel,
 * when the target is there. Whatever the outcome, the temporary file is gone and the atomic_file is released. */
gpen_status atomic_file_commit(atomic_file *file, bool overwrite, gpen_error *error);

/* As atomic_file_commit with leave to overwrite, but nothing is flushed: after a power cut the target may be missing, old or
 * damaged. For what a reader checks and can do without. */
gpen_status atomic_file_commit_unflushed(atomic_file *file, gpen_error *error);

/* All of it at once: the file `path` has exactly these bytes, or what it had before. Errors: as begin and commit. */
gpen_status file_replace(const char *path, const void *bytes, size_t count, gpen_error *error);

/* Removes the temporary file and releases the atomic_file. Zeroed and released ones are fine. */
void atomic_file_abandon(atomic_file *file);

/* Removes the folder's temporary files whose processes were ended before they could. A folder that is not there is fine. */
void atomic_files_sweep(const char *folder);

#endif

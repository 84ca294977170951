/* sandbox.h: how a worker shuts itself in before it touches what strangers made. Private to src/batch.
 *
 * Linux only: system calls by seccomp (libseccomp), files by Landlock (system calls of its own), each where it is there.
 * Elsewhere workers run without, and `gpen doctor` says so.
 *
 *   sandbox_enter   before weights are parsed: files may be opened for reading only, and with Landlock none but those
 *                   named; no network, no other programs, no new processes, no looking into other processes. One folder,
 *                   that of packed weights, may be written to, but only where Landlock sees to it that it is no other
 *   sandbox_close   before pictures are parsed: nothing can be opened, made, renamed or removed any more, whatever it is;
 *                   what is open, and what the supervisor hands in, can be read and written
 *
 * What is forbidden fails with EPERM, so that a library which merely asks goes on without. */
#ifndef GPEN_BATCH_SANDBOX_H
#define GPEN_BATCH_SANDBOX_H

#include "base/error.h"

#include <stdbool.h>

/* What the system offers this build. */
bool sandbox_has_system_calls(void);
int sandbox_landlock_version(void); /* 0: none */

/* files: that may still be opened, ended by NULL; folder: whose files may be made, replaced and removed too, NULL: none. For the calling thread and those it starts; seccomp for all. *calls and
 * *landlock: which of the two took hold. Errors: BAD_ARGUMENT (the system has it but refuses). */
gpen_status sandbox_enter(const char *const *files, const char *folder, bool *calls, bool *landlock, gpen_error *error);

/* All threads of the process. Errors: as above. */
gpen_status sandbox_close(gpen_error *error);

/* The two halves (sandbox_landlock.c, sandbox_seccomp.c). */
typedef enum sandbox_opening { OPEN_NOTHING, OPEN_READING, OPEN_WRITING } sandbox_opening;
gpen_status landlock_enter(const char *const *files, const char *folder, bool *done, gpen_error *error);
gpen_status seccomp_enter(sandbox_opening opening, bool *done, gpen_error *error);

#endif

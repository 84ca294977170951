/* Filling in the caller's gpen_error: the one way a function of this program says why it failed. */
#ifndef GPEN_BASE_ERROR_H
#define GPEN_BASE_ERROR_H

#include <gpen.h>

/* Writes status and message (printf style, UTF-8, one line) into *error, which may be NULL, and returns status:
 *     return gpen_fail(error, GPEN_UNREADABLE, "%s: the file ends early", path);
 * Control characters and bytes that are no UTF-8 are replaced by '?', so that a file's name cannot forge a line of a log. */
gpen_status gpen_fail(gpen_error *error, gpen_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* OUT_OF_MEMORY with what was being made and its size. */
gpen_status gpen_fail_memory(gpen_error *error, const char *what, size_t bytes);

/* The reason behind errno of a failed write: DISK_FULL for ENOSPC and EDQUOT, OUT_OF_MEMORY for ENOMEM, else WRITE_FAILED. */
gpen_status gpen_fail_write(gpen_error *error, int errno_value, const char *path, const char *step);

/* Forgets what an earlier call wrote. error may be NULL. */
void gpen_error_clear(gpen_error *error);

#endif

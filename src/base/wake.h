/* wake.h: what lets a thread go on that waits with poll(): a pipe with a reader that never blocks. */
#ifndef GPEN_BASE_WAKE_H
#define GPEN_BASE_WAKE_H

#include "base/error.h"

/* ends[0] can be polled and read from when it was rung; -1, -1: none. Release with wake_free. Errors: OUT_OF_MEMORY. */
gpen_status wake_make(int ends[2], gpen_error *error);
void wake_free(int ends[2]);

/* From any thread, and from signal handlers; errno is as it was. */
void wake_ring(const int ends[2]);

/* Forgets that it was rung. */
void wake_hear(const int ends[2]);

#endif
